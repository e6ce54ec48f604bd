import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.painting.layers import Layers
from explorer.painting.pyramid import Sight, pyramid_of
from explorer.painting.schedule import requires
from tiles import journal
from tiles.entries import Prompt
from tiles.grid import EARTH, Box, Tile, around
from tiles.latents import USUAL
from tiles.strokes import Stroke, difference, prompt_weights, reach

STROKE = Stroke("forest", ((0.0, 0.0), (9e5, 0.0)), 2e5, 1e5)


def test_a_stroke_holds_whole_inside_and_fades_at_its_edge():
    stroke = STROKE

    def weight(x, y, of=stroke):
        return float(of.weight(np.array(float(x)), np.array(float(y))))

    weights = [weight(5e5, y) for y in (0, 1.9e5, 2.2e5, 2.5e5, 2.8e5, 3.1e5)]
    assert weights[:2] == [1, 1] and weights[-1] == 0 and weights == sorted(weights, reverse=True)
    assert weight(5e5, 2.5e5) == pytest.approx(0.5)
    assert weight(-2.5e5, 0) == pytest.approx(0.5) == weight(11.5e5, 0)
    point = Stroke("", ((1.0, 1.0),), 10.0, 0.0)
    assert weight(1, 11, point) == 1 and weight(1, 12, point) == 0


def test_between_regions_prompts_change_over_smoothly():
    y = np.linspace(0, -4e5, 41)
    found = prompt_weights("coast", [STROKE], np.full(41, 3e5), y)
    assert set(found) == {"forest", "coast"} and np.allclose(sum(found.values()), 1)
    forest = found["forest"]
    assert (
        forest[0] == 1 and forest[-1] == 0 and (np.diff(forest) <= 0).all() and np.diff(forest).min() > -0.2
    )


def test_newer_strokes_lie_over_older_ones():
    over = STROKE._replace(prompt="snow", softness=0.0, radius=1.5e5)
    places = (np.array([0.0, 0.0, 0.0]), np.array([1e5, 1.8e5, 4e5]))
    found = {
        prompt: weights.tolist()
        for prompt, weights in prompt_weights("coast", [over, STROKE], *places).items()
    }
    assert found == {"snow": [1, 0, 0], "forest": [0, 1, 0], "coast": [0, 0, 1]}
    a, b = ({"a": np.array([x]), "b": np.array([1 - x])} for x in (1.0, 0.25))
    assert difference(a, b) == 0.75 and difference(a, a) == 0


SIGHT = Sight(8, USUAL)
places = st.floats(-3e6, 3e6).map(lambda v: round(v, 1))


@given(
    st.lists(st.tuples(places, places), min_size=1, max_size=4),
    st.floats(1, 1e6),
    st.floats(0, 1e6),
    st.integers(0, 3),
    st.integers(8, 11),
    st.floats(-40, 300),
    st.floats(-40, 300),
    st.sampled_from([(), (9,), (9, 10), (10, 11)]),
)
def test_what_a_stroke_cannot_reach_is_made_of_nothing_that_it_changes(
    path, radius, softness, sketch, zoom, x, y, models
):
    """The reference walks through everything that a cell is painted from."""
    stroke = Stroke("s", tuple(path), radius, softness)
    cell = Tile(zoom, *(math.floor(place * 2 ** (zoom - 8)) for place in (x, y)))
    if reach(stroke.bounds, 8, sketch, bool(models)).holds(cell.above(8 - sketch)):
        return
    pyramid, seen, todo = pyramid_of(8, sketch, 8, USUAL, 20, dict.fromkeys(models, SIGHT)), set(), [cell]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += requires(each, pyramid)
    layers = Layers(journal.read([(1, Prompt(prompt="p", painted=()))]), {}, pyramid)
    for each in seen:
        x, y = layers.places(each)
        assert set(prompt_weights("p", [stroke], x, y)) == {"p"}


def test_places_of_strokes_are_metres():
    assert reach(Stroke("", ((-EARTH / 2 + 1, EARTH / 2 - 1),), 10.0, 0.0).bounds, 8, 2) == Box(
        6, -4, -4, 4, 4
    )


def test_what_passes_between_models_as_pixels_is_reached_farther():
    base = Tile(8, 128, 128)
    pyramid = pyramid_of(8, 0, 8, USUAL, 12, {9: SIGHT, 10: SIGHT})
    found = []
    for crosses in (False, True):
        edge = reach(base.bounds, 8, 0, crosses).at(12)
        seen, todo = set(), [Tile(12, edge.right, around(base, 0).at(12).top)]
        while todo:
            each = todo.pop()
            if each not in seen:
                seen.add(each)
                todo += requires(each, pyramid)
        found.append(any(around(base).holds(each) for each in seen if each.z == 8))
    assert found == [True, False]
