"""SQLite connections the way both of a world's files want them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Database:
    """One file: a single writing connection, and a reading one for each thread that asks."""

    def __init__(self, path: Path, readonly: bool = False, setup: tuple[str, ...] = ()) -> None:
        self.path, self.readonly, self._setup = path, readonly, setup
        self._threads = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._lock = threading.RLock()
        self._closed = False
        self._writer: sqlite3.Connection | None = None if readonly else self._connect(setup)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is kept, or nothing."""
        with self._lock:
            if self._writer is None:
                raise sqlite3.OperationalError("attempt to write a readonly database")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def read(self) -> sqlite3.Connection:
        """This thread's reading connection."""
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = self._connect(("PRAGMA query_only = ON",))
            self._threads.connection = found
        return found

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for connection in self._all:
                connection.close()
            self._all.clear()
            self._writer = None

    def _connect(self, statements: tuple[str, ...]) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise sqlite3.OperationalError(f"{self.path.name} is closed")
            # rw, not rwc: a file that is gone must not come back empty.
            address = f"{self.path.resolve().as_uri()}?mode=rw"
            connection = sqlite3.connect(
                address, uri=True, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._all.append(connection)
        for statement in statements:
            connection.execute(statement)
        return connection


def make(path: Path, statements: tuple[str, ...], fill: Callable[[sqlite3.Connection], None]) -> None:
    """A new database that appears under its name only when it is whole."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute("BEGIN")
        fill(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        part.unlink()
        raise
    connection.close()
    part.replace(path)


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk, or the file's own limit, had no room left."""
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
