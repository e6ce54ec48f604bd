"""The app as it is started: on its port, and told to stop."""

import asyncio
import io
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY

import httpx
import pytest
from rich.console import Console

from explorer.cli.serve import listening, say_who_may
from explorer.settings import Settings
from tiles.errors import BadSetting

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def start(tmp_path, bundle):
    """Starts the app in a process of its own; gives it and the address that it printed."""
    apps = []

    def started(*words):
        options = [
            "--worlds",
            str(tmp_path / "worlds"),
            "--model",
            str(bundle),
            "--device",
            "cpu",
            "--port",
            "0",
        ]
        command = [sys.executable, str(ROOT / "app.py"), "serve", *options, *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        apps.append(
            subprocess.Popen(command, env={**os.environ, "COLUMNS": "200"}, preexec_fn=heard, **pipes)
        )
        return apps[-1], apps[-1].stdout.readline().strip().removeprefix("Endless Earth: ")

    yield started
    for app in apps:
        app.kill()
        app.communicate()


def heard():
    """Shells start background jobs, this suite perhaps among them, with interrupts ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_the_printed_address_answers_at_once_on_every_address_of_its_name(start):
    app, url = start("--host", "localhost")
    assert url.startswith("http://localhost:") and not url.endswith(":0"), app.stderr.read()
    port = int(url.rsplit(":", 1)[1])
    for address in {found[4][0] for found in socket.getaddrinfo("localhost", port)}:
        host = f"[{address}]" if ":" in address else address
        assert httpx.get(f"http://{host}:{port}/healthz").json()["status"] == "ok"


def test_a_port_in_use_is_refused_in_one_line_and_no_address_is_printed(run, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = run("serve", "--port", str(port), code=1)
    assert said.startswith(f"error: port {port} is in use") and said.count("\n") == 1
    assert not (tmp_path / "worlds").exists()


@pytest.mark.parametrize(("host", "port"), [("nowhere.invalid", 0), ("192.0.2.1", 0)])
def test_what_is_no_address_of_this_machine_is_refused(host, port):
    with pytest.raises(BadSetting, match=f"host '{host}' is no address of this machine"):
        listening(Settings(host=host, port=port))


def test_a_name_of_two_addresses_is_listened_on_at_one_port():
    sockets = listening(Settings(host="localhost", port=0))
    try:
        assert len({each.getsockname()[1] for each in sockets}) == 1
        assert {each.getsockname()[0] for each in sockets} <= {"127.0.0.1", "::1"}
    finally:
        for each in sockets:
            each.close()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"host": "0.0.0.0"}, "look at every world, and change none"),
        ({"host": "::", "others_may": "edit"}, "look at, change and DELETE every world"),
        ({"host": "0.0.0.0", "password": "a long phrase"}, ""),
        ({"host": "127.0.0.1"}, ""),
    ],
)
def test_what_an_open_address_means_is_said(settings, words, monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr("explorer.cli.serve.aside", Console(file=said, width=400))
    say_who_may(Settings(**settings))
    assert words in said.getvalue() and bool(said.getvalue()) == bool(words)
    assert not words or "EARTH_PASSWORD" in said.getvalue()


def test_answers_are_sent_without_waiting_to_fill_packets():
    (listens,) = listening(Settings(host="127.0.0.1", port=0))

    async def accepted():
        made = asyncio.get_running_loop().create_future()

        class Made(asyncio.Protocol):
            def connection_made(self, transport):
                made.set_result(transport.get_extra_info("socket").getsockopt(IPPROTO_TCP, TCP_NODELAY))

        server = await asyncio.get_running_loop().create_server(Made, sock=listens)
        with socket.create_connection(listens.getsockname()):
            found = await made
        server.close()
        return found

    with ThreadPoolExecutor(1) as elsewhere:  # a browser's event loop may run on this thread
        assert elsewhere.submit(lambda: asyncio.run(accepted())).result()
