import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles import journal
from tiles.grid import EARTH, Box, Tile
from tiles.journal import Era, Stroke

PROMPT = {"prompt": "coast", "painted": []}
EDIT = {
    "cells": [[8, 5, 5, 2]], "prompt": "desert", "negative_prompt": "", "strength": 1.0, "seed": 1, "picture": False,
}  # fmt: skip
CELL = Tile(8, 5, 5)
STROKE = {
    "prompt": "forest", "path": [[0.0, 0.0], [9e5, 0.0]], "radius": 2e5, "softness": 1e5, "painted": [],
    "reach": list(journal.reach(Stroke("", ((0.0, 0.0), (9e5, 0.0)), 2e5, 1e5), 8, 2)),
}  # fmt: skip


def read(*lines):
    return journal.read((number, kind, data) for number, (kind, data) in enumerate(lines, 1))


def about(entry):
    return {"entry": entry}


def test_an_edit_is_shown_only_once_it_is_done():
    lines = [("prompt", PROMPT), ("edit", EDIT)]
    waiting = read(*lines)
    assert waiting.waiting == (2,) and waiting.shown(CELL) == 1 and waiting.states[2] == "waiting"
    done = read(*lines, ("done", about(2)))
    assert done.shown(CELL) == 2 and done.shown(Tile(8, 7, 5)) == 1 and done.steps == (1, 2)
    given_up = read(*lines, ("cancelled", about(2)))
    assert given_up.shown(CELL) == 1 and given_up.waiting == () and given_up.states[2] == "cancelled"


def test_steps_are_taken_back_in_order_and_forgotten_by_the_next():
    lines = [("prompt", PROMPT), ("edit", EDIT), ("done", about(2)), ("edit", EDIT), ("done", about(4))]
    both = read(*lines)
    assert both.shown(CELL) == 4 and both.edits[4].below == (2,) and both.edits[2].below == ()
    back = read(*lines, ("undone", about(4)))
    assert back.shown(CELL) == 2 and back.undone == (4,)
    twice = read(*lines, ("undone", about(4)), ("undone", about(2)))
    assert twice.shown(CELL) == 1 and twice.undone == (4, 2)
    again = read(*lines, ("undone", about(4)), ("undone", about(2)), ("redone", about(2)))
    assert again.shown(CELL) == 2 and again.undone == (4,)
    other = read(*lines, ("undone", about(4)), ("edit", EDIT), ("done", about(7)))
    assert other.shown(CELL) == 7 and other.undone == () and other.states[4] == "forgotten"
    assert other.edits[7].below == (2,) and 4 not in other.edits


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


def test_a_stroke_holds_whole_inside_and_fades_at_its_edge():
    stroke = journal.stroke(STROKE)

    def weight(x, y, of=stroke):
        return float(of.weight(np.array(float(x)), np.array(float(y))))

    weights = [weight(5e5, y) for y in (0, 1.9e5, 2.2e5, 2.5e5, 2.8e5, 3.1e5)]
    assert weights[:2] == [1, 1] and weights[-1] == 0 and weights == sorted(weights, reverse=True)
    assert weight(5e5, 2.5e5) == pytest.approx(0.5)
    assert weight(-2.5e5, 0) == pytest.approx(0.5) == weight(11.5e5, 0)
    point = Stroke("", ((1.0, 1.0),), 10.0, 0.0)
    assert weight(1, 11, point) == 1 and weight(1, 12, point) == 0


def test_between_regions_what_is_told_changes_over_smoothly():
    history = read(("prompt", PROMPT), ("stroke", STROKE))
    y = np.linspace(0, -4e5, 41)
    found = journal.told(history.eras[-1], np.full(41, 3e5), y)
    assert set(found) == {"forest", "coast"} and np.allclose(sum(found.values()), 1)
    forest = found["forest"]
    assert (
        forest[0] == 1 and forest[-1] == 0 and (np.diff(forest) <= 0).all() and np.diff(forest).min() > -0.2
    )


def test_newer_strokes_lie_over_older_ones():
    over = {**STROKE, "prompt": "snow", "softness": 0.0, "radius": 1.5e5}
    era = read(("prompt", PROMPT), ("stroke", STROKE), ("stroke", over)).eras[-1]
    places = (np.array([0.0, 0.0, 0.0]), np.array([1e5, 1.8e5, 4e5]))
    found = {prompt: weights.tolist() for prompt, weights in journal.told(era, *places).items()}
    assert found == {"snow": [1, 0, 0], "forest": [0, 1, 0], "coast": [0, 0, 1]}
    a, b = ({"a": np.array([x]), "b": np.array([1 - x])} for x in (1.0, 0.25))
    assert journal.apart(a, b) == 0.75 and journal.apart(a, a) == 0


places = st.floats(-3e6, 3e6).map(lambda v: round(v, 1))


@given(
    st.lists(st.tuples(places, places), min_size=1, max_size=4),
    st.floats(1, 1e6),
    st.floats(0, 1e6),
    st.integers(0, 3),
    st.integers(-40, 300),
    st.integers(-40, 300),
)
def test_what_a_stroke_cannot_reach_is_made_of_nothing_that_it_changes(path, radius, softness, sketch, x, y):
    """The reference walks through everything that a cell is painted from."""
    from explorer.painting.layers import Layers
    from explorer.painting.pyramid import pyramid_of
    from explorer.painting.schedule import requires

    stroke, cell = Stroke("s", tuple(path), radius, softness), Tile(8, x, y)
    reach = journal.reach(stroke, 8, sketch)
    era = Era(2, "p", (stroke,), frozenset(), reach)
    if reach.holds(cell.above(8 - sketch)):
        return
    pyramid, seen, todo = pyramid_of(8, sketch, 8), set(), [cell]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += requires(each, pyramid)
    history = journal.read([(1, "prompt", {"prompt": "p", "painted": []})])
    layers = Layers(history, {}, pyramid)
    for each in seen:
        x, y = layers._places(each)
        assert set(journal.told(era, x, y)) == {"p"}


@given(st.sets(st.builds(Tile, st.sampled_from([6, 8]), st.integers(-9, 9), st.integers(-9, 9))))
def test_outlines_come_back(cells):
    assert journal.inside(journal.outline(cells)) == cells


def test_places_of_strokes_are_metres():
    assert journal.reach(Stroke("", ((-EARTH / 2 + 1, EARTH / 2 - 1),), 10.0, 0.0), 8, 2) == Box(
        6, -4, -4, 4, 4
    )
