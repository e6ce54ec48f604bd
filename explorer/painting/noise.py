"""The noise a world is painted from: a function of (seed, zoom, latent coordinate) and nothing else."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tiles.grid import TILE_LATENTS, Box, Tile

CHANNELS = 4
STREAM = 0x6561727468  # keeps this field apart from any other use of the same seed
_WORD = 2**64


@lru_cache(maxsize=256)
def cell_noise(seed: int, cell: Tile) -> np.ndarray:
    """Standard normal noise of one cell, float32 (4, 32, 32), read-only.

    Philox 4x64 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") keyed by the
    seed, its counter set by the cell's address, then Box and Muller's transform on raw words:
    numpy promises raw words for ever, but not its own normal numbers.
    """
    key = np.array([seed % _WORD, STREAM], np.uint64)
    counter = np.array([0, cell.z, cell.x % _WORD, cell.y % _WORD], np.uint64)
    words = np.random.Philox(key=key, counter=counter).random_raw(CHANNELS * TILE_LATENTS**2 // 2)
    radius = ((words >> np.uint64(32)).astype(np.float64) + 0.5) / 2**32
    angle = (words & np.uint64(2**32 - 1)).astype(np.float64) * (2 * np.pi / 2**32)
    length = np.sqrt(-2 * np.log(radius))
    pairs = np.stack([length * np.cos(angle), length * np.sin(angle)])
    field = pairs.astype(np.float32).reshape(CHANNELS, TILE_LATENTS, TILE_LATENTS)
    field.flags.writeable = False
    return field


def noise(seed: int, zoom: int, left: int, top: int, width: int, height: int) -> np.ndarray:
    """Noise of any rectangle of latents, float32 (4, height, width); the corner may be negative."""
    side = TILE_LATENTS
    box = Box(zoom, left // side, top // side, -(-(left + width) // side), -(-(top + height) // side))
    field = np.empty((CHANNELS, box.height * side, box.width * side), np.float32)
    for tile in box.tiles():
        y, x = (tile.y - box.top) * side, (tile.x - box.left) * side
        field[:, y : y + side, x : x + side] = cell_noise(seed, tile)
    y, x = top - box.top * side, left - box.left * side
    return field[:, y : y + height, x : x + width]
