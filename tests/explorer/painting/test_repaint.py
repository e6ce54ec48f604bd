"""What a window holds when a cell is painted again."""

import numpy as np
import pytest

from explorer.painting.noise import Area, noise
from explorer.painting.pyramid import pyramid_of
from explorer.painting.repaint import FREE_DISTANCE, FREE_FADE, Repaint, assemble_repaint
from explorer.painting.window import Condition, WindowSpec, core
from tiles.grid import Tile, around
from tiles.latents import USUAL
from tiles.store import Known

CELL = Tile(8, 4, 4)
SPEC = WindowSpec(pyramid_of(8, 0, 8, USUAL), 1, (Condition("desert"),))
INSIDE = slice(8, 40)
BAND = {-1: slice(0, 8), 0: INSIDE, 1: slice(40, 48)}  # where a neighbour lies in the window


LAND = {c: np.full((4, 32, 32), c.x + 10 * c.y, np.float16) for c in around(CELL).tiles()}  # one value each
WEST, EAST = Tile(8, 3, 4), Tile(8, 5, 4)


def value(array, x, y):
    """The one value that an array has where a neighbour lies."""
    part = array[..., BAND[y], BAND[x]]
    assert part.min() == part.max()
    return part.min()


def repaint(seen, **changes):
    repaint = Repaint(**{"present": {}, "strength": 1.0, "picture": {}, "picture_hold": 0.0, **changes})
    return assemble_repaint(CELL, SPEC, {cell: LAND[cell] for cell in seen}, repaint, {})


def test_neighbours_that_stay_are_known_and_held_to_the_end():
    window = repaint([WEST])
    assert value(window.known, -1, 0) == LAND[WEST][0, 0, 0]
    assert (value(window.known_mask, -1, 0), value(window.hold_until, -1, 0)) == (1, 0)
    assert window.known_mask.sum() == 8 * 32 and window.hold_until.sum() == 48 * 48 - 8 * 32
    assert (window.noise == noise(1, Area(8, 120, 120, 48, 48), 4, 32)).all()


@pytest.mark.parametrize("strength", [0.1, 0.4, 0.9])
def test_below_full_strength_the_present_land_is_held_down_to_that_time(strength):
    window = repaint([WEST], present=LAND, strength=strength)
    assert (core(window.known, 8) == LAND[CELL]).all() and not core(window.known_mask, 8).any()
    assert core(window.hold_until, 8) == pytest.approx(strength)
    assert value(window.hold_until, 1, 0) == pytest.approx(strength)  # also where it is looked at from
    assert value(window.hold_until, -1, 0) == 0  # a neighbour that stays is held to the end all the same
    assert value(window.known, 1, 0) == LAND[EAST][0, 0, 0]


@pytest.mark.parametrize("hold", [0.0, 0.3])
def test_a_picture_is_held_where_it_lies_and_nowhere_else(hold):
    mask = np.zeros((32, 32), bool)
    mask[:, 20:] = True
    given = np.full((4, 32, 32), 7.0, np.float16)
    window = repaint([WEST], picture={CELL: Known(given, mask), WEST: Known(given, ~mask)}, picture_hold=hold)
    here = core(window.known, 8)
    assert (here[:, :, 20:] == 7).all() and (here[:, :, :20] == 0).all()
    assert (core(window.hold_until, 8)[0][mask] == np.float32(hold)).all()
    assert (core(window.hold_until, 8)[0][~mask] == 1).all()
    assert (core(window.known_mask, 8)[0] == (mask & (hold == 0))).all()  # exactly kept, or repainted
    assert value(window.known, -1, 0) == LAND[WEST][0, 0, 0]  # what stays is not covered


def test_the_pass_without_surroundings_counts_far_from_them_and_not_at_the_border():
    plain, window = repaint([WEST, EAST]), repaint([WEST, EAST], free_of=(WEST,))
    assert not plain.context_free.any() and (plain.context_mask == plain.known_mask).all()
    assert value(window.context_mask, -1, 0) == 0 and value(window.context_mask, 1, 0) == 1
    assert (window.known_mask == plain.known_mask).all() and (window.known == plain.known).all()
    free = core(window.context_free, 8)[0]
    assert free.min() >= 0 and free.max() <= 1
    columns = free.mean(0)  # from the western border on
    assert columns[0] < 0.4 and columns[-1] == 1 and columns[0] < columns[8] < columns[24]
    shores = [(row > 0.5).argmax() for row in free]  # where the free pass begins to count more, row by row
    assert max(shores) - min(shores) > 2  # not along a straight line
    assert np.mean(shores) < FREE_DISTANCE + FREE_FADE + 6


def test_what_a_mask_leaves_is_known_and_its_soft_border_is_held_for_a_while():
    mask = np.zeros((48, 48), np.float32)
    mask[20:28, 20:28] = 1
    mask[19, 20:28] = 0.5
    window = repaint([], present=LAND, mask=mask)
    assert (window.known_mask[0] == (mask == 0)).all() and (window.hold_until[0] == mask).all()
    assert window.known[0, 10, 10] == LAND[CELL][0, 0, 0] and not window.context_free.any()


def test_far_inside_a_mask_the_first_step_does_not_see_what_stays():
    mask = np.zeros((48, 48), np.float32)
    mask[:, 8:] = 1
    window = repaint([], present=LAND, mask=mask, differs=True)
    assert not window.context_mask[0][mask == 0].any()
    weight = window.context_free[0]
    near, far = weight[:, :12].mean(), weight[:, 30:].mean()
    assert near < 0.2 and far > 0.9
