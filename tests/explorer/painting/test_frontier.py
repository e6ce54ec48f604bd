import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from explorer.painting.frontier import Frontier
from explorer.painting.pyramid import pyramid_of
from explorer.painting.schedule import next_of, requires
from tiles.grid import Box
from tiles.latents import USUAL

LAND = list(Box(8, 128, 128, 134, 133).tiles())
PYRAMID = pyramid_of(8, 2, 8, USUAL)
whats = st.sampled_from(["look", "look", "paint", "paint", "fail", "other"])


def needs(cell):
    return requires(cell, PYRAMID)


# Of two things that one waits for, the second is free first.
@example([*[("look", 0)] * 8, ("paint", 0), ("look", 0), ("paint", 1), ("look", 0)], 1)
@given(st.lists(st.tuples(whats, st.integers(0, 10**6)), max_size=80), st.integers(1, 9))
def test_a_list_that_is_asked_often_says_what_one_asked_for_the_first_time_does(script, limit):
    painted, flying = set(), []
    frontier = Frontier(LAND, needs, painted.__contains__)
    for what, number in script:
        if what == "look":
            found = frontier.next(limit, flying)
            anew = next_of(LAND, needs, painted.__contains__, 10**6, flying)
            assert len(found) == min(limit, len(anew)) and set(found) <= set(anew)
            flying += found[: 1 + number % limit]
        elif what == "other":  # somebody else begins it
            flying += next_of(LAND, needs, painted.__contains__, 1, flying)
        elif flying:
            ended = flying.pop(number % len(flying))
            if what == "paint":
                painted.add(ended)
    while found := frontier.next(limit):
        painted.update(found)
    assert painted >= set(LAND) and not frontier.left


@pytest.mark.parametrize("side", [20, 60])
def test_a_look_at_a_longer_list_asks_no_more(side):
    painted, asked = set(), []

    def is_painted(cell):
        asked.append(cell)
        return cell in painted

    frontier = Frontier(list(Box(8, 128, 128, 128 + side, 134).tiles()), needs, is_painted)
    flying = frontier.next(10**6)
    frontier.next(10**6, flying)
    asked.clear()
    painted.add(flying[0])
    frontier.next(10**6, flying[1:])
    assert len(asked) < 60
