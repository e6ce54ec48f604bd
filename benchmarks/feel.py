"""How the page feels: a real server, a real Chromium, and painted land.

python -m benchmarks.feel [--minutes 10] [--tabs 30]

Prints, from one run: how long a painted view takes to be there, on a fast and on a slow line; pictures a
second while the land is dragged; what moves by itself (layout shift); how soon a tab is back after a rest;
many tabs at once; and what memory a page holds while people pan.
"""

from __future__ import annotations

import itertools
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from playwright.sync_api import Browser, BrowserContext, Frame, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.common import HOME
from explorer.models.library import Library
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.grid import Box

SCREEN = {"width": 1440, "height": 900}
FLAGS = ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
SLOW = {
    "offline": False,
    "latency": 300,
    "downloadThroughput": 50_000,
    "uploadThroughput": 25_000,
}  # ms, bytes/s
LAND = Box(8, HOME - 14, HOME - 5, HOME + 14, HOME + 5)  # what is painted, about the world's home
EARTH = "window.earth.map"
SHOWN = f"""() => {{
  const inView = [...{EARTH}.land.live.values()].filter(({{ element }}) => {{
    const {{ left, right, top, bottom }} = element.getBoundingClientRect();
    return right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
  }});
  return inView.length >= 12 && inView.every(({{ shown }}) => shown > 0);
}}"""
SHIFTS = """new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted = (window.shifted ?? 0) + entry.value;
}).observe({ type: "layout-shift", buffered: true });"""
FRAMES = """() => {
  window.frames_seen = [];
  const look = (now) => {
    window.frames_seen.push(now);
    if (!window.frames_over) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@contextmanager
def served() -> Iterator[str]:
    """The address of an app with one painted world."""
    with tempfile.TemporaryDirectory() as folder:
        atlas = Atlas(Path(folder), Library("terra", "cpu"), 2**30)
        world = atlas.create(
            NewWorld("Land", "rocky coast with islands", seed=2, base_zoom=8, home=(0.0, 0.0))
        )
        world.canvas.paint(LAND.grown(1).tiles(), world.model.paint, world.model.traits.batch)
        for tile in LAND.tiles():
            world.renderer.tile(tile, "webp")
        atlas.close()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "app.py", "serve", "--port", str(port), "--worlds", folder]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as app:
            try:
                url = f"http://127.0.0.1:{port}"
                answering(url)
                yield url
            finally:
                app.terminate()


def answering(url: str) -> None:
    """Return when the app answers."""
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/healthz").close()
            return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise TimeoutError(url)


def opened(context: BrowserContext, url: str) -> tuple[Page, Frame, float]:
    """A page, its map, and the seconds until all tiles of its view are there."""
    page = context.new_page()
    page.add_init_script(SHIFTS)
    start = time.perf_counter()
    page.goto(f"{url}/#land", wait_until="commit", timeout=300_000)
    element = page.wait_for_selector("#earth-map", state="attached", timeout=300_000)
    frame = element.content_frame() if element else None
    assert frame is not None
    frame.wait_for_function(f"() => window.earth && ({SHOWN})()", timeout=300_000)
    return page, frame, time.perf_counter() - start


def dragged(page: Page, frame: Frame, times: int = 6) -> list[float]:
    """Milliseconds between pictures while painted land is dragged to and fro."""
    frame.evaluate(FRAMES)
    box = page.locator("#earth-map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for turn in range(times):
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(60):
            page.mouse.move(x + (1 if turn % 2 else -1) * 6 * step, y)
        page.mouse.up()
    frame.evaluate("() => { window.frames_over = true; }")
    seen: list[float] = frame.evaluate("window.frames_seen")
    return [after - before for before, after in itertools.pairwise(seen)]


def rested(page: Page, frame: Frame) -> float:
    """Seconds until a tab that slept shows its view again."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    time.sleep(5)
    session.send("Page.setWebLifecycleState", {"state": "active"})
    start = time.perf_counter()
    frame.wait_for_function(SHOWN, timeout=300_000)
    return time.perf_counter() - start


def held(page: Page) -> float:
    """MB of JavaScript that a page holds, after its rubbish is collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used / 2**20


def panned(page: Page, frame: Frame, minutes: float) -> list[tuple[float, float, int]]:
    """Minutes, MB and elements of the map, ten times while the land is panned to and fro."""
    seen = []
    for part in range(11):
        elements: int = frame.evaluate("document.getElementsByTagName('*').length")
        seen.append((minutes * part / 10, held(page), elements))
        end, turn = time.monotonic() + minutes * 6, 0
        while part < 10 and time.monotonic() < end:
            step = 300 if turn // 8 % 2 else -300
            frame.evaluate(f"{EARTH}.map.panBy([{step}, {step // 4}], {{ animate: false }})")
            page.wait_for_timeout(250)
            turn += 1
    return seen


def measured(browser: Browser, url: str, tabs: int, minutes: float) -> Iterator[tuple[str, str, str]]:
    """Figure, value and aim, in the order in which they are measured."""

    def fresh(**options: Any) -> BrowserContext:
        return browser.new_context(viewport=SCREEN, **options)  # type: ignore[arg-type]

    with fresh() as context:
        page, frame, first = opened(context, url)
        yield "a painted view is there, first visit", f"{first:.1f} s", "1 s"
        page.close()
        page, frame, again = opened(context, url)
        yield "a painted view is there, next visit", f"{again:.1f} s", "1 s"
        intervals = dragged(page, frame)
        slow = sum(each > 34 for each in intervals) / len(intervals)
        yield "pictures a second while dragging, median", f"{1000 / statistics.median(intervals):.0f}", "60"
        yield "of them later than 34 ms", f"{100 * slow:.1f} %", ""
        yield "layout shift of the page", f"{page.evaluate('window.shifted ?? 0'):.3f}", "0"
        yield "a view is there after a rest", f"{rested(page, frame):.1f} s", "1 s"
        for at, megabytes, elements in panned(page, frame, minutes):
            yield (
                f"after {at:.0f} minutes of panning",
                f"{megabytes:.1f} MB, {elements} elements",
                "no growth",
            )
    with fresh() as context:
        times = [opened(context, url)[2] for _ in range(tabs)]
        yield f"a view is there in tab 1, tab {tabs}", f"{times[0]:.1f} s, {times[-1]:.1f} s", ""
    with fresh() as context:
        context.on("page", slowed)
        yield "a painted view is there, 400 kbit/s, 300 ms", f"{opened(context, url)[2]:.1f} s", ""


def slowed(page: Page) -> None:
    """Give a page a slow line."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)


def main(tabs: Annotated[int, typer.Option()] = 30, minutes: Annotated[float, typer.Option()] = 10.0) -> None:
    """Print the table."""
    table = Table("figure", "value", "aim", title="how the page feels")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for row in measured(browser, url, tabs, minutes):
            table.add_row(*row)
        browser.close()
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
