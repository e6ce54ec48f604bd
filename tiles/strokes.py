"""Prompts along lines: how much each counts where, and which cells it can matter to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from tiles.grid import Bounds, Box, boxed

REACH = 3  # cells of the sketch around a stroke that what is painted under it can matter to; 4 of a finer one


class Stroke(NamedTuple):
    """A prompt for the land along a line."""

    prompt: str
    path: tuple[tuple[float, float], ...]  # metres
    radius: float  # metres around the line where it holds whole
    softness: float  # metres more, over which it fades

    @property
    def bounds(self) -> Bounds:
        """The rectangle, in metres, outside of which it has no weight."""
        wide = self.radius + self.softness
        xs, ys = zip(*self.path)
        return Bounds(min(xs) - wide, min(ys) - wide, max(xs) + wide, max(ys) + wide)

    def weight(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """0..1 at places in metres, smooth over the soft edge; of the shape of ``x``.

        >>> Stroke("sand", ((0, 0),), 500, 200).weight(np.array([0, 600, 700]), np.zeros(3))
        array([1. , 0.5, 0. ])
        """
        ends = zip(self.path, self.path[1:] or self.path)
        away = np.min([_distance(x, y, start, end) for start, end in ends], axis=0) - self.radius
        if self.softness < 1:  # less than a metre is no edge
            return (away <= 0).astype(float)
        share = np.clip(1 - away / self.softness, 0, 1)
        return share * share * (3 - 2 * share)


def reach(bounds: Bounds, base_zoom: int, sketch: int, crosses: bool = False) -> Box:
    """The cells of the sketch (or, without one, of the land) that something within ``bounds``, in metres, can
    matter to: those it touches, and as far around as what a cell is painted from goes. That is farther where
    a level ``crosses`` to another model, whose parents come as pixels. Raises BadBounds.

    >>> reach(Bounds(5, -15, 15, -5), base_zoom=8, sketch=2)
    Box(zoom=6, left=29, top=29, right=36, bottom=36)
    """
    around = REACH if sketch > 1 else REACH + 1
    if crosses:  # each crossing adds a base cell or less, and half as much from level to level
        around += 1 if sketch else 2
    return boxed(bounds, base_zoom).at(base_zoom - sketch).grown(around)


def prompt_weights(
    prompt: str, strokes: Iterable[Stroke], x: np.ndarray, y: np.ndarray
) -> dict[str, np.ndarray]:
    """How much each prompt counts at places in metres: by prompt its weight, 0..1, of the shape of ``x``;
    they sum to 1. ``prompt`` lies beneath the ``strokes``, of which the first is uppermost.

    >>> prompt_weights("coast", [], np.zeros(1), np.zeros(1))
    {'coast': array([1.])}
    """
    weights: dict[str, np.ndarray] = {}
    left = np.ones(x.shape)
    for each in strokes:
        weight = left * each.weight(x, y)
        if weight.any():
            weights[each.prompt] = weights.get(each.prompt, 0) + weight
            left = left - weight
            if not left.any():
                return weights
    if left.any():
        weights[prompt] = weights.get(prompt, 0) + left
    return weights


def difference(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> np.ndarray:
    """How much the prompts' weights at each place differ, 0..1 (total variation).

    >>> difference({"coast": np.ones(2)}, {"coast": np.array([1, 0.5]), "sand": np.array([0, 0.5])})
    array([0. , 0.5])
    """
    prompts = {*one, *other}
    return np.sum([np.abs(one.get(p, 0) - other.get(p, 0)) for p in prompts], axis=0) / 2


def _distance(
    x: np.ndarray, y: np.ndarray, start: tuple[float, float], end: tuple[float, float]
) -> np.ndarray:
    """From places to a straight line between two."""
    along, across = end[0] - start[0], end[1] - start[1]
    length = along * along + across * across
    share = ((x - start[0]) * along + (y - start[1]) * across) / length if length else np.zeros(x.shape)
    share = np.clip(share, 0, 1)
    return np.hypot(x - start[0] - share * along, y - start[1] - share * across)
