"""A world's journal: lines are appended, steps undone and redone, and what is in force is kept read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from explorer.painting.pyramid import Pyramid
from tiles import journal
from tiles.errors import Cancelled, NothingToDo
from tiles.grid import Box, Tile
from tiles.journal import Edit, History, Stroke
from tiles.store import Entry, Known, Store


class Journal:
    """Appends one line at a time, for any number of threads.

    Each step answers with the base cells of which something else is shown now.
    """

    def __init__(
        self, store: Store, pyramid: Pyramid, lock: threading.RLock, check_writable: Callable[[], None]
    ) -> None:
        """``lock`` is held while a step is made; ``check_writable`` raises WorldHeld in a reader."""
        self._store, self._pyramid = store, pyramid
        self._lock, self._check_writable = lock, check_writable
        self._history = self._read()

    @property
    def history(self) -> History:
        """The whole journal, read, at this moment."""
        return self._history

    @property
    def prompt(self) -> str:
        """What cells are painted under from now on, where no stroke lies."""
        return self._history.eras[-1].prompt

    def lines(self) -> list[Entry]:
        """All lines as they were written, oldest first."""
        return self._store.journal()

    def edit(self, number: int) -> Edit:
        """Raises Cancelled for one that is no more."""
        if number not in self._history.edits:
            raise Cancelled("this edit is no more")
        return self._history.edits[number]

    def set_prompt(self, prompt: str) -> None:
        """A new prompt for cells painted from now on; what is painted stays as it is."""
        self._check_writable()
        with self._lock:
            if prompt != self.prompt:
                self._append("prompt", {"prompt": prompt, "painted": self._land(None)})

    def draw(self, stroke: Stroke) -> int:
        """A prompt for land along a line that is not painted yet; the number of its line."""
        self._check_writable()
        reach = journal.reach(stroke, self._pyramid.base, self._pyramid.sketch)
        with self._lock:
            data = {**stroke._asdict(), "reach": list(reach), "painted": self._land(reach)}
            return self._append("stroke", data).number

    def begin_edit(self, data: Mapping[str, Any], picture: Mapping[Tile, Known] | None = None) -> int:
        """Write an edit down, to be painted; the number of its line."""
        self._check_writable()
        with self._lock:
            return self._append("edit", data, picture=picture).number

    def finish_edit(self, number: int) -> set[Tile]:
        """Show an edit all of whose cells are painted. Raises Cancelled for one that does not wait."""
        with self._lock:
            if number not in self._history.waiting:
                raise Cancelled("this edit is no more")
            return self._step("done", number, self._history.edits[number].cells)

    def cancel_edit(self, number: int) -> frozenset[Tile]:
        """Give up an edit; its cells, or none if it does not wait any more."""
        self._check_writable()
        with self._lock:
            if number not in self._history.waiting:
                return frozenset()
            cells = self._history.edits[number].cells
            self._append("cancelled", {"entry": number})
            return cells

    def undo(self) -> tuple[int, set[Tile]]:
        """Take the last step back: its line, and what changed. Raises NothingToDo."""
        self._check_writable()
        with self._lock:
            if len(self._history.steps) < 2:
                raise NothingToDo("there is nothing to undo")
            number = self._history.steps[-1]
            return number, self._step("undone", number, self._touched(number))

    def redo(self) -> tuple[int, set[Tile]]:
        """Bring the last step that was undone again, likewise. Raises NothingToDo."""
        self._check_writable()
        with self._lock:
            if not self._history.undone:
                raise NothingToDo("there is nothing to redo")
            number = self._history.undone[-1]
            return number, self._step("redone", number, self._touched(number))

    def _append(self, kind: str, data: Mapping[str, Any], **more: Any) -> Entry:
        entry = self._store.append(kind, data, **more)
        self._history = self._read()
        return entry

    def _step(self, kind: str, number: int, cells: Iterable[Tile]) -> set[Tile]:
        """Write a line about a step, and show each of ``cells`` as it is after it."""
        before = self._history
        lines = [(e.number, e.kind, e.data) for e in self._store.journal()]
        after = journal.read([*lines, (2**62, kind, {"entry": number})])
        shows = {c: after.shown(c) for c in cells if after.shown(c) != before.shown(c)}
        self._append(kind, {"entry": number}, shows=shows)
        return {cell for cell in shows if self._pyramid.shows(cell)}

    def _touched(self, number: int) -> Iterable[Tile]:
        """The cells of which a step can change what is shown."""
        if number in self._history.edits:
            return self._history.edits[number].cells
        return {cell for cell, _, _ in self._store.paintings()}

    def _land(self, box: Box | None) -> journal.Runs:
        """The outline of the land that is painted, edits left aside."""
        history = self._history
        return journal.outline(c for c, n, _ in self._store.paintings(box) if n == history.era(c).entry)

    def _read(self) -> History:
        return journal.read((e.number, e.kind, e.data) for e in self._store.journal())
