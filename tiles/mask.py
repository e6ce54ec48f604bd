"""Which latents of an edit's cells are painted again, and how much: a region finer than a tile. Pure.

A mask has 32 x 32 weights for each cell, one for 8 x 8 pixels whatever the model's latents are: from 0 (stays
as it is) to 255 (painted again whole). In a journal it is text: the weights of all cells, sorted by address,
compressed.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping

import numpy as np

from tiles.grid import Tile

SIDE = 32  # weights along a cell
Mask = Mapping[Tile, np.ndarray]  # by cell uint8 (32, 32)
CELL_BYTES = SIDE * SIDE
MAX_TEXT = 500_000  # characters
FULL = 255


def written(mask: Mask) -> str:
    """A mask as text.

    >>> mask = {Tile(8, 0, 0): np.full((32, 32), 255, np.uint8)}
    >>> int(read_mask(written(mask), mask)[Tile(8, 0, 0)].min())
    255
    """
    data = b"".join(np.ascontiguousarray(mask[cell], np.uint8).tobytes() for cell in sorted(mask))
    return base64.b64encode(zlib.compress(data, 9)).decode()


def read_mask(text: str, cells: Iterable[Tile]) -> dict[Tile, np.ndarray]:
    """The mask of these cells. Raises ValueError for text that is not one, before much of it is unpacked."""
    ordered = sorted(set(cells))
    if len(text) > MAX_TEXT:
        raise ValueError(f"the mask has {len(text):,} characters; the limit is {MAX_TEXT:,}")
    size = len(ordered) * CELL_BYTES
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text, validate=True), size + 1)
    except (binascii.Error, zlib.error, ValueError):
        raise ValueError("the mask is not compressed weights") from None
    if len(data) != size or not unpacker.eof:
        raise ValueError(f"the mask does not hold {CELL_BYTES} weights for each of {len(ordered):,} cells")
    sheet = np.frombuffer(data, np.uint8).reshape(len(ordered), SIDE, SIDE)
    return dict(zip(ordered, sheet))


def part(weights: np.ndarray, own: Tile, cell: Tile) -> np.ndarray:
    """The weights of a cell that lies in a masked one, (32, 32): those above it, each repeated.

    >>> weights = np.arange(1024).reshape(32, 32)
    >>> part(weights, Tile(8, 0, 0), Tile(9, 1, 0))[:2, :4].tolist()
    [[16, 16, 17, 17], [16, 16, 17, 17]]
    """
    deeper = cell.z - own.z
    rows, columns = (
        (first + np.arange(SIDE)) >> deeper
        for first in (
            (cell.y - (own.y << deeper)) * SIDE,
            (cell.x - (own.x << deeper)) * SIDE,
        )
    )
    return weights[rows[:, None], columns]


def at_side(weights: np.ndarray, side: int) -> np.ndarray:
    """The weights of a cell for ``side`` latents along it, uint8 (side, side): each repeated, or the mean of
    those in a latent, rounded up, so that nothing which is painted again is held.

    >>> weights = np.zeros((32, 32), np.uint8)
    >>> weights[0, 0] = 255
    >>> int(at_side(weights, 16)[0, 0]), int(at_side(weights, 64)[1, 1])
    (64, 255)
    """
    if side >= SIDE:
        return weights.repeat(side // SIDE, 0).repeat(side // SIDE, 1)
    step = SIDE // side
    means = weights.reshape(side, step, side, step).mean((1, 3))
    return np.ceil(means).astype(np.uint8)
