"""Zooming out over a large world, with a model that paints at once: what keeping overviews up to date costs a
painted tile, and how long the tiles of each view take.

python -m benchmarks.zoomout [--tiles 10000] [--steps 10]

The world grows by a tenth at a time, and after each its overviews are brought up to date, as the app does
when painting rests. Then a view of 6 x 4 tiles zooms out, from below the base to zoom 0; its tiles are asked
for over HTTP, as the map does.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from starlette.testclient import TestClient

from benchmarks.growth import HOME, atlas_in
from explorer.service.painter import Painter
from explorer.settings import Settings
from explorer.web.server import create_api
from explorer.worlds.new import NewWorld
from explorer.worlds.world import World
from tiles.grid import Box, Tile

VIEW = (6, 4)  # tiles, about a laptop's screen
FIRST = 10  # the zoom where zooming out begins
LEFT = HOME - 50


def grow(world: World, side: int, rows: int) -> Iterator[int]:
    """Paint a strip of rows at a time; how many tiles it has."""
    latents = np.random.default_rng(1).standard_normal((4, 32, 32)).astype(np.float16)
    for top in range(0, side, rows):
        box = Box(8, LEFT, LEFT + top, LEFT + side, LEFT + min(top + rows, side))
        world.store.commit(dict.fromkeys(box.tiles(), latents), entry=1)
        yield box.size


def keep_up(world: World) -> tuple[int, int, float]:
    """Bring all overviews up to date: cells decoded, steps, and seconds."""
    cells, steps, start = 0, 0, time.perf_counter()
    for root in world.renderer.overview_roots():
        build = world.renderer.build(root)
        while not build.done:
            build.step()
            steps += 1
        cells += build.cells
    return cells, steps, time.perf_counter() - start


def views(client: TestClient, world: World, steps: int) -> Iterator[tuple[int, list[float], int]]:
    """Zoom, the milliseconds of each of a view's tiles, and how many of them showed land; zoom by zoom."""
    wide, high = VIEW
    for zoom in range(FIRST, FIRST - steps - 1, -1):
        middle = Tile(8, LEFT + 50, LEFT + 50)
        at = middle.above(zoom) if zoom <= 8 else Tile(zoom, middle.x << (zoom - 8), middle.y << (zoom - 8))
        spent, shown = [], 0
        for tile in Box(zoom, at.x - wide // 2, at.y - high // 2, at.x + wide // 2, at.y + high // 2).tiles():
            start = time.perf_counter()
            answer = client.get(f"/worlds/{world.id}/tiles/{tile.z}/{tile.x}/{tile.y}.webp")
            spent.append((time.perf_counter() - start) * 1000)
            shown += answer.status_code == 200
        yield zoom, spent, shown


def main(tiles: Annotated[int, typer.Option()] = 10_000, steps: int = 10) -> None:
    """Print what keeping up costs as the world grows, then each view of the way out."""
    side = round(tiles**0.5)
    growth = Table("tiles", "cells decoded a tile", "steps a tile", "ms a tile", title="keeping up")
    out = Table("zoom", "tiles with land", "median ms", "slowest ms", title="zooming out")
    with tempfile.TemporaryDirectory() as folder, atlas_in(Path(folder)) as atlas:
        world = atlas.create(NewWorld("Large land", "coast", seed=1))
        painted = 0
        for many in grow(world, side, max(1, side // 10)):
            painted += many
            cells, done, seconds = keep_up(world)
            growth.add_row(
                f"{painted:,}", f"{cells / many:.2f}", f"{done / many:.2f}", f"{1000 * seconds / many:.1f}"
            )
        painter = Painter()
        settings = Settings.model_validate({"worlds": folder, "allowed_hosts": ["testserver"]})
        with TestClient(create_api(settings, atlas, painter), client=("127.0.0.1", 1)) as client:
            for zoom, spent, shown in views(client, world, steps):
                out.add_row(str(zoom), str(shown), f"{np.median(spent):.1f}", f"{max(spent):.1f}")
        painter.close()
    Console().print(growth, out)


if __name__ == "__main__":
    typer.run(main)
