"""Reading a journal: which prompt, strokes and edits hold for each cell, whenever it is painted. Pure.

Lines of the journal are never changed. Steps change the world: a prompt (for land painted from then on), a
stroke (a prompt for a region), a guide (a picture that a region is painted by), an edit (land painted again)
and a clear (edits that are shown no longer). An edit waits until a line says that it is done; then it is a
step. Undo takes the last step out of force and redo puts it back; any new step ends the possibility to redo.

Steps are undone in reverse order, so the steps beneath a step are the same whenever it is in force. So a cell
painted under a step never changes: it is kept under the number of that step's line, and undo and redo only
choose which painting is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tiles.edits import Edit, edit_of
from tiles.entries import Cancelled, Clear, Done, Entry, Prompt, Redone, Undone, cells_of
from tiles.entries import Edit as EditEntry
from tiles.entries import Guide as GuideEntry
from tiles.entries import Stroke as StrokeEntry
from tiles.grid import Box, Tile
from tiles.guides import Guide
from tiles.log import Era, Log
from tiles.strokes import Stroke
from tiles.values import Runs

STEPS = ("prompt", "stroke", "edit", "guide", "clear")


class History(NamedTuple):
    """A journal at one moment. It never changes; ``after`` returns the history with one more line.

    The cost of a line, and of asking about a cell, does not grow with the number of lines.
    """

    log: Log
    lines: int  # how many
    steps: tuple[int, ...]  # lines in force, oldest first
    undone: tuple[int, ...]  # lines that can be redone, the next one last
    waiting: tuple[int, ...]  # edits that are not painted yet
    known: dict[Tile, Era]  # answers of ``era``: maps ask for the same cells all the time

    @property
    def prompt(self) -> str:
        """The prompt for new land outside all strokes."""
        return self.log.eras[self.newest_prompt].prompt

    @property
    def newest_prompt(self) -> int:
        """The line of the last prompt in force."""
        return self.log.newest[self.steps[-1]]

    def in_force(self, number: int) -> bool:
        """Whether a line is a step that is done and not undone."""
        rank = self.log.rank.get(number)
        return rank is not None and rank < len(self.steps) and self.steps[rank] == number

    def is_undone(self, number: int) -> bool:
        """Whether a step is undone and can be redone."""
        place = self.log.rank.get(number, -1) - len(self.steps)
        return 0 <= place < len(self.undone) and self.undone[-1 - place] == number

    def state(self, number: int) -> str | None:
        """Of the line of a step: done, waiting, cancelled, undone or forgotten; None for other lines."""
        if self.in_force(number):
            return "done"
        if number in self.waiting:
            return "waiting"
        return "undone" if self.is_undone(number) else self.log.ended.get(number)

    def edit(self, number: int) -> Edit | None:
        """An edit that is in force, waits or can be redone."""
        edit = self.log.edits.get(number)
        live = edit and (self.in_force(number) or number in self.waiting or self.is_undone(number))
        return edit if live else None

    def clear(self, number: int) -> frozenset[Tile] | None:
        """The cells of a step that clears, in force or to be redone."""
        live = self.in_force(number) or self.is_undone(number)
        return self.log.clears.get(number) if live else None

    def edits(self) -> tuple[int, ...]:
        """The edits in force, oldest first."""
        return tuple(number for number in self.steps if number in self.log.edits)

    def era(self, cell: Tile) -> Era:
        """The era in which ``cell`` is painted: the newest that began while it was still unpainted.

        The answer is the same when the cell is painted for the first time, when it is painted again
        after its latents were lost, and when the whole journal is replayed elsewhere.
        """
        known = self.known.get(cell)
        if known is None:
            known = self.known[cell] = self.log.eras[self._era(cell)]
        return known

    def era_beneath(self, cell: Tile, edit: Edit) -> Era:
        """The era that an edit finds a cell in: no later step counts."""
        return self.log.eras[self._era(cell, self._height(edit))]

    def _era(self, cell: Tile, most: int | None = None) -> int:
        """The line of the era of a cell, of the first ``most`` steps if given."""
        first = self.steps[0]
        ranks = (self.log.rank[n] for n in self.log.outlines.of(cell) if n != first and self.in_force(n))
        before = min(ranks, default=len(self.steps))
        before = before if most is None else min(before, most)
        prompt = self.log.newest[self.steps[before - 1]]
        return max(prompt, next(self._reaching(cell, before), prompt))

    def strokes(self, cell: Tile, era: Era) -> Iterator[Stroke]:
        """The strokes of an era that can matter to a cell, the newest first."""
        for number in self._reaching(cell, self.log.rank[era.entry] + 1):
            stroke = self.log.eras[number].stroke
            if stroke is not None:
                yield stroke

    def guides(self, cell: Tile, edit: Edit | None = None) -> Iterator[Guide]:
        """The guides that can matter to a cell of the land, or of an edit, the newest first. The land has
        those of its era; an edit has all that lay beneath it, so that it paints by them what was painted
        before they were."""
        before = self.log.rank[self.era(cell).entry] + 1 if edit is None else self._height(edit)
        for number in self._reaching(cell, before):
            guide = self.log.eras[number].guide
            if guide is not None:
                yield guide

    def _reaching(self, cell: Tile, before: int) -> Iterator[int]:
        """Strokes and guides among the first ``before`` steps that reach a cell, the newest first."""
        for number in self.log.reaches.of(cell):
            if self.in_force(number) and self.log.rank[number] < before:
                yield number

    def reach(self, number: int) -> Box | None:
        """The cells that a prompt, stroke or guide can matter to; None: everywhere."""
        return self.log.eras[number].reach

    def outlined(self, cell: Tile, also: int = 0) -> bool:
        """Whether a cell was painted before some step in force, or before the line ``also``."""
        first = self.steps[0]
        return any(n == also or (n != first and self.in_force(n)) for n in self.log.outlines.of(cell))

    def over(self, cell: Tile) -> int:
        """The uppermost edit in force at a cell; 0: none, the land itself is shown."""
        if not self.log.edited_zooms:  # this is asked of all cells, all the time
            return 0
        return max(self.seen(cell), key=self.log.rank.__getitem__, default=0)

    def seen(self, cell: Tile) -> list[int]:
        """The edits in force at a cell that no later step clears."""
        here = [n for n in self.log.edits_at(cell) if self.in_force(n)]
        if not here:  # as nearly everywhere
            return here
        rank = self.log.rank
        floor = max((rank[n] for n in self.log.clears_at(cell) if self.in_force(n)), default=-1)
        return [n for n in here if rank[n] > floor]

    def shown(self, cell: Tile) -> int:
        """The line under which the shown painting of a cell was made."""
        return self.over(cell) or self.era(cell).entry

    def layer(self, cell: Tile, edit: Edit) -> int:
        """The uppermost edit at a cell among those beneath an edit; 0: none, the land itself."""
        rank = self.log.rank
        floor = max((rank[n] for n in self.log.clears_at(cell) if self._beneath(n, edit)), default=-1)
        here = sorted(self.log.edits_at(cell), reverse=True)
        uppermost = next((n for n in here if self._beneath(n, edit)), 0)
        return uppermost if uppermost and rank[uppermost] > floor else 0

    def _beneath(self, number: int, edit: Edit) -> bool:
        rank = self.log.rank.get(number)
        if rank is None or number == edit.entry:
            return False
        if edit.over is not None:
            return rank < len(edit.over) and edit.over[rank] == number
        return (self.in_force(number) or self.is_undone(number)) and rank < self._height(edit)

    def _height(self, edit: Edit) -> int:
        """How many steps lie beneath an edit."""
        if edit.over is not None:
            return len(edit.over)
        return len(self.steps) if edit.entry in self.waiting else self.log.rank[edit.entry]

    def after(self, number: int, entry: Entry) -> History:
        """The history with one more line. Raises ValueError if the line cannot follow."""
        reader = Reader(self)
        reader.add(number, entry)
        return reader.history()


class Reader:
    """Builds a history line by line."""

    def __init__(self, history: History | None = None) -> None:
        """Goes on after the last line of ``history``."""
        start = history or History(Log(), 0, (), (), (), {})
        self.log, self.lines = start.log, start.lines
        self.steps, self.undone, self.waiting = list(start.steps), list(start.undone), list(start.waiting)

    def history(self) -> History:
        """What the lines added so far say."""
        return History(self.log, self.lines, tuple(self.steps), tuple(self.undone), tuple(self.waiting), {})

    def add(self, number: int, entry: Entry) -> None:
        """Raises ValueError if the line cannot follow."""
        self.lines += 1
        if isinstance(entry, Prompt | StrokeEntry | GuideEntry):
            self._begin_era(number, entry)
        elif isinstance(entry, EditEntry):
            self.log.edits[number] = edit_of(number, entry)
            for cell in self.log.edits[number].cells:
                self.log.edited[cell].append(number)
                if cell.z not in self.log.edited_zooms:
                    self.log.edited_zooms.append(cell.z)
            self.waiting.append(number)
        elif isinstance(entry, Clear):
            self._clear(number, frozenset(cells_of(entry.cells)))
        elif isinstance(entry, Done | Cancelled):
            self._end(entry)
        elif isinstance(entry, Undone | Redone):
            self._move(entry)

    def _begin_era(self, number: int, entry: Prompt | StrokeEntry | GuideEntry) -> None:
        log = self.log
        if isinstance(entry, Prompt):
            log.eras[number] = Era(number, entry.prompt, None, None)
        elif not self.steps:
            raise ValueError(f"line {number} is a {entry.kind} before any prompt")
        else:
            prompt, reach = log.eras[log.newest[self.steps[-1]]].prompt, Box(*entry.reach)
            if isinstance(entry, GuideEntry):
                log.eras[number] = Era(number, prompt, None, reach, guide(entry))
            else:
                log.eras[number] = Era(number, prompt, stroke(entry), reach)
            log.reaches.add(number, reach)
        log.outlines.add(number, entry.painted)
        self._step(number)

    def _clear(self, number: int, cells: frozenset[Tile]) -> None:
        if not self.steps:
            raise ValueError(f"line {number} is a clear before any prompt")
        self.log.clears[number] = cells
        for cell in cells:
            self.log.cleared[cell].append(number)
            if cell.z not in self.log.cleared_zooms:
                self.log.cleared_zooms.append(cell.z)
        self._step(number)

    def _step(self, number: int) -> None:
        log = self.log
        log.ended.update((forgotten, "forgotten") for forgotten in self.undone)
        self.undone.clear()
        era = log.eras.get(number)
        log.newest[number] = number if era and era.reach is None else log.newest[self.steps[-1]]
        log.rank[number] = len(self.steps)
        self.steps.append(number)

    def _end(self, entry: Done | Cancelled) -> None:
        number = entry.entry
        if number not in self.waiting:
            raise ValueError(f"edit {number} is {entry.kind} but does not wait")
        self.waiting.remove(number)
        if isinstance(entry, Done):
            self._step(number)
        else:
            self.log.ended[number] = "cancelled"

    def _move(self, entry: Undone | Redone) -> None:
        number, back = entry.entry, isinstance(entry, Undone)
        source, target = (self.steps, self.undone) if back else (self.undone, self.steps)
        if not source or source[-1] != number or (back and len(self.steps) == 1):
            raise ValueError(f"step {number} is {entry.kind} out of turn")
        target.append(source.pop())


def read(lines: Iterable[tuple[int, Entry]]) -> History:
    """The history of a journal's lines (number, entry). Raises ValueError if they are not a journal.

    >>> read([(1, Prompt(prompt="rocky coast", painted=()))]).prompt
    'rocky coast'
    """
    reader = Reader()
    for number, entry in lines:
        reader.add(number, entry)
    if not reader.steps:
        raise ValueError("no prompt")
    return reader.history()


def compacted(lines: Iterable[tuple[int, Entry]]) -> Iterator[tuple[int, Entry]]:
    """The same journal with shorter outlines: each without cells that an earlier step in force had outlined.
    Older versions wrote the outline of all land with each prompt."""
    reader = Reader()
    for number, entry in lines:
        if isinstance(entry, Prompt | StrokeEntry | GuideEntry) and entry.painted and reader.steps:
            now = reader.history()
            left = outline(cell for cell in inside(entry.painted) if not now.outlined(cell))
            entry = entry.model_copy(update={"painted": left})
        reader.add(number, entry)
        yield number, entry


def stroke(entry: StrokeEntry) -> Stroke:
    """The stroke of a line.

    >>> entry = StrokeEntry(
    ...     prompt="sand", path=((0, 0),), radius=500, softness=0, reach=(6, 30, 30, 35, 35), painted=()
    ... )
    >>> stroke(entry).radius
    500.0
    """
    return Stroke(entry.prompt, entry.path, entry.radius, entry.softness)


def guide(entry: GuideEntry) -> Guide:
    """The guide of a line."""
    return Guide(entry.zoom, entry.left, entry.top, entry.width, entry.height, entry.strength, entry.raster)


def outline(cells: Iterable[Tile]) -> Runs:
    """Cells as runs along rows (zoom, y, first x, count), in order, for the journal.

    >>> outline([Tile(8, 4, 1), Tile(8, 3, 1), Tile(8, 0, 2)])
    ((8, 1, 3, 2), (8, 2, 0, 1))
    """
    runs: list[list[int]] = []
    for z, y, x in sorted((cell.z, cell.y, cell.x) for cell in cells):
        if runs and runs[-1][:2] == [z, y] and runs[-1][2] + runs[-1][3] == x:
            runs[-1][3] += 1
        else:
            runs.append([z, y, x, 1])
    return tuple((z, y, first, count) for z, y, first, count in runs)


def inside(runs: Runs) -> frozenset[Tile]:
    """The cells of an ``outline``.

    >>> sorted(inside(((8, 1, 3, 2),)))
    [Tile(z=8, x=3, y=1), Tile(z=8, x=4, y=1)]
    """
    return frozenset(cells_of(runs))
