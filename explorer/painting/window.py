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

# Seams: of the step across a border SEAM_SHARE is taken back, fading to nothing over SEAM_FADE. The share
# was measured, see ``joined``; the middle of a cell stays as it was painted.
SEAM_FADE = 6  # latents
SEAM_SHARE = 0.125

# An edit with a prompt of its own: where the model's first step ignores what lies around it. All in latents.
# At FREE_DISTANCE from the edit's border the step that ignores it has weight 1/2; the weight goes from 0
# to 1 over FREE_FADE. WAVE_HEIGHT (one standard deviation) moves the line in and out, about once in
# WAVE_LENGTH along it: land has no square shores.
FREE_DISTANCE = 6.0
FREE_FADE = 6.0
WAVE_HEIGHT = 6.0
WAVE_LENGTH = 8


class Condition(NamedTuple):
    """One prompt of a window. The predictions for all prompts of a window are blended by weight."""

    prompt: str
    weight: Latents | float = 1.0  # (1, side, side), 0..1; those of a window sum to 1
    use_parent: bool = True  # False: predict without the coarser level


class Window(NamedTuple):
    """All that a model sees to paint one cell: the cell and ``halo`` latents on each side of it.

    ``side`` = 32 + 2 halo. Arrays are float32. Times go from 1 (noise) to 0 (land).
    """

    cell: Tile
    noise: Latents  # (4, side, side)
    known: Latents  # (4, side, side), zero where nothing is known
    known_mask: Latents  # (1, side, side), 1 where ``known`` is final
    parent: Latents  # (4, side, side), the coarser level, enlarged; zero without one
    parent_mask: Latents  # (1, side, side), 1 where there is a parent
    coarser: int  # zooms by which the parent is coarser; 0: no parent
    conditions: tuple[Condition, ...]
    negative_prompt: str
    hold_until: Latents  # (1, side, side), 0..1: down to this time ``known`` is put back at every step
    context_mask: Latents  # (1, side, side), the part of ``known_mask`` that the context-free pass may see
    context_free: Latents  # (1, side, side), 0..1: weight of that pass, which only the first step takes


class WindowSpec(NamedTuple):
    """What a window is put together from besides latents."""

    layout: Layout  # without a sketch for a cell that does not use its parent
    seed: int
    conditions: tuple[Condition, ...]
    negative_prompt: str = ""


class Repaint(NamedTuple):
    """What a cell that is painted again starts from."""

    present: Mapping[Tile, Latents]  # what lies there now; empty if nothing of it stays
    strength: float  # 0..1: sampling holds the present down to this time
    picture: Mapping[Tile, Known]  # latents of a placed picture, by cell
    picture_hold: float  # 0..1: sampling holds the picture down to this time; 0 keeps it exactly
    free_of: tuple[Tile, ...] = ()  # neighbours that the edit's prompt need not look like


def assemble(cell: Tile, spec: WindowSpec, painted: Mapping[Tile, Latents]) -> Window:
    """The window of ``cell`` from ``painted``, which holds all that the cell ``requires``.

    What the cell's phase does not see is left out even where it is painted: that is what makes a
    cell independent of the order in which people look. Raises KeyError if something is missing.
    """
    return _window(cell, spec, {other: painted[other] for other in sees(cell)}, painted)


def assemble_repaint(
    cell: Tile,
    spec: WindowSpec,
    seen: Mapping[Tile, Latents],
    repaint: Repaint,
    sketch: Mapping[Tile, Latents],
) -> Window:
    """The window of a cell that is painted again: ``seen`` are the neighbours that stay as they are.

    Each latent that is known is held down to a time of its own (Levin and Fried 2023, "Differential
    Diffusion", arXiv 2306.00950). A cell with the sea on all sides would become sea whatever the prompt
    asks for. So the first step is taken twice, once without the neighbours in ``repaint.free_of``, and
    the two are blended.
    """
    window = _window(cell, spec, seen, sketch)
    left, top, width = corner(cell, spec.layout)
    known, known_mask, hold_until = (
        array.copy() for array in (window.known, window.known_mask, window.hold_until)
    )
    for other, latents in repaint.present.items():
        here, there = _overlap(other, left, top, width)
        held = hold_until[0, *here] == 1
        known[:, *here][:, held] = latents[:, *there].astype(np.float32)[:, held]
        hold_until[0, *here][held] = repaint.strength
    for other, given in repaint.picture.items():
        here, there = _overlap(other, left, top, width)
        kept = given.mask[*there] & (known_mask[0, *here] == 0)
        known[:, *here][:, kept] = given.latents[:, *there].astype(np.float32)[:, kept]
        known_mask[0, *here][kept] = repaint.picture_hold == 0
        hold_until[0, *here][kept] = repaint.picture_hold
    window = window._replace(
        known=known, known_mask=known_mask, context_mask=known_mask, hold_until=hold_until
    )
    return _with_context_free_pass(window, spec, repaint.free_of) if repaint.free_of else window


