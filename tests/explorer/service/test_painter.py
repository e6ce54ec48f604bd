"""The painter with a model that paints at once, fails where it is told to, or waits for the test."""

import math
import threading
from concurrent.futures import InvalidStateError

import pytest

from benchmarks.standin import StandIn
from explorer.service import edits, scheduler
from explorer.service import painter as painter_module
from explorer.service.bulk import paint_all
from tests.painters import FAR, NEAR, ByHand, Failing, heard, land
from tiles.errors import PaintingFailed, Stopped
from tiles.grid import Box, Tile, around


def test_what_fails_is_not_chosen_and_healthy_tiles_go_on(make):
    sketch = Tile(6, NEAR.x // 4, NEAR.y // 4)
    model = Failing(sketch)
    world, painter = make(model)
    failed = heard(painter, "failed")
    healthy = [Tile(8, 2000 + 2 * x, 2000) for x in range(10)]
    painter.want("map", world, [NEAR, *healthy])
    painter.paint(world, healthy).result(60)
    assert all(world.canvas.painted(tile) for tile in healthy) and not world.canvas.painted(NEAR)
    assert {sketch, NEAR} <= set(failed)  # the tile behind it hears of it, not only the cell


def test_what_failed_is_tried_again(make, monkeypatch):
    monkeypatch.setattr(scheduler, "PAUSES", (0.01,))
    model = Failing(NEAR)
    world, painter = make(model)
    with pytest.raises(PaintingFailed, match=r"out of memory$"):
        painter.ask(world, NEAR).result(60)
    assert "out of memory" in str(painter.status().error)
    painter.want("map", world, [NEAR])
    ready = threading.Event()
    painter.listen(lambda event: ready.set() if (event.kind, event.tile) == ("ready", NEAR) else None)
    model.bad.clear()
    assert ready.wait(30) and painter.status().error is None


def test_one_bad_cell_does_not_spoil_its_batch(make):
    wanted = [Tile(8, 128 + 2 * x, 128) for x in range(4)]
    model = Failing(wanted[2], batch=4)
    world, painter = make(model)
    failed = heard(painter, "failed")
    painter.want("map", world, wanted)
    painter.paint(world, [wanted[0], wanted[1], wanted[3]]).result(60)
    assert set(failed) <= {wanted[2]}


def test_where_more_cells_wait_than_there_is_room_for_batches_they_are_larger(make):
    hand = ByHand()
    hand.capacity, hand.together = 2, 3
    world, painter = make(StandIn(sketch=0), hand)
    cells = [Tile(8, 128 + 2 * x, 128) for x in range(30)]
    waits = painter.paint(world, cells[:2]), painter.paint(world, cells)
    sizes = []
    while not all(wait.done() for wait in waits):
        found, paint = hand.next()
        sizes.append(len(found))
        paint()
        for wait in waits if sum(sizes) == len(cells) else ():
            wait.result(60)
    assert max(sizes) == 3 and sizes[0] == sizes[-1] == 1  # none waits for another where there is room


def test_of_batches_that_end_together_one_that_cannot_be_kept_spoils_no_other(make, monkeypatch):
    hand = ByHand()
    hand.capacity = 4
    world, painter = make(StandIn(sketch=0), hand)
    cells = [Tile(8, 128 + 2 * x, 128) for x in range(4)]
    waits = [painter.paint(world, [cell]) for cell in cells]
    for _ in cells:
        assert hand.came.acquire(timeout=30)
    futures = {windows[0].cell: (future, hand.painted(windows)) for windows, future in hand.batches}
    futures[cells[2]][1].cells[0] *= math.nan
    busy, go, keep, together = threading.Event(), threading.Event(), world.canvas.commit_all, []

    def held(paintings):
        together.append(len(paintings))
        busy.set()
        assert go.wait(30)
        return keep(paintings)

    monkeypatch.setattr(world.canvas, "commit_all", held)
    for cell in cells:
        future, painted = futures[cell]
        future.set_result(painted)
        assert busy.wait(30)  # the others end while the first is written down
    go.set()
    for cell in (0, 1, 3):
        waits[cell].result(30)
    with pytest.raises(PaintingFailed, match="finite"):
        waits[2].result(30)
    assert together[:2] == [1, 3]
    assert [world.canvas.painted(cell) for cell in cells] == [True, True, False, True]


def test_a_world_whose_news_cannot_be_told_holds_up_no_other(make, monkeypatch):
    monkeypatch.setattr(scheduler, "PAUSES", (0.01,))
    hand = ByHand()
    hand.capacity = 4
    bad, painter = make(StandIn(sketch=0), hand)
    good, _ = make(StandIn(sketch=0))
    worlds, told = (good, bad, good, bad), painter_module.news
    waits = [painter.paint(w, [Tile(8, 128 + 2 * i, 128)]) for i, w in enumerate(worlds)]
    for _ in worlds:
        assert hand.came.acquire(timeout=30)
    hand.by_hand = False
    busy, go = threading.Event(), threading.Event()

    def news(world, kept):
        busy.set()
        assert go.wait(30)
        if world is bad:
            raise OSError("the file cannot be read")
        return told(world, kept)

    monkeypatch.setattr(painter_module, "news", news)
    for windows, future in list(hand.batches):
        future.set_result(hand.painted(windows))
        assert busy.wait(30)  # the others end while the first is told of
    go.set()
    for i in (0, 2):
        waits[i].result(30)
        assert good.canvas.painted(Tile(8, 128 + 2 * i, 128))


def test_an_executor_that_takes_nothing_is_asked_again(make, monkeypatch):
    monkeypatch.setattr(scheduler, "PAUSES", (0.01,))
    hands = ByHand()
    world, painter = make(StandIn(), hands)
    taken, hands.by_hand = hands.submit, False

    def gone(windows):
        monkeypatch.setattr(hands, "submit", taken)
        raise ConnectionError("no machine is there")

    monkeypatch.setattr(hands, "submit", gone)
    failed = heard(painter, "failed")
    painter.want("map", world, [NEAR])
    settle = painter.ask(world, FAR)
    settle.result(timeout=30)
    assert failed and world.canvas.painted(NEAR)


def test_an_undo_between_choosing_and_keeping_is_looked_at_anew(make, jobs):
    hand = ByHand()
    world, painter = make(StandIn(), hand)
    failed = heard(painter, "failed")
    world.journal.set_prompt("desert")
    future = painter.ask(world, NEAR)
    _, paint = hand.next()  # chosen under the new prompt
    edits.undo(world, painter, jobs)
    hand.by_hand = False
    paint()
    future.result(30)
    assert failed == [] and painter.status().error is None
    other, second = make(StandIn())
    second.ask(other, NEAR).result(60)
    assert land(world, around(NEAR)) == land(other, around(NEAR))


def test_an_undo_that_meets_the_end_of_an_edit_takes_it_back(make, jobs, monkeypatch):
    world, painter = make(StandIn())
    painter.ask(world, NEAR).result(60)
    before = world.renderer.tile(NEAR, "png").data
    data = edits.checked(world, edits.EditRequest([NEAR], "desert", seed=3), 9)
    number = world.journal.begin_edit(data)
    cancel = world.journal.cancel_edit

    def late(entry):  # the edit is finished just before it can be called off
        painter.paint(world, [NEAR], number).result(60)
        world.journal.finish_edit(number)
        return cancel(entry)

    monkeypatch.setattr(world.journal, "cancel_edit", late)
    assert edits.undo(world, painter, jobs)["entry"] == number
    assert world.renderer.tile(NEAR, "png").data == before
    assert world.journal.history.state(number) == "undone"


def test_a_cell_in_flight_of_a_deleted_world_is_not_kept(make):
    hand = ByHand()
    world, painter = make(StandIn(), hand)
    painter.ask(world, NEAR)
    _, paint = hand.next()
    painter.forget(world)
    with pytest.raises(InvalidStateError):  # the batch is cancelled
        paint()
    assert world.counts()["sketch_cells"] == 0


def test_a_map_beside_many_waits_gets_every_other_batch(make):
    hand = ByHand()
    world, painter = make(StandIn(sketch=0), hand)
    other = [Tile(8, 2 * x, 0) for x in range(50)]
    for x in range(50):
        painter.ask(world, Tile(8, 500 + 4 * x, 500))
    painter.want("map", world, other)
    cells = []
    for _ in range(40):
        batch, paint = hand.next()
        cells += batch
        paint()
    assert 15 <= sum(cell in other for cell in cells) <= 25


def test_each_cell_is_painted_once_whoever_asks(make):
    model = StandIn(batch=4)
    world, painter = make(model)
    tiles = list(Box(8, 120, 120, 126, 124).tiles())
    for client in range(4):
        painter.want(client, world, tiles[client:] + tiles[:client])
    for future in [painter.ask(world, tile) for tile in tiles]:
        future.result(60)
    assert set(model.calls.values()) == {1}


def test_batches_of_any_size_paint_the_same_land(make):
    box, sheets, sizes = Box(8, 126, 126, 131, 130), [], []
    for batch in (1, 4):
        model = StandIn(batch)
        world, painter = make(model)
        paint_all(painter, world, list(box.tiles()), lambda more: None)
        sheets.append(land(world, box))
        sizes.append(max(len(cells) for cells in model.batches))
    assert sheets[0] == sheets[1] and sizes == [1, 4]


def test_the_painter_outlives_its_listeners_and_says_when_it_stops(make):
    world, painter = make(StandIn(), hand := ByHand())

    def raising(event):
        raise RuntimeError("a listener's fault")

    stop = painter.listen(raising)
    future = painter.ask(world, NEAR)
    hand.next()[1]()
    stop()
    painter.close()
    for each in (future, painter.ask(world, NEAR)):  # also who asks later
        with pytest.raises(Stopped, match="the app was closed"):
            each.result(10)
    assert not painter.status().alive


@pytest.mark.parametrize("painted", [0, 9, 12, 30])
def test_what_left_the_view_is_dropped_at_every_level(make, painted):
    hand = ByHand()
    world, painter = make(StandIn(sketch=0), hand)
    here, there = Tile(12, 128 << 4, 128 << 4), Tile(12, 900 << 4, 900 << 4)
    painter.want("map", world, [here])
    for _ in range(painted):
        _, paint = hand.next()
        paint()
    _, paint = hand.next()  # in flight when the view moves
    painter.want("map", world, [there])
    paint()
    levels, cells = set(), []
    while there not in cells:
        cells, paint = hand.next()
        assert all(abs(cell.above(8).x - 900) < 9 for cell in cells)
        levels.update(cell.z for cell in cells)
        paint()
    assert levels == {8, 9, 10, 11, 12}


def test_a_batch_that_nobody_paints_yet_is_given_up_when_nobody_wants_it(make):
    hand = ByHand()
    hand.capacity = 2
    world, painter = make(StandIn(sketch=0), hand)
    one, two = painter.paint(world, [NEAR]), painter.paint(world, [FAR])
    cells, paint = hand.next()
    assert cells == [NEAR]
    assert hand.came.acquire(timeout=30)  # the second waits
    hand.came.release()
    given_up = hand.batches[0][1]
    gone = threading.Event()
    given_up.add_done_callback(lambda _: gone.set())
    two.cancel()
    assert gone.wait(30) and given_up.cancelled()
    paint()
    one.result(30)
    again = painter.paint(world, [FAR])  # and whoever wants it later has it
    cells, paint = hand.next()
    paint()
    again.result(30)
    assert cells == [FAR]


def test_what_paints_a_world_is_noted_and_asked_for(make):
    hand = ByHand()
    world, painter = make(StandIn(sketch=0), hand)
    hand.by_hand = False
    painter.paint(world, [NEAR]).result(30)
    assert world.painted_by == ("CPU of a test",) and hand.kind is None
    painter.paint(world, [FAR]).result(30)
    assert world.painted_by == ("CPU of a test",) and hand.kind == "CPU of a test"
