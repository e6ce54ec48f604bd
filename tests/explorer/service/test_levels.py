import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.standin import StandIn
from explorer.service.levels import MOST, at_levels, chosen_zooms, strip, work
from tests.explorer.service.test_scouting import one_by_one
from tiles.errors import Cancelled


@given(st.sets(st.integers(0, 22), min_size=1))
def test_zooms_are_known_ones_from_end_to_end(known):
    chosen = chosen_zooms(list(known))
    assert len(chosen) == min(MOST, len(known)) and chosen == sorted(set(chosen)) and set(chosen) <= known
    if len(known) > 1:
        assert chosen[0] == min(known) and chosen[-1] == max(known)


def test_each_level_is_painted_once_and_is_another_picture():
    model = StandIn()
    levels = list(at_levels(model, "rocky coast", 3, one_by_one))
    assert [level.zoom for level in levels] == list(model.traits.zooms)
    assert sum(model.calls.values()) == len(levels)
    assert all((a.pixels != b.pixels).any() for i, a in enumerate(levels) for b in levels[:i])
    again = list(at_levels(StandIn(), "rocky coast", 3, one_by_one))
    assert all((a.pixels == b.pixels).all() for a, b in zip(levels, again))


def test_the_strip_shows_each_picture_with_words_below():
    levels = list(at_levels(StandIn(), "rocky coast", 3, one_by_one))
    sheet = np.array(strip(levels))
    assert sheet.shape[1] > 256 * len(levels)
    for index, level in enumerate(levels):
        left = 8 + index * 264
        assert (sheet[8:264, left : left + 256] == level.pixels).all()
        assert (sheet[272:, left : left + 256] < 100).any()  # ink


def test_a_job_writes_a_picture_a_level_and_can_be_stopped_between_them(tmp_path):
    steps = []
    write = work(StandIn(), "rocky coast", 3, one_by_one)
    files = write(tmp_path, lambda *told: steps.append(told))
    assert [file.name for file in files] == ["5.png", "6.png", "7.png", "8.png"]
    assert steps == [("painting", done, 4) for done in range(5)]
    levels = at_levels(StandIn(), "rocky coast", 3, one_by_one)
    assert all((np.array(Image.open(file)) == level.pixels).all() for file, level in zip(files, levels))
    model = StandIn()

    def stop(stage, done, total):
        if done == 2:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        work(model, "rocky coast", 3, one_by_one)(tmp_path, stop)
    assert sum(model.calls.values()) == 2
