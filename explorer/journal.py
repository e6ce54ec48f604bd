"""The journal read: which prompt a cell is painted under, whenever it is painted. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tiles.grid import Tile

Runs = list[list[int]]  # rows of cells: [zoom, y, first x, number of cells]


class Era(NamedTuple):
    """The time from one change of the world's prompt to the next."""

    entry: int  # the journal entry that began it
    prompt: str
    before: frozenset[Tile]  # the cells that were painted when it began


def outline(cells: Iterable[Tile]) -> Runs:
    """Cells as runs along rows, in order, for the journal."""
    runs: Runs = []
    for z, y, x in sorted((cell.z, cell.y, cell.x) for cell in cells):
        if runs and runs[-1][:2] == [z, y] and runs[-1][2] + runs[-1][3] == x:
            runs[-1][3] += 1
        else:
            runs.append([z, y, x, 1])
    return runs


def inside(runs: Runs) -> frozenset[Tile]:
    """The cells of an ``outline``."""
    return frozenset(Tile(z, x, y) for z, y, first, count in runs for x in range(first, first + count))


def era(number: int, data: Mapping[str, Any]) -> Era:
    """A journal entry of kind ``prompt``."""
    return Era(number, data["prompt"], inside(data["painted"]))


def era_of(cell: Tile, eras: Sequence[Era]) -> Era:
    """The era in which ``cell`` is painted: the one before the first that found it painted.

    The answer is the same when the cell is painted for the first time, when it is painted again
    after its latents were lost, and when the whole journal is replayed elsewhere.
    """
    for before, after in itertools.pairwise(eras):
        if cell in after.before:
            return before
    return eras[-1]
