"""Overviews over HTTP and the feed: made in the background, never in the way of other tiles."""

import threading
import time
from collections import Counter

import pytest

from explorer.pictures import decode
from explorer.web import overviews
from explorer.web.overviews import STEPS_A_REQUEST
from explorer.worlds.overviews import Build
from tests.explorer.web.test_feed import URL, until
from tests.explorer.worlds.test_journal import put
from tests.explorer.worlds.test_overviews import by_hand
from tiles.grid import Box, Tile

ROOT = "/worlds/test-land/tiles/0/0/0.png"
LAND = Box(8, 123, 123, 134, 134)


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    """The background rests for a moment: no test is about how long."""
    monkeypatch.setattr(overviews, "PAUSE", 0.05)


@pytest.fixture
def world(world):
    put(world, LAND.tiles())
    return world


@pytest.fixture
def decodes(world, monkeypatch):
    """Counts what is decoded."""
    counts, decode = Counter(), world.model.decode
    monkeypatch.setattr(world.model, "decode", lambda sheet: (counts.update(["cells"]), decode(sheet))[1])
    return counts


class Held:
    """Lets as many steps be made as one request may, then none until it is let go."""

    def __init__(self, step):
        self.step, self.going = step, threading.Event()
        self.hold()

    def hold(self):
        self.left = STEPS_A_REQUEST
        self.going.clear()

    def let_go(self):
        self.going.set()

    def __call__(self, build):
        self.left -= 1
        assert self.left >= 0 or self.going.wait(60)
        self.step(build)


@pytest.fixture
def held(monkeypatch):
    held = Held(Build.step)
    monkeypatch.setattr(Build, "step", lambda build: held(build))
    yield held
    held.let_go()


def test_a_request_decodes_a_few_cells_and_others_are_served_meanwhile(client, held, decodes):
    assert client.get(ROOT).status_code == 204
    assert decodes["cells"] <= STEPS_A_REQUEST
    for x in (128, 129, 130):  # while the background is in mid-step
        assert client.get(f"/worlds/test-land/tiles/8/{x}/128.webp").status_code == 200
    held.let_go()
    assert client.get(f"{ROOT}?wait=60").status_code == 200


def test_the_feed_says_when_an_overview_is_ready(client, world, decodes):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[0, 0, 0]]})
        total = world.renderer.revision(Tile(0, 0, 0))
        seen = until(socket, lambda m: m.get("revision") == total)
    assert seen[-1]["event"] == "ready" and seen[-1]["tile"] == [0, 0, 0]
    answer = client.get(ROOT)
    assert (decode(answer.content) == by_hand(world, Tile(0, 0, 0))).all()
    assert decodes["cells"] <= 2 * LAND.size  # once in the background, once by hand


def test_an_older_picture_is_shown_until_the_new_one_is_there(client, world, held):
    held.let_go()
    before = client.get(f"{ROOT}?wait=60")
    held.hold()
    put(world, Box(8, 200, 200, 206, 206).tiles())
    assert client.get(ROOT).headers["etag"] == before.headers["etag"]
    held.let_go()
    after = client.get(f"{ROOT}?wait=60")
    assert int(after.headers["x-revision"]) == world.renderer.revision(Tile(0, 0, 0))
    assert int(after.headers["x-revision"]) > int(before.headers["x-revision"])


def test_waiting_for_an_overview_ends_with_its_time_or_its_world(client, world, held):
    assert client.get(f"{ROOT}?wait=0.05").status_code == 503
    answers = []
    thread = threading.Thread(target=lambda: answers.append(client.get(f"{ROOT}?wait=60").status_code))
    thread.start()
    assert client.delete("/worlds/test-land").status_code == 204
    thread.join(60)
    assert answers == [404]


def test_a_damaged_cell_is_named_and_ends_only_its_overview(client, world, painter, monkeypatch):
    def damaged(sheet):
        raise ValueError("no latents")

    monkeypatch.setattr(world.model, "decode", damaged)
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[7, 64, 64]]})
        failed = until(socket, lambda m: m["event"] == "failed")[-1]
    assert failed["tile"] == [7, 64, 64] and "no latents" in failed["message"]
    monkeypatch.undo()
    assert client.get("/worlds/test-land/tiles/7/64/64.png?wait=60").status_code == 200


def test_the_end_of_the_app_may_come_twice(client):
    """Once when it is told to stop, and once when its server has ended."""
    overviews = client.app.state.overviews
    overviews.close()
    overviews.close()


def seconds_until(done):
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_overviews_are_up_to_date_soon_though_nobody_looks(client, world, decodes):
    assert client.get("/worlds/test-land/tiles/8/300/300.png?wait=30").status_code == 200
    seconds_until(lambda: world.renderer.is_fresh(Tile(0, 1, 1)) and world.renderer.is_fresh(Tile(0, 0, 0)))
    before = decodes["cells"]
    assert client.get("/worlds/test-land/tiles/3/4/4.png").status_code == 200
    assert client.get("/worlds/test-land/tiles/0/1/1.webp").status_code == 200
    assert decodes["cells"] == before


def test_overviews_of_a_world_that_is_opened_are_caught_up(client, world):
    assert not world.renderer.is_fresh(Tile(0, 0, 0))
    with client.websocket_connect(URL):
        seconds_until(lambda: world.renderer.is_fresh(Tile(0, 0, 0)))


def test_while_land_is_painted_overviews_wait_for_many_tiles(client, world, painter, monkeypatch):
    monkeypatch.setattr(overviews, "KEPT_AFTER", 20)
    monkeypatch.setattr(overviews, "GENTLE", 0)
    busy, told = [True], []
    monkeypatch.setattr(type(painter), "busy", property(lambda _: busy[0]))
    step = Build.step
    monkeypatch.setattr(Build, "step", lambda build: (told.append(build.tile), step(build))[1])
    painter.announce(world, [Tile(8, 124, 124)])
    time.sleep(0.3)
    assert told == []
    painter.announce(world, LAND.tiles())
    seconds_until(lambda: world.renderer.is_fresh(Tile(0, 0, 0)))
    many = len(told)
    time.sleep(0.3)
    assert len(told) == many


def test_the_way_to_painted_land(client, world):
    west, south, east, north = client.get("/worlds/test-land/painted?x=9e7&y=-1e7").json()["bounds"]
    land = LAND.bounds
    assert west <= land.west and south <= land.south and east >= land.east and north >= land.north
    answer = client.get("/worlds/test-land/painted?x=nan")
    assert answer.status_code == 422 and "finite" in answer.json()["error"]["message"]
