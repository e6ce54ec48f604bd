"""Tile pixels: encoding, halving for overviews, enlarging beyond the base zoom. Pure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from PIL import Image

from tiles.grid import TILE_PIXELS

WEBP_QUALITY = 92


class Encoded(NamedTuple):
    """A tile as it is served."""

    data: bytes
    revision: int
    final: bool  # its neighbours are all painted


def encode(pixels: np.ndarray, format: Literal["png", "webp"]) -> bytes:
    """uint8 (h, w, 3 or 4) as lossless PNG or as WebP. The same bytes each time."""
    file = io.BytesIO()
    if format == "png":
        Image.fromarray(pixels).save(file, "PNG", compress_level=4)
    else:
        Image.fromarray(pixels).save(file, "WEBP", quality=WEBP_QUALITY, method=2)
    return file.getvalue()


def decode(data: bytes) -> np.ndarray:
    """PNG or WebP to uint8 (h, w, 3 or 4)."""
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image)


def halved(children: Sequence[np.ndarray | None]) -> np.ndarray:
    """The mean of four tiles (row by row, None: unpainted) as one, uint8 (256, 256, 3 or 4).

    What is not painted weighs nothing and is left transparent.
    """
    sheet = np.zeros((2 * TILE_PIXELS, 2 * TILE_PIXELS, 4), np.float32)
    for index, child in enumerate(children):
        if child is None:
            continue
        y, x = (index // 2) * TILE_PIXELS, (index % 2) * TILE_PIXELS
        part = sheet[y : y + TILE_PIXELS, x : x + TILE_PIXELS]
        part[..., : child.shape[2]] = child
        if child.shape[2] == 4:
            part[..., 3] /= 255
            part[..., :3] *= part[..., 3:]
        else:
            part[..., 3] = 1
    # Whole sheets are added: a sum over blocks of 2 x 2 gives the same and takes five times as long.
    total = sheet[::2, ::2] + sheet[::2, 1::2] + sheet[1::2, ::2] + sheet[1::2, 1::2]
    weight = total[..., 3:]
    colour = np.rint(total[..., :3] / np.maximum(weight, 1e-6)).astype(np.uint8)
    if weight.min() >= 4:
        return colour
    return np.concatenate([colour, np.rint(weight * (255 / 4)).astype(np.uint8)], 2)


def joined(children: Sequence[bytes | None], format: Literal["png", "webp"]) -> bytes:
    """Four tiles (PNG, row by row, None: unpainted) side by side as one picture of 512 x 512 pixels.

    What is not painted is left transparent.
    """
    side = TILE_PIXELS
    sheet = Image.new("RGBA", (2 * side, 2 * side))
    for place, data in enumerate(children):
        if data is not None:
            with Image.open(io.BytesIO(data)) as tile:
                sheet.paste(tile, (place % 2 * side, place // 2 * side))
    pixels = np.array(sheet)
    return encode(pixels if None in children or (pixels[..., 3] < 255).any() else pixels[..., :3], format)


def enlarged(sheet: np.ndarray, left: float, top: float, side: float) -> np.ndarray:
    """The square (``left``, ``top``, ``side``) of ``sheet`` in pixels, as a whole tile (bicubic)."""
    box = (left, top, left + side, top + side)
    size = (TILE_PIXELS, TILE_PIXELS)
    return np.array(Image.fromarray(sheet).resize(size, Image.Resampling.BICUBIC, box=box))


def borders(
    width: int, reach: tuple[bool, bool, bool, bool]
) -> Iterator[tuple[tuple[int, int], tuple[slice, slice], tuple[slice, slice]]]:
    """How to pad a tile by ``width`` px of its neighbours; ``reach`` says on which sides (left, top, right,
    bottom). For each neighbour: its offset (x, y), where its pixels go, and which of its pixels."""
    inner, end = slice(width, width + TILE_PIXELS), TILE_PIXELS - width
    here = {-1: slice(0, width), 0: inner, 1: slice(width + TILE_PIXELS, None)}
    there = {-1: slice(end, None), 0: slice(None), 1: slice(0, width)}
    left, top, right, bottom = reach
    wanted = {(-1, 0): left, (0, -1): top, (1, 0): right, (0, 1): bottom}
    wanted |= {(-1, -1): left and top, (1, -1): right and top}
    wanted |= {(-1, 1): left and bottom, (1, 1): right and bottom}
    for (x, y), needed in wanted.items():
        if needed:
            yield (x, y), (here[y], here[x]), (there[y], there[x])
