"""A world: a journal, the latents painted under it, the pixels made of them, and drafts of edits.

What is kept is the store; pixels are decoded from it whenever they are asked for and cached.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from explorer.models.family import Model, nearest_zoom
from explorer.painting.crossing import Crossing
from explorer.worlds.access import Access
from explorer.worlds.canvas import Canvas
from explorer.worlds.drafts import Drafts
from explorer.worlds.finder import Finder
from explorer.worlds.journal import Journal
from explorer.worlds.levels import Levels
from explorer.worlds.renderer import Decode, Renderer
from tiles import package
from tiles.cache import Cache
from tiles.errors import BadSetting, ModelRefused, WorldNotFound
from tiles.levels import level_models
from tiles.recipe import remembered
from tiles.rules import MAX_BOOKMARKS, MAX_KINDS, is_bookmark
from tiles.store import Store
from tiles.vectors import Vectors

REFRESH = 1.0  # seconds between two looks at what another process wrote


class Files(NamedTuple):
    """What a world keeps open, apart from it: they are closed after it is gone."""

    store: Store
    cache: Cache
    vectors: Vectors
    access: Access

    def close(self) -> None:
        """Close the files and let others have the world. May be done twice."""
        self.close_databases()
        self.access.release()

    def close_databases(self) -> None:
        """Whoever asks for something afterwards gets WorldNotFound; what is being read ends first."""
        self.store.close()
        self.cache.close()
        self.vectors.close()


class World:
    """One world, for any number of threads. Its five parts do the work:

    - ``journal``: prompts, strokes, edits; undo and redo
    - ``canvas``: what is painted, and what can be painted next
    - ``renderer``: tiles
    - ``finder``: tiles by what they show
    - ``drafts``: edits nobody has decided for yet
    """

    def __init__(
        self,
        id: str,
        store: Store,
        cache: Cache,
        vectors: Vectors,
        levels: Levels,
        access: Access,
        decode: Decode,
    ) -> None:
        self.id, self.model, self.access = id, levels.own, access
        self.pyramid, self.others, self.missing_models = levels.pyramid, levels.others, levels.missing
        self.files = Files(store, cache, vectors, access)
        self._store, self._cache = store, cache
        self._looked, self._written = time.monotonic(), store.written()
        settings = store.settings()
        self._painted_by: tuple[str, ...] | None = None  # as far as it is read
        self.name: str = settings["name"]
        self.seed: int = settings["seed"]
        self.model_name: str = settings["model"]
        self.home: tuple[float, float] = (settings["home"][0], settings["home"][1])
        self.created: str = settings["created"]
        self.stamp = stamp_of(store, levels)
        self._recipe, self.level_models = remembered(settings), level_models(settings)
        self._lock = lock = threading.RLock()  # steps and commits, one at a time
        self.journal = Journal(store, levels.whole, lock, access.require)
        access.when_taken = self.journal.refresh
        self.drafts = Drafts(self.journal, lock)
        crossing = Crossing(self.pyramid, self.model_at, lambda zoom: self.model_at(zoom).traits.margin)
        self.canvas = Canvas(
            store, self.journal, self.drafts, self.pyramid, crossing, self.seed, lock, access
        )
        self.finder = Finder(vectors, cache, levels.own.towers, lambda tile: self.renderer.revision(tile))
        self.renderer = Renderer(
            store, cache, self.model_at, self.canvas, self.journal, self.pyramid, self.finder.look, decode
        )

    @property
    def base_zoom(self) -> int:
        return self.pyramid.base

    def model_at(self, zoom: int) -> Model:
        """The model of a level. Raises ModelRefused where it is not here."""
        if zoom not in self.pyramid.zooms:
            why = self.missing_models.get(max((z for z in self.missing_models if z <= zoom), default=-1), "")
            words = f"zoom {zoom} of world {self.id!r} is not painted here. {why}".rstrip()
            raise ModelRefused(words, "level-not-painted", zoom=zoom)
        other = self.pyramid.level(zoom).model
        return self.model if other is None else self.others[other]

    @property
    def models(self) -> tuple[Model, ...]:
        """All that paint here: the world's own, and those of deeper levels."""
        levels = {level.model for level in self.pyramid.levels}
        return (self.model, *(model for zoom, model in self.others.items() if zoom in levels))

    @property
    def learned(self) -> list[int]:
        """The zooms that their models learned, coarsest first."""
        others = [level.zoom for level in self.pyramid.levels if level.model is not None]
        own = [zoom for zoom in self.model.traits.zooms if not others or zoom < others[0]]
        return own + [zoom for zoom in others if zoom in self.model_at(zoom).traits.zooms]

    @property
    def nearest(self) -> dict[int, int]:
        """For each zoom that is painted and shown, the nearest one that its model learned, as which it is
        painted."""
        shown = [zoom for zoom in self.pyramid.zooms if zoom >= self.base_zoom]
        return {zoom: nearest_zoom(zoom, self.model_at(zoom).traits.zooms) for zoom in shown}

    @property
    def credit(self) -> tuple[str, str]:
        """The names of all that paint here, and their licences, in words."""
        names = dict.fromkeys(model.traits.name for model in self.models)
        licences = dict.fromkeys(model.traits.licence for model in self.models)
        return ", ".join(names), "; ".join(licences)

    # The files underneath.

    @property
    def store(self) -> Store:
        return self._store

    @property
    def cache(self) -> Cache:
        return self._cache

    @property
    def readonly(self) -> bool:
        return self.access.readonly

    def rename(self, name: str) -> None:
        self.access.require()
        self._store.change_settings(name=name)
        self.name = name

    def remember_recipe(self) -> None:
        """Keep how models paint, where that changed while they painted: memory ran out, and batches are
        smaller from now on. Raises DiskFull, WorldHeld."""
        if self.model.recipe != self._recipe:
            recipe = self.model.recipe
            self._store.change_settings(recipe=None if recipe is None else recipe.data())
            self._recipe = recipe
        now = tuple(
            each.model_copy(update={"recipe": self.others[each.zoom].recipe})
            if each.zoom in self.others
            else each
            for each in self.level_models
        )
        if now != self.level_models:
            self._store.change_settings(level_models=[each.data() for each in now])
            self.level_models = now

    def bookmarks(self) -> list[dict[str, str]]:
        """Places with names that people kept: ``name`` and ``place``, which is "zoom/x/y" in metres."""
        found: list[dict[str, str]] = self._store.settings().get("bookmarks", [])
        return found

    def keep_bookmarks(self, bookmarks: list[dict[str, str]]) -> None:
        """All of them anew. Raises BadSetting."""
        if len(bookmarks) > MAX_BOOKMARKS:
            words = f"{len(bookmarks)} bookmarks; the limit is {MAX_BOOKMARKS}"
            raise BadSetting(words, "too-many-bookmarks", limit=MAX_BOOKMARKS)
        for each in bookmarks:
            if not is_bookmark(each):
                raise BadSetting(f"{each!s:.80} is no bookmark: it has a name and a place 'zoom/x/y'")
        self.access.require()
        self._store.change_settings(bookmarks=bookmarks)

    @property
    def painted_by(self) -> tuple[str, ...]:
        """The kinds of machines that painted here, the first one first, see ``models.kinds``; none for what
        was painted before this was noted."""
        if self._painted_by is None:
            self._painted_by = tuple(self._store.settings().get("painted_by", ()))
        return self._painted_by

    @property
    def first_painter(self) -> str | None:
        """The kind of machine that a world is best painted on."""
        return next(iter(self.painted_by), None)

    def note_painter(self, kind: str) -> None:
        """Cells of this world are painted by a kind of machine. Raises DiskFull, WorldHeld."""
        if kind in self.painted_by or len(self.painted_by) >= MAX_KINDS:
            return
        self.access.require()
        self._store.change_settings(painted_by=[*self.painted_by, kind])
        self._painted_by = (*self.painted_by, kind)

    def counts(self) -> dict[str, int]:
        """Shown cells, lines of the journal, and bytes of cached tiles."""
        base, parent = self.pyramid.base, self.pyramid.parent(self.pyramid.base)
        return {
            "cells": self.canvas.count(base),
            "sketch_cells": 0 if parent is None else self.canvas.count(parent),
            "entries": self.journal.history.lines,
            "cache_bytes": self.renderer.cached_bytes(),
        }

    def pack(self, path: Path, latents: bool = False, written: package.Written = lambda done: None) -> None:
        """Write the world as one file. ``written`` is told how many bytes are, and may raise to stop it.

        Raises BadPackage, WorldDamaged, DiskFull.
        """
        package.pack(self._store, path, latents, written)

    def is_current(self) -> bool:
        """Whether this is still the world on disk. Where another process may change it, what that process
        wrote is read, at most once in ``REFRESH`` seconds. Raises WorldDamaged."""
        if self.access.held or time.monotonic() - self._looked < REFRESH:
            return True
        return self._read_anew()

    def changed(self) -> bool:
        """Whether another process wrote something since this was asked last; then it is read. It costs little
        where nothing was written. Raises WorldNotFound if the world is gone, WorldDamaged."""
        written = self._store.written()
        if self.access.held or written == self._written:
            return False
        self._written = written
        if not self._read_anew():
            raise WorldNotFound(f"world {self.id!r} was deleted, or another took its place")
        return True

    @contextmanager
    def still(self) -> Iterator[None]:
        """The world at one moment, for one thread at a time: the journal and all that is read within it
        belong together, whatever another process writes meanwhile. Raises WorldDamaged."""
        with self._lock, self._store.snapshot():
            self.journal.refresh()
            yield

    def _read_anew(self) -> bool:
        self._looked = time.monotonic()
        if not self.on_disk():
            return False
        self.journal.refresh()
        self._painted_by = None
        self.name = self._store.settings()["name"]
        return True

    def on_disk(self) -> bool:
        """Whether the world's file is still there, and the one that was opened."""
        return self._store.on_disk()


def stamp_of(store: Store, levels: Levels) -> str:
    """Stands for all that every tile of a world is made from: 16 hexadecimal digits, others for a world
    that had this id before, for models of the same names with other weights, and where one is missing."""
    others = [f" {zoom} {model.traits.digest}" for zoom, model in sorted(levels.others.items())]
    without = [f" without {zoom}" for zoom in sorted(levels.missing)]
    told = "".join([f"{store.instance} {levels.own.traits.digest}", *others, *without])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
