"""A world: settings, journal and latents on disk, and the pixels made of them.

What is kept is the store; pixels are decoded from it whenever they are asked for and cached.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from explorer import journal, pictures
from explorer.journal import Era
from explorer.models.family import Model
from explorer.painting import schedule, window
from explorer.painting.schedule import Layout
from explorer.painting.window import Latents, Window
from tiles.cache import Cache
from tiles.errors import WorldHeld
from tiles.grid import TILE_LATENTS, TILE_PIXELS, Box, Tile, around
from tiles.store import Store

Format = Literal["png", "webp"]
BORDER = 2  # px of its neighbours that an enlarged tile looks at, so that enlargements join too


class World:
    """One world, for any number of threads."""

    def __init__(self, id: str, store: Store, cache: Cache, model: Model, holder: str | None = None) -> None:
        """``holder`` says which other process holds the lock; then this one only reads."""
        self.id, self.store, self.cache, self.model, self.holder = id, store, cache, model, holder
        self._lock = threading.RLock()  # prompt changes and commits, one at a time
        self._painted: set[Tile] = set()  # cells seen painted: they stay so
        settings = store.settings()
        self.name: str = settings["name"]
        self.seed: int = settings["seed"]
        self.model_name: str = settings["model"]
        self.base_zoom: int = settings["base_zoom"]
        self.home: tuple[float, float] = (settings["home"][0], settings["home"][1])
        self.created: str = settings["created"]
        self.layout = Layout(self.base_zoom, settings["sketch"], settings["halo"])
        self._eras = self._read_eras()

    @property
    def prompt(self) -> str:
        """What cells are painted under from now on."""
        return self._eras[-1].prompt

    @property
    def readonly(self) -> bool:
        return self.holder is not None

    @property
    def full(self) -> bool:
        """Whether the last tile could not be cached because the disk is full."""
        return self.cache.full

    def rename(self, name: str) -> None:
        self._hold()
        self.store.change_settings(name=name)
        self.name = name

    def set_prompt(self, prompt: str) -> None:
        """A new prompt for cells painted from now on; the journal keeps what was painted before."""
        self._hold()
        with self._lock:
            if prompt == self.prompt:
                return
            runs = journal.outline(self.store.cells())
            self.store.append("prompt", {"prompt": prompt, "painted": runs})
            self._eras = self._read_eras()

    def counts(self) -> dict[str, int]:
        return {
            "cells": self.store.count(self.base_zoom),
            "sketch_cells": self.store.count(self.base_zoom - self.layout.sketch)
            if self.layout.sketch
            else 0,
            "entries": len(self.store.journal()),
            "cache_bytes": self.cache.size(),
        }

    # Painting

    def painted(self, cell: Tile) -> bool:
        if cell in self._painted:
            return True
        if self.store.versions(around(cell, 0)):
            self._painted.add(cell)
            return True
        return False

    def next_cells(self, wanted: list[Tile], limit: int) -> list[Tile]:
        """Cells to paint now for base-zoom tiles ``wanted``, the most wanted first."""
        return schedule.next_cells(wanted, self.layout, self.painted, limit)

    def window(self, cell: Tile) -> tuple[Window, int]:
        """The window of a cell whose requirements are painted, and the journal entry it is under."""
        with self._lock:
            under = journal.era_of(cell, self._eras)
        needed = schedule.requires(cell, self.layout)
        latents = {c: self._latents(c) for c in needed}
        found = window.assemble(cell, self.layout, self.seed, under.prompt, latents)
        return found, under.entry

    def commit(self, cell: Tile, latents: Latents, entry: int) -> bool:
        """Keep the latents (4, 32, 32) of a cell; False if its prompt changed while it was painted."""
        self._hold()
        with self._lock:
            if journal.era_of(cell, self._eras).entry != entry:
                return False
            self.store.commit({cell: latents.astype(np.float16)}, entry)
            self._painted.add(cell)
            return True

    # Pixels

    def revision(self, tile: Tile) -> int:
        """0 while nothing of the tile is painted; goes up with each change of its pixels."""
        count, total = self.store.version_sum(self.cells_under(tile))
        if not count:
            return 0
        return total + self.store.version_sum(self.cells_under(tile).grown(1))[1]

    def final(self, tile: Tile) -> bool:
        """Whether nothing that the tile's pixels depend on is missing."""
        around = self.cells_under(tile).grown(1)
        return self.store.version_sum(around)[0] == around.size

    def cached(self, tile: Tile, format: Format) -> pictures.Encoded | None:
        """The encoded tile, if it is at hand and up to date."""
        revision = self.revision(tile)
        cached = self.cache.get(tile, format) if revision else None
        if cached is None or cached.revision != revision:
            return None
        return pictures.Encoded(cached.data, revision, self.final(tile))

    def tile(self, tile: Tile, format: Format) -> pictures.Encoded | None:
        """The encoded tile with its revision; None where nothing is painted."""
        if found := self.cached(tile, format):
            return found
        # Before the pixels: what is painted meanwhile makes them older than they are, never newer.
        revision, final = self.revision(tile), self.final(tile)
        pixels = self.pixels(tile) if revision else None
        if pixels is None:
            return None
        data = pictures.encode(pixels, format)
        self.cache.put(tile, format, revision, data)
        return pictures.Encoded(data, revision, final)

    def sketch_revision(self, cell: Tile) -> int:
        """0 while a cell of the sketch is not painted; goes up with its neighbours."""
        return self.store.version_sum(around(cell))[1] if self.painted(cell) else 0

    def sketch_under(self, tile: Tile) -> Tile | None:
        """The cell of the sketch that a base tile is a part of; None if there is no sketch."""
        apart = self.layout.sketch
        return Tile(tile.z - apart, tile.x >> apart, tile.y >> apart) if apart else None

    def sketch(self, cell: Tile) -> pictures.Encoded | None:
        """What base tiles will be like before they are painted: a cell of the sketch, as WebP."""
        if cell.z != self.base_zoom - self.layout.sketch or not self.layout.sketch:
            return None
        revision = self.sketch_revision(cell)
        if not revision:
            return None
        found = self.cache.get(cell, "sketch")
        if found is None or found.revision != revision:
            data = pictures.encode(self._from_latents(cell), "webp")
            self.cache.put(cell, "sketch", revision, data)
            return pictures.Encoded(data, revision, False)
        return pictures.Encoded(found.data, revision, False)

    def pixels(self, tile: Tile) -> np.ndarray | None:
        """uint8 (256, 256, 3), or (256, 256, 4) where an overview is painted in part."""
        if tile.z == self.base_zoom:
            return self._decoded(tile)
        return self._enlarged(tile) if tile.z > self.base_zoom else self._overview(tile)

    def _decoded(self, tile: Tile) -> np.ndarray | None:
        """The base tile from its latents; from its lossless cached form where that is fresh."""
        revision = self.revision(tile)
        if not revision:
            return None
        cached = self.cache.get(tile, "png")
        if cached is not None and cached.revision == revision:
            return pictures.decode(cached.data)
        return self._from_latents(tile)

    def _from_latents(self, cell: Tile) -> np.ndarray:
        """A painted cell of any zoom, decoded."""
        found = self.store.read_many(around(cell))
        cells = {cell: painted.latents for cell, painted in found.items()}
        return self.model.decode(surrounded(cell, cells, self.model.traits.margin))

    def _overview(self, tile: Tile) -> np.ndarray | None:
        """The mean of the four children, of what is painted of them."""
        children = [self._cached_pixels(child) for child in tile.children]
        if all(child is None for child in children):
            return None
        return pictures.halved(children)

    def _cached_pixels(self, tile: Tile) -> np.ndarray | None:
        found = self.tile(tile, "png")
        return None if found is None else pictures.decode(found.data)

    def _enlarged(self, tile: Tile) -> np.ndarray | None:
        """A part of the base tile, enlarged; its border comes from the base tile's neighbours."""
        deeper = tile.z - self.base_zoom
        base = Tile(self.base_zoom, tile.x >> deeper, tile.y >> deeper)
        middle = self._cached_pixels(base)
        if middle is None:
            return None
        side = TILE_PIXELS * 2**-deeper  # px of the base tile, below 1 for the deepest zooms
        left, top = (tile.x - (base.x << deeper)) * side, (tile.y - (base.y << deeper)) * side
        sheet = np.pad(middle, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), mode="edge")
        reach = (left < BORDER, top < BORDER, left + side > 256 - BORDER, top + side > 256 - BORDER)
        for other, here, there in pictures.borders(BORDER, reach):
            x, y = other
            if (beside := self._cached_pixels(Tile(base.z, base.x + x, base.y + y))) is not None:
                sheet[here] = beside[there]
        return pictures.enlarged(sheet, left + BORDER, top + BORDER, side)

    def cells_under(self, tile: Tile) -> Box:
        """The base cells that lie under a tile of any zoom."""
        return around(tile, 0).at(self.base_zoom)

    def _latents(self, cell: Tile) -> Latents:
        found = self.store.read(cell)
        if found is None:
            raise KeyError(cell)
        return found.latents

    def _read_eras(self) -> list[Era]:
        entries = [e for e in self.store.journal() if e.kind == "prompt"]
        return [journal.era(entry.number, entry.data) for entry in entries]

    def _hold(self) -> None:
        if self.holder is not None:
            raise WorldHeld(f"world {self.id!r} is being painted by {self.holder}; it can be read here")

    def close(self) -> None:
        self.store.close()
        self.cache.close()


def surrounded(tile: Tile, cells: Mapping[Tile, Latents], margin: int) -> Latents:
    """A painted cell with ``margin`` latents around it, float32 (4, 32 + 2m, 32 + 2m).

    What is not painted yet repeats the nearest painted latent of the cell: a guess that shows
    no edge, replaced when the neighbour is painted.
    """
    sheet = np.pad(cells[tile].astype(np.float32), ((0, 0), (margin,) * 2, (margin,) * 2), "edge")
    spans: dict[int, Callable[[], tuple[slice, slice]]] = {
        -1: lambda: (slice(0, margin), slice(TILE_LATENTS - margin, TILE_LATENTS)),
        0: lambda: (slice(margin, margin + TILE_LATENTS), slice(0, TILE_LATENTS)),
        1: lambda: (slice(margin + TILE_LATENTS, None), slice(0, margin)),
    }
    for cell, latents in cells.items():
        (here_x, there_x), (here_y, there_y) = spans[cell.x - tile.x](), spans[cell.y - tile.y]()
        sheet[:, here_y, here_x] = latents[:, there_y, there_x]
    return sheet
