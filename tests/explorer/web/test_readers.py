"""The app with readers beside it, as it is started: what people get is what they get without."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60  # seconds: on a busy machine readers take long to start
TILES = [(8, x, y) for x in (127, 128, 129) for y in (127, 128)]


def until(right, *asked):
    """Until something is so; what it was then."""
    end = time.monotonic() + PATIENCE
    while not (found := right(*asked)):
        assert time.monotonic() < end
        time.sleep(0.2)  # to look costs as much as what is waited for, where there are few cores
    return found


def children(app):
    """The processes that the app started and that live, readers among them."""
    threads = Path(f"/proc/{app.pid}/task").glob("*/children")
    words = {int(id): _words(id) for path in threads for id in path.read_text().split()}
    return {id for id, line in words.items() if "spawn_main" in line}


def _words(id):
    try:
        return Path(f"/proc/{id}/cmdline").read_text()
    except OSError:
        return ""


class App:
    """The app in a process of its own, with readers."""

    def __init__(self, folder, bundle, readers=2, **environment):
        command = [sys.executable, str(ROOT / "app.py"), "serve", "--readers", str(readers), "--port", "0"]
        options = ["--worlds", str(folder), "--model", str(bundle), "--device", "cpu"]
        self.process = subprocess.Popen(
            [*command, *options],
            env={**os.environ, "COLUMNS": "200", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.url = self.process.stdout.readline().strip().removeprefix("Endless Earth: ")
        self.port = int(self.url.rsplit(":", 1)[1])
        self.readers = readers
        self.looking = httpx.Client(base_url=self.url, timeout=PATIENCE)

    def ready(self):
        """Whether all readers take connections."""
        return self.looking.get("/healthz").json()["readers"] == self.readers

    def stop(self):
        """How it ends, and what it said."""
        self.looking.close()
        self.process.terminate()
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said

    def kill(self):
        """However far it got."""
        self.looking.close()
        self.process.kill()
        self.process.communicate()


@pytest.fixture(scope="module")
def app(tmp_path_factory, bundle):
    app = App(tmp_path_factory.mktemp("readers") / "worlds", bundle)
    with httpx.Client(base_url=app.url, timeout=PATIENCE) as client:
        for tile in TILES:
            assert client.get(path(*tile), params={"wait": 60}).status_code == 200
    until(app.ready)
    yield app
    app.kill()


@pytest.fixture
def client(app):
    with httpx.Client(base_url=app.url, timeout=PATIENCE) as client:
        yield client


def path(z, x, y, format="png"):
    return f"/worlds/first-light/tiles/{z}/{x}/{y}.{format}"


def test_painted_tiles_are_answered_while_the_writer_stands_still(app):
    app.process.send_signal(signal.SIGSTOP)
    try:
        for tile in TILES:
            assert httpx.get(app.url + path(*tile), timeout=PATIENCE).status_code == 200
    finally:
        app.process.send_signal(signal.SIGCONT)


def test_tiles_and_all_else_come_over_one_connection(app, client):
    whole = client.get(path(*TILES[0]), params={"wait": 60})
    for _ in range(5):
        tile = client.get(path(*TILES[0]))
        assert tile.content == whole.content and tile.headers["etag"] == whole.headers["etag"]
        assert client.get(path(*TILES[0]), headers={"If-None-Match": tile.headers["etag"]}).status_code == 304
        assert client.get("/worlds/first-light").json()["id"] == "first-light"
        assert client.get(path(8, 500, 500)).status_code == 204
        assert client.get(path(8, "x", 1)).json()["error"]["code"] == "bad_address"
        assert client.get("/worlds/nowhere/tiles/8/1/1.png").status_code == 404
        assert client.get(path(0, 0, 0)).status_code in (200, 204)  # an overview that is made, or not yet
        too_large = client.post("/worlds", content=b"x" * 300_000)
        assert too_large.json()["error"]["code"] == "body_too_large"
        assert client.head(path(*TILES[0])).status_code == 200
        assert client.get("/").status_code == 200


def test_bodies_arrive_whole_after_a_tile_on_the_same_connection(app):
    body = b'{"name": "%s", "prompt": "sea"}' % (b"n" * 20)
    head = f"Host: 127.0.0.1:{app.port}\r\n"
    with socket.create_connection(("127.0.0.1", app.port), timeout=PATIENCE) as wire:
        wire.sendall(f"GET {path(*TILES[0])} HTTP/1.1\r\n{head}\r\n".encode())
        assert received(wire).startswith(b"HTTP/1.1 200")
        wire.sendall(f"POST /worlds HTTP/1.1\r\n{head}Content-Type: application/json\r\n".encode())
        wire.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode())
        for byte in body:
            wire.sendall(bytes([byte]))
        assert received(wire).startswith(b"HTTP/1.1 201")


def received(wire):
    """One answer whose length is said."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += wire.recv(2**16)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += wire.recv(2**16)
    return data


