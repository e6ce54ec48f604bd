"""How a model that was trained on squares of one size looks at windows. Pure."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

NARROWEST = 8  # latents seen around a cell, at least: with less its neighbours do not join


class Squares(NamedTuple):
    """The squares that cover a window."""

    side: int
    corners: list[tuple[int, int]]  # top and left of each
    share: Tensor  # (side, side): how much each place of a square counts


def halo_for(native: int, side: int) -> int:
    """Latents that a window has on each side of a cell of ``side``: as many as make it a square of the size
    ``native``, at least ``NARROWEST``, and no more than a cell's neighbours have.

    >>> [halo_for(native, 32) for native in (32, 48, 64, 96, 128)]
    [8, 8, 16, 32, 32]
    """
    return max(NARROWEST, min(side, (native - side) // 2))


def squares_of(width: int, native: int, device: str) -> Squares:
    """The squares in which a model of the size ``native`` looks at windows ``width`` latents wide."""
    side = min(width, native)
    return Squares(side, corners(width, side), tent(side).to(device))


def corners(width: int, side: int) -> list[tuple[int, int]]:
    """The corners (top, left) of as few squares of ``side`` as cover a window of ``width``, evenly spaced.

    >>> corners(48, 32), corners(48, 48)
    ([(0, 0), (0, 16), (16, 0), (16, 16)], [(0, 0)])
    """
    count = -(-width // side)
    starts = [round(i * (width - side) / max(1, count - 1)) for i in range(count)]
    return [(top, left) for top in starts for left in starts]


def tent(side: int) -> Tensor:
    """Weights (side, side) of a square's places, 0..1: most in its middle, least at its edges, so that no
    border of a square shows."""
    line = 1 - (2 * (torch.arange(side) + 0.5) / side - 1).abs()
    return torch.outer(line, line)
