"""A window: all that the model sees when it paints one cell, put together from painted latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from explorer.painting.noise import CHANNELS, noise
from explorer.painting.schedule import Layout, parents, sees
from tiles.grid import TILE_LATENTS, Tile

Latents = np.ndarray
FADE, RETAKEN = 6, 0.125


class Window(NamedTuple):
    """One cell and ``halo`` latents around it; ``side`` = 32 + 2 halo. All float32."""

    cell: Tile
    noise: Latents  # (4, side, side)
    known: Latents  # (4, side, side), zero where unknown
    mask: Latents  # (1, side, side), 1 where known
    parent: Latents  # (4, side, side), zero without a sketch
    parent_mask: Latents  # (1, side, side)
    coarser: int  # zooms by which the parent is coarser; 0: none
    prompt: str


def assemble(cell: Tile, layout: Layout, seed: int, prompt: str, painted: Mapping[Tile, Latents]) -> Window:
    """The window of ``cell`` from ``painted``, which holds all that the cell ``requires``.

    What the cell's phase does not see is left out even where it is painted: that is what makes a
    cell independent of the order in which people look. Raises KeyError if something is missing.
    """
    side, halo = TILE_LATENTS, layout.halo
    left, top = cell.x * side - halo, cell.y * side - halo
    width = side + 2 * halo
    known = np.zeros((CHANNELS, width, width), np.float32)
    mask = np.zeros((1, width, width), np.float32)
    for other in sees(cell):
        here, there = _overlap(other, left, top, width)
        known[:, *here] = painted[other][:, *there]
        mask[:, *here] = 1
    parent, parent_mask = _parent(cell, layout, painted, left, top, width)
    field = noise(seed, cell.z, left, top, width, width)
    coarser = layout.sketch if parent_mask.any() else 0
    return Window(cell, field, known, mask, parent, parent_mask, coarser, prompt)


def core(window: Latents, halo: int) -> Latents:
    """The cell in the middle of a window (c, side, side)."""
    return window[:, halo : halo + TILE_LATENTS, halo : halo + TILE_LATENTS]


def joined(painted: Latents, mask: Latents, halo: int) -> Latents:
    """The cell in the middle of a painted window (4, side, side), drawn to what is known beside it.

    A model errs a little on which level land goes on across a border, and it errs alike along it. An
    eighth of the step across each known border, smoothed along it, is taken back, fading over ``FADE``
    latents: gradient-domain stitching (Perez et al. 2003, "Poisson image editing"), kept local. Measured
    by benchmarks/seams.py: with none of it joins stepped 2 to 6 % more than land, with a half 5 to 17 % less.
    """
    cell = core(painted, halo).copy()
    whole, seen = painted, mask
    for _ in range(4):  # each border is the left one once
        inside = slice(halo, halo + TILE_LATENTS)
        if seen[0, inside, halo - 1].all():
            step = whole[:, inside, halo - 1] - whole[:, inside, halo]  # (4, 32)
            cell[:, :, :FADE] += RETAKEN * _smooth(step)[:, :, None] * (1 - np.arange(FADE) / FADE)
        cell, whole, seen = (np.rot90(sheet, axes=(1, 2)) for sheet in (cell, whole, seen))
    return np.ascontiguousarray(cell, np.float32)


def _smooth(line: Latents) -> Latents:
    """(4, n) weighted 1 2 3 2 1 along itself, its ends repeated."""
    padded = np.pad(line, ((0, 0), (2, 2)), "edge")
    weights = np.array([1, 2, 3, 2, 1], np.float32) / 9
    return np.sum([padded[:, i : i + line.shape[1]] * w for i, w in enumerate(weights)], 0)


def _overlap(other: Tile, left: int, top: int, width: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Where a cell lies in the window, and which part of the cell that is: (rows, columns)."""
    here, there = [], []
    for start, index in ((top, other.y), (left, other.x)):
        first = max(start, index * TILE_LATENTS)
        last = min(start + width, (index + 1) * TILE_LATENTS)
        here.append(slice(first - start, last - start))
        there.append(slice(first - index * TILE_LATENTS, last - index * TILE_LATENTS))
    return (here[0], here[1]), (there[0], there[1])


def _parent(
    cell: Tile, layout: Layout, painted: Mapping[Tile, Latents], left: int, top: int, width: int
) -> tuple[Latents, Latents]:
    """The sketch under the window, enlarged by linear interpolation."""
    under = parents(cell, layout)
    if under is None:
        empty = np.zeros((CHANNELS + 1, width, width), np.float32)
        return empty[:CHANNELS], empty[CHANNELS:]
    side = TILE_LATENTS
    sheet = np.empty((CHANNELS, under.height * side, under.width * side), np.float32)
    for other in under.tiles():
        y, x = (other.y - under.top) * side, (other.x - under.left) * side
        sheet[:, y : y + side, x : x + side] = painted[other]
    rows = _places(top, width, layout.sketch) - under.top * side
    columns = _places(left, width, layout.sketch) - under.left * side
    enlarged = _linear(_linear(sheet, rows, 1), columns, 2)
    return enlarged, np.ones((1, width, width), np.float32)


def _places(start: int, count: int, coarser: int) -> np.ndarray:
    """Where the middles of latents lie among those ``coarser`` zooms above, float64 (count,).

    The integer part is taken off first, so that far from home nothing is lost to rounding.
    """
    scale = 2**coarser
    whole = start // scale
    return whole + (np.arange(start - whole * scale, start - whole * scale + count) + 0.5) / scale - 0.5


def _linear(sheet: Latents, places: np.ndarray, axis: int) -> Latents:
    """``sheet`` (4, h, w) sampled at fractional ``places`` along ``axis``."""
    low = np.floor(places).astype(np.int64)
    shape = [1, 1, 1]
    shape[axis] = len(places)
    share = (places - low).astype(np.float32).reshape(shape)
    return np.take(sheet, low, axis) * (1 - share) + np.take(sheet, low + 1, axis) * share