def test_requests_sent_in_advance_are_answered_in_their_order(app):
    head = f"Host: 127.0.0.1:{app.port}\r\n\r\n"
    asked = [path(*TILES[0]), "/worlds/first-light", path(*TILES[1]), "/healthz"]
    with socket.create_connection(("127.0.0.1", app.port), timeout=PATIENCE) as wire:
        wire.sendall("".join(f"GET {each} HTTP/1.1\r\n{head}" for each in asked).encode())
        data = b""
        while data.count(b"HTTP/1.1 200 OK") < len(asked) or not data.endswith(b"}"):
            data += wire.recv(2**16)
    order = [
        data.find(b"\x89PNG"),
        data.find(b'"first-light"'),
        data.rfind(b"\x89PNG"),
        data.rfind(b'"status"'),
    ]
    assert order == sorted(order) and -1 not in order


def test_the_feed_works_as_without_readers(app):
    with connect(f"ws://127.0.0.1:{app.port}/worlds/first-light/feed") as feed:
        feed.send('{"want": [[8, 128, 128]]}')
        assert "revisions" in feed.recv(timeout=PATIENCE)


def test_an_edit_and_its_undo_are_never_served_as_they_were_before(app, client):
    until(app.ready)
    tile = TILES[0]
    before = client.get(path(*tile))
    for number in range(3):
        made = client.post(
            "/worlds/first-light/edits", json={"tiles": [tile], "prompt": "ice", "seed": number}
        )
        job = made.json()["job"]["id"]
        until(lambda job=job: client.get(f"/jobs/{job}").json()["state"] == "done")
        edited = fresh(app, tile)
        assert {each.content for each in edited} != {before.content} and len({e.content for e in edited}) == 1
        assert len({each.headers["etag"] for each in edited}) == 1
        assert client.post("/worlds/first-light/undo").status_code == 200
        undone = fresh(app, tile)
        assert {each.content for each in undone} == {before.content}
        assert undone[0].headers["etag"] != edited[0].headers["etag"]


def fresh(app, tile):
    """A tile over eight connections at once, so that all processes are likely to be asked."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: httpx.get(app.url + path(*tile), timeout=PATIENCE), range(8)))


def test_readers_that_die_are_started_again(app, client):
    first = until(lambda: found if len(found := children(app.process)) == 2 else None)
    until(app.ready)
    for id in first:
        os.kill(id, signal.SIGKILL)
    for tile in TILES:  # meanwhile the writer answers
        assert httpx.get(app.url + path(*tile), timeout=PATIENCE).status_code == 200
    until(lambda: len(children(app.process) - first) == 2)
    until(app.ready)


def test_passwords_hold_in_a_reader(tmp_path, bundle):
    passwords = {"EARTH_PASSWORD": "a long phrase", "EARTH_VIEW_PASSWORD": "another phrase"}
    app = App(tmp_path / "worlds", bundle, readers=1, **passwords)
    try:
        passwords_hold(app, ("x", "a long phrase"))
    finally:
        app.kill()


def passwords_hold(app, editor):
    tile = app.url + path(*TILES[0])
    assert httpx.get(tile, params={"wait": 60}, auth=editor, timeout=PATIENCE).status_code == 200
    until(app.ready)
    described = httpx.get(app.url + "/worlds/first-light/tilejson.json", auth=editor, timeout=PATIENCE).json()
    token = described["tiles"][0].partition("token=")[2]
    app.process.send_signal(signal.SIGSTOP)
    try:
        assert httpx.get(tile, params={"token": token}, timeout=PATIENCE).status_code == 200
    finally:
        app.process.send_signal(signal.SIGCONT)
    assert httpx.get(tile, timeout=PATIENCE).status_code == 401
    assert httpx.get(tile, params={"token": token + "x"}, timeout=PATIENCE).status_code == 401
    assert httpx.get(tile, headers={"Host": "elsewhere"}, timeout=PATIENCE).status_code == 400
    guesses = [{"token": f"guess {number}"} for number in range(12)]
    answers = [httpx.get(tile, params=guess, timeout=PATIENCE).status_code for guess in guesses]
    assert answers[-1] == 429 and set(answers) == {401, 429}


def test_nothing_is_left_at_the_end(app):
    """Of the app of all tests before this one."""
    readers = children(app.process)
    code, said = app.stop()
    assert len(readers) == 2 and code in (0, -signal.SIGTERM, 143) and "Traceback" not in said
    until(lambda: not any(_words(id) for id in readers))
