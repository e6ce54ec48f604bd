"""Which lines of a journal concern a cell, without reading the whole journal. Pure.

Both indexes only grow, so a reader with an older history still gets right answers from them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from heapq import merge

from tiles.grid import MAX_ZOOM, Box, Tile
from tiles.values import Runs

CHUNK, BLOCK = 5, 6  # a row is looked up in pieces of 32 cells, a box in squares of 64 x 64
MANY = 64  # a box over more squares than this is looked at for every cell


class Outlines:
    """By cell, the lines that outline it.

    >>> outlines = Outlines(); outlines.add(3, ((8, 1, 0, 2),))
    >>> outlines.of(Tile(8, 1, 1)), outlines.of(Tile(8, 2, 1))
    ([3], [])
    """

    def __init__(self) -> None:
        self._rows: defaultdict[tuple[int, int, int], list[tuple[int, int, int]]] = defaultdict(list)

    def add(self, number: int, runs: Runs) -> None:
        """A line that outlines these cells. Lines are added in order."""
        for zoom, y, first, count in runs:
            for chunk in range(first >> CHUNK, ((first + count - 1) >> CHUNK) + 1):
                self._rows[zoom, y, chunk].append((first, first + count, number))

    def of(self, cell: Tile) -> list[int]:
        """The lines that outline a cell, oldest first."""
        rows = self._rows.get((cell.z, cell.y, cell.x >> CHUNK), ())
        return [number for first, end, number in rows if first <= cell.x < end]


class Reaches:
    """By cell of the same zoom or a deeper one, the lines whose box it lies in.

    >>> reaches = Reaches(); reaches.add(3, Box(6, 0, 0, 1, 1))
    >>> list(reaches.of(Tile(8, 3, 3))), list(reaches.of(Tile(8, 4, 0)))
    ([3], [])
    """

    def __init__(self) -> None:
        self._blocks: defaultdict[tuple[int, int, int], list[tuple[int, Box]]] = defaultdict(list)
        self._large: list[tuple[int, Box]] = []
        self._zooms: list[int] = []

    def add(self, number: int, box: Box) -> None:
        """A line that matters in a box. Lines are added in order."""
        if box.width < 1 or box.height < 1:
            return
        xs = range(box.left >> BLOCK, ((box.right - 1) >> BLOCK) + 1)
        ys = range(box.top >> BLOCK, ((box.bottom - 1) >> BLOCK) + 1)
        if len(xs) * len(ys) > MANY or not 0 <= box.zoom <= MAX_ZOOM:
            self._large.append((number, box))
            return
        for x in xs:
            for y in ys:
                self._blocks[box.zoom, x, y].append((number, box))
        if box.zoom not in self._zooms:
            self._zooms.append(box.zoom)

    def of(self, cell: Tile) -> Iterator[int]:
        """The lines that matter to a cell, the newest first."""
        blocks = [self._large]
        for zoom in self._zooms:
            if cell.z >= zoom:
                above = cell.above(zoom)
                blocks.append(self._blocks.get((zoom, above.x >> BLOCK, above.y >> BLOCK), []))
        for number, box in merge(*map(reversed, blocks), reverse=True):
            if _touches(box, cell):
                yield number


def _touches(box: Box, cell: Tile) -> bool:
    """Whether a cell of any deeper zoom lies in a box."""
    return cell.z >= box.zoom and box.holds(cell.above(box.zoom))
