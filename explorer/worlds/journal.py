"""A world's journal: lines are appended, steps undone and redone, and what is in force is kept read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping

from explorer.painting.pyramid import Pyramid
from tiles import entries, journal
from tiles.edits import Edit
from tiles.entries import BadEntry, Entry, Line
from tiles.errors import Busy, Cancelled, NothingToDo, WorldDamaged
from tiles.grid import Bounds, Box, Tile
from tiles.guides import Guide
from tiles.journal import History
from tiles.rules import Room
from tiles.store import Known, Store
from tiles.strokes import Stroke, reach
from tiles.values import MAX_OUTLINED, Run, Runs


class Journal:
    """Appends one line at a time, for any number of threads.

    Each step answers with the cells of which something else is shown now.
    """

    def __init__(
        self, store: Store, pyramid: Pyramid, lock: threading.RLock, check_writable: Callable[[], None]
    ) -> None:
        """``lock`` is held while a step is made; ``check_writable`` raises WorldHeld in a reader.
        Raises WorldDamaged."""
        self._store, self._pyramid = store, pyramid
        self._lock, self._check_writable = lock, check_writable
        self._read()

    def refresh(self) -> None:
        """Read what another process wrote meanwhile, if it did. Raises WorldDamaged."""
        with self._lock:
            if self._store.last_line() != self._last:
                self._read()

    def _read(self) -> None:
        lines = list(self.lines())
        numbered = [(line.number, line.entry) for line in lines]
        try:
            self._history = journal.read(numbered)
        except ValueError as error:
            raise WorldDamaged(f"the journal does not add up: {error}") from None
        self._last = lines[-1].number if lines else 0
        self._steps = [_without_outline(line) for line in lines if line.entry.kind in journal.STEPS]
        self._room = Room(entry for _, entry in numbered)
        if self._room.outlined > MAX_OUTLINED:
            self._room = Room(entry for _, entry in journal.compacted(numbered))

    @property
    def history(self) -> History:
        """The whole journal, read, at this moment."""
        return self._history

    @property
    def prompt(self) -> str:
        """The prompt for new land outside all strokes."""
        return self._history.prompt

    def lines(self) -> Iterator[Line]:
        """All lines as they were written, oldest first. Raises WorldDamaged."""
        for line in self._store.journal():
            try:
                yield Line(line.number, line.made, entries.parse(line.kind, line.data))
            except BadEntry as error:
                raise WorldDamaged(f"line {line.number} of the journal is damaged: {error}") from None

    def steps(self) -> tuple[Line, ...]:
        """The lines of prompts, strokes, guides and edits, oldest first, kept without their outlines."""
        return tuple(self._steps)

    def edit(self, number: int) -> Edit:
        """Raises Cancelled if it was cancelled or discarded."""
        edit = self._history.edit(number)
        if edit is None:
            raise Cancelled("this edit was cancelled or undone")
        return edit

    def set_prompt(self, prompt: str) -> None:
        """A new prompt for cells painted from now on; what is painted stays as it is."""
        self._check_writable()
        with self._lock:
            if prompt != self.prompt:
                self._append(entries.Prompt(prompt=prompt, painted=self._land(None)))

    def draw(self, stroke: Stroke) -> int:
        """A prompt for land along a line that is not painted yet; the number of its line."""
        self._check_writable()
        box = self._reach(stroke.bounds)
        with self._lock:
            painted = self._land(box)
            return self._append(entries.Stroke(**stroke._asdict(), reach=box, painted=painted))

    def guide(self, guide: Guide) -> int:
        """A picture that land is painted by from now on; the number of its line."""
        self._check_writable()
        box = self._reach(guide.bounds)
        with self._lock:
            painted = self._land(box)
            return self._append(entries.Guide(**guide._asdict(), reach=box, painted=painted))

    def _reach(self, bounds: Bounds) -> Box:
        pyramid = self._pyramid
        return reach(bounds, pyramid.base, pyramid.sketch, pyramid.crossing)

    def begin_edit(self, edit: entries.Edit, picture: Mapping[Tile, Known] | None = None) -> int:
        """Add an edit that is to be painted; returns the number of its line."""
        self._check_writable()
        with self._lock:
            return self._append(edit, picture=picture)

    def finish_edit(self, number: int) -> set[Tile]:
        """Show an edit whose cells are all painted. Raises Cancelled if it does not wait."""
        self._check_writable()
        with self._lock:
            if number not in self._history.waiting:
                raise Cancelled("this edit was cancelled or undone")
            return self._step(entries.Done(entry=number), self._touched(number))

    def cancel_edit(self, number: int) -> frozenset[Tile]:
        """Cancel a waiting edit; returns its cells, or none if it no longer waits."""
        self._check_writable()
        with self._lock:
            if number not in self._history.waiting:
                return frozenset()
            cells = self.edit(number).cells
            self._append(entries.Cancelled(entry=number))
            return cells

    def clear(self, cells: Iterable[Tile]) -> tuple[int, set[Tile]]:
        """Show the land itself in cells, without the edits there; the step's line and what changed. Raises
        NothingToDo if no edit is shown there, Busy while one waits."""
        self._check_writable()
        with self._lock:
            history = self._history
            if history.waiting:
                raise Busy("an edit is being painted; clear when it is done", "edit-running")
            outline = journal.outline(cells)
            touched = self._with_refined(entries.cells_of(outline))
            shows = {cell: history.era(cell).entry for cell in touched if history.over(cell)}
            if not shows:
                raise NothingToDo("no edit is shown there", "no-edit-there")
            seen = {cell for cell in touched if self._pyramid.shows(cell)}
            return self._append(entries.Clear(cells=outline), shows, touches=seen - shows.keys()), seen

    def undo(self) -> tuple[int, set[Tile]]:
        """Undo the last step; returns its line and what changed. Raises NothingToDo."""
        self._check_writable()
        with self._lock:
            if len(self._history.steps) < 2:
                raise NothingToDo("there is nothing to undo", "nothing-to-undo")
            number = self._history.steps[-1]
            return number, self._step(entries.Undone(entry=number), self._touched(number))

    def redo(self) -> tuple[int, set[Tile]]:
        """Redo the step that was undone last; returns the same. Raises NothingToDo."""
        self._check_writable()
        with self._lock:
            if not self._history.undone:
                raise NothingToDo("there is nothing to redo", "nothing-to-redo")
            number = self._history.undone[-1]
            return number, self._step(entries.Redone(entry=number), self._touched(number))

    def _append(
        self,
        entry: Entry,
        shows: Mapping[Tile, int] | None = None,
        picture: Mapping[Tile, Known] | None = None,
        touches: Iterable[Tile] = (),
    ) -> int:
        if not isinstance(entry, entries.Done | entries.Cancelled):  # what was begun must be able to end
            self._room.require(entry)
        number, _, made, _ = self._store.append(entry.kind, entry.data(), shows, picture, touches)
        self._history = self._history.after(number, entry)
        self._room.add(entry)
        self._last = number
        if entry.kind in journal.STEPS:
            self._steps.append(_without_outline(Line(number, made, entry)))
        return number

    def _step(
        self, entry: entries.Done | entries.Undone | entries.Redone, cells: Iterable[Tile]
    ) -> set[Tile]:
        """Write a line about a step, and show each of ``cells`` as it is after it. The cells of which tiles
        look otherwise now."""
        before = self._history
        after = before.after(0, entry)
        now = {cell: after.shown(cell) for cell in cells}
        shows = {cell: line for cell, line in now.items() if line != before.shown(cell)}
        above = self._above(entry.entry)
        self._append(entry, shows, touches=above)
        return {cell for cell in shows if self._pyramid.shows(cell)} | above

    def _above(self, number: int) -> set[Tile]:
        """The cells whose tiles look otherwise though their latents stay: coarser ones, in which an edit
        below the base is seen."""
        if cleared := self._history.clear(number):
            return {cell for cell in self._with_refined(cleared) if self._pyramid.shows(cell)}
        edit = self._history.edit(number)
        above = (over for cell in edit.cells for over in self._pyramid.parents(cell)) if edit else ()
        return {cell for cell in above if self._pyramid.shows(cell)}

    def _touched(self, number: int) -> set[Tile] | frozenset[Tile]:
        """The cells of which a step can change what is shown: not those that it, or one beneath it, found
        painted."""
        if edit := self._history.edit(number):
            return self._with_refined(edit.cells)
        if cleared := self._history.clear(number):
            return self._with_refined(cleared)
        reach = self._history.reach(number)
        kept = self._store.kept_since(number) if reach is None else self._reached(reach)
        return {cell for cell, _ in kept if not self._history.outlined(cell, number)}

    def _land(self, reach: Box | None) -> Runs:
        """The outline of the land that is painted and that no step in force outlines, edits left aside."""
        now = self._history
        # Land that is older than the newest prompt is in that prompt's outline, or in one before.
        kept = self._store.kept_since(now.newest_prompt) if reach is None else self._reached(reach)
        return journal.outline(
            cell for cell, line in kept if not now.outlined(cell) and line == now.era(cell).entry
        )

    def _with_refined(self, cells: Iterable[Tile]) -> set[Tile]:
        """Cells, and all that is painted under them."""
        held = set(cells)
        return held.union(*map(self._refined_from, journal.outline(held)))

    def _refined_from(self, run: Run) -> set[Tile]:
        """The cells of deeper levels that are painted under a row of cells."""
        (zoom, y, first, count), refined = run, set[Tile]()
        for deeper in self._pyramid.zooms:
            if deeper > zoom:
                here = self._store.painted_in(Box(zoom, first, y, first + count, y + 1).at(deeper))
                if not here:
                    break  # what is deeper still is refined from this
                refined.update(cell for cell, _ in here)
        return refined

    def _reached(self, reach: Box) -> Iterator[tuple[Tile, int]]:
        """The paintings, of every level, in a box and deeper."""
        for zoom in self._pyramid.zooms:
            if zoom >= reach.zoom:
                yield from self._store.painted_in(reach.at(zoom))


def _without_outline(line: Line) -> Line:
    """A line without the outline of the land it found, which can be long, and without a guide's pixels."""
    if isinstance(line.entry, entries.Prompt | entries.Stroke):
        return line._replace(entry=line.entry.model_copy(update={"painted": ()}))
    if isinstance(line.entry, entries.Guide):
        return line._replace(entry=line.entry.model_copy(update={"painted": (), "raster": ""}))
    return line
