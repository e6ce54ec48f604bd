"""Which cells a cell must wait for: three phases by parity, and the level that it is refined from.

Pure: nothing here knows of models, latents or disks. A cell is the latents of one tile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import IntEnum
from typing import TypeVar

from explorer.painting.frontier import Frontier
from explorer.painting.pyramid import Pyramid
from tiles.grid import Box, Tile, around

T = TypeVar("T")


class Phase(IntEnum):
    """When a cell is painted, by the parity of its address."""

    A = 0  # even, even: sees no neighbour
    B = 1  # one odd: sees its two A neighbours and nothing else
    D = 2  # odd, odd: sees all eight


def phase(cell: Tile) -> Phase:
    return Phase(cell.x % 2 + cell.y % 2)


def sees(cell: Tile) -> tuple[Tile, ...]:
    """The neighbours whose latents a cell's window may hold; all else is hidden from it."""
    z, x, y = cell
    if phase(cell) is Phase.A:
        return ()
    if phase(cell) is Phase.D:
        around = ((x + i, y + j) for j in (-1, 0, 1) for i in (-1, 0, 1) if i or j)
        return tuple(Tile(z, i, j) for i, j in around)
    if x % 2:
        return (Tile(z, x - 1, y), Tile(z, x + 1, y))
    return (Tile(z, x, y - 1), Tile(z, x, y + 1))


def parents(cell: Tile, pyramid: Pyramid) -> Box | None:
    """The parent level's cells that a window needs; None if there is no coarser level. Those of another model
    come as pixels, and the pixels of a cell need the cells around it."""
    box = under(cell, pyramid)
    return box.grown(1) if box is not None and pyramid.crosses(cell.z) else box


def under(cell: Tile, pyramid: Pyramid) -> Box | None:
    """The parent level's cells that a window is interpolated from; None if there is no coarser level."""
    parent = pyramid.parent(cell.z)
    if parent is None:
        return None
    halo, space = pyramid.level(cell.z).sight
    scale, side = 2 ** (cell.z - parent), space.side
    low = [(i * side - halo) // scale - 1 for i in (cell.x, cell.y)]
    high = [-(-(i * side + side + halo) // scale) + 1 for i in (cell.x, cell.y)]
    left, top = (i // side for i in low)
    right, bottom = (-(-i // side) for i in high)
    return Box(parent, left, top, right, bottom)


def requires(cell: Tile, pyramid: Pyramid) -> tuple[Tile, ...]:
    """The cells that must be painted right before ``cell`` can be."""
    above = parents(cell, pyramid)
    return (*(above.tiles() if above else ()), *sees(cell))


def sees_in(cell: Tile, holds: Callable[[Tile], bool]) -> tuple[tuple[Tile, ...], tuple[Tile, ...]]:
    """What a cell of a region that is repainted sees: cells that the region ``holds`` by its phase, and all
    neighbours outside the region, since those stay as they are."""
    ring = [other for other in around(cell).tiles() if other != cell]
    inside = tuple(other for other in sees(cell) if holds(other))
    return inside, tuple(other for other in ring if not holds(other))


def next_cells(
    wanted: Iterable[Tile], pyramid: Pyramid, painted: Callable[[Tile], bool], limit: int
) -> list[Tile]:
    """Up to ``limit`` unpainted cells that can be painted at once, the most wanted first."""
    return next_of(wanted, lambda cell: requires(cell, pyramid), painted, limit)


def next_of(
    wanted: Iterable[T],
    requires: Callable[[T], Iterable[T]],
    painted: Callable[[T], bool],
    limit: int,
    resting: Collection[T] = frozenset(),
) -> list[T]:
    """Up to ``limit`` unpainted things that can be painted at once, the most wanted first. As
    ``Frontier.next``."""
    return Frontier(wanted, requires, painted).next(limit, resting)


def missing_of(
    wanted: Iterable[T], requires: Callable[[T], Iterable[T]], painted: Callable[[T], bool]
) -> set[T]:
    """Everything that must be painted before all that is wanted is painted, including that itself."""
    missing: set[T] = set()
    todo = [thing for thing in wanted if not painted(thing)]
    while todo:
        thing = todo.pop()
        if thing not in missing:
            missing.add(thing)
            todo += [other for other in requires(thing) if other not in missing and not painted(other)]
    return missing
