"""All that the lines of a journal say, by step and by cell. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from tiles.edits import Edit
from tiles.grid import Box, Tile
from tiles.guides import Guide
from tiles.index import Outlines, Reaches
from tiles.strokes import Stroke


class Era(NamedTuple):
    """A part of the journal between two changes of the prompts for new land."""

    entry: int  # the line that began it
    prompt: str  # of land outside all strokes
    stroke: Stroke | None  # the one that began it
    reach: Box | None  # cells that it can matter to; None: everywhere
    guide: Guide | None = None  # the one that began it


class Log:
    """All that the lines of one journal say. It only grows; all histories of the journal share it."""

    def __init__(self) -> None:
        self.eras: dict[int, Era] = {}
        self.edits: dict[int, Edit] = {}
        self.ended: dict[int, str] = {}  # cancelled or forgotten lines
        self.rank: dict[int, int] = {}  # how many steps lay beneath a step when it was made
        self.newest: dict[int, int] = {}  # by step, the line of the prompt that was newest then
        self.outlines = Outlines()  # the cells that were painted when an era began
        self.reaches = Reaches()  # of strokes and guides
        self.edited: defaultdict[Tile, list[int]] = defaultdict(list)  # by cell its edits, oldest first
        self.edited_zooms: list[int] = []  # the zooms of those cells
        self.clears: dict[int, frozenset[Tile]] = {}
        self.cleared_zooms: list[int] = []  # the zooms of their cells
        self.cleared: defaultdict[Tile, list[int]] = defaultdict(list)  # by cell the steps that clear it

    def edits_at(self, cell: Tile) -> Iterator[int]:
        """The edits that hold a cell: its own, and those of the cells it is refined from."""
        for zoom in self.edited_zooms:
            if zoom <= cell.z:
                for number in self.edited.get(cell.above(zoom), ()):
                    if self.edits[number].mask is None or self.edits[number].holds(cell):
                        yield number

    def clears_at(self, cell: Tile) -> Iterator[int]:
        """The steps that clear a cell, or one that it is refined from."""
        for zoom in self.cleared_zooms:
            if zoom <= cell.z:
                yield from self.cleared.get(cell.above(zoom), ())
