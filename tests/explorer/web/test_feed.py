import time
from collections import Counter
from contextlib import ExitStack

import pytest
from starlette.websockets import WebSocketDisconnect

from benchmarks.standin import OneModel, StandIn
from explorer.pictures import decode
from explorer.service.events import CREW
from explorer.service.executors import Crew
from explorer.service.painter import Painter
from explorer.web.server import create_api
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.clients import local_client
from tiles.grid import Tile

HOME = 2**7
URL = "/worlds/test-land/feed"


@pytest.fixture(autouse=True)
def _world(world):
    return world


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    """How painting goes is told as often as it changes: no test is about how seldom."""
    monkeypatch.setattr("explorer.web.hub.STATUS", 0.02)


def until(socket, wanted, limit=2000):
    """Messages up to the first for which ``wanted`` is true."""
    seen = []
    for _ in range(limit):
        seen.append(socket.receive_json())
        if wanted(seen[-1]):
            return seen
    raise AssertionError(seen[-20:])


def heard_of(tiles):
    """Whether all of these tiles were named as painted by now."""
    left = set(map(tuple, tiles))

    def heard(message):
        if message["event"] == "ready":
            left.discard(tuple(message["tile"]))
        elif message["event"] == "revisions":
            left.difference_update(tuple(row[:3]) for row in message["tiles"])
        return not left

    return heard


def of(seen, event):
    return [tuple(m["tile"]) for m in seen if m["event"] == event]


def test_what_is_wanted_is_painted_in_that_order_and_announced(client):
    with client.websocket_connect(URL) as socket:
        wanted = [[8, HOME, HOME], [8, HOME + 4, HOME]]
        socket.send_json({"want": wanted})
        seen = until(socket, lambda m: m.get("tile") == wanted[1] and m["event"] == "ready")
        assert list(of(seen, "ready")) == [tuple(t) for t in wanted]
        assert all(m["revision"] > 0 for m in seen if m["event"] == "ready")


def test_the_sketch_is_announced_before_the_tiles_it_is_for(client, world):
    tile = [8, HOME, HOME]
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [tile]})
        seen = until(socket, lambda m: m["event"] == "ready" and m["tile"] == tile)
    (cell, *_) = of(seen, "sketch")
    assert list(cell) == [6, HOME // 4, HOME // 4]
    z, x, y = cell
    shown = client.get(f"/worlds/test-land/sketch/{z}/{x}/{y}.webp")
    assert shown.status_code == 200 and shown.headers["content-type"] == "image/webp"
    pixels = decode(shown.content)
    assert pixels.shape == (256, 256, 3)
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [tile]})
        told = until(socket, lambda m: m["event"] == "revisions")[-1]
        assert list(cell) in [row[:3] for row in told["sketches"]]
    for path in ("8/128/128", "6/5000/5000", "6/nan/0"):
        assert client.get(f"/worlds/test-land/sketch/{path}.webp").status_code in (204, 404)


def test_what_left_the_view_is_never_painted(client, world):
    with client.websocket_connect(URL) as socket:
        left = [[8, x, 0] for x in range(0, 400, 2)]
        socket.send_json({"want": left})
        until(socket, lambda m: m["event"] == "ready")
        socket.send_json({"want": [[8, HOME, HOME]]})
        until(socket, lambda m: m["event"] == "ready" and m["tile"] == [8, HOME, HOME])
    assert world.counts()["cells"] < 40


def test_closing_the_map_ends_the_painting(client, world, painter):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, x, 0] for x in range(0, 400, 2)]})
        until(socket, lambda m: m["event"] == "ready")
    deadline = time.monotonic() + 30
    while painter.waiting() and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)  # the cell at hand is finished
    assert painter.waiting() == 0 and world.counts()["cells"] < 100


