"""How latents become the pixels of a tile, for decoders that see everything at once.

A decoder with attention has no margin inside of which it is exact. So it only ever sees *canonical* windows:
one around each corner of the grid of tiles, whoever asks. A tile is a blend of the four around its corners,
and its neighbours are blends of the same ones: they join, in whatever order they are decoded.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from explorer.painting.window import Latents
from tiles.latents import LatentSpace

Draw = Callable[[Latents], np.ndarray]  # latents of a window to its pixels, float32 (384, 384, 3)
REACH = 0.75  # of a tile's side, from its corner to the edge of the window there; so much is needed around it
CORE = 0.25  # of it, from a corner, where its window alone counts; from there on it fades to its edge
KEPT = 48  # windows that are kept: each is a part of four tiles


class FeatheredDecoder:
    """Tiles from canonical windows, for any number of threads.

    ``draw`` must be a function of its latents alone, those of ``space``.
    """

    def __init__(self, draw: Draw, space: LatentSpace) -> None:
        self._draw, self._space, self.margin = draw, space, margin_of(space)
        self._kept: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        ramp = corner_weights(space)
        weights = {0: ramp[::-1], 1: ramp}  # of the corner before a tile, and of the one behind it
        self._weights = {(i, j): weights[i][:, None] * weights[j] for i in (0, 1) for j in (0, 1)}

    def tile(self, latents: Latents) -> np.ndarray:
        """A tile's latents (channels, side + 2 margin, side + 2 margin) to its pixels, float32."""
        (_, side, _), scale, margin = self._space.shape, self._space.pixels, self.margin
        whole = np.zeros((side * scale, side * scale, 3), np.float32)
        reach = margin * scale
        for corner, weight in self._weights.items():
            top, left = (side * place for place in corner)
            drawn = self._window(latents[:, top : top + 2 * margin, left : left + 2 * margin])
            # The tile lies behind the corner before it, and before the one behind it.
            here = tuple(slice(-reach, None) if place else slice(0, reach) for place in corner)
            there = tuple(slice(0, reach) if place else slice(reach, None) for place in corner)
            whole[here] += drawn[there] * weight[here][..., None]
        return whole

    def _window(self, latents: Latents) -> np.ndarray:
        key = np.ascontiguousarray(latents, np.float32).tobytes()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        drawn = self._draw(np.ascontiguousarray(latents, np.float32))
        with self._lock:
            self._kept[key] = drawn
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return drawn


def margin_of(space: LatentSpace) -> int:
    """Latents that are needed around a tile.

    >>> margin_of(LatentSpace(channels=4, pixels=8))
    24
    """
    return int(REACH * space.side)


def corner_weights(space: LatentSpace) -> np.ndarray:
    """How much the window around a tile's far corner counts along the tile, float32 (256,), 0..1.

    With that of the near corner, which is its mirror image, it sums to 1 everywhere.
    """
    side, pixels, core = space.side, space.pixels, CORE * space.side
    away = side - (np.arange(side * pixels, dtype=np.float32) + 0.5) / pixels  # latents from the far corner
    return np.clip((side - core - away) / (side - 2 * core), 0, 1).astype(np.float32)
