"""Those who wait for painted tiles: what ends a wait, and what it leaves behind."""

import pytest

from benchmarks.standin import StandIn
from explorer.service import edits
from explorer.service.bulk import paint_all
from tests.painters import FAR, NEAR, ByHand, Failing
from tiles.errors import Busy, PaintingFailed, WorldNotFound
from tiles.grid import Box, Tile, around


def test_only_the_failure_of_what_is_needed_ends_an_export(make):
    world, painter = make(Failing(FAR))
    painter.want("map", world, [FAR])
    box = Box(8, 126, 126, 129, 129)
    paint_all(painter, world, list(box.tiles()), lambda more: None)
    assert all(world.renderer.final(tile) for tile in box.tiles())


def test_the_failure_of_something_needed_ends_an_export(make):
    world, painter = make(Failing(Tile(6, 32, 32)))
    with pytest.raises(PaintingFailed, match="out of memory"):
        paint_all(painter, world, [Tile(8, 129, 129)], lambda more: None)


def test_only_the_failure_of_what_is_needed_ends_an_edit(make, jobs):
    world, painter = make(Failing(FAR))
    painter.want("map", world, [FAR])
    painter.ask(world, NEAR).result(60)
    before = world.renderer.tile(NEAR, "png").data
    data = edits.checked(world, edits.EditRequest([NEAR], "desert", seed=3), 9)
    edits.perform(world, painter, world.journal.begin_edit(data), lambda *_: None)
    assert world.renderer.tile(NEAR, "png").data != before


def test_a_wait_that_is_over_at_once_leaves_nothing_wanted(make, jobs):
    model = StandIn()
    world, painter = make(model)
    world.journal.set_prompt("desert")
    painter.ask(world, NEAR).result(60)
    assert painter.ask(world, NEAR).done()  # all of it is there
    before = model.calls.total()
    edits.undo(world, painter, jobs)  # now it is not; but nobody wants it any more
    painter.ask(world, FAR).result(60)
    near = {cell for cell in model.calls if around(NEAR).holds(cell)}
    assert sum(model.calls[cell] for cell in near) == len(near) and model.calls.total() > before


def test_a_wait_that_is_given_up_is_not_painted_for(make):
    hand = ByHand()
    world, painter = make(StandIn(), hand)
    given_up = painter.ask(world, NEAR)
    _, paint = hand.next()
    given_up.cancel()
    assert painter.waiting() == 0
    painter.want("map", world, [FAR])
    paint()
    cells, _ = hand.next()
    assert abs(cells[0].x - FAR.x // 4) <= 3  # something under the map's tile, far from the other


def test_deleting_a_world_ends_its_waits_at_once(make):
    hand = ByHand()
    world, painter = make(StandIn(), hand, queue_limit=2)
    waits = [painter.ask(world, NEAR), painter.ask(world, FAR)]
    hand.next()  # it is never painted
    with pytest.raises(Busy, match="2 tiles are waited for"):
        painter.ask(world, Tile(8, 5, 5))
    painter.forget(world)
    for wait in waits:
        with pytest.raises(WorldNotFound):
            wait.result(0)
    assert painter.waiting() == 0
