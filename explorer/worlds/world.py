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

from explorer.models.family import Model
from explorer.painting.pyramid import DEEPEST, pyramid_of
from explorer.worlds.access import Access
from explorer.worlds.canvas import Canvas
from explorer.worlds.drafts import Drafts
from explorer.worlds.finder import Finder
from explorer.worlds.journal import Journal
from explorer.worlds.renderer import Decode, Renderer
from tiles import package
from tiles.cache import Cache
from tiles.errors import BadSetting, WorldNotFound
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
        model: Model,
        access: Access,
        decode: Decode,
    ) -> None:
        self.id, self.model, self.access = id, model, access
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
        self.stamp = stamp_of(store, model)
        self._recipe = remembered(settings)
        self.pyramid = pyramid_of(
            settings["base_zoom"], settings["sketch"], settings["halo"], store.space, DEEPEST
        )
        self._lock = lock = threading.RLock()  # steps and commits, one at a time
        self.journal = Journal(store, self.pyramid, lock, access.require)
        access.when_taken = self.journal.refresh
        self.drafts = Drafts(self.journal, lock)
        self.canvas = Canvas(store, self.journal, self.drafts, self.pyramid, self.seed, lock, access.require)
        self.finder = Finder(vectors, cache, model.towers, lambda tile: self.renderer.revision(tile))
        self.renderer = Renderer(
            store, cache, model, self.canvas, self.journal, self.pyramid, self.finder.look, decode
        )

    @property
    def base_zoom(self) -> int:
        return self.pyramid.base

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
        """Keep how the model paints, where that changed while it painted: memory ran out, and batches are
        smaller from now on. Raises DiskFull, WorldHeld."""
        if self.model.recipe != self._recipe:
            recipe = self.model.recipe
            self._store.change_settings(recipe=None if recipe is None else recipe.data())
            self._recipe = recipe

    def bookmarks(self) -> list[dict[str, str]]:
        """Places with names that people kept: ``name`` and ``place``, which is "zoom/x/y" in metres."""
        found: list[dict[str, str]] = self._store.settings().get("bookmarks", [])
        return found

    def keep_bookmarks(self, bookmarks: list[dict[str, str]]) -> None:
        """All of them anew. Raises BadSetting."""
        if len(bookmarks) > MAX_BOOKMARKS:
            raise BadSetting(f"{len(bookmarks)} bookmarks; the limit is {MAX_BOOKMARKS}")
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


def stamp_of(store: Store, model: Model) -> str:
    """Stands for all that every tile of a world is made from: 16 hexadecimal digits, others for a world
    that had this id before and for a model of the same name with other weights."""
    return hashlib.blake2b(f"{store.instance} {model.traits.digest}".encode(), digest_size=8).hexdigest()
