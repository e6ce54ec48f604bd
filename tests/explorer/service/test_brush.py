"""The brush over painted land, over land to come, and over both."""

import numpy as np
import pytest

from explorer.service import brush
from explorer.service.bulk import paint_all
from tests.edits import over
from tiles.errors import BadEdit, TooLarge
from tiles.grid import Box, Tile, tile_metres
from tiles.strokes import Stroke

SIDE = tile_metres(8)
HERE = Box(8, 126, 126, 130, 130)  # painted, around the middle of the plane


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def painted(world, painter):
    paint_all(painter, world, list(HERE.tiles()), lambda more: None)
    return world


def land(world):
    """What is shown, as latents."""
    now = world.canvas.snapshot()
    return {cell: now.latents(now.shown(cell)) for cell in HERE.tiles()}


def brushed(world, painter, jobs, stroke, land, most=9):
    """What was wished, and what was done."""
    wished = brush.wish(world, stroke, land, most)
    return wished, brush.brush(world, painter, jobs, wished)


def stroke(*places, radius=0.3):
    return Stroke("snow", tuple((x * SIDE, y * SIDE) for x, y in places), radius * SIDE, 0.0)


def test_painted_land_is_painted_again_just_under_the_brush(painted, painter, jobs):
    before = land(painted)
    wished, done = brushed(painted, painter, jobs, stroke((0.5, -0.5)), "painted")
    assert done.number is None and wished.painted == (Tile(8, 128, 128),)
    over(done.job)
    after = land(painted)
    changed = [cell for cell in before if (before[cell] != after[cell]).any()]
    assert changed == [Tile(8, 128, 128)]
    differs = (before[changed[0]] != after[changed[0]]).any(axis=0)
    assert differs[16, 16] and not differs[:5].any() and not differs[:, :5].any()  # 0.3 tiles are 9.6 latents
    assert [line.entry.kind for line in painted.journal.steps()] == ["prompt", "edit"]


def test_both_lays_a_stroke_only_where_something_is_not_painted(painted, painter, jobs):
    inside = brushed(painted, painter, jobs, stroke((0.5, -0.5)), "both")
    across = brushed(painted, painter, jobs, stroke((1.5, -0.5), (6.5, -0.5)), "both")
    beyond = brushed(painted, painter, jobs, stroke((9, 9)), "both")
    assert inside[1].number is None and inside[1].job
    assert across[1].number and across[1].job
    assert {tile.x for tile in across[0].painted} < set(range(129, 134))
    assert beyond[1].number and beyond[1].job is None and beyond[0].painted == ()


def test_new_land_alone_leaves_what_is_painted(painted, painter, jobs):
    wished, done = brushed(painted, painter, jobs, stroke((0.5, -0.5)), "new")
    assert done.number and done.job is None and wished.painted == (Tile(8, 128, 128),)


def test_a_small_brush_finds_the_tile_it_touches_off_its_middle(painted):
    covered, whole = brush.under(painted, stroke((0.1, -0.1), radius=0.05))
    assert list(covered) == [Tile(8, 128, 128)] and whole
    assert 2 <= np.count_nonzero(covered[Tile(8, 128, 128)]) <= 12


def test_what_cannot_be_brushed_is_said(painted):
    for land_, where, error, words in (
        ("painted", stroke((9, 9)), BadEdit, "nothing is painted under the brush"),
        ("sea", stroke((0, 0)), BadEdit, "new, painted or both"),
        ("both", stroke((0, 0), radius=1.5), TooLarge, r"too many tiles \(\d+\)"),
    ):
        with pytest.raises(error, match=words):
            brush.wish(painted, where, land_, 3)
