"""All worlds of one folder: making, opening, deleting them."""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from explorer.models.library import Library
from explorer.worlds import models
from explorer.worlds.access import Access
from explorer.worlds.levels import noted
from explorer.worlds.new import NewWorld, clean_name, clean_prompt, ids_for, settings_of
from explorer.worlds.opened import OpenWorlds
from explorer.worlds.owners import mark, owner_of
from explorer.worlds.planet import climates
from explorer.worlds.renderer import Decode, decode_here
from explorer.worlds.summaries import Summaries, Summary, require_readable, summary_of
from explorer.worlds.world import World, stamp_of
from tiles import entries, package, repair
from tiles.cache import Cache
from tiles.errors import (
    BadSetting,
    EarthError,
    NothingToDo,
    NotWritten,
    WorldDamaged,
    WorldNotFound,
)
from tiles.gates import Gates
from tiles.repair import Damage
from tiles.scratch import Scratch
from tiles.store import Store
from tiles.strokes import reach
from tiles.vectors import Vectors
from tiles.world_file import WorldFile

log = logging.getLogger(__name__)
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
OPEN_LIMIT = 32  # each has its lock's descriptor and its journal in memory


class Atlas:
    """Worlds by id, for any number of threads. One process paints a world; others may read it.

    Whoever asks for a world waits only for work on that world.
    """

    def __init__(
        self,
        folder: Path,
        library: Library,
        cache_bytes: int,
        open_limit: int = OPEN_LIMIT,
        decode: Decode = decode_here,
        barred: str = "",
    ) -> None:
        """``cache_bytes``: how much of each world's tiles is kept. ``open_limit``: how many worlds stay open
        that nobody works with. ``decode``: where latents become pixels. ``barred``: why all of them can only
        be read here, to go on after "world 'id'"; empty if they can be changed. Raises OSError if there is
        no folder and none can be made."""
        self.decode, self._barred = decode, barred
        self.folder, self.library, self.cache_bytes = folder, library, cache_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self.scratch = Scratch(folder)
        self._open = OpenWorlds(open_limit)
        self._summaries = Summaries(library)
        self._gates = Gates()  # by id, for whoever opens or deletes a world
        self._logged: dict[str, str] = {}  # by id, what was logged of a world that cannot be opened

    def names(self) -> list[str]:
        """The ids of all worlds, in order."""
        return sorted(path.name for path in self.folder.iterdir() if self._is_world(path))

    def get(self, id: str) -> World:
        """Raises WorldNotFound, WorldDamaged, ModelRefused, Busy."""
        world = self._open.get(id)
        if world is None or not world.is_current():
            with self._gates.hold(id):
                world = self._current(id)
        self._close_left()
        return world

    def summaries(self) -> Iterator[Summary]:
        """All worlds that can be opened, without opening them; what cannot is logged once and left out."""
        self._close_left()
        names, opened = self.names(), self._open.all()
        self._summaries.forget_all_but(names)
        for id in names:
            try:
                world = opened.get(id)
                if world is not None and world.is_current():
                    summary = summary_of(world)
                else:
                    summary = self._summaries.get(id, self.folder / id)
            except EarthError as error:
                self._log_once(id, str(error))
                continue
            self._logged.pop(id, None)
            yield summary

    def opened(self) -> list[World]:
        """The worlds in use."""
        return list(self._open.all().values())

    def owner(self, id: str) -> str:
        """The visitor who made a world; empty for any other world, and where there is none."""
        return owner_of(self.folder / id) if ID.fullmatch(id) else ""

    def create(self, new: NewWorld, owner: str = "") -> World:
        """``owner``: the visitor it belongs to. Raises BadSetting, BadPrompt, ModelRefused, DiskFull,
        NotWritten."""
        self._require_writable()
        model = self.library.get(new.model)
        levels = [noted(zoom, name, self.library.get(name)) for zoom, name in new.level_models]
        named = new.model or self.library.default
        settings = settings_of(new, named, model.traits, model.recipe, levels)
        prompt, strokes = climates(clean_prompt(new.prompt), settings["base_zoom"])
        with self.scratch.making("world") as part:
            part.mkdir()
            store = Store.create(part / "world.db", settings)
            store.append("prompt", {"prompt": prompt, "painted": []})
            for stroke in (*new.strokes, *strokes):
                box = reach(stroke.bounds, settings["base_zoom"], settings["sketch"], bool(levels))
                store.append("stroke", entries.Stroke(**stroke._asdict(), reach=box, painted=()).data())
            store.close()
            return self.get(self._placed(part, settings["name"], owner))

    def unpack(
        self,
        file: Path,
        other_weights: bool = False,
        owner: str = "",
        level_models: Mapping[int, str] = MappingProxyType({}),
    ) -> World:
        """The world in a packed file, under an id of its own here, for a visitor if there is an ``owner``.
        ``level_models`` says, by zoom, what the models of its deeper levels are called here.

        Raises BadPackage, DiskFull, NotWritten, and ModelRefused if the model it was painted by is not here,
        or only with other weights and ``other_weights`` are not welcome; then nothing is changed.
        """
        self._require_writable()
        settings = package.settings(file)
        models.rename(settings, level_models)
        model, recipe = models.for_package(self.library, settings, other_weights)
        with self.scratch.making("world") as part:
            package.unpack(file, part, model, recipe, settings.get("level_models"))
            id = self._placed(part, settings["name"], owner)
        try:
            return self.get(id)
        except EarthError:
            shutil.rmtree(self.folder / id, ignore_errors=True)
            raise

    def branch(self, id: str, name: str, step: int | None = None, owner: str = "") -> World:
        """A copy of a world with all that is painted, under a new name and id: what waits is left out, and
        what came after ``step`` undone. Raises WorldNotFound, NothingToDo if the step is not in force,
        BadSetting, DiskFull, NotWritten."""
        self._require_writable()
        world = self.get(id)
        if step is not None and not world.journal.history.in_force(step):
            raise NothingToDo(f"step {step} is not in force, so no copy can begin there")
        with self.scratch.making("world") as part:
            part.mkdir()
            created = datetime.now(UTC).isoformat(timespec="seconds")
            world.store.copy(part / "world.db", name=clean_name(name), created=created)
            copied = self.get(self._placed(part, name, owner))
        for number in copied.journal.history.waiting:
            copied.journal.cancel_edit(number)
        while step is not None and copied.journal.history.steps[-1] != step:
            copied.journal.undo()
        return copied

    def delete(self, id: str) -> None:
        """Raises WorldNotFound, WorldHeld, NotWritten."""
        gone = self.scratch.new(id)
        with self._gates.hold(id):
            world = self._current(id)
            world.access.require()
            self._require_writable()
            self._open.remove(id)
            world.files.close_databases()
            (self.folder / id).replace(gone)  # at once, whatever happens to the rest
            world.access.release()
        shutil.rmtree(gone, ignore_errors=True)

    def check(self, id: str) -> list[Damage]:
        """What is damaged in a world's file. Raises WorldNotFound, WorldDamaged if nothing of it can be
        read."""
        with closing(WorldFile.open(self._path(id), readonly=True)) as file:
            return repair.check(file)

    def repair(self, id: str) -> list[Damage]:
        """Have damaged cells of the land painted again; what is mended. Raises WorldNotFound, WorldHeld,
        WorldDamaged, DiskFull."""
        path = self._path(id)
        access = Access(id, path.parent)
        with self._gates.hold(id):
            self._close(id)
            access.require()
            try:
                with closing(WorldFile.open(path)) as file:
                    return repair.repair(file)
            finally:
                access.release()

    def close(self) -> None:
        """Close all worlds. Work that is not finished is thrown away."""
        for id in {*self._open.all(), *self._open.left()}:
            with self._gates.hold(id):
                self._close(id)
        self.scratch.close()

    def _close_left(self) -> None:
        for left in self._open.left():
            with self._gates.hold(left):
                self._open.close_left(left)

    def _path(self, id: str) -> Path:
        """A world's file. Raises WorldNotFound."""
        if not ID.fullmatch(id):
            words = f"no world {id[:80]!r}: an id is 1 to 64 of a-z, 0-9, _ and -"
            raise WorldNotFound(words, "no-world", world=id[:80])
        if not self._is_world(self.folder / id):
            raise WorldNotFound(f"no world {id!r}", "no-world", world=id)
        return self.folder / id / "world.db"

    def _current(self, id: str) -> World:
        """The world as it is on disk now, for whoever holds its gate."""
        world = self._open.get(id)
        if world is None or not world.on_disk():  # another process may have deleted or replaced it
            self._close(id)
            world = self._opened(id)
            self._open.add(id, world)
        return world

    def _close(self, id: str) -> None:
        """Close a world and all that worlds of its id left open."""
        if (world := self._open.remove(id)) is not None:
            world.files.close()
        self._open.close_left(id)

    def _opened(self, id: str) -> World:
        folder = self._path(id).parent
        access = Access(id, folder)
        if self._barred:
            access.bar(self._barred, "world-held")
        try:
            return self._read(id, folder, access)
        except BaseException:
            access.release()
            raise

    def _read(self, id: str, folder: Path, access: Access) -> World:
        require_readable(id, folder)
        path = folder / "world.db"
        # Only a world of an older format needs the lock to be opened.
        store = Store.open(path, access.readonly if WorldFile.is_outdated(path) else access.unwritable)
        try:
            settings = store.settings()
            levels = models.found(id, store, self.library, access)
            stamp = stamp_of(store, levels)
            cache = self._cache(folder, settings, stamp, access)
            vectors = Vectors(folder / "search.db", stamp, access.unwritable)
            return World(id, store, cache, vectors, levels, access, self.decode)
        except (KeyError, TypeError, IndexError) as error:
            store.close()
            raise WorldDamaged(f"world {id!r}: its settings lack {error}") from error
        except BaseException:
            store.close()
            raise

    def _cache(self, folder: Path, settings: dict[str, object], stamp: str, access: Access) -> Cache:
        zoom = str(settings["base_zoom"])
        described = {"name": str(settings["name"]), "minzoom": zoom, "maxzoom": zoom}
        path = folder / "tiles.mbtiles"
        return Cache(path, self.cache_bytes, described, stamp, access.unwritable)

    def _is_world(self, path: Path) -> bool:
        """Whether a path is a folder of ours. A link is none: it could lead anywhere."""
        if not ID.fullmatch(path.name) or not os.path.isfile(path / "world.db"):
            return False
        if path.is_symlink():
            self._log_once(path.name, "it is a link, and links are not followed")
            return False
        return True

    def _placed(self, part: Path, name: str, owner: str) -> str:
        """Move a new world's folder to where worlds are, all of it at once; its id."""
        if owner:
            mark(part, owner)
        for id in ids_for(name):
            if os.path.lexists(self.folder / id):
                continue
            try:
                part.rename(self.folder / id)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # somebody else took the id meanwhile
                    raise NotWritten(f"the world cannot be kept: {error.strerror}") from error
            else:
                return id
        raise BadSetting(f"there are too many worlds named {name!r}")

    def _require_writable(self) -> None:
        if not os.access(self.folder, os.W_OK):
            raise NotWritten(f"worlds can only be read here: the folder {self.folder.name!r} is read-only")

    def _log_once(self, id: str, reason: str) -> None:
        if self._logged.get(id) != reason:
            self._logged[id] = reason
            log.error("%s is left out: %s", id, reason)
