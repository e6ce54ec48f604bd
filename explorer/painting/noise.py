"""The noise a world is painted from: a function of (seed, zoom, latent coordinate) and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np

from tiles.grid import Box, Tile


class Area(NamedTuple):
    """A rectangle of latents of one zoom; its corner may be negative."""

    zoom: int
    left: int
    top: int
    width: int
    height: int


STREAM = 0x6561727468  # makes this field independent of other uses of the same seed
_WORD = 2**64
KEPT = 2**25  # bytes of each shape: 64 painters work on ten rows of wide land at a time, 2,048 cells of terra


def cell_noise(seed: int, cell: Tile, channels: int, side: int) -> np.ndarray:
    """Standard normal noise of one cell, float32 (channels, side, side), read-only; ``side`` is even.

    Philox 4x64 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") keyed by the
    seed, its counter set by the cell's address, then the Box-Muller transform on raw words:
    numpy guarantees the raw words in all versions, but not its normal numbers.
    """
    return _kept(channels, side)(seed, cell)


@cache
def _kept(channels: int, side: int) -> Callable[[int, Tile], np.ndarray]:
    """Noise of cells of one shape: what was drawn last is kept, within ``KEPT`` bytes."""

    @lru_cache(maxsize=KEPT // (4 * channels * side**2))
    def drawn(seed: int, cell: Tile) -> np.ndarray:
        return _drawn(seed, cell, channels, side)

    return drawn


def _drawn(seed: int, cell: Tile, channels: int, side: int) -> np.ndarray:
    key = np.array([seed % _WORD, STREAM], np.uint64)
    counter = np.array([0, cell.z, cell.x % _WORD, cell.y % _WORD], np.uint64)
    words = np.random.Philox(key=key, counter=counter).random_raw(channels * side**2 // 2)
    radius = ((words >> np.uint64(32)).astype(np.float64) + 0.5) / 2**32
    angle = (words & np.uint64(2**32 - 1)).astype(np.float64) * (2 * np.pi / 2**32)
    length = np.sqrt(-2 * np.log(radius))
    pairs = np.stack([length * np.cos(angle), length * np.sin(angle)])
    field = pairs.astype(np.float32).reshape(channels, side, side)
    field.flags.writeable = False
    return field


def noise(seed: int, area: Area, channels: int, side: int) -> np.ndarray:
    """Noise of any rectangle of latents, float32 (channels, height, width).

    ``side`` is the number of latents along a cell.
    """
    zoom, left, top, width, height = area
    box = Box(zoom, left // side, top // side, -(-(left + width) // side), -(-(top + height) // side))
    field = np.empty((channels, height, width), np.float32)
    for tile in box.tiles():
        y, x = tile.y * side - top, tile.x * side - left
        rows, columns = slice(max(y, 0), min(y + side, height)), slice(max(x, 0), min(x + side, width))
        inside = slice(rows.start - y, rows.stop - y), slice(columns.start - x, columns.stop - x)
        field[:, rows, columns] = cell_noise(seed, tile, channels, side)[:, *inside]
    return field


def afresh(noise: np.ndarray, number: int) -> np.ndarray:
    """Other noise of the same places: standard normal, float32, of the shape (..., channels, height, width)
    of ``noise``, and another field for each ``number``.

    It is a function of the noise at each place alone, so windows that overlap agree on it. All bits of a
    place's noise are hashed (splitmix64, Steele et al. 2014, "Fast splittable pseudorandom number
    generators") and become normal by the Box-Muller transform.
    """
    bits = np.ascontiguousarray(noise, np.float32).view(np.uint32).astype(np.uint64)
    place = np.full(noise[..., 0, :, :].shape, number % _WORD, np.uint64)
    for channel in range(bits.shape[-3]):
        place = _mixed(place ^ bits[..., channel, :, :])
    channels = np.arange(bits.shape[-3], dtype=np.uint64)[:, None, None]
    words = _mixed(place[..., None, :, :] + channels * np.uint64(0x9E3779B97F4A7C15))
    radius = ((words >> np.uint64(32)).astype(np.float64) + 0.5) / 2**32
    angle = (words & np.uint64(2**32 - 1)).astype(np.float64) * (2 * np.pi / 2**32)
    return (np.sqrt(-2 * np.log(radius)) * np.cos(angle)).astype(np.float32)


def _mixed(words: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64, after its constant step."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
