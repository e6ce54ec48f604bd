"""Lines that run all over a region of a grid without leaving it. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Place = tuple[int, int]  # column, row


class Run(NamedTuple):
    """Cells of one row that lie side by side, the last one included."""

    row: int
    first: int
    last: int


def walks(mask: np.ndarray) -> list[list[Place]]:
    """For each connected part of a region its own line, from the largest part to the smallest.

    ``mask`` (rows, columns) of bool. Straight from place to place, a line passes every cell of its part and
    no other: along a row, then up or down into the next one, and back where it has to.

    >>> walks(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]], bool))
    [[(0, 0), (1, 0), (1, 1)], [(2, 2)]]
    """
    left = set(runs(mask))
    rows: dict[int, list[Run]] = {}
    for run in sorted(left):
        rows.setdefault(run.row, []).append(run)
    parts = []
    for first in sorted(left):
        if first in left:
            parts.append(_walk(first, rows, left))
    return [path for _, path in sorted(parts, key=lambda part: -part[0])]


def runs(mask: np.ndarray) -> list[Run]:
    """The rows of a mask as runs of cells.

    >>> runs(np.array([[1, 1, 0, 1]], bool))
    [Run(row=0, first=0, last=1), Run(row=0, first=3, last=3)]
    """
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))))
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [Run(int(row), int(first), int(end) - 1) for (row, first), (_, end) in zip(starts, ends)]


def _walk(first: Run, rows: dict[int, list[Run]], left: set[Run]) -> tuple[int, list[Place]]:
    """How many cells the part of a run has, and its line. The runs of the part are taken from ``left``."""
    left.discard(first)
    size = first.last - first.first + 1
    path, whole = _along(first), len(_along(first))
    trail = [(first, -1)]  # runs on the way back, each with the column by which it was entered
    while trail:
        run, entered = trail[-1]
        if (found := _next(run, rows, left)) is None:
            trail.pop()
            if trail:
                path += [(entered, run.row), (entered, trail[-1][0].row)]
            continue
        column = max(run.first, found.first)
        left.discard(found)
        size += found.last - found.first + 1
        path += [(column, run.row), (column, found.row), *_along(found)]
        whole = len(path)
        trail.append((found, column))
    return size, _plain(path[:whole])  # the last way back leads to nothing new


def _along(run: Run) -> list[Place]:
    return [(run.first, run.row), (run.last, run.row)]


def _next(run: Run, rows: dict[int, list[Run]], left: set[Run]) -> Run | None:
    """A run beside it, above or below, where nobody was yet."""
    beside = (other for row in (run.row - 1, run.row + 1) for other in rows.get(row, ()))
    return next((o for o in beside if o in left and o.first <= run.last and run.first <= o.last), None)


def _plain(path: list[Place]) -> list[Place]:
    """The same line without places that it passes anyway."""
    plain: list[Place] = []
    for place in path:
        if plain and place == plain[-1]:
            continue
        if len(plain) > 1 and _between(plain[-2], plain[-1], place):
            plain.pop()
        plain.append(place)
    return plain


def _between(start: Place, middle: Place, end: Place) -> bool:
    """Whether a place lies on the straight way between two others."""
    return any(
        start[axis] == middle[axis] == end[axis]
        and (start[1 - axis] - middle[1 - axis]) * (middle[1 - axis] - end[1 - axis]) > 0
        for axis in (0, 1)
    )
