import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from filelock import FileLock

from explorer.service import bulk
from explorer.service.bulk import paint_all
from explorer.service.painter import Painter
from tests.painters import FAR, NEAR, ByHand
from tiles.errors import Cancelled, PaintingFailed, Stopped, WorldDamaged, WorldHeld
from tiles.grid import Box, Tile

TILES = list(Box(8, 126, 126, 129, 128).tiles())


@pytest.fixture
def library(standin):
    return standin


def test_all_tiles_are_final_and_counted(world, painter):
    done = []
    paint_all(painter, world, TILES, done.append)
    assert all(world.renderer.final(tile) for tile in TILES) and sum(done) == len(TILES)
    again = []
    paint_all(painter, world, TILES, again.append)
    assert again == [len(TILES)]


def test_a_map_is_served_meanwhile(world, painter):
    shown = threading.Event()
    far = Tile(8, 5000, 5000)
    painter.listen(lambda event: shown.set() if event.tile == far and event.kind == "ready" else None)

    def step(more):
        painter.want("map", world, [far])

    paint_all(painter, world, TILES, step)
    assert shown.is_set()


def test_painters_need_not_wait_for_the_last_of_some_tiles_to_begin_the_next(world, monkeypatch):
    monkeypatch.setattr(bulk, "GROUP", 2)
    executors = ByHand()
    executors.capacity = 100
    painter = Painter(executors=executors)
    with ThreadPoolExecutor() as threads:
        ended = threads.submit(paint_all, painter, world, [NEAR, FAR], lambda more: None)
        begun = []
        while not any(cell.x > 2 * 2**cell.z for cell in begun):  # as only FAR needs
            begun += executors.next()[0]
        painter.close()
        assert isinstance(ended.exception(30), Stopped)


def test_it_stops_when_it_is_told_to(world, painter):
    def stop(more):
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        paint_all(painter, world, TILES, stop)
    assert painter.waiting() == 0


def test_failures_end_it_in_words(world, painter, monkeypatch):
    def fail(windows):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(world.model, "paint", fail)
    with pytest.raises(PaintingFailed, match="out of memory"):
        paint_all(painter, world, TILES, lambda more: None)


def test_a_world_that_cannot_be_read_does_not_hang_it(world, painter, monkeypatch):
    def damaged():
        raise WorldDamaged("cell 8/1/1 is damaged")

    monkeypatch.setattr(world.canvas, "snapshot", damaged)
    with pytest.raises(WorldDamaged, match="8/1/1 is damaged"):
        paint_all(painter, world, TILES, lambda more: None)


def test_a_world_that_another_process_holds_is_left_to_it(atlas, world, painter):
    lock = FileLock(atlas.folder / world.id / "lock")  # as another process would have it
    lock.acquire()
    with pytest.raises(WorldHeld, match="painted by another process"):
        paint_all(painter, world, TILES, lambda more: None)
