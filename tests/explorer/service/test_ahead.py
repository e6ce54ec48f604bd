import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.service.ahead import read_ahead
from tiles.grid import Tile

ROW = [Tile(8, x, 0) for x in range(20)]


@given(hands=st.integers(1, 20), asked=st.lists(st.sampled_from(ROW), unique=True), known=st.integers(0, 20))
def test_what_is_asked_for_comes_back_whatever_was_read_ahead(hands, asked, known):
    with read_ahead(str, ROW[:known], hands) as get:
        assert [get(tile) for tile in asked] == [str(tile) for tile in asked]


def test_as_many_are_read_at_a_time_as_there_are_hands():
    together = threading.Barrier(3, timeout=10)

    def get(tile):
        together.wait()  # breaks, and raises, if two others do not come
        return tile.x

    with read_ahead(get, ROW[:6], 3) as ahead:
        assert [ahead(tile) for tile in ROW[:6]] == list(range(6))


def test_what_went_wrong_is_raised_when_it_is_asked_for_and_the_rest_is_left():
    got = []

    def get(tile):
        got.append(tile)
        if tile.x == 2:
            raise ValueError("this tile is broken")
        return tile.x

    with pytest.raises(ValueError, match="broken"), read_ahead(get, ROW, 2) as ahead:
        for tile in ROW:
            assert ahead(tile) == tile.x
    assert len(got) <= 3 + 2 * 2
