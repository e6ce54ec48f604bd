"""A real server and a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks.standin import OneModel, StandIn
from explorer.models.library import Library
from explorer.service.executors import Executors
from explorer.service.painter import Painter
from explorer.settings import Settings
from explorer.web.server import create_app
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld

# The first draws no window that nobody sees: a page takes a sixth less work.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HINT = "no Chromium found: browser tests need one, on Debian `apt-get install chromium-headless-shell`"

# The card of a first visit lies over the map; most tests are of later ones.
VISITED = "try { localStorage.setItem('earth-welcomed', 'yes') } catch {}"
SIZE = {"width": 1100, "height": 700}
PATIENCE = 60_000  # ms: on a busy machine five seconds, which is the default of ``expect``, are nothing
expect.set_options(timeout=PATIENCE)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """The app on a port; it can be stopped and started again."""

    def __init__(
        self,
        folder: Path,
        library: Library | OneModel,
        executors: Executors | None = None,
        port: int | None = None,
        **settings: object,
    ) -> None:
        """``port``: a free one, if none is given."""
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = Settings(worlds=folder, port=self.port, **settings)
        self.library, self.executors = library, executors
        self.start()

    def start(self) -> None:
        self.atlas = Atlas(self.settings.worlds, self.library, 2**26)
        self.painter = Painter(executors=self.executors)
        if not self.atlas.names():
            self.atlas.create(NewWorld("First", "rocky coast", seed=1))
        app = create_app(self.settings, self.atlas, self.painter)
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            timeout_graceful_shutdown=1,
            proxy_headers=False,
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.05)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.painter.close()
        self.atlas.close()


@pytest.fixture(scope="session")
def library() -> OneModel:
    """Of a model that paints at once. A test of what only one of weights does takes ``tiny``."""
    return OneModel(StandIn())


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """Of one server after another: for the browser they are one, whose files and scripts it keeps."""
    with socket.socket() as held:  # it never listens; nobody else is given the port between two servers
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def server(tmp_path: Path, library: Library | OneModel, port: int) -> Iterator[Server]:
    server = Server(tmp_path / "worlds", library, port=port)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail(HINT)
        pytest.skip(HINT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Watch(list[str]):
    """What the page did that it should not: requests elsewhere, errors, dialogs."""


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(scope="session")
def tab(browser: Browser) -> Iterator[Page]:
    """The tab of one test after another."""
    context = browser.new_context(viewport=SIZE, color_scheme="light")
    context.add_init_script(VISITED)
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE)
    yield tab
    context.close()


@pytest.fixture
def page(tab: Page, server: Server, watch: Watch) -> Iterator[Page]:
    """The tab as a new one would be, but that the browser has the page's files and scripts already: a page opens
    with three fifths of the work. What ``forget`` cannot take back, such as scripts that run first on each page
    or another language, needs a context of its own."""

    def requested(url: str) -> None:
        if not url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:", "about:")):
            watch.append(f"request to {url}")

    heard = []

    def on(event: str, hear: Callable[..., object]) -> None:
        heard.append((event, hear))
        Page.on(tab, event, hear)

    tab.on = on
    tab.on("request", lambda request: requested(request.url))
    tab.on("websocket", lambda socket: requested(socket.url))
    tab.on("pageerror", lambda error: watch.append(f"error {error}"))
    tab.on("dialog", lambda dialog: (watch.append(f"dialog {dialog.message}"), dialog.dismiss()))
    yield tab
    del tab.on
    for event, hear in heard:
        tab.remove_listener(event, hear)
    forget(tab, server.url)


def forget(tab: Page, url: str) -> None:
    """Leave nothing in the tab, nor of the site at ``url``, that the next test could meet."""
    context = tab.context
    for other in context.pages:
        if other is not tab:
            other.close()
    tab.unroute_all()
    tab.goto("about:blank")
    tab.keyboard.up("Shift")
    tab.mouse.up()
    tab.mouse.move(0, 0)
    tab.set_viewport_size(SIZE)
    context.set_offline(False)
    context.clear_permissions()
    context.clear_cookies()
    line = context.new_cdp_session(tab)
    line.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "all"})
    line.detach()
