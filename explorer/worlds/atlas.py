"""All worlds of one folder: making, opening, deleting them."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import socket
import threading
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from explorer.models.family import sketch_for
from explorer.models.library import Library
from explorer.worlds.world import World
from tiles import package
from tiles.cache import Cache
from tiles.errors import BadPrompt, BadSetting, EarthError, WorldDamaged, WorldNotFound
from tiles.grid import EARTH, MAX_ZOOM, metres_words, tile_metres
from tiles.store import Store

log = logging.getLogger(__name__)
ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
NAME_LIMIT, PROMPT_LIMIT, SEED_LIMIT = 80, 500, 2**63
NEW_SEEDS = 2**53  # seeds given today: larger ones are not read exactly by every program that reads JSON
HOME_LIMIT = EARTH * 1000  # metres from the middle of the square


class NewWorld(NamedTuple):
    """What a world is made of; None: a good default."""

    name: str
    prompt: str
    seed: int | None = None
    model: str | None = None
    base_zoom: int | None = None
    home: tuple[float, float] | None = None  # metres
    sketch: int | None = None  # zooms; 0: no sketch


class Atlas:
    """Worlds by id. One process paints a world; others may read it."""

    def __init__(self, folder: Path, library: Library, cache_bytes: int) -> None:
        self.folder, self.library, self.cache_bytes = folder, library, cache_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self._open: dict[str, tuple[World, FileLock | None]] = {}
        self._lock = threading.RLock()

    def names(self) -> list[str]:
        """The ids of all worlds, in order."""
        return sorted(p.parent.name for p in self.folder.glob("*/world.db") if self._is_world(p.parent))

    def get(self, id: str) -> World:
        """Raises WorldNotFound, WorldDamaged, ModelRefused."""
        if not ID.fullmatch(id):
            raise WorldNotFound(f"no world {id[:80]!r}: an id is 1 to 64 of a-z, 0-9, _ and -")
        with self._lock:
            if id not in self._open:
                self._open[id] = self._read(id)
            return self._open[id][0]

    def worlds(self) -> list[World]:
        """All worlds that can be opened; what is damaged is logged and left out."""
        found = []
        for id in self.names():
            try:
                found.append(self.get(id))
            except EarthError as error:
                log.error("%s: %s", id, error)
        return found

    def opened(self) -> list[World]:
        """The worlds in use."""
        with self._lock:
            return [world for world, _ in self._open.values()]

    def create(self, new: NewWorld) -> World:
        """Raises BadSetting, BadPrompt, ModelRefused, DiskFull."""
        name, prompt = clean_name(new.name), clean_prompt(new.prompt)
        traits = self.library.get(new.model).traits
        zoom = checked_zoom(new.base_zoom, traits.base_zoom, traits.zooms)
        sketch = checked_sketch(new.sketch, sketch_for(zoom, traits))
        settings = {
            "name": name,
            "seed": checked_seed(new.seed),
            "model": new.model or self.library.default,
            "digest": traits.digest,
            "base_zoom": zoom,
            "home": list(checked_home(new.home or quick_home(zoom, sketch))),
            "sketch": sketch,
            "halo": traits.halo,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._lock:
            id = self._free_id(name)
            part = self.folder / f".{id}.{os.getpid()}.part"
            part.mkdir()
            try:
                store = Store.create(part / "world.db", settings)
                store.append("prompt", {"prompt": prompt, "painted": []})
                store.close()
                part.replace(self.folder / id)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            return self.get(id)

    def unpack(self, file: Path) -> World:
        """The world in a packed file, under an id of its own here. Raises BadPackage, DiskFull,
        ModelRefused if the model it was painted with is not here; then nothing is changed."""
        said = package.settings(file)
        mine = self.library.get().traits.digest == said["digest"]
        with self._lock:
            id = self._free_id(said["name"])
            package.unpack(file, self.folder / id, self.library.default if mine else None)
            try:
                return self.get(id)
            except EarthError:
                shutil.rmtree(self.folder / id, ignore_errors=True)
                raise

    def delete(self, id: str) -> None:
        """Raises WorldNotFound, WorldHeld."""
        with self._lock:
            world = self.get(id)
            world.check_writable()
            _, lock = self._open.pop(id)
            world.close()
            gone = self.folder / f".{id}.{os.getpid()}.gone"
            (self.folder / id).replace(gone)  # at once, whatever happens to the rest
            if lock is not None:
                lock.release()
            shutil.rmtree(gone, ignore_errors=True)

    def close(self) -> None:
        with self._lock:
            for world, lock in self._open.values():
                world.close()
                if lock is not None:
                    lock.release()
            self._open.clear()

    def _read(self, id: str) -> tuple[World, FileLock | None]:
        folder = self.folder / id
        if not self._is_world(folder) or not (folder / "world.db").is_file():
            raise WorldNotFound(f"no world {id!r}")
        lock = FileLock(folder / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            holder = _holder(folder)
            log.debug("%s is painted by %s; it is only read here", id, holder)
            return self._opened(id, folder, holder), None
        try:
            (folder / "holder").write_text(f"process {os.getpid()} on {socket.gethostname()}")
            return self._opened(id, folder, None), lock
        except BaseException:
            lock.release()
            raise

    def _opened(self, id: str, folder: Path, holder: str | None) -> World:
        store = Store.open(folder / "world.db", readonly=holder is not None)
        try:
            settings = store.settings()
            model = self.library.get(settings["model"])
            if holder is None and settings["digest"] != model.traits.digest:
                # Other weights paint other land: what is painted stays, and the journal says since when.
                store.append("model", {"digest": model.traits.digest})
                store.change_settings(digest=model.traits.digest)
                (folder / "tiles.mbtiles").unlink(missing_ok=True)
            return World(id, store, self._cache(folder, settings), model, holder)
        except (KeyError, TypeError, IndexError) as error:
            store.close()
            raise WorldDamaged(f"world {id!r}: its settings lack {error}") from error
        except BaseException:
            store.close()
            raise

    def _cache(self, folder: Path, settings: dict[str, object]) -> Cache:
        zoom = str(settings["base_zoom"])
        described = {"name": str(settings["name"]), "minzoom": zoom, "maxzoom": zoom}
        return Cache(folder / "tiles.mbtiles", self.cache_bytes, described)

    def _is_world(self, folder: Path) -> bool:
        """A plain folder of ours: links could lead anywhere."""
        return bool(ID.fullmatch(folder.name)) and folder.is_dir() and not folder.is_symlink()

    def _free_id(self, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48] or "world"
        for number in range(1, 10_000):
            id = stem if number == 1 else f"{stem}-{number}"
            if not (self.folder / id).exists():
                return id
        raise BadSetting(f"there are too many worlds named {name!r}")


def clean_text(text: str, what: str, limit: int) -> str:
    """``text`` without surrounding space. Raises BadSetting."""
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > limit:
        raise BadSetting(f"{what} has {len(text)} characters, allowed are {limit}")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text):
        raise BadSetting(f"{what} holds control characters; plain text is allowed")
    return text


def clean_name(name: str) -> str:
    name = clean_text(name, "the name", NAME_LIMIT)
    if not name:
        raise BadSetting("the name is empty")
    return name


def clean_prompt(prompt: str) -> str:
    """Raises BadPrompt."""
    try:
        return clean_text(prompt, "the prompt", PROMPT_LIMIT)
    except BadSetting as error:
        raise BadPrompt(str(error)) from None


def checked_seed(seed: int | None) -> int:
    """A seed for something new, random if none is given. Raises BadSetting."""
    if seed is None:
        return secrets.randbelow(2**31)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < NEW_SEEDS:
        raise BadSetting(f"seed {seed!s:.40}: allowed are whole numbers from 0 to {NEW_SEEDS - 1}")
    return seed


def checked_zoom(zoom: int | None, best: int, known: tuple[int, ...]) -> int:
    zoom = best if zoom is None else zoom
    if not 0 <= zoom <= MAX_ZOOM:
        raise BadSetting(f"base zoom {zoom}: allowed are 0 to {MAX_ZOOM}")
    if zoom not in known:
        words = ", ".join(f"{each} ({metres_words(each)} per pixel)" for each in known)
        raise BadSetting(f"base zoom {zoom}: this model knows {words}")
    return zoom


def quick_home(zoom: int, sketch: int) -> tuple[float, float]:
    """The place next to the middle of the square where the first tile is there soonest: the
    middle of a cell of phase A that lies inside a sketch cell of phase A, so two windows."""
    away = (2**sketch // 2 // 2 * 2 + 0.5) * tile_metres(zoom)
    return away, -away


def checked_home(home: tuple[float, float]) -> tuple[float, float]:
    x, y = home
    if not (abs(x) <= HOME_LIMIT and abs(y) <= HOME_LIMIT):
        raise BadSetting(f"home {x}, {y}: allowed are up to {HOME_LIMIT:.0f} metres each way")
    return float(x), float(y)


def checked_sketch(sketch: int | None, best: int) -> int:
    sketch = best if sketch is None else sketch
    if not 0 <= sketch <= 3:
        raise BadSetting(f"sketch {sketch}: allowed are 0 (none) to 3 zooms coarser")
    return sketch


def _holder(folder: Path) -> str:
    try:
        return (folder / "holder").read_text()[:200]
    except OSError:
        return "another process"
