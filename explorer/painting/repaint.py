"""The window of a cell that is painted again, by an edit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from explorer.painting.noise import Area, noise
from explorer.painting.window import Frame, Latents, Window, WindowSpec, assemble_from, frame, linear
from tiles.grid import Tile
from tiles.store import Known

# The context-free pass of an edit with its own prompt; all in latents. At FREE_DISTANCE from the edit's
# border it has weight 1/2; the weight goes from 0 to 1 over FREE_FADE. The line of weight 1/2 moves in and
# out by WAVE_HEIGHT (one standard deviation), about once in WAVE_LENGTH along it: land has no square
# shores.
FREE_DISTANCE = 6.0
FREE_FADE = 6.0
WAVE_HEIGHT = 6.0
WAVE_LENGTH = 8


class Repaint(NamedTuple):
    """What a cell that is painted again starts from."""

    present: Mapping[Tile, Latents]  # what lies there now; empty if nothing of it stays
    strength: float  # 0..1: sampling holds the present down to this time
    picture: Mapping[Tile, Known]  # latents of a placed picture, by cell
    picture_hold: float  # 0..1: sampling holds the picture down to this time; 0 keeps it exactly
    free_of: tuple[Tile, ...] = ()  # neighbours that the context-free pass does not see
    mask: Latents | None = None  # (width, width), 0..1: how much is painted again; None: all
    differs: bool = False  # whether the context-free pass does not see what stays under the mask either


def assemble_repaint(
    cell: Tile,
    spec: WindowSpec,
    seen: Mapping[Tile, Latents],
    repaint: Repaint,
    above: Mapping[Tile, Latents],
) -> Window:
    """The window of a cell that is painted again: ``seen`` are the neighbours that stay as they are.

    Each known latent is held until a time of its own (Levin and Fried 2023, "Differential Diffusion", arXiv
    2306.00950). A cell with sea on all sides would become sea whatever the prompt. So the first step is taken
    twice, once without the neighbours in ``repaint.free_of``, and the two are blended.
    """
    window, place = assemble_from(cell, spec, seen, above), frame(cell, spec.pyramid)
    known, known_mask, hold_until = (
        array.copy() for array in (window.known, window.known_mask, window.hold_until)
    )
    for other, latents in repaint.present.items():
        here, there = place.overlap(other)
        held = hold_until[0, *here] == 1
        known[:, *here][:, held] = latents[:, *there].astype(np.float32)[:, held]
        hold_until[0, *here][held] = repaint.strength
    for other, given in repaint.picture.items():
        here, there = place.overlap(other)
        kept = given.mask[*there] & (known_mask[0, *here] == 0)
        known[:, *here][:, kept] = given.latents[:, *there].astype(np.float32)[:, kept]
        known_mask[0, *here][kept] = repaint.picture_hold == 0
        hold_until[0, *here][kept] = repaint.picture_hold
    if repaint.mask is not None:
        hold_until[0] = np.minimum(hold_until[0], repaint.mask * repaint.strength)
        known_mask[0][repaint.mask == 0] = 1
    window = window._replace(
        known=known, known_mask=known_mask, context_mask=known_mask, hold_until=hold_until
    )
    kept = repaint.mask == 0 if repaint.differs and repaint.mask is not None else None
    if not repaint.free_of and kept is None:
        return window
    return _with_context_free_pass(window, spec, repaint.free_of, kept)


def _with_context_free_pass(
    window: Window, spec: WindowSpec, free_of: tuple[Tile, ...], kept: np.ndarray | None
) -> Window:
    """A window whose first step is also taken without the cells ``free_of`` and the latents ``kept`` (width,
    width).

    The pass without them has weight 1 far from these cells and 0 next to them. The line between is wavy, so
    that new shores are not square.
    """
    place = frame(window.cell, spec.pyramid)
    hidden = np.zeros((1, place.width, place.width), np.float32)
    distance = np.full((place.width, place.width), np.inf, np.float32)
    middles = np.arange(place.width, dtype=np.float32) + 0.5
    for other in free_of:
        here, _ = place.overlap(other)
        hidden[:, *here] = 1
        if kept is not None:
            continue  # those outside the edit are kept whole
        y, x = (
            np.maximum(np.maximum(start - middles, middles - start - place.side), 0)
            for start in (other.y * place.side - place.top, other.x * place.side - place.left)
        )
        distance = np.minimum(distance, np.hypot(y[:, None], x))
    if kept is not None and kept.any():
        hidden[0][kept] = 1
        for y in np.flatnonzero(kept.any(1)):  # row by row: how far each latent is from those kept in it
            xs = np.flatnonzero(kept[y])
            across = np.abs(middles[:, None] - (xs + 0.5)).min(1)
            distance = np.minimum(distance, np.hypot(middles[:, None] - (y + 0.5), across))
    line = FREE_DISTANCE + WAVE_HEIGHT * _waves(spec, window.cell.z, place)
    weight = np.clip((distance - line) / FREE_FADE + 0.5, 0, 1).astype(np.float32)
    return window._replace(context_mask=window.known_mask * (1 - hidden), context_free=weight[None])


def _waves(spec: WindowSpec, zoom: int, place: Frame) -> Latents:
    """Smooth noise of unit variance, float32 (width, width), interpolated between points ``WAVE_LENGTH``
    apart."""
    step, wider = WAVE_LENGTH, place.width + 2 * WAVE_LENGTH
    area = Area(zoom, place.left - step, place.top - step, wider, wider)
    channels = spec.pyramid.level(zoom).sight.space.channels
    field = noise((spec.seed + 1) % 2**63, area, channels, place.side)
    count = wider // step
    means = field.reshape(len(field), count, step, count, step).mean((2, 4)) * step
    middles = (np.arange(place.width) + 0.5) / step + 0.5
    return linear(linear(means, middles, 1), middles, 2)[0]
