"""A window: all that the model sees when it paints one cell, put together from painted latents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from explorer.painting.guides import Cut
from explorer.painting.noise import Area, noise
from explorer.painting.pyramid import Pyramid
from explorer.painting.schedule import sees, under
from tiles.grid import Box, Tile

Latents = np.ndarray

# Seams: a share of the step across a border is removed, fading out over SEAM_FADE latents. The share was
# measured, see ``joined``; the middle of a cell stays as it was painted.
SEAM_FADE = 6  # latents
SEAM_SHARE = 0.125


class Condition(NamedTuple):
    """One prompt of a window. The predictions for all prompts of a window are blended by weight."""

    prompt: str
    weight: Latents | float = 1.0  # (1, width, width), 0..1; those of a window sum to 1
    use_parent: bool = True  # False: predict without the coarser level


class Window(NamedTuple):
    """All that a model sees to paint one cell: the cell and ``halo`` latents on each side of it.

    Arrays are float32 and, if not said otherwise, (1, width, width), where width is the cell's side and
    twice the halo. Times go from 1 (noise) to 0 (land).
    """

    cell: Tile
    noise: Latents  # (channels, width, width)
    known: Latents  # (channels, width, width), zero where nothing is known
    known_mask: Latents  # 1 where ``known`` is final
    parent: Latents  # (channels, width, width), the coarser level, enlarged; zero without one
    parent_mask: Latents  # 1 where there is a parent
    coarser: int  # zooms by which the parent is coarser; 0: no parent
    conditions: tuple[Condition, ...]
    negative_prompt: str
    hold_until: Latents  # 0..1: down to this time ``known`` is put back at every step
    context_mask: Latents  # the part of ``known_mask`` that the context-free pass may see
    context_free: Latents  # 0..1: weight of that pass, which only the first step takes
    halo: int  # latents around the cell
    shown: bool = True  # False: a sketch of tiles, and none itself
    guide: Cut | None = None  # pictures that it is painted by
    # (channels, n, n): the parent at its own scale, under the window and some latents around it. Only where
    # the window is to show what the parent's picture shows.
    parent_as_is: Latents | None = None


class WindowSpec(NamedTuple):
    """What a window is put together from besides latents."""

    pyramid: Pyramid
    seed: int
    conditions: tuple[Condition, ...]  # no parent is given if none of them uses it
    negative_prompt: str = ""
    guide: Cut | None = None
    follow: int = 0  # latents of the parent around the window, whose picture it is to show; 0: it need not

    @property
    def uses_parent(self) -> bool:
        return any(each.use_parent for each in self.conditions)


class Frame(NamedTuple):
    """Where a window lies, in latents of its zoom."""

    left: int
    top: int
    width: int  # and height
    side: int  # latents along a cell

    def overlap(self, other: Tile) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """Where a cell lies in the window, and which part of the cell that is: (rows, columns) each."""
        here, there = [], []
        for start, index in ((self.top, other.y), (self.left, other.x)):
            first = max(start, index * self.side)
            last = min(start + self.width, (index + 1) * self.side)
            here.append(slice(first - start, last - start))
            there.append(slice(first - index * self.side, last - index * self.side))
        return (here[0], here[1]), (there[0], there[1])


def frame(cell: Tile, pyramid: Pyramid) -> Frame:
    """Where the window of a cell lies."""
    halo, space = pyramid.level(cell.z).sight
    side = space.side
    return Frame(cell.x * side - halo, cell.y * side - halo, side + 2 * halo, side)


def assemble(cell: Tile, spec: WindowSpec, painted: Mapping[Tile, Latents]) -> Window:
    """The window of ``cell`` from ``painted``, which holds all that the cell ``requires``.

    What the cell's phase does not see is left out even where it is painted: that is what makes a
    cell independent of the order of painting. Raises KeyError if something is missing.
    """
    return assemble_from(cell, spec, {other: painted[other] for other in sees(cell)}, painted)


def assemble_from(
    cell: Tile, spec: WindowSpec, seen: Mapping[Tile, Latents], above: Mapping[Tile, Latents]
) -> Window:
    """The window of a cell that sees just these neighbours; ``above`` holds the cells of its parent, as its
    own model would have them."""
    place, sight = frame(cell, spec.pyramid), spec.pyramid.level(cell.z).sight
    channels = sight.space.channels
    known = np.zeros((channels, place.width, place.width), np.float32)
    mask = np.zeros((1, place.width, place.width), np.float32)
    for other, latents in seen.items():
        here, there = place.overlap(other)
        known[:, *here] = latents[:, *there]
        mask[:, *here] = 1
    sheet = _sheet(cell, spec, above)
    parent = None if sheet is None else _enlarged(cell, spec, sheet)
    return Window(
        cell=cell,
        noise=noise(spec.seed, Area(cell.z, *place[:2], place.width, place.width), channels, place.side),
        known=known,
        known_mask=mask,
        parent=np.zeros_like(known) if parent is None else parent,
        parent_mask=np.zeros_like(mask) if parent is None else np.ones_like(mask),
        coarser=0 if parent is None else spec.pyramid.coarser(cell.z),
        conditions=spec.conditions,
        negative_prompt=spec.negative_prompt,
        hold_until=1 - mask,
        context_mask=mask,
        context_free=np.zeros_like(mask),
        halo=sight.halo,
        shown=spec.pyramid.shows(cell),
        guide=spec.guide,
        parent_as_is=None if sheet is None or not spec.follow else _as_is(cell, spec, sheet),
    )


def paint_windows(
    paint: Callable[[Sequence[Window]], Sequence[Latents]], windows: Sequence[Window]
) -> list[Latents]:
    """The cells of windows, painted and joined to their known neighbours, float32 (channels, side, side)
    each. ``paint`` is a model's.

    >>> cell, = paint_windows(model.paint, [window])
    """
    return [finished(window, painted) for window, painted in zip(windows, paint(windows))]


def finished(window: Window, painted: Latents) -> Latents:
    """The cell in the middle of a painted window, joined to its known neighbours."""
    return joined(painted, window.known_mask, window.halo)


def core(window: Latents, halo: int) -> Latents:
    """The cell in the middle of a window (channels, width, width)."""
    inside = slice(halo, window.shape[-1] - halo)
    return window[:, inside, inside]


def joined(painted: Latents, mask: Latents, halo: int) -> Latents:
    """The cell in the middle of a painted window (channels, width, width), its borders moved a little towards
    known neighbours. Known latents of the cell itself stay.

    A model makes a small error at a border, which is similar all along it. An eighth of the step across each
    known border, smoothed along it, is removed, fading out over ``SEAM_FADE`` latents: gradient-domain
    stitching (Perez et al. 2003, "Poisson image editing"), kept local. Measured by benchmarks/seams.py:
    without it, steps across joins were 2 to 6 % larger than within land; with a half instead of an eighth, 5
    to 17 % smaller.
    """
    cell = core(painted, halo).copy()
    fade = 1 - np.arange(SEAM_FADE) / SEAM_FADE
    whole, seen = painted, mask
    for _ in range(4):  # each border is the left one once
        inside = slice(halo, painted.shape[-1] - halo)
        if seen[0, inside, halo - 1].all():
            step = whole[:, inside, halo - 1] - whole[:, inside, halo]  # (channels, side)
            cell[:, :, :SEAM_FADE] += SEAM_SHARE * _smooth(step)[:, :, None] * fade
        cell, whole, seen = (np.rot90(sheet, axes=(1, 2)) for sheet in (cell, whole, seen))
    cell = np.where(core(mask, halo) > 0, core(painted, halo), cell)
    return np.ascontiguousarray(cell, np.float32)


def linear(sheet: Latents, places: np.ndarray, axis: int) -> Latents:
    """``sheet`` (channels, h, w) sampled at fractional ``places`` along ``axis``."""
    low = np.floor(places).astype(np.int64)
    shape = [1, 1, 1]
    shape[axis] = len(places)
    share = (places - low).astype(np.float32).reshape(shape)
    return np.take(sheet, low, axis) * (1 - share) + np.take(sheet, low + 1, axis) * share


def _smooth(line: Latents) -> Latents:
    """(channels, n) weighted 1 2 3 2 1 along itself, its ends repeated."""
    padded = np.pad(line, ((0, 0), (2, 2)), "edge")
    weights = np.array([1, 2, 3, 2, 1], np.float32) / 9
    return np.sum([padded[:, i : i + line.shape[1]] * w for i, w in enumerate(weights)], 0)


class _Sheet(NamedTuple):
    """Cells of the coarser level side by side."""

    box: Box
    latents: Latents  # float32 (channels, height, width)


def _sheet(cell: Tile, spec: WindowSpec, painted: Mapping[Tile, Latents]) -> _Sheet | None:
    """What lies under a window; None if there is no coarser level or no condition uses it."""
    box = under(cell, spec.pyramid)
    if box is None or not spec.uses_parent:
        return None
    channels, side, _ = spec.pyramid.level(cell.z).sight.space.shape
    latents = np.empty((channels, box.height * side, box.width * side), np.float32)
    for other in box.tiles():
        y, x = (other.y - box.top) * side, (other.x - box.left) * side
        latents[:, y : y + side, x : x + side] = painted[other]
    return _Sheet(box, latents)


def _enlarged(cell: Tile, spec: WindowSpec, sheet: _Sheet) -> Latents:
    """The coarser level under the window, enlarged by linear interpolation, float32 (channels, width,
    width)."""
    place, coarser = frame(cell, spec.pyramid), spec.pyramid.coarser(cell.z)
    rows = _places(place.top, place.width, coarser) - sheet.box.top * place.side
    columns = _places(place.left, place.width, coarser) - sheet.box.left * place.side
    return linear(linear(sheet.latents, rows, 1), columns, 2)


def _as_is(cell: Tile, spec: WindowSpec, sheet: _Sheet) -> Latents:
    """The coarser level under the window and ``spec.follow`` latents around it, float32 (channels, n, n)."""
    place, scale = frame(cell, spec.pyramid), 2 ** spec.pyramid.coarser(cell.z)
    width = place.width // scale + 2 * spec.follow
    top, left = (
        start // scale - spec.follow - first * place.side
        for start, first in ((place.top, sheet.box.top), (place.left, sheet.box.left))
    )
    return np.ascontiguousarray(sheet.latents[:, top : top + width, left : left + width])


def _places(start: int, count: int, coarser: int) -> np.ndarray:
    """Where the middles of latents lie among those ``coarser`` zooms above, float64 (count,).

    The integer part is taken off first, so that far from home nothing is lost to rounding.
    """
    scale = 2**coarser
    whole = start // scale
    return whole + (np.arange(start - whole * scale, start - whole * scale + count) + 0.5) / scale - 0.5