def test_a_new_connection_hears_what_is_painted_already(client):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        until(socket, lambda m: m["event"] == "ready")
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME], [9, 2 * HOME, 2 * HOME], [6, HOME // 4, HOME // 4]]})
        told = until(socket, lambda m: m["event"] == "revisions")[-1]["tiles"]
        assert {tuple(row[:3]) for row in told} == {(8, HOME, HOME), (9, 2 * HOME, 2 * HOME)}
        assert all(row[3] > 0 for row in told)
        overview = [6, HOME // 4, HOME // 4]  # it is made now, as somebody wants it
        assert until(socket, lambda m: m.get("tile") == overview)[-1]["event"] == "ready"


def test_every_map_of_a_world_sees_what_another_paints(client):
    with client.websocket_connect(URL) as one, client.websocket_connect(URL) as other:
        other.send_json({"want": [[8, HOME, HOME], [7, HOME // 2, HOME // 2]]})
        until(other, lambda m: m["event"] == "ready")
        one.send_json({"want": [[8, HOME + 1, HOME + 1]]})
        until(other, lambda m: m["event"] == "ready" and m["tile"] == [7, HOME // 2, HOME // 2])


def test_status_tells_how_it_goes(client):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        status = until(socket, lambda m: m["event"] == "status" and m["seconds_per_tile"])[-1]
        assert status["model"] == "stand-in" and status["device"] == "cpu" and status["painted"] >= 1


def test_what_a_map_waits_for_is_counted_down(client, world):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME], [8, HOME + 2, HOME]]})
        seen = until(socket, lambda m: m["event"] == "status" and m["painted"] >= 2)
    waiting = [m["waiting"] for m in seen if m["event"] == "status"]
    assert waiting[-1] == 0 and max(waiting) <= 2


def test_an_idle_map_that_undo_empties_waits_for_its_tile_again(client, painter, world):
    world.journal.set_prompt("sand desert")
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        until(socket, lambda m: m["event"] == "status" and m["painted"] and not m["waiting"])
        before = world.renderer.tile(Tile(8, HOME, HOME), "png").data
        assert client.post("/worlds/test-land/undo").status_code == 200
        until(socket, lambda m: m["event"] == "ready")
    assert world.renderer.tile(Tile(8, HOME, HOME), "png").data != before


def test_a_deleted_world_is_told_to_maps_that_want_nothing(client):
    with client.websocket_connect(URL) as socket:
        until(socket, lambda m: m["event"] == "status")
        assert client.delete("/worlds/test-land").status_code == 204
        told = until(socket, lambda m: m["event"] == "error")[-1]["error"]
        assert told["code"] == "world_not_found" and "test-land" in told["message"]
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


@pytest.fixture
def crowd(tmp_path, settings):
    """A world of a model that paints at once, its painter, and a client."""
    model = StandIn()
    atlas, painter = Atlas(tmp_path / "crowd", OneModel(model), 2**26), Painter()
    world = atlas.create(NewWorld("Test land", "coast", seed=1))
    with local_client(create_api(settings.model_copy(update={"maps": 200}), atlas, painter)) as client:
        yield client, world, painter, model
    painter.close()
    atlas.close()


def test_two_hundred_maps_are_served_at_once_and_one_more_is_told_why_not(crowd, monkeypatch):
    client, world, painter, model = crowd
    looks: Counter[str] = Counter()

    def counted(whose, name):
        work = getattr(whose, name)
        monkeypatch.setattr(whose, name, lambda *args: (looks.update([name]), work(*args))[1])

    for whose, name in ((painter, "status"), (painter, "waiting"), (world.canvas, "count")):
        counted(whose, name)
    tiles = [[8, HOME + x, HOME + y] for y in range(3) for x in range(4)]
    with ExitStack() as stack:
        sockets = [stack.enter_context(client.websocket_connect(URL)) for _ in range(200)]
        with client.websocket_connect(URL) as refused:
            assert (
                "200 maps are open" in until(refused, lambda m: m["event"] == "error")[-1]["error"]["message"]
            )
        for number, socket in enumerate(sockets):
            socket.send_json({"want": tiles[number % 12 :] + tiles[: number % 12]})
        for socket in sockets:
            until(socket, heard_of(tiles))
    assert set(model.calls.values()) == {1}
    # How painting goes is looked at for all maps together, and no request is walked for it.
    assert looks["status"] < 100 and looks["count"] < 100 and looks["waiting"] == 0


def test_the_feed_of_a_deleted_world_ends(client, atlas):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        until(socket, lambda m: m["event"] == "ready")
        assert client.delete("/worlds/test-land").status_code == 204
        with pytest.raises(WebSocketDisconnect):
            until(socket, lambda m: False)


def test_a_deep_tile_sharpens_level_by_level(client, world):
    deep = [11, 8 * HOME, 8 * HOME]
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [deep]})
        seen = until(
            socket, lambda m: m["event"] == "ready" and world.renderer.source(Tile(*deep)) == Tile(*deep)
        )
    ready = [m for m in seen if m["event"] == "ready"]
    assert all(m["tile"] == deep for m in ready)
    revisions = [m["revision"] for m in ready]
    assert len(revisions) >= 2 and revisions == sorted(set(revisions))


def test_status_says_which_level_is_being_painted(client, world):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[10, 4 * HOME, 4 * HOME]]})
        seen = until(socket, lambda m: m["event"] == "status" and m["level"] is None and m["painted"])
    levels = [m["level"] for m in seen if m["event"] == "status"][:-1]
    assert levels == sorted(levels) and set(levels) <= {8, 9, 10}
    assert world.canvas.painted(Tile(10, 4 * HOME, 4 * HOME))


