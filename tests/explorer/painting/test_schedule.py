from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from explorer.painting.pyramid import pyramid_of
from explorer.painting.schedule import Phase, missing_of, next_cells, next_of, parents, phase, requires, sees
from tiles.grid import Tile
from tiles.latents import USUAL

spots = st.integers(-(10**9), 10**9)
cells = st.builds(Tile, st.just(8), spots, spots)
pyramids = st.builds(pyramid_of, st.just(8), st.integers(0, 3), st.just(8), st.just(USUAL))


def painted_for(wanted, pyramid, limit=1):
    """Everything that gets painted until ``wanted`` is, in order."""
    done = []
    while batch := next_cells(wanted, pyramid, set(done).__contains__, limit):
        done += batch
        assert len(batch) <= limit
    return done


@given(cells)
def test_what_a_cell_sees_is_of_an_earlier_phase(cell):
    assert all(phase(other) < phase(cell) for other in sees(cell))
    assert len(sees(cell)) == {Phase.A: 0, Phase.B: 2, Phase.D: 8}[phase(cell)]


@given(cells)
def test_b_cells_that_touch_at_a_corner_ignore_each_other(cell):
    if phase(cell) is Phase.B:
        assert all(phase(other) is Phase.A for other in sees(cell))


@given(cells, pyramids)
def test_everything_required_is_painted_first(cell, pyramid):
    order = painted_for([cell], pyramid)
    assert order[-1] == cell and len(set(order)) == len(order)
    for index, each in enumerate(order):
        assert set(requires(each, pyramid)) <= set(order[:index])


@given(st.integers(-4, 3), st.integers(-4, 3), pyramids)
def test_a_far_cell_costs_no_more_than_a_near_one(x, y, pyramid):
    near = Tile(8, x, y)
    far = Tile(8, 2**7 + 2**20 + x, -(2**20) + y)
    assert len(painted_for([near], pyramid)) == len(painted_for([far], pyramid))


def test_cold_costs_are_those_of_the_phases():
    plain = pyramid_of(8, 0, 8, USUAL)
    costs = [len(painted_for([Tile(8, x, y)], plain)) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
    assert costs == [1, 3, 3, 9]
    view = [Tile(8, x, y) for y in range(4) for x in range(6)]
    assert len(painted_for(view, plain)) == 35


@given(st.integers(8, 20), spots, spots)
def test_a_cold_jump_costs_at_most_seven_by_seven_cells_in_each_level(zoom, x, y):
    pyramid = pyramid_of(8, 2, 8, USUAL, deepest=20)
    needed = missing_of([Tile(zoom, x, y)], lambda cell: requires(cell, pyramid), lambda _: False)
    levels = Counter(cell.z for cell in needed)
    assert set(levels) == {level for level in pyramid.zooms if level <= zoom}
    assert levels[zoom] <= 9 and max(levels.values()) <= 7 * 7


@given(cells, st.integers(1, 3))
def test_the_sketch_covers_the_window_and_is_bounded(cell, sketch):
    pyramid = pyramid_of(8, sketch, 8, USUAL)
    under = parents(cell, pyramid)
    scale, side = 2**sketch, 32
    assert under.left * side * scale <= cell.x * side - 8 - scale
    assert under.right * side * scale >= cell.x * side + side + 8 + scale
    assert under.size <= 4 and under.zoom == 8 - sketch
    assert parents(Tile(8 - sketch, 0, 0), pyramid) is None


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=1, max_size=8), st.integers(1, 8))
def test_cells_of_one_batch_never_see_each_other(spots, limit):
    pyramid, done = pyramid_of(8, 2, 8, USUAL), set()
    wanted = [Tile(8, x, y) for x, y in spots]
    while batch := next_cells(wanted, pyramid, done.__contains__, limit):
        for cell in batch:
            assert set(requires(cell, pyramid)) <= done
        done |= set(batch)
    assert set(wanted) <= done


@given(st.integers(0, 3), st.integers(1, 40))
def test_nothing_is_looked_up_twice_that_is_not_painted(sketch, limit):
    asked, pyramid = Counter(), pyramid_of(8, sketch, 8, USUAL)
    view = [Tile(8, x, y) for y in range(6) for x in range(6)]
    next_cells(view, pyramid, lambda cell: bool(asked.update([cell])), limit)
    assert set(asked.values()) == {1}


def test_what_rests_is_not_looked_up_and_holds_back_what_waits_for_it():
    asked, plain = [], pyramid_of(8, 0, 8, USUAL)
    resting = {Tile(8, 0, 0)}

    def painted(cell):
        asked.append(cell)
        return False

    found = next_of([Tile(8, 1, 0)], lambda cell: requires(cell, plain), painted, 9, resting)
    assert found == [Tile(8, 2, 0)] and Tile(8, 0, 0) not in asked
