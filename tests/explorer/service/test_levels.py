import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.standin import StandIn
from explorer.service.levels import MOST, at_levels, chosen_zooms, strip
from tests.explorer.service.test_scouting import one_by_one


@given(st.sets(st.integers(0, 22), min_size=1))
def test_zooms_are_known_ones_from_end_to_end(known):
    chosen = chosen_zooms(list(known))
    assert len(chosen) == min(MOST, len(known)) and chosen == sorted(set(chosen)) and set(chosen) <= known
    if len(known) > 1:
        assert chosen[0] == min(known) and chosen[-1] == max(known)


def test_each_level_is_painted_once_and_is_another_picture():
    model = StandIn()
    levels = at_levels(model, "rocky coast", 3, one_by_one)
    assert [level.zoom for level in levels] == list(model.traits.zooms)
    assert sum(model.calls.values()) == len(levels)
    assert all((a.pixels != b.pixels).any() for i, a in enumerate(levels) for b in levels[:i])
    again = at_levels(StandIn(), "rocky coast", 3, one_by_one)
    assert all((a.pixels == b.pixels).all() for a, b in zip(levels, again))


def test_the_strip_shows_each_picture_with_words_below():
    levels = at_levels(StandIn(), "rocky coast", 3, one_by_one)
    sheet = np.array(strip(levels))
    assert sheet.shape[1] > 256 * len(levels)
    for index, level in enumerate(levels):
        left = 8 + index * 264
        assert (sheet[8:264, left : left + 256] == level.pixels).all()
        assert (sheet[272:, left : left + 256] < 100).any()  # ink
