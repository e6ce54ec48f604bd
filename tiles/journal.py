"""The journal read: what a world is made of at each of its cells, whenever it is painted. Pure.

Every line of the journal is a fact that stays. Steps change the world: ``prompt`` (for land painted
from then on), ``stroke`` (a prompt for a region of it) and ``edit`` (land painted anew). An edit is a
step only once a line ``done`` says that it is painted; until then it waits, and ``cancelled`` ends it.
``undone`` takes the last step back, ``redone`` brings it again, and any other step forgets what could
be brought again.

Steps are taken back in the reverse of the order in which they were made, so the steps beneath a step
are the same whenever it is in force. A cell painted under a step is therefore one and the same for
ever: it is kept under the number of that step's line, and undo and redo only choose what is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from tiles.grid import Bounds, Box, Tile, boxed

Runs = list[list[int]]  # rows of cells: [zoom, y, first x, number of cells]
STEPS = ("prompt", "stroke", "edit")
REACH = 3  # cells of the sketch around a stroke that what is painted under it can matter to


class Stroke(NamedTuple):
    """A prompt for the land along a line."""

    prompt: str
    path: tuple[tuple[float, float], ...]  # metres
    radius: float  # metres around the line where it holds whole
    softness: float  # metres more, over which it fades

    @property
    def bounds(self) -> Bounds:
        wide = self.radius + self.softness
        xs, ys = zip(*self.path)
        return Bounds(min(xs) - wide, min(ys) - wide, max(xs) + wide, max(ys) + wide)

    def weight(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """0..1 at places in metres, smooth over the soft edge; of the shape of ``x``."""
        ends = zip(self.path, self.path[1:] or self.path)
        away = np.min([_distance(x, y, start, end) for start, end in ends], axis=0) - self.radius
        if self.softness < 1:  # less than a metre is no edge
            return (away <= 0).astype(float)
        share = np.clip(1 - away / self.softness, 0, 1)
        return share * share * (3 - 2 * share)


class Era(NamedTuple):
    """From one change of what unpainted land is told to the next."""

    entry: int  # the line that began it
    prompt: str
    strokes: tuple[Stroke, ...]  # oldest first
    before: frozenset[Tile]  # the cells that were painted when it began
    reach: Box | None  # cells (of the sketch) that it can matter to; None: everywhere


class Edit(NamedTuple):
    """Land painted anew."""

    entry: int
    cells: frozenset[Tile]  # base zoom
    prompt: str  # empty: what the land there is told anyway
    negative_prompt: str
    strength: float  # 0..1; 1: nothing of what is there stays
    seed: int
    picture: bool  # whether latents of a picture were given with it
    below: tuple[int, ...]  # the edits under it, oldest first


class History(NamedTuple):
    """The whole journal, read."""

    steps: tuple[int, ...]  # lines in force, oldest first
    undone: tuple[int, ...]  # lines that can be brought again, the next one last
    waiting: tuple[int, ...]  # edits that are not painted yet
    eras: tuple[Era, ...]
    edits: Mapping[int, Edit]  # all that are not forgotten
    over: Mapping[Tile, int]  # by cell, the uppermost edit in force
    states: Mapping[int, str]  # by line of a step: done, waiting, cancelled, undone or forgotten
    found: dict[Tile, Era]  # what ``era`` was asked for before: maps ask for the same cells all the time

    def era(self, cell: Tile) -> Era:
        """The era in which ``cell`` is painted: the one before the first that found it painted.

        The answer is the same when the cell is painted for the first time, when it is painted again
        after its latents were lost, and when the whole journal is replayed elsewhere.
        """
        known = self.found.get(cell)
        if known is None:
            known = self.found[cell] = self._era(cell)
        return known

    def _era(self, cell: Tile) -> Era:
        found = self.eras[0]
        for era in self.eras[1:]:
            if cell in era.before:
                return found
            if era.reach is None or _touches(era.reach, cell):
                found = era
        return found

    @property
    def done_edits(self) -> tuple[int, ...]:
        """The edits in force, oldest first."""
        return tuple(n for n in self.steps if n in self.edits)

    def shown(self, cell: Tile) -> int:
        """The line under which what is shown of a cell is painted."""
        return self.over.get(cell) or self.era(cell).entry

    def layer(self, cell: Tile, below: Iterable[int]) -> int:
        """The uppermost of the edits ``below`` at a cell; 0: none, the land itself."""
        return next((n for n in sorted(below, reverse=True) if cell in self.edits[n].cells), 0)


def read(lines: Iterable[tuple[int, str, Mapping[str, Any]]]) -> History:
    """The history of a journal's lines (number, kind, data). Raises ValueError if it is none."""
    return _Reader().read(lines)


