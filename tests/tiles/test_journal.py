import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles import journal
from tiles.entries import parse
from tiles.grid import Box, Tile
from tiles.strokes import Stroke, reach

PROMPT = {"prompt": "coast", "painted": []}
EDIT = {
    "cells": [[8, 5, 5, 2]], "prompt": "desert", "negative_prompt": "", "strength": 1.0, "seed": 1, "picture": False,
}  # fmt: skip
CELL = Tile(8, 5, 5)
STROKE = {
    "prompt": "forest", "path": [[0.0, 0.0], [9e5, 0.0]], "radius": 2e5, "softness": 1e5, "painted": [],
    "reach": list(reach(Stroke("", ((0.0, 0.0), (9e5, 0.0)), 2e5, 1e5).bounds, 8, 2)),
}  # fmt: skip


def read(*lines):
    return journal.read((number, parse(kind, data)) for number, (kind, data) in enumerate(lines, 1))


def about(entry):
    return {"entry": entry}


def test_an_edit_is_shown_only_once_it_is_done():
    lines = [("prompt", PROMPT), ("edit", EDIT)]
    waiting = read(*lines)
    assert waiting.waiting == (2,) and waiting.shown(CELL) == 1 and waiting.state(2) == "waiting"
    done = read(*lines, ("done", about(2)))
    assert done.shown(CELL) == 2 and done.shown(Tile(8, 7, 5)) == 1 and done.steps == (1, 2)
    given_up = read(*lines, ("cancelled", about(2)))
    assert given_up.shown(CELL) == 1 and given_up.waiting == () and given_up.state(2) == "cancelled"


def test_steps_are_taken_back_in_order_and_forgotten_by_the_next():
    lines = [("prompt", PROMPT), ("edit", EDIT), ("done", about(2)), ("edit", EDIT), ("done", about(4))]
    both = read(*lines)
    assert both.shown(CELL) == 4
    assert both.layer(CELL, both.edit(4)) == 2 and both.layer(CELL, both.edit(2)) == 0
    back = read(*lines, ("undone", about(4)))
    assert back.shown(CELL) == 2 and back.undone == (4,)
    twice = read(*lines, ("undone", about(4)), ("undone", about(2)))
    assert twice.shown(CELL) == 1 and twice.undone == (4, 2)
    again = read(*lines, ("undone", about(4)), ("undone", about(2)), ("redone", about(2)))
    assert again.shown(CELL) == 2 and again.undone == (4,)
    other = read(*lines, ("undone", about(4)), ("edit", EDIT), ("done", about(7)))
    assert other.shown(CELL) == 7 and other.undone == () and other.state(4) == "forgotten"
    assert other.layer(CELL, other.edit(7)) == 2 and other.edit(4) is None


def test_a_prompt_that_is_taken_back_gives_its_land_back_to_the_one_before():
    later = ("prompt", {"prompt": "desert", "painted": [[8, 5, 5, 1]]})
    assert read(("prompt", PROMPT), later).shown(Tile(8, 9, 9)) == 2
    assert read(("prompt", PROMPT), later).shown(CELL) == 1
    assert read(("prompt", PROMPT), later, ("undone", about(2))).shown(Tile(8, 9, 9)) == 1


@pytest.mark.parametrize(
    "lines",
    [[], [("stroke", STROKE)], [("prompt", PROMPT), ("done", about(1))], [("prompt", PROMPT), ("undone", about(1))],
     [("prompt", PROMPT), ("redone", about(1))], [("prompt", PROMPT), ("edit", EDIT), ("undone", about(2))],
     [("prompt", PROMPT), ("edit", EDIT), ("done", about(2)), ("cancelled", about(2))]],
)  # fmt: skip
def test_a_journal_that_does_not_add_up_is_none(lines):
    with pytest.raises(ValueError, match=r"prompt|line|edit|step"):
        read(*lines)


@given(st.sets(st.builds(Tile, st.sampled_from([6, 8]), st.integers(-9, 9), st.integers(-9, 9))))
def test_outlines_come_back(cells):
    assert journal.inside(journal.outline(cells)) == cells


