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

Draw = Callable[[Latents], np.ndarray]  # latents (channels, 48, 48) to pixels float32 (384, 384, 3)
REACH = 24  # latents from a tile's corner to the edge of its window; so many are needed around a tile
CORE = 8  # latents from a corner within which its window alone counts; from there on it fades to its edge
KEPT = 48  # windows that are kept: each is a part of four tiles


class FeatheredDecoder:
    """Tiles from canonical windows, for any number of threads.

    ``draw`` must be a function of its latents alone. ``side`` is that of a tile in latents, ``pixels`` those
    along a latent.
    """

    margin = REACH

    def __init__(self, draw: Draw, side: int, pixels: int) -> None:
        self._draw, self._side, self._pixels = draw, side, pixels
        self._kept: OrderedDict[bytes, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        ramp = corner_weights(side, pixels)
        weights = {0: ramp[::-1], 1: ramp}  # of the corner before a tile, and of the one behind it
        self._weights = {(i, j): weights[i][:, None] * weights[j] for i in (0, 1) for j in (0, 1)}

    def tile(self, latents: Latents) -> np.ndarray:
        """A tile's latents (channels, side + 2 margin, side + 2 margin) to its pixels, float32."""
        side, scale = self._side, self._pixels
        whole = np.zeros((side * scale, side * scale, 3), np.float32)
        reach = REACH * scale
        for corner, weight in self._weights.items():
            top, left = (side * place for place in corner)
            drawn = self._window(latents[:, top : top + 2 * REACH, left : left + 2 * REACH])
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


def corner_weights(side: int, pixels: int) -> np.ndarray:
    """How much the window around a tile's far corner counts along the tile, float32 (side * pixels,), 0..1.

    With that of the near corner, which is its mirror image, it sums to 1 everywhere.
    """
    away = side - (np.arange(side * pixels, dtype=np.float32) + 0.5) / pixels  # latents from the far corner
    return np.clip((side - CORE - away) / (side - 2 * CORE), 0, 1).astype(np.float32)
