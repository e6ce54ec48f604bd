"""What readers beside the app are worth: cached tiles a second, and how long a tile takes while others are
painted, without readers and with 1 and 2 of them, in one run.

python -m benchmarks.readers [--seconds 10] [--clients 4]

Each round starts the app as people do, on the same worlds. The clients are processes on the same cores as the
app, each with one connection that is kept open, so the figures are for comparing with each other.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from tiles.grid import Box, Tile

WORLD, HOME = "first-light", 128  # the middle of zoom 8
LAND = Box(8, HOME - 2, HOME - 2, HOME + 2, HOME + 2)
FAR = 1000  # tiles away, where land is painted meanwhile


@contextmanager
def served(folder: str, readers: int) -> Iterator[str]:
    """The host and port of an app that is ready, its readers too."""
    options = ["--port", "0", "--worlds", folder, "--readers", str(readers)]
    command, pipe = [sys.executable, "app.py", "serve", *options], subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as app:
        try:
            assert app.stdout is not None
            host = urlsplit(app.stdout.readline().split()[-1]).netloc
            for tile in LAND.tiles():
                ask(http.client.HTTPConnection(host), tile, "?wait=60")
            while well(host)["readers"] < readers:
                time.sleep(0.2)
            yield host
        finally:
            app.terminate()


def well(host: str) -> dict[str, int]:
    """What the app says of itself."""
    connection = http.client.HTTPConnection(host)
    connection.request("GET", "/healthz")
    said: dict[str, int] = json.loads(connection.getresponse().read())
    return said


def ask(connection: http.client.HTTPConnection, tile: Tile, query: str = "") -> None:
    """Get a tile as the map does."""
    connection.request("GET", f"/worlds/{WORLD}/tiles/{tile.z}/{tile.x}/{tile.y}.webp{query}")
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, answer.status


def client(host: str, seconds: float) -> list[float]:
    """Ask for cached tiles one after another, on one connection; the seconds that each took."""
    connection, tiles = http.client.HTTPConnection(host), list(LAND.tiles())
    spent: list[float] = []
    for tile in tiles:
        ask(connection, tile)
    end = time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        ask(connection, tiles[len(spent) % len(tiles)])
        spent.append(time.perf_counter() - start)
    return spent


def together(host: str, clients: int, seconds: float) -> list[float]:
    """The seconds that each tile took, of all clients at once."""
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        rounds = pool.starmap(client, [(host, seconds)] * clients)
    return [each for one in rounds for each in one]


@contextmanager
def painting(host: str, row: int) -> Iterator[None]:
    """While new land is painted, a tile after another."""
    done = threading.Event()

    def paint() -> None:
        connection, x = http.client.HTTPConnection(host), HOME + FAR
        while not done.is_set():
            ask(connection, Tile(8, x, HOME + FAR + 10 * row), "?wait=60")
            x += 2

    thread = threading.Thread(target=paint)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def main(
    seconds: Annotated[float, typer.Option(help="that each measurement takes")] = 10,
    clients: Annotated[int, typer.Option(help="processes that ask at the same time")] = 4,
) -> None:
    """Print the table."""
    table = Table(
        "readers", "cached tiles a second", "/ without", "while painting: median, ms", "95 of 100, ms"
    )
    base = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for readers in (0, 1, 2):
            with served(folder, readers) as host:
                pace = len(together(host, clients, seconds)) / seconds
                with painting(host, readers):
                    spent = together(host, 1, seconds)
            base = base or pace
            middle, late = 1000 * statistics.median(spent), 1000 * statistics.quantiles(spent, n=20)[-1]
            table.add_row(str(readers), f"{pace:,.0f}", f"{pace / base:.2f}", f"{middle:.1f}", f"{late:.1f}")
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