@pytest.fixture
def reader(settings, atlas, world, library, monkeypatch):
    """A client of a second app on the same folder, which can only read while the first one paints."""
    world.access.require()
    monkeypatch.setattr("explorer.worlds.world.REFRESH", 0.0)
    monkeypatch.setattr("explorer.worlds.access.RETRY", 0.0)
    monkeypatch.setattr("explorer.web.hub.WATCH", 0.05)
    other, painter = Atlas(atlas.folder, library, 2**24), Painter()
    with local_client(create_api(settings, other, painter)) as client:
        yield client
    painter.close()
    other.close()


def test_a_map_hears_of_what_another_process_paints_and_does(world, painter, reader):
    tile = [8, HOME, HOME]
    with reader.websocket_connect(URL) as socket:
        socket.send_json({"want": [tile]})
        assert until(socket, lambda m: m["event"] == "revisions")[-1]["tiles"] == []
        painter.paint(world, [Tile(*tile)]).result(60)
        until(socket, heard_of([tile]))
        world.journal.set_prompt("sand desert")
        until(socket, lambda m: m["event"] == "journal")
        while reader.get("/worlds/test-land").json()["prompt"] != "sand desert":
            until(socket, lambda m: m["event"] == "journal")


def test_an_idle_map_goes_on_painting_when_the_process_that_painted_has_ended(world, atlas, reader):
    with reader.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        assert until(socket, lambda m: m["event"] == "status")[-1]["readonly"]
        atlas.close()
        until(socket, heard_of([[8, HOME, HOME]]))
        until(socket, lambda m: m["event"] == "status" and not m["readonly"])


def test_a_map_says_in_its_pages_language_why_nothing_is_painted(client, world, reader, monkeypatch):
    with reader.websocket_connect(f"{URL}?lang=de") as socket:
        told = until(socket, lambda m: m["event"] == "status")[-1]
        assert told["reason"] == "Nur zum Ansehen: in einem anderen Endless Earth geöffnet."
    with reader.websocket_connect(URL) as socket:
        assert "is being painted by process" in until(socket, lambda m: m["event"] == "status")[-1]["reason"]

    def fail(*_):
        raise RuntimeError("no room")

    monkeypatch.setattr(world.model, "paint", fail)
    with client.websocket_connect(f"{URL}?lang=de") as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        seen = until(socket, lambda m: m["event"] == "status" and m["error"])
    words = "Das konnte nicht gemalt werden: no room. Das Protokoll der App sagt mehr."
    assert seen[-1]["error"] == words
    assert {m["message"] for m in seen if m["event"] == "failed"} <= {words}


def test_a_map_that_wants_nothing_hears_that_another_process_deleted_its_world(world, atlas, reader):
    with reader.websocket_connect(URL) as socket:
        until(socket, lambda m: m["event"] == "status")
        atlas.delete(world.id)
        error = until(socket, lambda m: m["event"] == "error")[-1]["error"]
        assert error["code"] == "world_not_found" and "was deleted" in error["message"]


def test_a_map_of_a_world_that_another_process_deletes_ends_in_words(settings, atlas, library, monkeypatch):
    monkeypatch.setattr("explorer.worlds.world.REFRESH", 0.0)
    other, painter = Atlas(atlas.folder, library, 2**24), Painter()
    try:
        with (
            local_client(create_api(settings, other, painter)) as client,
            client.websocket_connect(URL) as socket,
        ):
            socket.send_json({"want": [[8, HOME, HOME]]})
            until(socket, lambda m: m["event"] == "revisions")
            painter.forget(other.get("test-land"))
            other.get("test-land").access.release()  # as if this process had only read
            atlas.delete("test-land")
            socket.send_json({"want": [[8, HOME, HOME]]})
            error = until(socket, lambda m: m["event"] == "error")[-1]["error"]
            assert error["code"] == "world_not_found" and "was deleted" in error["message"]
    finally:
        painter.close()
        other.close()


def test_a_map_hears_of_painters_that_come_and_go(client, painter, world, monkeypatch):
    world.note_painter("GPU of old")
    crew = Crew(("CPU", "CPU", "GPU of old"))
    monkeypatch.setattr(painter._executors, "crew", lambda: crew)
    with client.websocket_connect(URL) as socket:
        status = until(socket, lambda m: m["event"] == "status" and m["painters"])[-1]
        counted = {"here": 3, "lost": 0, "other": 2, "refused": True, "trouble": ""}
        assert status["painters"] == counted
        crew = Crew(("CPU",), lost=2, mixed=True)
        painter.tell([CREW])
        status = until(socket, lambda m: m["event"] == "status" and m["painters"]["lost"])[-1]
        assert status["painters"] == {**counted, "here": 1, "lost": 2, "other": 1, "refused": False}
