"""Which cells a cell must wait for: three phases by parity, and a sketch several zooms coarser.

Pure: nothing here knows of models, latents or disks. A cell is the latents of one tile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import IntEnum
from typing import NamedTuple, TypeVar

from tiles.grid import TILE_LATENTS, Box, Tile, around

T = TypeVar("T")


class Phase(IntEnum):
    """A cell's turn, by the parity of its address."""

    A = 0  # even, even: sees no neighbour
    B = 1  # one odd: sees its two A neighbours and nothing else
    D = 2  # odd, odd: sees all eight


class Layout(NamedTuple):
    """How a world is painted."""

    base_zoom: int
    sketch: int  # zooms by which the sketch is coarser than the base; 0: no sketch
    halo: int  # latents that a window sees on each side of its cell


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


def parents(cell: Tile, layout: Layout) -> Box | None:
    """The sketch's cells under a cell's window, with what interpolation reaches; None: no sketch."""
    if not layout.sketch or cell.z != layout.base_zoom:
        return None
    scale, side, halo = 2**layout.sketch, TILE_LATENTS, layout.halo
    low = [(i * side - halo) // scale - 1 for i in (cell.x, cell.y)]
    high = [-(-(i * side + side + halo) // scale) + 1 for i in (cell.x, cell.y)]
    left, top = (i // side for i in low)
    right, bottom = (-(-i // side) for i in high)
    return Box(cell.z - layout.sketch, left, top, right, bottom)


def requires(cell: Tile, layout: Layout) -> tuple[Tile, ...]:
    """The cells that must be painted right before ``cell`` can be."""
    under = parents(cell, layout)
    return (*(under.tiles() if under else ()), *sees(cell))


def sees_in(cell: Tile, region: Collection[Tile]) -> tuple[tuple[Tile, ...], tuple[Tile, ...]]:
    """What a cell of a region that is painted anew sees: cells of the region, by its phase, and
    every neighbour outside it, for all of those stay as they are."""
    ring = [other for other in around(cell).tiles() if other != cell]
    inside = tuple(other for other in sees(cell) if other in region)
    return inside, tuple(other for other in ring if other not in region)


def next_cells(
    wanted: Iterable[Tile], layout: Layout, painted: Callable[[Tile], bool], limit: int
) -> list[Tile]:
    """Up to ``limit`` unpainted cells that can be painted at once, the most wanted first."""
    return next_of(wanted, lambda cell: requires(cell, layout), painted, limit)


def next_of(
    wanted: Iterable[T], requires: Callable[[T], Iterable[T]], painted: Callable[[T], bool], limit: int
) -> list[T]:
    """Up to ``limit`` unpainted things that can be painted at once, the most wanted first.

    None of them requires another, so they may be painted together. Bounded work: a cell needs at
    most its eight neighbours and the sketch's cells under them, and the sketch needs no sketch.
    """
    found: dict[T, None] = {}
    visited: set[T] = set()

    def visit(thing: T) -> None:
        if thing in visited or len(found) >= limit or painted(thing):
            return
        visited.add(thing)
        missing = [other for other in requires(thing) if not painted(other)]
        if not missing:
            found[thing] = None
        for other in missing:
            visit(other)

    for thing in wanted:
        visit(thing)
        if len(found) >= limit:
            break
    return list(found)
