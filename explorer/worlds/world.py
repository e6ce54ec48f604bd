"""A world: settings, journal and latents on disk, and the pixels made of them.

What is kept is the store; pixels are decoded from it whenever they are asked for and cached.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np

from explorer import pictures
from explorer.models.family import Model
from explorer.painting import schedule, window
from explorer.painting.layers import Layers, Node
from explorer.painting.schedule import Layout
from explorer.painting.window import Latents, Window
from tiles import journal
from tiles.cache import Cache
from tiles.errors import NothingToDo, WorldHeld
from tiles.grid import TILE_LATENTS, TILE_PIXELS, Box, Tile, around
from tiles.journal import History, Stroke
from tiles.store import Known, Store

Format = Literal["png", "webp"]
BORDER = 2  # px of its neighbours that an enlarged tile looks at, so that enlargements join too


class World:
    """One world, for any number of threads."""

    def __init__(self, id: str, store: Store, cache: Cache, model: Model, holder: str | None = None) -> None:
        """``holder`` says which other process holds the lock; then this one only reads."""
        self.id, self.store, self.cache, self.model, self.holder = id, store, cache, model, holder
        self._lock = threading.RLock()  # steps and commits, one at a time
        self._painted: set[tuple[int, Tile]] = set()  # seen painted, under which line: so for ever
        self._sheets: dict[Node, Latents] = {}  # paintings of drafts
        settings = store.settings()
        self.name: str = settings["name"]
        self.seed: int = settings["seed"]
        self.model_name: str = settings["model"]
        self.base_zoom: int = settings["base_zoom"]
        self.home: tuple[float, float] = (settings["home"][0], settings["home"][1])
        self.created: str = settings["created"]
        self.layout = Layout(self.base_zoom, settings["sketch"], settings["halo"])
        self.layers = Layers(self._history(), {}, self.layout)

    @property
    def history(self) -> History:
        return self.layers.history

    @property
    def prompt(self) -> str:
        """What cells are painted under from now on, where no stroke lies."""
        return self.history.eras[-1].prompt

    @property
    def readonly(self) -> bool:
        return self.holder is not None

    @property
    def full(self) -> bool:
        """Whether the last tile could not be cached because the disk is full."""
        return self.cache.full

    def counts(self) -> dict[str, int]:
        return {
            "cells": self.store.count(self.base_zoom),
            "sketch_cells": self.store.count(self.base_zoom - self.layout.sketch)
            if self.layout.sketch
            else 0,
            "entries": len(self.store.journal()),
            "cache_bytes": self.cache.size(),
        }

    # The journal. Each step answers with the base cells of which something else is shown now.

    def rename(self, name: str) -> None:
        self._hold()
        self.store.change_settings(name=name)
        self.name = name

    def set_prompt(self, prompt: str) -> None:
        """A new prompt for cells painted from now on; the journal keeps what was painted before."""
        self._hold()
        with self._lock:
            if prompt != self.prompt:
                self.store.append("prompt", {"prompt": prompt, "painted": self._land(None)})
                self._read_again()

    def draw(self, stroke: Stroke) -> int:
        """A prompt for land along a line that is not painted yet; the number of its line."""
        self._hold()
        reach = journal.reach(stroke, self.base_zoom, self.layout.sketch)
        with self._lock:
            data = {**stroke._asdict(), "reach": list(reach), "painted": self._land(reach)}
            entry = self.store.append("stroke", data)
            self._read_again()
            return entry.number

    def begin_edit(self, data: Mapping[str, Any], picture: Mapping[Tile, Known] | None = None) -> int:
        """Write an edit down, to be painted; the number of its line."""
        self._hold()
        with self._lock:
            entry = self.store.append("edit", data, picture=picture)
            self._read_again()
            return entry.number

    def finish_edit(self, number: int) -> set[Tile]:
        """Show an edit all of whose cells are painted. Raises Cancelled for one that is no more."""
        with self._lock:
            return self._step("done", number, self.layers.edit(number).cells)

    def cancel_edit(self, number: int) -> frozenset[Tile]:
        """Give up an edit; its cells, or none if it does not wait any more."""
        self._hold()
        with self._lock:
            if number not in self.history.waiting:
                return frozenset()
            cells = self.layers.edit(number).cells
            self.store.append("cancelled", {"entry": number})
            self._read_again()
            return cells

    def undo(self) -> tuple[int, set[Tile]]:
        """Take the last step back: its line, and what changed. Raises NothingToDo."""
        self._hold()
        with self._lock:
            if len(self.history.steps) < 2:
                raise NothingToDo("there is nothing to undo")
            number = self.history.steps[-1]
            return number, self._step("undone", number, self._touched(number))

    def redo(self) -> tuple[int, set[Tile]]:
        """Bring the last step that was taken back again, likewise. Raises NothingToDo."""
        self._hold()
        with self._lock:
            if not self.history.undone:
                raise NothingToDo("there is nothing to redo")
            number = self.history.undone[-1]
            return number, self._step("redone", number, self._touched(number))

    def _step(self, kind: str, number: int, cells: Iterable[Tile]) -> set[Tile]:
        """Write a line about a step, and show each of ``cells`` as it is after it."""
        before = self.history
        lines = [(e.number, e.kind, e.data) for e in self.store.journal()]
        after = journal.read([*lines, (2**62, kind, {"entry": number})])
        shows = {c: after.shown(c) for c in cells if after.shown(c) != before.shown(c)}
        self.store.append(kind, {"entry": number}, shows)
        self._read_again()
        return {cell for cell in shows if cell.z == self.base_zoom}

    def _touched(self, number: int) -> Iterable[Tile]:
        """The cells of which a step can change what is shown."""
        if number in self.history.edits:
            return self.history.edits[number].cells
        return {cell for cell, _, _ in self.store.paintings()}

    def _land(self, box: Box | None) -> journal.Runs:
        """The outline of the land that is painted, edits left aside."""
        history = self.history
        return journal.outline(c for c, n, _ in self.store.paintings(box) if n == history.era(c).entry)

    def _history(self) -> History:
        return journal.read((e.number, e.kind, e.data) for e in self.store.journal())

    def _read_again(self) -> None:
        self.layers = self.layers._replace(history=self._history())

    # Painting

    def painted(self, cell: Tile) -> bool:
        """Whether there is something of a cell to show."""
        return self.has(self.layers.shown(cell))

    def has(self, node: Node) -> bool:
        if node.layer < 0:
            return node in self._sheets
        key = (self.layers.entry(node), node.cell)
        if key in self._painted:
            return True
        if self.store.has(node.cell, key[0]):
            self._painted.add(key)
            return True
        return False

    def next_nodes(self, wanted: Iterable[Tile], limit: int, layer: int | None = None) -> list[Node]:
        """What to paint now for base-zoom tiles ``wanted``, the most wanted first: so that they can be
        shown, or as they will be in a layer."""
        layers = self.layers
        nodes = (layers.shown(tile) if layer is None else Node(layer, tile) for tile in wanted)
        return schedule.next_of(nodes, layers.requires, self.has, limit)

    def window(self, node: Node) -> tuple[Window, int]:
        """The window of a cell whose requirements are painted, and the line it is kept under.
        Raises Cancelled for an edit that is no more."""
        layers = self.layers
        spec, entry = layers.spec(node, self.seed), layers.entry(node)
        seen = {other.cell: self._latents(other) for other in layers.sees(node)}
        sketch = {other.cell: self._latents(other) for other in layers.sketch(node)}
        if not node.layer:
            return window.assemble(node.cell, spec, {**sketch, **seen}), entry
        edit = layers.edit(node.layer)
        present = {other.cell: self._latents(other) for other in layers.present(node)}
        given = self.store.picture(edit.entry, around(node.cell)) if edit.picture else {}
        free_of = tuple(layers.free_of(node))
        repaint = window.Repaint(present, edit.strength, given, 1 - edit.strength, free_of)
        return window.assemble_repaint(node.cell, spec, seen, repaint, sketch), entry

    def commit(self, node: Node, latents: Latents, entry: int) -> bool:
        """Keep the latents (4, 32, 32) of a cell; False if its prompt changed while it was painted."""
        self._hold()
        with self._lock:
            layers = self.layers
            if node.layer < 0:
                if node.layer in layers.drafts:
                    self._sheets[node] = latents.astype(np.float16)
                return True
            if layers.entry(node) != entry:
                return False
            shown = layers.shown(node.cell) == node
            self.store.commit({node.cell: latents.astype(np.float16)}, entry, shown)
            self._painted.add((entry, node.cell))
            return True

    def draft(self, data: Mapping[str, Any]) -> int:
        """A layer for an edit that nobody has decided for: painted like one, kept in memory only."""
        with self._lock:
            number = min(self.layers.drafts, default=0) - 1
            edit = journal.edit(number, data, self.history.done_edits)
            self.layers = self.layers._replace(drafts={**self.layers.drafts, number: edit})
            return number

    def discard(self, number: int) -> None:
        """Forget a draft."""
        with self._lock:
            drafts = {n: edit for n, edit in self.layers.drafts.items() if n != number}
            self.layers = self.layers._replace(drafts=drafts)
            self._sheets = {node: s for node, s in self._sheets.items() if node.layer != number}

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

    def layer_pixels(self, cell: Tile, layer: int, below: bool = False) -> np.ndarray | None:
        """A base tile as it is once an edit is painted, or just before, uint8 (256, 256, 3); None where
        it is not painted."""
        look = self.layers.below if below else self.layers.at
        nodes = [look(other, layer) for other in around(cell).tiles()]
        found = {node.cell: self._latents(node) for node in nodes if self.has(node)}
        if cell not in found:
            return None
        return self.model.decode(surrounded(cell, found, self.model.traits.margin))

    def _latents(self, node: Node) -> Latents:
        if node.layer < 0:
            return self._sheets[node]
        found = self.store.read(node.cell, self.layers.entry(node))
        if found is None:
            raise KeyError(node)
        return found.latents

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
