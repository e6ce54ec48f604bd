"""Memory and time of large exports of painted land, by their size.

python -m benchmarks.exports [--model terra] [--sides 5000 10000 20000] [--format cog]
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.common import HOME, worlds
from explorer.service import estimates, exports
from explorer.service.painter import Painter
from explorer.worlds.world import World
from tiles.grid import Box, Tile
from tiles.mosaic.area import Area


def cover(world: World, box: Box) -> None:
    """Fill a box with smooth latents: what an export costs does not depend on who painted them."""
    rng = np.random.default_rng(0)
    for row in range(box.top, box.bottom):
        coarse = rng.standard_normal((box.width, 4, 4, 4))
        cells = {
            Tile(box.zoom, box.left + i, row): latents.repeat(8, 1).repeat(8, 2).astype(np.float16)
            for i, latents in enumerate(coarse)
        }
        world.store.commit(cells, 1)


@contextmanager
def watched() -> Iterator[list[int]]:
    """The most resident memory above that at the start, in MiB, sampled twenty times a second."""
    before, most, over = resident(), [0], threading.Event()

    def sample() -> None:
        while not over.wait(0.05):
            most[0] = max(most[0], resident() - before)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def resident() -> int:
    """MiB of this process; Linux only."""
    line = next(row for row in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in row)
    return int(line.split()[1]) // 1024


def main(
    model: Annotated[str, typer.Option()] = "terra",
    sides: Annotated[list[int], typer.Option()] = [5000, 10000, 20000],  # noqa: B006
    format: Annotated[str, typer.Option()] = "cog",
) -> None:
    """Print one row a size. Each is exported twice: from latents, then from cached tiles."""
    heads = ("side, px", "tiles", "MiB above idle", "s", "CPU s", "CPU us a pixel", "from")
    table = Table(*heads, title=format)
    painter = Painter()
    with worlds(model) as make, TemporaryDirectory() as folder:
        for side in sides:
            world = make(f"{side} pixels")
            left = HOME * 256
            area = Area(8, left, left, left + side, left + side)
            cover(world, area.box.grown(1))
            request = estimates.ExportRequest(area.bounds, 8, format)
            for source in ("latents", "cached tiles"):
                start, worked = time.perf_counter(), time.process_time()
                with watched() as most:
                    paths = exports.make(world, painter, request, Path(folder) / "out", lambda *_: None)
                # On a machine that others use too, the processor's time is what is linear.
                spent, worked = time.perf_counter() - start, time.process_time() - worked
                figures = (f"{spent:.0f}", f"{worked:.0f}", f"{worked / side**2 * 1e6:.3f}", source)
                table.add_row(f"{side:,}", f"{area.box.size:,}", str(most[0]), *figures)
                for path in paths:
                    path.unlink()
    painter.close()
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
