"""What painting by a Ray cluster costs.

    python -m benchmarks.cluster                     # painters that sleep 100 ms: 1, 4, 16, 64 of them
    python -m benchmarks.cluster --painters 1 4      # fewer
    python -m benchmarks.cluster --windows 10        # windows of terra here and through Ray, in turns

The first prints a row for each number of painters: cells a second, and what share that is of the ideal, in
which painters only sleep. First by a program that just sends windows to Ray's actors: more than that Ray does
not do on this machine. Then by the app with threads in place of Ray, and by the app with Ray. All painters
are on this machine, so its cores do the work of the app and of every machine of a cluster.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]
import torch

from benchmarks.painters import Sleeper
from benchmarks.standin import OneModel, StandIn
from explorer.models.family import Model
from explorer.models.library import Library
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, Window, WindowSpec, assemble
from explorer.service.bulk import paint_all
from explorer.service.cluster import office
from explorer.service.cluster.dispatch import AT_HAND
from explorer.service.cluster.executors import ClusterExecutors
from explorer.service.cluster.packing import packed
from explorer.service.cluster.plan import Plan, Source
from explorer.service.executors import Crew, Executor, Executors, LocalExecutors, Painted
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.grid import Box, Tile

MESSAGES = (1, 4)  # windows in each message to Ray's actors
COLUMNS = (
    "painters",
    "Ray alone, a window a message: cells a second",
    "/ ideal",
    "Ray alone, 4 windows a message",
    "/ ideal",
    "the app without Ray",
    "/ ideal",
    "the app with Ray",
    "/ ideal",
    "CPU ms a cell: the app",
    "its office",
    "Ray",
    "the app grows by, KiB a cell",
)


class Threads(LocalExecutors):
    """Painters that sleep in this process, a thread each."""

    capacity, batch, most = 0, 1, 1

    def __init__(self, painters: int) -> None:
        super().__init__()
        self._crew, self.capacity = Crew(("sleeper",) * painters), AT_HAND * painters
        self._pool, self._sleeper = ThreadPoolExecutor(painters), Sleeper(1, "cpu")

    def of(self, model: Model, kind: str | None = None) -> Any:
        return self

    def crew(self) -> Any:
        return self._crew

    def submit(self, windows: Any) -> Future[Painted]:
        return self._pool.submit(lambda: Painted(self._sleeper.slept(len(windows)), "sleeper"))

    def withdraw(self, batch: Future[Painted]) -> None:
        batch.cancel()

    def close(self) -> None:
        self._pool.shutdown()


class Pace(NamedTuple):
    """How fast cells were painted."""

    painters: int
    cells: int
    seconds: float

    def __str__(self) -> str:
        share = self.cells * Sleeper.pause / self.painters / self.seconds
        return f"{self.cells / self.seconds:.1f} | {share:.2f}"


def there(executors: ClusterExecutors, painters: int) -> None:
    """Wait until all painters are there."""
    while len(executors.crew().kinds) < painters:
        time.sleep(0.1)


def ray_alone(painters: int, seconds: float = 5.0) -> list[Pace]:
    """Windows as fast as Ray's actors answer, in a process of its own: it can start one cluster only."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(_ray_alone, painters, seconds).result()


def _ray_alone(painters: int, seconds: float) -> list[Pace]:
    import ray

    office.join(Plan(painters=painters, device="cpu"))
    of_ray: Any = ray.remote(Sleeper)
    actors = [of_ray.options(num_cpus=1).remote(1, "cpu") for _ in range(painters)]
    one = window(StandIn(sketch=0))

    async def call(actor: Any, load: bytes, until: float) -> int:
        calls = 0
        while time.perf_counter() < until:
            await actor.paint.remote("", load)
            calls += 1
        return calls

    async def call_all(windows: int, seconds: float) -> Pace:
        load, start = packed([one._replace(noise=one.noise + n) for n in range(windows)]), time.perf_counter()
        each = [call(actor, load, start + seconds) for actor in actors for _ in range(AT_HAND)]
        calls = sum(await asyncio.gather(*each))
        return Pace(painters, calls * windows, time.perf_counter() - start)

    asyncio.run(call_all(1, 1.0))  # until all are there
    paces = [asyncio.run(call_all(windows, seconds)) for windows in MESSAGES]
    ray.shutdown()
    return paces


def scheduled(
    painters: int, executors: Executors, spent: Callable[[], list[float]]
) -> tuple[Pace, list[float]]:
    """How busy the app keeps so many sleeping painters; and the growth of what is ``spent`` by a cell."""
    with tempfile.TemporaryDirectory() as folder:
        model = StandIn(sketch=0)
        atlas, painter = Atlas(Path(folder), OneModel(model), 2**26), Painter(executors=executors)  # type: ignore[arg-type]
        world = atlas.create(NewWorld("Land", "coast", seed=1))
        side = int(12 * painters**0.5)  # about 15 seconds, if they are kept busy
        before, start = spent(), time.perf_counter()
        paint_all(painter, world, list(Box(8, 128, 128, 128 + side, 128 + side).tiles()), lambda more: None)
        seconds, after = time.perf_counter() - start, spent()
        cells = world.canvas.count(8)
        painter.close()
        atlas.close()
    return Pace(painters, cells, seconds), [(b - a) / cells for a, b in zip(before, after)]


def spent_by(office: int) -> list[float]:
    """CPU time of this process, of the office and of what is Ray's, in ms; this process's memory, in KiB."""
    own, other = psutil.Process(), psutil.Process(office)
    used = [_milliseconds(own), _milliseconds(other), sum(map(_milliseconds, other.children(recursive=True)))]
    return [*used, own.memory_info().rss / 1024]


def _milliseconds(process: Any) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return 1000.0 * (times.user + times.system)


def row(painters: int) -> str:
    """All of them, by Ray alone, by the app alone and by both."""
    alone = ray_alone(painters)
    here, _ = scheduled(painters, Threads(painters), list)
    plan = Plan(painters=painters, device="cpu", worker="benchmarks.painters:Sleeper")
    executors = ClusterExecutors(plan, lambda model: Source("", "0" * 32, {}))
    there(executors, painters)
    speaks = executors.office or 0
    both, (*times, grown) = scheduled(painters, executors, lambda: spent_by(speaks))
    costs = " | ".join(f"{each:.1f}" for each in times)
    paces = " | ".join(map(str, [*alone, here, both]))
    return f"| {painters} | {paces} | {costs} | {grown:.0f} |"


def window(model: Model | StandIn) -> Window:
    """One of a model's, which sees nothing."""
    traits = model.traits
    pyramid = pyramid_of(traits.base_zoom, 0, traits.halo, traits.space)
    spec = WindowSpec(pyramid, 1, (Condition("rocky coast", use_parent=False),))
    return assemble(Tile(traits.base_zoom, 128, 128), spec, {})


def compared(count: int) -> None:
    """Print how long a window of terra takes here and through Ray, in turns."""
    library = Library("terra", "cpu")
    model, one = library.get(), window(library.get())
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
    os.environ.setdefault("RAY_worker_niceness", "0")  # painters do not come last on this machine
    if wanted.windows:
        compared(wanted.windows)
        return
    print(f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    for painters in wanted.painters:
        print(row(painters), flush=True)


if __name__ == "__main__":
    main()
