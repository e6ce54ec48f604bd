"""A world: a journal, the latents painted under it, the pixels made of them, and drafts of edits.

What is kept is the store; pixels are decoded from it whenever they are asked for and cached.
"""

from __future__ import annotations

import threading
from pathlib import Path

from explorer.models.family import Model
from explorer.painting.pyramid import pyramid_of
from explorer.worlds.canvas import Canvas
from explorer.worlds.drafts import Drafts
from explorer.worlds.journal import Journal
from explorer.worlds.renderer import Renderer
from tiles import package
from tiles.cache import Cache
from tiles.errors import WorldHeld
from tiles.store import Store


class World:
    """One world, for any number of threads. Its four parts do the work:

    - ``journal``: prompts, strokes, edits; undo and redo
    - ``canvas``: what is painted, and what can be painted next
    - ``renderer``: tiles
    - ``drafts``: edits nobody has decided for yet
    """

    def __init__(self, id: str, store: Store, cache: Cache, model: Model, holder: str | None = None) -> None:
        """``holder`` says which other process holds the lock; then this one only reads."""
        self.id, self.model, self.holder = id, model, holder
        self._store, self._cache = store, cache
        settings = store.settings()
        self.name: str = settings["name"]
        self.seed: int = settings["seed"]
        self.model_name: str = settings["model"]
        self.home: tuple[float, float] = (settings["home"][0], settings["home"][1])
        self.created: str = settings["created"]
        self.pyramid = pyramid_of(settings["base_zoom"], settings["sketch"], settings["halo"])
        lock = threading.RLock()  # steps and commits, one at a time
        self.journal = Journal(store, self.pyramid, lock, self.check_writable)
        self.drafts = Drafts(self.journal, lock)
        self.canvas = Canvas(
            store, self.journal, self.drafts, self.pyramid, self.seed, lock, self.check_writable
        )
        self.renderer = Renderer(store, cache, model, self.canvas, self.pyramid)

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
        return self.holder is not None

    def check_writable(self) -> None:
        """Raises WorldHeld where another process paints this world."""
        if self.holder is not None:
            raise WorldHeld(f"world {self.id!r} is being painted by {self.holder}; it can be read here")

    def rename(self, name: str) -> None:
        self.check_writable()
        self._store.change_settings(name=name)
        self.name = name

    def counts(self) -> dict[str, int]:
        """Shown cells, lines of the journal, and bytes of cached tiles."""
        base, parent = self.pyramid.base, self.pyramid.parent(self.pyramid.base)
        return {
            "cells": self.canvas.count(base),
            "sketch_cells": 0 if parent is None else self.canvas.count(parent),
            "entries": self.journal.history.lines,
            "cache_bytes": self.renderer.cached_bytes(),
        }

    def pack(self, path: Path, latents: bool = False) -> None:
        """Write the world as one file. Raises BadPackage, WorldDamaged, DiskFull."""
        package.pack(self._store, path, latents)

    def on_disk(self) -> bool:
        """Whether the world's file is still there."""
        return self._store.path.exists()

    def close(self) -> None:
        self._store.close()
        self._cache.close()
