"""Guides, cut for windows: what of the pictures that people laid on the map lies in one. Pure.

A guide's pixels are those of one zoom. A coarser level sees their means, a deeper one sees them enlarged.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from explorer.painting.pyramid import Pyramid
from tiles.grid import Tile
from tiles.guides import Guide

OPAQUE = 128  # of 255: pixels less opaque guide nothing


class Cut(NamedTuple):
    """What guides a window."""

    pixels: np.ndarray  # uint8 (h, h, 3) in the window's pixels; black where nothing guides
    weight: np.ndarray  # float32 (1, width, width), 0..1: how closely each latent follows them


class Square(NamedTuple):
    """Where a window's pixels lie on the grid of its zoom."""

    zoom: int
    left: int
    top: int
    side: int


class Sheet(NamedTuple):
    """A guide's pixels on the grid of a zoom."""

    left: int
    top: int
    pixels: np.ndarray  # uint8 RGBA (h, w, 4)


def cut(guides: Iterable[Guide], cell: Tile, pyramid: Pyramid) -> Cut | None:
    """The guides in the window of a cell, the first of them uppermost; None where there are none."""
    beneath = list(guides)[::-1]
    if not beneath:
        return None
    halo, space = pyramid.level(cell.z).sight
    scale, side = space.pixels, space.side
    width = side + 2 * halo
    left, top = ((i * side - halo) * scale for i in (cell.x, cell.y))
    square = Square(cell.z, left, top, width * scale)
    pixels = np.zeros((square.side, square.side, 3), np.uint8)
    weight = np.zeros((square.side, square.side), np.float32)
    for guide in beneath:
        part = seen(guide, square)
        there = part[..., 3] >= OPAQUE
        pixels[there] = part[there][:, :3]
        weight[there] = guide.strength
    if not weight.any():
        return None
    means = weight.reshape(width, scale, width, scale).mean((1, 3))
    return Cut(pixels, means[None])


def seen(guide: Guide, square: Square) -> np.ndarray:
    """A guide in the pixels of a square, uint8 RGBA (side, side, 4), transparent where it is not."""
    whole = np.zeros((square.side, square.side, 4), np.uint8)
    sheet, deeper = coarsened(guide, max(0, guide.zoom - square.zoom)), max(0, square.zoom - guide.zoom)
    rows, columns = (
        ((first + np.arange(square.side)) >> deeper) - start
        for first, start in ((square.top, sheet.top), (square.left, sheet.left))
    )
    height, width, _ = sheet.pixels.shape
    here, there = (rows >= 0) & (rows < height), (columns >= 0) & (columns < width)
    whole[np.ix_(here, there)] = sheet.pixels[np.ix_(rows[here], columns[there])]
    return whole


@lru_cache(maxsize=8)
def coarsened(guide: Guide, zooms: int) -> Sheet:
    """A guide on the grid of a zoom that is coarser by ``zooms``: colours are means of what is opaque, and
    what is opaque by half is."""
    scale, pixels = 2**zooms, guide.pixels
    if zooms == 0:
        return Sheet(guide.left, guide.top, pixels)
    left, top = guide.left >> zooms, guide.top >> zooms
    before = (guide.top - (top << zooms), guide.left - (left << zooms))
    after = (-(before[0] + guide.height) % scale, -(before[1] + guide.width) % scale)
    padded = np.pad(pixels, ((before[0], after[0]), (before[1], after[1]), (0, 0)))
    height, width = (side // scale for side in padded.shape[:2])
    squares = padded.reshape(height, scale, width, scale, 4).transpose(0, 2, 1, 3, 4).astype(np.float32)
    opaque = squares[..., 3:] >= OPAQUE
    count = opaque.sum((2, 3))
    colours = np.rint((squares[..., :3] * opaque).sum((2, 3)) / np.maximum(count, 1))
    alpha = np.where(count * 2 >= scale * scale, 255, 0)
    return Sheet(left, top, np.concatenate([colours, alpha], -1).astype(np.uint8))
