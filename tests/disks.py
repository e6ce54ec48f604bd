"""What can happen to files of a world: bits that flip, and a disk without room."""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path


def change(path: Path, statement: str, values: Sequence[object] = ()) -> None:
    """Change a database behind the app's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement, values)


def rows(path: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def full_disk(*folders: Path, room: int = 0) -> Iterator[None]:
    """No file of this process grows by more than ``room`` bytes beyond the largest in ``folders``."""
    sizes = [p.stat().st_size for folder in folders for p in folder.rglob("*") if p.is_file()]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes) + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