# What random journals are made of: steps of all kinds, near each other so that they overlap.
near = st.integers(126, 134)
rows = st.lists(st.tuples(st.just(8), near, near, st.integers(1, 4)), max_size=3)
boxes = st.tuples(near, near, st.integers(1, 5), st.integers(1, 5)).map(
    lambda b: [6, b[0] // 4, b[1] // 4, b[0] // 4 + b[2], b[1] // 4 + b[3]]
)
moves = st.lists(
    st.one_of(
        st.tuples(st.just("prompt"), rows), st.tuples(st.just("stroke"), rows, boxes), st.tuples(st.just("edit"), rows),
        st.sampled_from([("done",), ("cancelled",), ("undone",), ("redone",)]),
    ), max_size=30,
)  # fmt: skip


class Plain:
    """The same journal, read as plainly as can be: every question walks through all of it."""

    def __init__(self):
        self.lines, self.steps, self.undone, self.waiting, self.kinds = [], [], [], [], {}
        self.move(("prompt", []))

    def move(self, move):
        kind, number = move[0], len(self.lines) + 1
        if kind in ("prompt", "stroke"):
            data = {"prompt": f"p{number}", "painted": move[1]}
            if kind == "stroke":
                data |= {"path": [[0, 0]], "radius": 1, "softness": 0, "reach": move[2]}
            self.step(number)
        elif kind == "edit":
            data = {**EDIT, "cells": move[1]}
            self.waiting.append(number)
        else:
            source = {"done": self.waiting, "cancelled": self.waiting, "undone": self.steps[1:]}.get(
                kind, self.undone
            )
            if not source:
                return
            subject = source[-1]
            data = about(subject)
            if kind in ("done", "cancelled"):
                self.waiting.remove(subject)
            if kind == "done":
                self.step(subject)
            elif kind in ("undone", "redone"):
                pair = (self.steps, self.undone)
                here, there = pair if kind == "undone" else pair[::-1]
                there.append(here.pop())
        self.kinds[number] = (kind, move)
        self.lines.append((number, parse(kind, data)))

    def step(self, number):
        self.steps.append(number)
        self.undone.clear()

    def cells(self, number):
        return journal.inside(tuple(map(tuple, self.kinds[number][1][1])))

    def era(self, cell):
        found = 1
        for number in self.steps[1:]:
            kind, move = self.kinds[number]
            if kind != "edit":
                if cell in self.cells(number):
                    break
                if kind == "prompt" or Box(*move[2]).holds(cell.above(6)):
                    found = number
        return found

    def strokes(self, cell):
        """Of the era of a cell, the newest first: prompts are told apart by number."""
        reached = [n for n in self.steps if n <= self.era(cell) and self.kinds[n][0] == "stroke"]
        return [f"p{n}" for n in reversed(reached) if Box(*self.kinds[n][1][2]).holds(cell.above(6))]

    def over(self, cell):
        return ([0] + [n for n in self.steps if self.kinds[n][0] == "edit" and cell in self.cells(n)])[-1]


@given(moves, st.builds(Tile, st.just(8), near, near))
def test_any_journal_reads_as_if_all_of_it_were_walked_through(drawn, cell):
    plain, before = Plain(), []
    history = journal.read(plain.lines)
    for move in drawn:
        before.append((history, history.era(cell).entry, history.over(cell), history.steps))
        count = len(plain.lines)
        plain.move(move)
        for number, entry in plain.lines[count:]:
            history = history.after(number, entry)
        assert (history.steps, history.undone) == (tuple(plain.steps), tuple(plain.undone))
        assert (history.era(cell).entry, history.over(cell)) == (plain.era(cell), plain.over(cell))
        assert [s.prompt for s in history.strokes(cell, history.era(cell))] == plain.strokes(cell)
    assert journal.read(plain.lines).shown(cell) == history.shown(cell)
    for old, era, over, steps in before:  # a history that somebody still holds does not change
        assert (old._replace(known={}).era(cell).entry, old.over(cell), old.steps) == (era, over, steps)