def _with_context_free_pass(window: Window, spec: WindowSpec, free_of: tuple[Tile, ...]) -> Window:
    """A window whose first step is also taken without the cells ``free_of``.

    The pass without them has weight 1 far from these cells and 0 beside them. The line between runs in
    waves, so that new shores are not square.
    """
    left, top, width = corner(window.cell, spec.layout)
    hidden = np.zeros((1, width, width), np.float32)
    distance = np.full((width, width), np.inf, np.float32)
    places = np.arange(width, dtype=np.float32) + 0.5
    for other in free_of:
        here, _ = _overlap(other, left, top, width)
        hidden[:, *here] = 1
        y, x = (
            np.maximum(np.maximum(start - places, places - start - TILE_LATENTS), 0)
            for start in (other.y * TILE_LATENTS - top, other.x * TILE_LATENTS - left)
        )
        distance = np.minimum(distance, np.hypot(y[:, None], x))
    line = FREE_DISTANCE + WAVE_HEIGHT * _waves(spec.seed, window.cell.z, left, top, width)
    weight = np.clip((distance - line) / FREE_FADE + 0.5, 0, 1).astype(np.float32)
    return window._replace(context_mask=window.known_mask * (1 - hidden), context_free=weight[None])


def _waves(seed: int, zoom: int, left: int, top: int, width: int) -> Latents:
    """Slow noise of unit variance, float32 (width, width): a new number every ``WAVE_LENGTH`` latents."""
    first, coarse = (left - WAVE_LENGTH, top - WAVE_LENGTH), width + 2 * WAVE_LENGTH
    field = noise((seed + 1) % 2**63, zoom, *first, coarse, coarse)
    count = coarse // WAVE_LENGTH
    means = field.reshape(CHANNELS, count, WAVE_LENGTH, count, WAVE_LENGTH).mean((2, 4)) * WAVE_LENGTH
    places = (np.arange(width) + 0.5) / WAVE_LENGTH + 0.5
    return _linear(_linear(means, places, 1), places, 2)[0]


def _window(
    cell: Tile, spec: WindowSpec, seen: Mapping[Tile, Latents], sketch: Mapping[Tile, Latents]
) -> Window:
    left, top, width = corner(cell, spec.layout)
    known = np.zeros((CHANNELS, width, width), np.float32)
    mask = np.zeros((1, width, width), np.float32)
    for other, latents in seen.items():
        here, there = _overlap(other, left, top, width)
        known[:, *here] = latents[:, *there]
        mask[:, *here] = 1
    parent, parent_mask = _parent(cell, spec.layout, sketch, left, top, width)
    return Window(
        cell=cell,
        noise=noise(spec.seed, cell.z, left, top, width, width),
        known=known,
        known_mask=mask,
        parent=parent,
        parent_mask=parent_mask,
        coarser=spec.layout.sketch if parent_mask.any() else 0,
        conditions=spec.conditions,
        negative_prompt=spec.negative_prompt,
        hold_until=1 - mask,
        context_mask=mask,
        context_free=np.zeros_like(mask),
    )


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
    eighth of the step across each known border, smoothed along it, is taken back, fading over ``SEAM_FADE``
    latents: gradient-domain stitching (Perez et al. 2003, "Poisson image editing"), kept local. Measured
    by benchmarks/seams.py: with none of it joins stepped 2 to 6 % more than land, with a half 5 to 17 % less.
    """
    cell = core(painted, halo).copy()
    whole, seen = painted, mask
    for _ in range(4):  # each border is the left one once
        inside = slice(halo, halo + TILE_LATENTS)
        if seen[0, inside, halo - 1].all():
            step = whole[:, inside, halo - 1] - whole[:, inside, halo]  # (4, 32)
            cell[:, :, :SEAM_FADE] += (
                SEAM_SHARE * _smooth(step)[:, :, None] * (1 - np.arange(SEAM_FADE) / SEAM_FADE)
            )
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
