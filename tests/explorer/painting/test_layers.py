import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.painting.layers import Layers, Node
from explorer.painting.pyramid import pyramid_of
from explorer.painting.schedule import next_of
from tiles import journal
from tiles.entries import Done, parse
from tiles.errors import Cancelled
from tiles.grid import Tile, around
from tiles.latents import USUAL
from tiles.strokes import Stroke, reach

PYRAMID = pyramid_of(8, 2, 8, USUAL)
PROMPT = ("prompt", {"prompt": "coast", "painted": []})
spots = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
regions = st.sets(spots, min_size=1, max_size=6)


def made(*steps):
    """Layers after steps (kind, data); an edit is done at once."""
    lines = [(1, parse(*PROMPT))]
    for kind, data in steps:
        lines.append((len(lines) + 1, parse(kind, data)))
        if kind == "edit":
            lines.append((len(lines) + 1, Done(entry=len(lines))))
    return Layers(journal.read(lines), {}, PYRAMID)


def edit(region, prompt="desert", strength=1.0, picture=False, zoom=8):
    cells = journal.outline(Tile(zoom, x, y) for x, y in region)
    more = {"negative_prompt": "", "strength": strength, "seed": 1, "picture": picture}
    return ("edit", {"cells": cells, "prompt": prompt, **more})


def closure(layers, node):
    """All that a painting is made from."""
    seen, todo = set(), [node]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += layers.requires(each)
    return seen


@given(
    st.lists(st.tuples(regions, st.sampled_from(["desert", ""]), st.sampled_from([1.0, 0.5])), max_size=4),
    spots,
)
def test_the_land_is_made_of_land_and_edits_of_what_lies_below(drawn, spot):
    layers = made(*(edit(*each) for each in drawn))
    assert {node.layer for node in closure(layers, Node(0, Tile(8, *spot)))} == {0}
    for number in layers.history.edits():
        for cell in layers.edit(number).cells:
            found = closure(layers, Node(number, cell))
            assert max(node.layer for node in found) == number
            assert all(node.cell in layers.edit(node.layer).cells for node in found if node.layer)


@given(regions, regions, spots)
def test_everything_is_painted_before_it_is_needed(first, second, spot):
    layers, done = made(edit(first), edit(second, "", 0.5)), []
    wanted = [layers.shown(Tile(8, *spot)), *(layers.shown(Tile(8, x, y)) for x, y in first | second)]
    while batch := next_of(wanted, layers.requires, set(done).__contains__, 4):
        for node in batch:
            assert set(layers.requires(node)) <= set(done)
        done += batch
    assert set(wanted) <= set(done) and len(set(done)) == len(done)


@given(regions)
def test_an_edit_sees_all_of_its_ring_and_of_itself_what_its_phase_sees(region):
    layers = made(edit(region))
    for cell in layers.edit(2).cells:
        seen = {node.cell: node.layer for node in layers.sees(Node(2, cell))}
        ring = {other for other in around(cell).tiles() if other not in layers.edit(2).cells}
        assert {other for other, layer in seen.items() if layer == 0} == ring
        assert set(layers.free_of(Node(2, cell))) == ring and cell not in seen


@pytest.mark.parametrize(
    ("prompt", "strength", "picture", "parents", "free"),
    [
        ("desert", 1.0, False, False, True),  # all is new: neither sketch nor surroundings bind it
        ("desert", 0.5, False, False, False),  # some land stays, and with it the surroundings
        ("", 1.0, False, True, False),  # a variation of the land that the sketch shows
        ("", 0.5, False, True, False),
        ("desert", 1.0, True, False, False),  # the land goes on from a picture
        ("", 1.0, True, False, False),
    ],
)
def test_what_binds_an_edit_besides_its_prompt(prompt, strength, picture, parents, free):
    layers, cell = made(edit({(0, 0)}, prompt, strength, picture)), Tile(8, 0, 0)
    assert any(layers.parents(Node(2, cell))) == parents
    assert any(layers.free_of(Node(2, cell))) == free
    assert any(layers.present(Node(2, cell))) == (strength < 1 and not picture)
    assert any(layers.parents(Node(0, cell)))  # the land below goes by its sketch as before


def test_a_cell_under_two_edits_shows_the_upper_and_is_found_as_the_lower_left_it():
    layers = made(edit({(0, 0), (1, 0)}), edit({(1, 0), (2, 0)}))
    cells = [Tile(8, x, 0) for x in range(4)]
    assert [layers.shown(cell).layer for cell in cells] == [2, 4, 4, 0]
    assert [layers.below(cell, 4).layer for cell in cells] == [2, 2, 0, 0]
    assert [layers.at(cell, 2).layer for cell in cells] == [2, 2, 0, 0]
    with pytest.raises(Cancelled):
        layers.edit(3)


def test_what_a_window_is_told_sums_to_one_and_runs_on_from_window_to_window():
    stroke = {"prompt": "forest", "path": [[2e5, -2e5]], "radius": 1e5, "softness": 2e5, "painted": []}
    stroke["reach"] = list(reach(Stroke("", ((2e5, -2e5),), 1e5, 2e5).bounds, 8, 2))
    layers = made(("stroke", stroke))
    left, right = (layers.conditions(Node(0, Tile(8, x, 128))) for x in (128, 129))
    for conditions in (left, right):
        assert {each.prompt for each in conditions} == {"forest", "coast"}
        np.testing.assert_allclose(sum(each.weight for each in conditions), 1, atol=1e-6)
    for one in left:
        other = next(each for each in right if (each.prompt, each.use_parent) == (one.prompt, one.use_parent))
        np.testing.assert_allclose(one.weight[0, :, 32:], other.weight[0, :, :16], atol=0.03)


def test_land_told_something_else_than_its_sketch_does_without_it():
    later = ("prompt", {"prompt": "desert", "painted": [[6, 32, 32, 1]]})
    layers = made(later)
    conditions = layers.conditions(Node(0, Tile(8, 129, 129)))
    assert [(each.prompt, each.use_parent) for each in conditions] == [("desert", False)]
    assert [each.use_parent for each in layers.conditions(Node(0, Tile(8, 139, 139)))] == [True]


def test_what_is_refined_follows_the_picture_above_it_and_what_an_edit_paints_again_does_not():
    own, deeper = Tile(9, 4, 4), Tile(10, 9, 9)
    layers = made(edit({(own.x, own.y)}, zoom=9))._replace(pyramid=pyramid_of(8, 2, 8, USUAL, 12, follow=11))
    number = next(iter(layers.history.edits()))
    assert layers.spec(Node(number, own), 1).follow == 0
    assert layers.spec(Node(number, deeper), 1).follow == 11
    assert layers.spec(Node(0, deeper), 1).follow == 11
    assert layers.spec(Node(0, Tile(8, 4, 4)), 1).follow == layers.spec(Node(0, Tile(6, 1, 1)), 1).follow == 0
