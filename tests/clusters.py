"""Painters of a Ray cluster for tests: small, and quick to start."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from explorer.models.library import Library
from explorer.service.cluster.executors import ClusterExecutors
from explorer.service.cluster.plan import Plan, Source
from explorer.service.cluster.worker import Worker

NOBODY = Source("nowhere", "0" * 32, {})
STARTING = 240.0  # seconds: this machine may have much else to do


class Elsewhere(Worker):
    """A painter of a machine that has no folder with the model."""

    def hold(self, source: Source, files: dict[str, bytes] | None = None) -> int | None:
        return None if files is None else super().hold(source, files)


def quick(painters: int, **options: Any) -> Plan:
    """Painters by the stand-in."""
    return Plan(painters=painters, device="cpu", worker="benchmarks.painters:Quick", **options)


@contextlib.contextmanager
def crew(plan: Plan, library: Library | None = None, mixed: bool = False) -> Iterator[ClusterExecutors]:
    """Executors whose painters are all there; the stand-in's without a library."""

    def source(model: Any) -> Source:
        if library is None:
            return NOBODY
        return Source(str(library.folder_of(model)), model.traits.digest, library.options)

    executors = ClusterExecutors(plan, source, mixed)
    try:
        until(executors, lambda: len(executors.crew().kinds) == plan.painters)
        yield executors
    finally:
        executors.close()


def until(
    executors: ClusterExecutors, true: Callable[[], bool], after: Callable[[], None] = lambda: None
) -> None:
    """Do something, and wait until something is true; it is looked at with each painter that comes or goes, as
    one that is lost may be back in a moment."""
    seen = Event()

    def look() -> None:
        if true():
            seen.set()

    executors.watch(look)
    after()
    look()
    assert seen.wait(STARTING), executors.crew()


def kept(path: Path) -> tuple[list[Any], list[Any]]:
    """Every painting in a world's file, with its digest, and how often it was written; and its journal."""
    with contextlib.closing(sqlite3.connect(path)) as file:
        rows = "SELECT zoom, x, y, entry, shown, version, digest FROM cells ORDER BY zoom, x, y, entry"
        lines = "SELECT number, kind, data FROM journal ORDER BY number"
        return file.execute(rows).fetchall(), file.execute(lines).fetchall()


class Kept:
    """Executors that a painter does not close, because others use them too."""

    def __init__(self, executors: ClusterExecutors) -> None:
        self.of, self.decode, self.crew = executors.of, executors.decode, executors.crew
        self.watch = executors.watch

    def close(self) -> None:
        """They go on."""
