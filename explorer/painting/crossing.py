"""From one model to another: a coarser level's latents, as the model of a finer one would have them.

Two models share no latents, so the land passes as pixels: a cell is decoded by the one and encoded by the
other. Its pixels are made from the cell and the eight around it alone, so what comes out is the same whoever
asks first.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from explorer.painting.pyramid import Pyramid
from explorer.painting.schedule import under
from explorer.painting.window import Latents
from tiles.grid import TILE_PIXELS, Tile, around

MARGIN = 64  # px around a cell that an encoder is shown, more than terra's sees
KEPT = 64  # cells that are kept, up to 128 KB each: those of a few windows


class Coder(Protocol):
    """What turns latents into pixels and back: a model."""

    def decode(self, latents: Latents) -> np.ndarray: ...

    def encode(self, pixels: np.ndarray) -> Latents: ...


class Crossing:
    """The parents of one world's windows whose own model is another, for any number of threads."""

    def __init__(self, pyramid: Pyramid, coder: Callable[[int], Coder], margin: Callable[[int], int]) -> None:
        """By zoom its model, and how many latents that needs around a tile to decode it."""
        self._pyramid, self._coder, self._margin = pyramid, coder, margin
        self._kept: OrderedDict[bytes, Latents] = OrderedDict()
        self._lock = threading.Lock()

    def above(self, cell: Tile, painted: Mapping[Tile, Latents]) -> dict[Tile, Latents]:
        """The cells that a window is interpolated from, as the window's model would have them: float32
        (channels, side, side) each. ``painted`` holds them, and those around them, as they were painted."""
        box = under(cell, self._pyramid)
        assert box is not None  # there is a parent, of another model
        return {other: self._crossed(other, cell.z, painted) for other in box.tiles()}

    def _crossed(self, cell: Tile, zoom: int, painted: Mapping[Tile, Latents]) -> Latents:
        near = {other: painted[other] for other in around(cell).tiles()}
        told = b"".join(np.ascontiguousarray(latents, np.float16).tobytes() for latents in near.values())
        key = hashlib.blake2b(told, digest_size=16, salt=zoom.to_bytes(2, "big")).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = crossed(cell, near, Side(self._coder(cell.z), self._margin(cell.z)), self._coder(zoom))
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


class Side(NamedTuple):
    """The model that painted a cell."""

    coder: Coder
    margin: int  # latents that it needs around a tile


def crossed(cell: Tile, near: Mapping[Tile, Latents], before: Side, after: Coder) -> Latents:
    """A cell's latents as another model would have them, float32 (channels, side, side). ``near`` holds the
    cell and the eight around it."""
    pixels = np.empty((3 * TILE_PIXELS, 3 * TILE_PIXELS, 3), np.uint8)
    for other in near:
        seen = {each: near[each] for each in around(other).tiles() if each in near}
        y, x = ((i + 1) * TILE_PIXELS for i in (other.y - cell.y, other.x - cell.x))
        drawn = before.coder.decode(surrounded(other, seen, before.margin))
        pixels[y : y + TILE_PIXELS, x : x + TILE_PIXELS] = drawn
    inside = slice(TILE_PIXELS - MARGIN, 2 * TILE_PIXELS + MARGIN)
    latents = after.encode(np.ascontiguousarray(pixels[inside, inside]))
    margin = latents.shape[-1] * MARGIN // (TILE_PIXELS + 2 * MARGIN)
    return np.ascontiguousarray(latents[:, margin:-margin, margin:-margin], np.float32)


def surrounded(tile: Tile, cells: Mapping[Tile, Latents], margin: int) -> Latents:
    """A painted cell with ``margin`` latents around it, float32 (channels, side + 2m, side + 2m).

    What is not painted yet repeats the nearest painted latent of the cell: a guess that shows
    no edge, replaced when the neighbour is painted.
    """
    side = cells[tile].shape[-1]
    sheet = np.pad(cells[tile].astype(np.float32), ((0, 0), (margin,) * 2, (margin,) * 2), "edge")
    spans: dict[int, Callable[[], tuple[slice, slice]]] = {
        -1: lambda: (slice(0, margin), slice(side - margin, side)),
        0: lambda: (slice(margin, margin + side), slice(0, side)),
        1: lambda: (slice(margin + side, None), slice(0, margin)),
    }
    for cell, latents in cells.items():
        (here_x, there_x), (here_y, there_y) = spans[cell.x - tile.x](), spans[cell.y - tile.y]()
        sheet[:, here_y, here_x] = latents[:, there_y, there_x]
    return sheet
