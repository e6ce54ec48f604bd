"""The app on a real port, with clients that send nothing, read nothing, or never go."""

import asyncio
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest
import uvicorn
from websockets.sync.client import connect

from explorer.cli.serve import listening
from explorer.settings import Settings
from explorer.web import serving

ROOT = Path(__file__).resolve().parents[3]
STUCK = """
import json, os, sys, time
from explorer.cli import app
from explorer.models.terra import Terra
from explorer.web import serving, ui
from explorer.worlds import firstlight
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
own = Terra.paint
for line in sys.stdin:  # all that is imported is so once; a child is an app of its own
    seconds, errors, *words = json.loads(line)
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        say("ended", os.waitstatus_to_exitcode(status))
        continue
    say(os.getpid())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
    Terra.paint = lambda self, windows: (time.sleep(seconds), own(self, windows))[1]
    app(words)
"""


class App:
    """The app with a model that takes so long, a child of ``parent``."""

    def __init__(self, parent, folder, bundle, seconds):
        self.parent, self.errors, self.code = parent, folder / "said", None
        words = ["serve", "--worlds", str(folder / "worlds"), "--model", str(bundle), "--port", "0"]
        parent.stdin.write(json.dumps([seconds, str(self.errors), *words]) + "\n")
        parent.stdin.flush()
        self.id = int(parent.stdout.readline())
        self.url = parent.stdout.readline().strip().removeprefix("Endless Earth: ")

    def end(self, number):
        """What it said until it ended by a signal, within 50 seconds."""
        os.kill(self.id, number)
        assert select.select([self.parent.stdout], [], [], 50)[0], "it does not end"
        self.code = int(self.parent.stdout.readline().removeprefix("ended "))
        return self.errors.read_text()


@pytest.fixture(scope="module")
def parent():
    """A process that starts the app at once, again and again."""
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", STUCK]
    with subprocess.Popen(command, env=environment, preexec_fn=heard, **pipes) as parent:
        yield parent
        parent.stdin.close()


@pytest.fixture
def start(parent, tmp_path, bundle):
    """Starts the app with a model that takes so many seconds."""
    apps = []

    def started(seconds):
        apps.append(App(parent, tmp_path, bundle, seconds))
        return apps[-1]

    yield started
    for app in apps:
        if app.code is None:
            app.end(signal.SIGKILL)


def heard():
    """Shells start background jobs, this suite perhaps among them, with interrupts ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def half_an_upload(url):
    """A world file of which half is sent."""
    with socket.create_connection(("127.0.0.1", httpx.URL(url).port)) as sent:
        head = "POST /worlds/unpack HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
        sent.sendall(head.encode() + bytes(50_000))
        yield sent


@contextlib.contextmanager
def a_download_nobody_reads(url):
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asked.connect(("127.0.0.1", httpx.URL(url).port))
        asked.sendall(b"GET /static/swagger/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield asked


def figure(client, name):
    """One of the figures of ``/metrics``."""
    lines = client.get("/metrics").text.splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name} "))


@pytest.mark.skipif(os.name == "nt", reason="signals of other systems")
@pytest.mark.parametrize(
    ("number", "code", "seconds"),
    [(signal.SIGTERM, 143, 0.5), (signal.SIGINT, 130, 0.5), (signal.SIGTERM, 143, 600)],
)
def test_the_app_ends_whatever_hangs_on_it(start, tmp_path, number, code, seconds):
    """Twenty who wait, an open map, half an upload, a download nobody reads; even a model that is stuck."""
    app = start(seconds)
    url, answers = app.url, []

    def wait(x):
        with contextlib.suppress(httpx.TransportError):
            answers.append(httpx.get(f"{url}/worlds/first-light/tiles/8/{x}/0.png?wait=60", timeout=90))

    waiting = [threading.Thread(target=wait, args=(4 * x,)) for x in range(20)]
    with (
        half_an_upload(url),
        a_download_nobody_reads(url),
        connect(f"{url.replace('http', 'ws')}/worlds/first-light/feed") as feed,
        httpx.Client(base_url=url, timeout=90) as looking,
    ):
        feed.send('{"want": [[8, 128, 128]]}')
        feed.recv(timeout=30)
        for thread in waiting:
            thread.start()
        while int(float(figure(looking, "earth_tiles_waiting"))) < 20:
            time.sleep(0.1)
        said = app.end(number)  # sooner than the waits would
    for thread in waiting:
        thread.join(60)
    assert app.code == code
    assert {answer.status_code for answer in answers} <= {200, 503}, said
    if seconds < 1:
        assert said.strip().endswith("stopped") and "Traceback" not in said
    assert not list((tmp_path / "worlds").glob(".file-*")) or seconds > 1


@pytest.fixture
def go_on():
    """Set when requests for ``/slow`` are to be answered."""
    return threading.Event()


@pytest.fixture
def server(monkeypatch, go_on):
    """An app that answers at once, as our server serves it: gives its port."""
    monkeypatch.setattr(serving, "HEADER_SECONDS", 0.3)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            if scope["path"] == "/slow":
                await asyncio.to_thread(go_on.wait, 30)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})

    sockets = listening(Settings(port=0))
    config = uvicorn.Config(app, http=partial(serving.Connection, most=10), lifespan="off")
    ready = threading.Event()
    server = serving.Server(config, ready.set, lambda: None, None)
    thread = threading.Thread(target=server.run, args=(sockets,))
    thread.start()
    assert ready.wait(30)
    yield sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(30)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"])
def test_who_sends_no_whole_request_is_cut_off(server, sent):
    with socket.create_connection(("127.0.0.1", server), timeout=30) as slow:
        slow.sendall(sent)
        assert slow.recv(100) == b""


def test_who_asks_again_is_not_cut_off_in_between(server):
    with httpx.Client(base_url=f"http://127.0.0.1:{server}") as client:
        assert [client.get("/").text for _ in range(3)] == ["ok"] * 3


def test_idle_connections_make_room_for_others(server, monkeypatch):
    monkeypatch.setattr(serving, "HEADER_SECONDS", 600)
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", server))) for _ in range(30)]
        assert httpx.get(f"http://127.0.0.1:{server}").text == "ok"
        idle[0].settimeout(30)
        assert idle[0].recv(1) == b""


def taken(url: str) -> httpx.Response:
    """An answer, once there is room for who asks: whoever looks on may hold the last place."""
    while (answer := httpx.get(url, timeout=60)).status_code == 503:
        time.sleep(0.01)
    return answer


def test_past_the_most_connections_requests_are_refused_in_our_shape(server, go_on, monkeypatch):
    monkeypatch.setattr(serving, "HEADER_SECONDS", 600)
    url = f"http://127.0.0.1:{server}"
    with ThreadPoolExecutor(10) as threads:
        busy = [threads.submit(taken, f"{url}/slow") for _ in range(10)]
        while (refused := httpx.get(url)).status_code == 200:
            time.sleep(0.01)
        go_on.set()
        assert [each.result().text for each in busy] == ["ok"] * 10
    assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
    assert refused.json()["error"]["code"] == "busy"
    assert "10 connections are open already" in refused.json()["error"]["message"]
    assert httpx.get(url).text == "ok"
