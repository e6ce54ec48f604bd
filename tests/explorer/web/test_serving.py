"""The app on a real port, with clients that send nothing, read nothing, or never go."""

import asyncio
import contextlib
import os
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
import sys, time
from explorer.models.terra import Terra
own = Terra.paint
Terra.paint = lambda self, windows: (time.sleep({seconds}), own(self, windows))[1]
from explorer.cli import app
app(sys.argv[1:])
"""


@pytest.fixture
def start(tmp_path, bundle):
    """Starts the app with a model that takes so long; gives the process and its address."""
    apps = []

    def started(seconds):
        words = ["serve", "--worlds", str(tmp_path / "worlds"), "--model", str(bundle), "--port", "0"]
        command = [sys.executable, "-c", STUCK.format(seconds=seconds), *words]
        environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        apps.append(subprocess.Popen(command, env=environment, preexec_fn=heard, **pipes))
        return apps[-1], apps[-1].stdout.readline().strip().removeprefix("Endless Earth: ")

    yield started
    for app in apps:
        app.kill()
        app.communicate()


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


def figure(url, name):
    """One of the figures of ``/metrics``."""
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return next(line.split()[1] for line in lines if line.startswith(f"{name} "))


@pytest.mark.skipif(os.name == "nt", reason="signals of other systems")
@pytest.mark.parametrize(
    ("number", "code", "seconds"),
    [(signal.SIGTERM, 143, 0.5), (signal.SIGINT, 130, 0.5), (signal.SIGTERM, 143, 600)],
)
def test_the_app_ends_whatever_hangs_on_it(start, tmp_path, number, code, seconds):
    """Twenty who wait, an open map, half an upload, a download nobody reads; even a model that is stuck."""
    app, url = start(seconds)
    answers = []

    def wait(x):
        with contextlib.suppress(httpx.TransportError):
            answers.append(httpx.get(f"{url}/worlds/first-light/tiles/8/{x}/0.png?wait=60", timeout=90))

    waiting = [threading.Thread(target=wait, args=(4 * x,)) for x in range(20)]
    with (
        half_an_upload(url),
        a_download_nobody_reads(url),
        connect(f"{url.replace('http', 'ws')}/worlds/first-light/feed") as feed,
    ):
        feed.send('{"want": [[8, 128, 128]]}')
        feed.recv(timeout=30)
        for thread in waiting:
            thread.start()
        while int(float(figure(url, "earth_tiles_waiting"))) < 20:
            time.sleep(0.05)
        app.send_signal(number)
        _, said = app.communicate(timeout=50)  # less than the waits
    for thread in waiting:
        thread.join(60)
    assert app.returncode == code
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
