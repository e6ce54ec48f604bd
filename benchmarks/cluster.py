"""What painting by a Ray cluster costs.

    python -m benchmarks.cluster                     # painters that sleep 100 ms: 1, 4, 16, 64 of them
    python -m benchmarks.cluster --painters 1 4      # fewer
    python -m benchmarks.cluster --windows 10        # windows of terra here and through Ray, in turns

The first prints tiles a second over the ideal, and what the app's processes grow by for each painted tile.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import torch

from benchmarks.painters import Sleeper
from benchmarks.standin import OneModel, StandIn
from explorer.models.library import Library
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, Window, WindowSpec, assemble
from explorer.service.bulk import paint_all
from explorer.service.cluster.executors import ClusterExecutors
from explorer.service.cluster.plan import Plan, Source
from explorer.service.executors import Executor, LocalExecutors
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.grid import Box, Tile

MEBIBYTE = 2**20


def there(executors: ClusterExecutors, painters: int) -> None:
    """Wait until all painters are there."""
    while len(executors.crew().kinds) < painters:
        time.sleep(0.1)


def scheduled(painters: int) -> None:
    """Print how busy so many sleeping painters are kept."""
    plan = Plan(painters=painters, device="cpu", worker="benchmarks.painters:Sleeper")
    executors = ClusterExecutors(plan, lambda model: Source("", "0" * 32, {}))
    there(executors, painters)
    with tempfile.TemporaryDirectory() as folder:
        model = StandIn(sketch=0)
        atlas, painter = Atlas(Path(folder), OneModel(model), 2**26), Painter(executors=executors)  # type: ignore[arg-type]
        world = atlas.create(NewWorld("Land", "coast", seed=1))
        own = psutil.Process()
        before, start, side = own.memory_info().rss, time.perf_counter(), max(8, int(4 * painters**0.5) * 2)
        paint_all(painter, world, list(Box(8, 128, 128, 128 + side, 128 + side).tiles()), lambda more: None)
        spent = time.perf_counter() - start
        painted = world.canvas.count(8)
        grown = (own.memory_info().rss - before) / painted
        painter.close()
        atlas.close()
    share = painted * Sleeper.pause / painters / spent
    paces = f"{painted / spent:.1f} a second, {share:.2f} of the ideal"
    memory = f"{grown / 1024:.0f} KiB a cell in the app's process"
    print(f"{painters} painters: {painted} cells, {paces}, {memory}", flush=True)


def window(library: Library) -> Window:
    """One of terra's, which sees nothing."""
    traits = library.get().traits
    pyramid = pyramid_of(traits.base_zoom, 0, traits.halo, traits.space)
    spec = WindowSpec(pyramid, 1, (Condition("rocky coast", use_parent=False),))
    return assemble(Tile(traits.base_zoom, 128, 128), spec, {})


def compared(count: int) -> None:
    """Print how long a window of terra takes here and through Ray, in turns."""
    library = Library("terra", "cpu")
    model, one = library.get(), window(library)
    folder = library.folder_of(model)
    source = Source(str(folder), model.traits.digest, {})
    plan = Plan(painters=1, cpus=torch.get_num_threads(), device="cpu")
    local, cluster = LocalExecutors(), ClusterExecutors(plan, lambda _: source)
    there(cluster, 1)
    seconds: dict[str, list[float]] = {"here": [], "Ray": []}
    executors: dict[str, Executor] = {"here": local.of(model), "Ray": cluster.of(model)}
    for _ in range(count + 1):
        for name, executor in executors.items():
            start = time.perf_counter()
            executor.submit([one]).result()
            seconds[name].append(time.perf_counter() - start)
    local.close()
    cluster.close()
    here, ray = (statistics.median(seconds[name][1:]) for name in ("here", "Ray"))
    print(f"a window of terra: {here:.3f} s here, {ray:.3f} s through Ray, {ray / here:.2f} times as long")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--painters", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--windows", type=int, default=0, help="compare so many windows of terra instead")
    wanted = parser.parse_args()
    if wanted.windows:
        compared(wanted.windows)
        return
    for painters in wanted.painters:
        scheduled(painters)


if __name__ == "__main__":
    main()
