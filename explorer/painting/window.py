"""A window: all that the model sees when it paints one cell, put together from painted latents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from explorer.painting.noise import CHANNELS, noise
from explorer.painting.schedule import Layout, parents, sees
from tiles.grid import TILE_LATENTS, Tile
from tiles.store import Known

Latents = np.ndarray
FADE, RETAKEN = 6, 0.125
SHORE, WAVER, SHORE_FADE, SLOW = 6.0, 6.0, 6.0, 8  # latents


class Look(NamedTuple):
    """One of the ways in which a window is looked at; their velocities are blended by weight."""

    prompt: str
    weight: Latents | float = 1.0  # (1, side, side), 0..1; those of a window sum to 1
    sketch: bool = True  # whether with the parent


class Window(NamedTuple):
    """One cell and ``halo`` latents around it; ``side`` = 32 + 2 halo. All float32."""

    cell: Tile
    noise: Latents  # (4, side, side)
    known: Latents  # (4, side, side), zero where nothing is known
    mask: Latents  # (1, side, side), 1 where it is known for good
    parent: Latents  # (4, side, side), zero without a sketch
    parent_mask: Latents  # (1, side, side)
    coarser: int  # zooms by which the parent is coarser; 0: none
    looks: tuple[Look, ...]
    negative_prompt: str
    release: Latents  # (1, side, side), 0..1: the time down to which sampling holds what is known
    veil: Latents  # (1, side, side), 1 where what is known is not told to the model's first look
    free: Latents  # (1, side, side), 0..1: how much that first look counts


class Ground(NamedTuple):
    """What a window is put together from besides latents."""

    layout: Layout  # without a sketch for a cell that does not look at it
    seed: int
    looks: tuple[Look, ...]
    negative_prompt: str = ""


class Patch(NamedTuple):
    """What a cell that is painted anew starts from."""

    present: Mapping[Tile, Latents]  # what lies there now; empty if nothing of it stays
    strength: float  # 0..1: the time down to which sampling holds the present
    picture: Mapping[Tile, Known]  # by cell
    held: float  # 0..1: the time down to which it holds the picture; 0: for good
    outside: tuple[Tile, ...] = ()  # neighbours that what is asked for need not look like


def assemble(cell: Tile, ground: Ground, painted: Mapping[Tile, Latents]) -> Window:
    """The window of ``cell`` from ``painted``, which holds all that the cell ``requires``.

    What the cell's phase does not see is left out even where it is painted: that is what makes a
    cell independent of the order in which people look. Raises KeyError if something is missing.
    """
    return _window(cell, ground, {other: painted[other] for other in sees(cell)}, painted)


def assemble_patch(
    cell: Tile, ground: Ground, seen: Mapping[Tile, Latents], patch: Patch, sketch: Mapping[Tile, Latents]
) -> Window:
    """The window of a cell that is painted anew: ``seen`` are the neighbours that stay as they are.

    What is held is let go at its time (Levin and Fried 2023, "Differential Diffusion", arXiv
    2306.00950). A cell with the sea on all sides would be sea whatever was
    asked for: so the model looks first without what lies ``outside``, which counts fully far from it
    and not at all beside it, along a wavering line, for land has no square shores.
    """
    window = _window(cell, ground, seen, sketch)
    left, top, width = corner(cell, ground.layout)
    known, mask, release = window.known.copy(), window.mask.copy(), window.release.copy()
    for other, latents in patch.present.items():
        here, there = _overlap(other, left, top, width)
        held = release[0, *here] == 1
        known[:, *here][:, held] = latents[:, *there].astype(np.float32)[:, held]
        release[0, *here][held] = patch.strength
    for other, given in patch.picture.items():
        here, there = _overlap(other, left, top, width)
        kept = given.mask[*there] & (mask[0, *here] == 0)
        known[:, *here][:, kept] = given.latents[:, *there].astype(np.float32)[:, kept]
        mask[0, *here][kept] = patch.held == 0
        release[0, *here][kept] = patch.held
    window = window._replace(known=known, mask=mask, release=release)
    return _freed(window, ground, patch.outside) if patch.outside else window


def _freed(window: Window, ground: Ground, outside: tuple[Tile, ...]) -> Window:
    """A window whose model looks first without what lies ``outside``."""
    left, top, width = corner(window.cell, ground.layout)
    veil, away = np.zeros((1, width, width), np.float32), np.full((width, width), np.inf, np.float32)
    places = np.arange(width, dtype=np.float32) + 0.5
    for other in outside:
        here, _ = _overlap(other, left, top, width)
        veil[:, *here] = 1
        y, x = (
            np.maximum(np.maximum(start - places, places - start - TILE_LATENTS), 0)
            for start in (other.y * TILE_LATENTS - top, other.x * TILE_LATENTS - left)
        )
        away = np.minimum(away, np.hypot(y[:, None], x))
    line = SHORE + WAVER * _wavering(ground.seed, window.cell.z, left, top, width)
    free = np.clip((away - line) / SHORE_FADE + 0.5, 0, 1).astype(np.float32)
    return window._replace(veil=veil, free=free[None])


def _wavering(seed: int, zoom: int, left: int, top: int, width: int) -> Latents:
    """Slow noise of unit variance, float32 (width, width): every ``SLOW`` latents another number."""
    first, coarse = (left - SLOW, top - SLOW), width + 2 * SLOW
    field = noise((seed + 1) % 2**63, zoom, *first, coarse, coarse)
    means = field.reshape(CHANNELS, coarse // SLOW, SLOW, coarse // SLOW, SLOW).mean((2, 4)) * SLOW
    places = (np.arange(width) + 0.5) / SLOW + 0.5
    return _linear(_linear(means, places, 1), places, 2)[0]


def _window(
    cell: Tile, ground: Ground, seen: Mapping[Tile, Latents], sketch: Mapping[Tile, Latents]
) -> Window:
    left, top, width = corner(cell, ground.layout)
    known = np.zeros((CHANNELS, width, width), np.float32)
    mask = np.zeros((1, width, width), np.float32)
    for other, latents in seen.items():
        here, there = _overlap(other, left, top, width)
        known[:, *here] = latents[:, *there]
        mask[:, *here] = 1
    parent, parent_mask = _parent(cell, ground.layout, sketch, left, top, width)
    field = noise(ground.seed, cell.z, left, top, width, width)
    coarser = ground.layout.sketch if parent_mask.any() else 0
    told = (ground.looks, ground.negative_prompt)
    none = np.zeros_like(mask)
    return Window(cell, field, known, mask, parent, parent_mask, coarser, *told, 1 - mask, none, none)


def corner(cell: Tile, layout: Layout) -> tuple[int, int, int]:
    """Left, top and width of a cell's window, in latents."""
    side, halo = TILE_LATENTS, layout.halo
    return cell.x * side - halo, cell.y * side - halo, side + 2 * halo


def core(window: Latents, halo: int) -> Latents:
    """The cell in the middle of a window (c, side, side)."""
    return window[:, halo : halo + TILE_LATENTS, halo : halo + TILE_LATENTS]


def joined(painted: Latents, mask: Latents, halo: int) -> Latents:
    """The cell in the middle of a painted window (4, side, side), drawn to what is known beside it.
    What is known of the cell itself stays.

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
    cell = np.where(core(mask, halo) > 0, core(painted, halo), cell)
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
