"""Whether what people do costs more in a large world than in a small one, with a model that paints at once.

python -m benchmarks.growth [--tiles 20000] [--panning 5000]
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.standin import OneModel, StandIn
from explorer.painting.layers import Node
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from explorer.worlds.world import World
from tiles import entries, journal
from tiles.grid import Box, Tile, tile_metres
from tiles.strokes import Stroke

HOME, TIMES = 128, 25
SIZES = (100, 1000, 5000, 20_000)
VIEW = (8, 6)  # tiles, about a laptop's screen
Work = Callable[[int], object]


@contextmanager
def atlas_in(folder: Path) -> Iterator[Atlas]:
    atlas = Atlas(folder, OneModel(StandIn(sketch=0)), 2**30)  # type: ignore[arg-type]
    try:
        yield atlas
    finally:
        atlas.close()


def fill(world: World, size: int) -> None:
    """Paint a square of about ``size`` tiles, with latents that are all alike."""
    side, latents = round(size**0.5), np.zeros((4, 32, 32), np.float16)
    cells = list(Box(8, HOME, HOME, HOME + side, HOME + side).tiles())
    for start in range(0, len(cells), 1000):
        world.store.commit(dict.fromkeys(cells[start : start + 1000], latents), entry=1)


def put(world: World, cell: Tile, layer: int = 0) -> None:
    """Paint one cell, as it is shown or as an edit makes it."""
    snapshot = world.canvas.snapshot()
    node = Node(layer, cell) if layer else snapshot.shown(cell)
    world.canvas.commit(snapshot, node, np.zeros((4, 32, 32), np.float32))


def acts(world: World) -> dict[str, Work]:
    """What is measured, by name. Each is done several times, with a number that goes up."""
    renderer, middle, metres = world.renderer, Tile(8, HOME + 1, HOME + 1), tile_metres(8)

    def edit(number: int) -> None:
        cells = journal.outline([middle])
        layer = world.journal.begin_edit(
            entries.Edit(
                cells=cells, prompt="ice", negative_prompt="", strength=1, seed=number, picture=False
            )
        )
        put(world, middle, layer)
        world.journal.finish_edit(layer)

    def stroke(number: int) -> None:
        path = ((number * metres, 300 * metres), ((number + 3) * metres, 301 * metres))
        world.journal.draw(Stroke("forest", path, metres, metres))

    def new(number: int) -> None:
        put(world, Tile(8, 0, 2 * number))
        renderer.tile(Tile(8, 0, 2 * number), "webp")

    def overview(number: int) -> None:
        put(world, Tile(8, 2, 2 * number))
        renderer.revision(Tile(0, 0, 0))

    return {
        "a cached tile": lambda _: renderer.cached(middle, "webp"),
        "a new tile": new,
        "a cell, and 0/0/0's revision": overview,
        "a prompt": lambda number: world.journal.set_prompt(f"land {number}"),
        "a stroke": stroke,
        "an edit": edit,
        "an undo": lambda _: world.journal.undo(),
        "a redo": lambda _: world.journal.redo() if world.journal.history.undone else None,
    }


def costs(folder: Path, sizes: Sequence[int]) -> dict[str, list[float]]:
    """Median milliseconds of each act, and of opening, in worlds of these sizes, measured side by side."""
    folders = [folder / str(size) for size in sizes]
    with ExitStack() as stack:
        works = []
        for each, size in zip(folders, sizes):
            world = stack.enter_context(atlas_in(each)).create(NewWorld("Growing land", "coast", seed=1))
            fill(world, size)
            world.journal.set_prompt("what is painted so far is outlined once")
            world.renderer.tile(Tile(8, HOME + 1, HOME + 1), "webp")
            world.renderer.revision(Tile(0, 0, 0))
            works.append(acts(world))
        numbers = count()
        spent = {name: medians([work[name] for work in works], numbers) for name in works[0]}
    return {**spent, "opening the world": medians([partial(reopen, each) for each in folders], numbers)}


def medians(works: Sequence[Work], numbers: Iterator[int]) -> list[float]:
    """Median milliseconds of each of several works, done in turn."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(TIMES):
        number = next(numbers)
        for work, times in zip(works, spent):
            start = time.perf_counter()
            work(number)
            times.append(time.perf_counter() - start)
    return [statistics.median(times) * 1000 for times in spent]


def reopen(folder: Path, _: int) -> None:
    with atlas_in(folder) as atlas:
        atlas.get("growing-land")


def memory() -> float:
    """MiB in use by this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def pan(folder: Path, tiles: int) -> list[tuple[int, float, int]]:
    """Pan right over that many new tiles; now and then the tiles so far, MiB in use, and descriptors."""
    seen = []
    width, height = VIEW
    with atlas_in(folder) as atlas:
        world, painter = atlas.create(NewWorld("Panned land", "coast", seed=1)), Painter()
        for left in range(HOME, HOME + tiles // height + 1):
            view = Box(8, left, HOME, left + width, HOME + height)
            painter.want("map", world, list(view.tiles()))
            painter.paint(world, list(view.tiles())).result(60)
            for tile in Box(8, view.right - 1, view.top, view.right, view.bottom).tiles():
                world.renderer.tile(tile, "webp")
            done = (left - HOME) * height
            if done % (tiles // 5) < height:
                held = len(os.listdir("/proc/self/fd"))
                seen.append((done, memory(), held))
        painter.close()
    return seen


def main(
    tiles: Annotated[int, typer.Option(help="painted tiles of the largest world")] = 20_000,
    panning: Annotated[int, typer.Option(help="new tiles to pan over")] = 5000,
) -> None:
    """Print both tables."""
    sizes = [size for size in SIZES if size <= tiles]
    with tempfile.TemporaryDirectory() as folder:
        table = Table("ms", *(f"{size:,} tiles" for size in sizes), "last / first", title="cost by size")
        for name, row in costs(Path(folder), sizes).items():
            table.add_row(name, *(f"{value:.2f}" for value in row), f"{row[-1] / row[0]:.2f}")
        Console().print(table)
        table = Table("new tiles", "MiB in use", "descriptors", title="panning")
        for done, used, held in pan(Path(folder) / "panning", panning):
            table.add_row(f"{done:,}", f"{used:.0f}", f"{held}")
        Console().print(table)


if __name__ == "__main__":
    typer.run(main)