class _Reader:
    """Goes through a journal line by line."""

    def __init__(self) -> None:
        self.eras: dict[int, Era] = {}
        self.edits: dict[int, Edit] = {}
        self.states: dict[int, str] = {}
        self.steps: list[int] = []
        self.undone: list[int] = []
        self.waiting: list[int] = []

    def read(self, lines: Iterable[tuple[int, str, Mapping[str, Any]]]) -> History:
        for number, kind, data in lines:
            if kind in ("prompt", "stroke"):
                self._began(number, data)
            elif kind == "edit":
                self.edits[number] = edit(number, data, ())
                self._wait(number)
            elif kind in ("done", "cancelled"):
                self._ended(data["entry"], kind)
            elif kind in ("undone", "redone"):
                self._walked(data["entry"], kind)
        eras = tuple(self.eras[n] for n in self.steps if n in self.eras)
        if not eras:
            raise ValueError("no prompt")
        done = tuple(n for n in self.steps if n in self.edits)
        self.edits |= {n: self.edits[n]._replace(below=done) for n in self.waiting}
        over = {cell: n for n in done for cell in self.edits[n].cells}
        steps, undone, waiting = (tuple(lines) for lines in (self.steps, self.undone, self.waiting))
        return History(steps, undone, waiting, eras, self.edits, over, self.states, {})

    def _began(self, number: int, data: Mapping[str, Any]) -> None:
        now = next((self.eras[n] for n in reversed(self.steps) if n in self.eras), None)
        before = inside(data["painted"])
        if "path" not in data:
            self.eras[number] = Era(number, data["prompt"], now.strokes if now else (), before, None)
        elif now is None:
            raise ValueError(f"line {number} is a stroke before any prompt")
        else:
            strokes, reach = (*now.strokes, stroke(data)), Box(*data["reach"])
            self.eras[number] = Era(number, now.prompt, strokes, before, reach)
        self._step(number)

    def _step(self, number: int) -> None:
        for forgotten in self.undone:
            self.states[forgotten] = "forgotten"
            self.eras.pop(forgotten, None)
            self.edits.pop(forgotten, None)
        self.undone.clear()
        self.steps.append(number)
        self.states[number] = "done"

    def _wait(self, number: int) -> None:
        self.waiting.append(number)
        self.states[number] = "waiting"

    def _ended(self, number: int, how: str) -> None:
        if number not in self.waiting:
            raise ValueError(f"edit {number} is {how} but does not wait")
        self.waiting.remove(number)
        if how == "cancelled":
            self.states[number] = how
            del self.edits[number]
            return
        self._step(number)
        below = tuple(n for n in self.steps[:-1] if n in self.edits)
        self.edits[number] = self.edits[number]._replace(below=below)

    def _walked(self, number: int, how: str) -> None:
        source, target = (self.steps, self.undone) if how == "undone" else (self.undone, self.steps)
        if not source or source[-1] != number or (how == "undone" and len(self.steps) == 1):
            raise ValueError(f"step {number} is {how} out of turn")
        target.append(source.pop())
        self.states[number] = "undone" if how == "undone" else "done"


def edit(number: int, data: Mapping[str, Any], below: tuple[int, ...]) -> Edit:
    """An edit as its line says it."""
    text = (data["prompt"], data["negative_prompt"])
    return Edit(number, inside(data["cells"]), *text, data["strength"], data["seed"], data["picture"], below)


def stroke(data: Mapping[str, Any]) -> Stroke:
    """A stroke as its line says it."""
    path = tuple((x, y) for x, y in data["path"])
    return Stroke(data["prompt"], path, data["radius"], data["softness"])


def reach(stroke: Stroke, base_zoom: int, sketch: int) -> Box:
    """The cells of the sketch (or, without one, of the land) that a stroke can matter to: those it
    touches, and as far around as what a cell is painted from goes. Raises BadBounds."""
    return boxed(stroke.bounds, base_zoom).at(base_zoom - sketch).grown(REACH)


def told(era: Era, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """What land at places in metres is told in an era: by prompt its weight, 0..1, of the shape of
    ``x``; they sum to 1. The era's prompt lies beneath its strokes, the newest of those uppermost."""
    found: dict[str, np.ndarray] = {}
    left = np.ones(x.shape)
    for each in reversed(era.strokes):
        weight = left * each.weight(x, y)
        if weight.any():
            found[each.prompt] = found.get(each.prompt, 0) + weight
            left = left - weight
    if left.any():
        found[era.prompt] = found.get(era.prompt, 0) + left
    return found


def apart(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> np.ndarray:
    """How much what is told at each place differs, 0..1 (total variation)."""
    prompts = {*one, *other}
    return np.sum([np.abs(one.get(p, 0) - other.get(p, 0)) for p in prompts], axis=0) / 2


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


def _touches(box: Box, cell: Tile) -> bool:
    """Whether a cell of any deeper zoom lies in a box."""
    apart = cell.z - box.zoom
    return apart >= 0 and box.holds(Tile(box.zoom, cell.x >> apart, cell.y >> apart))


def _distance(
    x: np.ndarray, y: np.ndarray, start: tuple[float, float], end: tuple[float, float]
) -> np.ndarray:
    """From places to a straight line between two."""
    along, across = end[0] - start[0], end[1] - start[1]
    length = along * along + across * across
    share = ((x - start[0]) * along + (y - start[1]) * across) / length if length else np.zeros(x.shape)
    share = np.clip(share, 0, 1)
    return np.hypot(x - start[0] - share * along, y - start[1] - share * across)
