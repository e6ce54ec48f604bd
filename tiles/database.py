"""SQLite connections the way both of a world's files want them, few enough for any number of worlds."""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = 64  # connections of this process, each two descriptors
PATIENCE = 30.0  # seconds that a reader waits for one of them, or for a lock


class DatabaseClosed(Exception):
    """The database was closed, because its world was deleted or the app ends."""


class TooManyReaders(Exception):
    """No connection came free in time."""


class Pool:
    """All connections of a process, at most ``limit``.

    A connection that nobody uses stays open for the next reader of its file. Where that would be
    too many, the one unused for longest is closed first.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit, self._busy = limit, 0
        self._idle: dict[sqlite3.Connection, Hashable] = {}  # unused for longest first
        self._changed = threading.Condition()

    def take(self, key: Hashable, connect: Callable[[], sqlite3.Connection]) -> sqlite3.Connection:
        """An idle connection of that key, or a new one. Raises TooManyReaders."""
        spare = None
        with self._changed:
            while (idle := self._last(key)) is None and self._busy + len(self._idle) >= self._limit:
                if self._idle:
                    spare = next(iter(self._idle))
                    del self._idle[spare]
                    break
                if not self._changed.wait(PATIENCE):
                    raise TooManyReaders(f"{self._busy} connections are in use")
            if idle is not None:
                del self._idle[idle]
            self._busy += 1
        try:
            if spare is not None:
                spare.close()  # may write, so nobody else waits for it
            return idle or connect()
        except BaseException:
            self._ended()
            raise

    def give(self, key: Hashable, connection: sqlite3.Connection, keep: bool) -> None:
        """Take a connection back, for the next one or to close it."""
        if keep:
            with self._changed:
                self._idle[connection] = key
        else:
            connection.close()
        self._ended()

    def drop(self, key: Hashable) -> None:
        """Close the idle connections of a key."""
        with self._changed:
            for connection in [c for c, k in self._idle.items() if k == key]:
                del self._idle[connection]
                connection.close()
            self._changed.notify_all()

    def _last(self, key: Hashable) -> sqlite3.Connection | None:
        return next((c for c, k in reversed(self._idle.items()) if k == key), None)

    def _ended(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify()


POOL = Pool()


class Database:
    """One file for any number of threads: many read it, one at a time writes.

        with database.read() as connection:
            connection.execute("SELECT ...")

    ``setup`` are statements for each writing connection. A ``readonly`` database may lie in a folder
    that cannot be written.
    """

    def __init__(
        self, path: Path, readonly: bool = False, setup: tuple[str, ...] = (), pool: Pool = POOL
    ) -> None:
        self.path, self.readonly, self._setup, self._pool = path, readonly, setup, pool
        self._held = threading.local()
        self._writing = threading.RLock()
        self._transaction: sqlite3.Connection | None = None  # of the thread that holds the lock
        self._closed = False

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is kept, or nothing. One within another of this thread is a part of that.
        Raises DatabaseClosed."""
        with self._writing:
            if self._transaction is not None:
                yield self._transaction
                return
            if self.readonly:
                raise sqlite3.OperationalError("attempt to write a readonly database")
            with self._connection("write", self._setup) as connection:
                connection.execute("BEGIN IMMEDIATE")
                self._transaction = connection
                try:
                    yield connection
                finally:
                    self._transaction = None
                connection.execute("COMMIT")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A reading connection; within it, the same for all that this thread reads.

        Raises DatabaseClosed, TooManyReaders.
        """
        held: sqlite3.Connection | None = getattr(self._held, "connection", None)
        if held is not None:
            yield held
            return
        with self._connection("read", ("PRAGMA query_only = ON",)) as connection:
            self._held.connection = connection
            try:
                yield connection
            finally:
                self._held.connection = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that this thread reads within it is as it is now, whatever is written meanwhile."""
        with self.read() as connection:
            if not connection.in_transaction:
                connection.execute("BEGIN")
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # from here on
            yield

    def close(self) -> None:
        """Refuse whoever asks from now on. What is being written is finished first; who reads may go
        on, and the last one closes the file."""
        with self._writing:
            self._closed = True
        for role in ("read", "write"):
            self._pool.drop((self, role))

    @contextmanager
    def _connection(self, role: str, setup: tuple[str, ...]) -> Iterator[sqlite3.Connection]:
        """One for this thread alone. What is not committed at the end never was."""
        if self._closed:
            raise DatabaseClosed(f"{self.path.name} is closed")
        key = (self, role)
        connection = self._pool.take(key, lambda: self._connect(setup))
        keep = False
        try:
            yield connection
            keep = True
        except BaseException as error:
            keep = not isinstance(error, sqlite3.DatabaseError) or is_full(error)
            raise
        finally:
            self._return(key, connection, keep)

    def _return(self, key: Hashable, connection: sqlite3.Connection, keep: bool) -> None:
        try:
            if connection.in_transaction:
                connection.rollback()
        except sqlite3.Error:
            keep = False
        self._pool.give(key, connection, keep and not self._closed)
        if self._closed:  # meanwhile
            self._pool.drop(key)

    def _connect(self, statements: tuple[str, ...]) -> sqlite3.Connection:
        address = self.path.resolve().as_uri()
        if self.readonly and not writable(self.path):
            return self._connect_still(address, statements)
        # rw, not rwc: a file that is gone must not come back empty.
        return _connected(f"{address}?mode=rw", statements)

    def _connect_still(self, address: str, statements: tuple[str, ...]) -> sqlite3.Connection:
        """Where nothing can be written, SQLite needs its side files to be there, or the promise that
        nobody writes, which holds while there is no ``-wal``."""
        try:
            return _connected(f"{address}?mode=ro", (*statements, "SELECT 1 FROM sqlite_master"))
        except sqlite3.OperationalError:
            wal = self.path.with_name(f"{self.path.name}-wal")
            if wal.exists() and wal.stat().st_size:
                raise
            return _connected(f"{address}?mode=ro&immutable=1", statements)


def _connected(address: str, statements: tuple[str, ...]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        for statement in statements:
            connection.execute(statement).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def make(path: Path, statements: tuple[str, ...], fill: Callable[[sqlite3.Connection], None]) -> None:
    """A new database that appears under its name only when it is whole.

    Only whoever may write ``path`` calls this: what a process that was killed left beside it goes.
    """
    for left in path.parent.glob(f".{path.name}.*.part*"):
        left.unlink(missing_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    connection = sqlite3.connect(part, isolation_level=None)
    try:
        for statement in statements:
            connection.execute(statement)
        connection.execute("BEGIN")
        fill(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        part.unlink(missing_ok=True)
        raise
    connection.close()
    part.replace(path)


def writable(path: Path) -> bool:
    """Whether this process may change a file and what lies beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def is_full(error: sqlite3.Error) -> bool:
    """Whether the disk, or the file's own limit, had no room left."""
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE)
