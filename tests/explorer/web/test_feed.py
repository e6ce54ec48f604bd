import time

import pytest
from starlette.websockets import WebSocketDisconnect

from explorer.pictures import decode
from tiles.grid import Tile

HOME = 2**7
URL = "/worlds/test-land/feed"


@pytest.fixture(autouse=True)
def _world(world):
    return world


def until(socket, wanted, limit=2000):
    """Messages up to the first for which ``wanted`` is true."""
    seen = []
    for _ in range(limit):
        seen.append(socket.receive_json())
        if wanted(seen[-1]):
            return seen
    raise AssertionError(seen[-20:])


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
    while painter.status().waiting and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)  # the cell at hand is finished
    assert painter.status().waiting == 0 and world.counts()["cells"] < 100


def test_a_new_connection_hears_what_is_painted_already(client):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        until(socket, lambda m: m["event"] == "ready")
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME], [9, 2 * HOME, 2 * HOME], [6, HOME // 4, HOME // 4]]})
        told = until(socket, lambda m: m["event"] == "revisions")[-1]["tiles"]
        assert {tuple(row[:3]) for row in told} == {
            (8, HOME, HOME), (9, 2 * HOME, 2 * HOME), (6, HOME // 4, HOME // 4)
        }  # fmt: skip
        assert all(row[3] > 0 for row in told)


def test_every_map_of_a_world_sees_what_another_paints(client):
    with client.websocket_connect(URL) as one, client.websocket_connect(URL) as other:
        other.send_json({"want": [[8, HOME, HOME], [7, HOME // 2, HOME // 2]]})
        until(other, lambda m: m["event"] == "ready")
        one.send_json({"want": [[8, HOME + 1, HOME + 1]]})
        seen = until(other, lambda m: m["event"] == "revisions" and m["tiles"])
        assert seen[-1]["tiles"][0][:3] == [7, HOME // 2, HOME // 2]


def test_status_tells_how_it_goes(client):
    with client.websocket_connect(URL) as socket:
        socket.send_json({"want": [[8, HOME, HOME]]})
        status = until(socket, lambda m: m["event"] == "status" and m["seconds_per_tile"])[-1]
        assert status["model"] == "tiny" and status["device"] == "cpu" and status["painted"] >= 1


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
