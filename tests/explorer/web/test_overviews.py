"""Overviews over HTTP and the feed: made in the background, never in the way of other tiles."""

import threading
from collections import Counter

import pytest

from explorer.pictures import decode
from explorer.web.overviews import STEPS_A_REQUEST
from explorer.worlds.overviews import Build
from tests.explorer.web.test_feed import URL, until
from tests.explorer.worlds.test_journal import put
from tests.explorer.worlds.test_overviews import by_hand
from tiles.grid import Box, Tile

ROOT = "/worlds/test-land/tiles/0/0/0.png"
LAND = Box(8, 123, 123, 134, 134)


@pytest.fixture
def library(standin):
    return standin


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
