"""What lists say of worlds: read once from those that are not open, and again only after they changed."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from explorer.models.library import Library
from explorer.painting.pyramid import Pyramid
from explorer.worlds import access
from explorer.worlds.journal import Journal
from explorer.worlds.levels import pyramid_for
from explorer.worlds.world import World
from tiles.errors import ModelRefused, WorldDamaged
from tiles.recipe import remembered
from tiles.store import Store
from tiles.world_file import Written, written


class Summary(NamedTuple):
    """A world in a list."""

    id: str
    name: str
    prompt: str
    seed: int
    model: str
    base_zoom: int
    sketch: int  # zooms
    home: tuple[float, float]  # metres
    created: str  # UTC, ISO 8601
    readonly: bool
    cells: int  # painted at the base zoom
    sketch_cells: int
    entries: int  # lines of the journal
    cache_bytes: int  # of cached tiles; where the world is not open, of their file
    waiting: bool = False  # whether an edit waits to be painted


class Summaries:
    """Summaries of worlds that are not open, by id, for any number of threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[str, tuple[Written, Summary]] = {}

    def get(self, id: str, folder: Path) -> Summary:
        """The summary of the world in a folder. Its file is only opened if it was written since it was asked
        for last. Raises WorldNotFound, WorldDamaged, ModelRefused, Busy."""
        require_readable(id, folder)
        now, (before, summary) = written(folder / "world.db"), self._known.get(id, ((), None))
        if summary is None or now != before:
            summary = self._read(id, folder)
            self._known[id] = now, summary
        return summary._replace(readonly=summary.readonly or not access.free(folder))

    def forget_all_but(self, ids: list[str]) -> None:
        """Forget worlds that are gone."""
        for id in self._known.keys() - set(ids):
            self._known.pop(id, None)

    def _read(self, id: str, folder: Path) -> Summary:
        """``readonly`` only says whether the world's model is missing here."""
        with closing(Store.open(folder / "world.db", readonly=True)) as store, store.snapshot():
            settings = store.settings()
            try:
                pyramid = pyramid_for(settings)
                model, absent = self._model_of(settings)
                journal = Journal(store, pyramid, threading.RLock(), lambda: None)
                cached = _size(folder / "tiles.mbtiles")
                return _summary(id, store, pyramid, journal, model, absent, cached)
            except (KeyError, TypeError, IndexError) as error:
                raise WorldDamaged(f"world {id!r}: its settings lack {error}") from error

    def _model_of(self, settings: dict[str, Any]) -> tuple[str, bool]:
        """The name of a world's model, and whether it is missing here. Weights that may be gigabytes are not
        read for it."""
        name, recipe = settings["model"], remembered(settings)
        try:
            if recipe is None:
                return self._library.get(name).traits.name, False
            return self._library.require(name, recipe), False
        except ModelRefused:
            return name, True


def summary_of(world: World) -> Summary:
    """The summary of an open world, as it is now."""
    model, cached = world.model.traits.name, world.renderer.cached_bytes()
    return _summary(world.id, world.store, world.pyramid, world.journal, model, world.readonly, cached)


def require_readable(id: str, folder: Path) -> None:
    """Raises WorldDamaged for a world that this user may not read."""
    if not os.access(folder / "world.db", os.R_OK):
        raise WorldDamaged(f"world {id!r} cannot be read: its world.db belongs to another user")


def _summary(
    id: str, store: Store, pyramid: Pyramid, journal: Journal, model: str, readonly: bool, cached: int
) -> Summary:
    settings, parent = store.settings(), pyramid.parent(pyramid.base)
    x, y = settings["home"]
    return Summary(
        id=id,
        name=settings["name"],
        prompt=journal.prompt,
        seed=settings["seed"],
        model=model,
        base_zoom=pyramid.base,
        sketch=pyramid.sketch,
        home=(x, y),
        created=settings["created"],
        readonly=readonly,
        cells=store.count(pyramid.base),
        sketch_cells=0 if parent is None else store.count(parent),
        entries=journal.history.lines,
        cache_bytes=cached,
        waiting=bool(journal.history.waiting),
    )


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size if path.is_file() else 0
    except OSError:
        return 0
