"""search.db: what tiles look like, as vectors, so that land can be found by words.

Derived from pixels, like the cache of tiles, and kept beside it: losing it loses nothing.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tiles.database import Database, DatabaseClosed, TooManyReaders
from tiles.derived import Form, derived
from tiles.grid import Tile

log = logging.getLogger(__name__)
FORM = Form(
    schema=(
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        """CREATE TABLE vectors (
            z INTEGER, x INTEGER, y INTEGER, revision INTEGER NOT NULL, vector BLOB NOT NULL,
            UNIQUE (z, x, y))""",
    ),
    probes=("SELECT z, x, y, revision, vector FROM vectors LIMIT 1",),
    setup=("PRAGMA synchronous = OFF", "PRAGMA busy_timeout = 2000"),
)
SCALE = 127  # vectors are of unit length, and kept as whole numbers of -127 to 127
WRITTEN_AT_ONCE = 32  # vectors in memory before they are written
READ_AT_ONCE = 4096


class Match(NamedTuple):
    """A tile, and how well it agrees with what is looked for, -1..1."""

    tile: Tile
    revision: int  # of the pixels that were compared
    agreement: float


class Vectors:
    """Unit vectors of tiles, for any number of threads.

    >>> vectors = Vectors(Path("search.db"), stamp="5e1f")
    >>> vectors.put(Tile(8, 128, 127), 9, vector)
    >>> vectors.nearest(wanted, limit=3)
    [Match(tile=Tile(z=8, x=128, y=127), revision=9, agreement=0.42)]

    ``stamp`` stands for everything that tiles are made from: a file with another stamp is replaced. If the
    file cannot be used, nothing is kept; that is not an error.
    """

    def __init__(self, path: Path, stamp: str = "", readonly: bool = False) -> None:
        self.path, self._stamp, self.readonly = path, stamp, readonly
        self._lock = threading.Lock()
        self._new: dict[Tile, tuple[int, bytes]] = {}
        self._database: Database | None = None
        self._opened = False  # when it is needed first: most worlds are never searched

    def put(self, tile: Tile, revision: int, vector: np.ndarray) -> None:
        """Keep the unit vector (width,) of a tile, in place of an older one."""
        whole = np.rint(np.clip(vector, -1, 1) * SCALE).astype(np.int8).tobytes()
        with self._lock:
            self._new[tile] = (revision, whole)
            due = len(self._new) >= WRITTEN_AT_ONCE
        if due:
            self.flush()

    def revisions(self) -> dict[Tile, int]:
        """Of all tiles that can be found, the revision of the pixels that were looked at."""
        self.flush()
        query = "SELECT z, x, y, revision FROM vectors"
        return {Tile(z, x, y): revision for rows in self._rows(query) for z, x, y, revision in rows}

    def nearest(self, wanted: np.ndarray, limit: int, zoom: int | None = None) -> list[Match]:
        """The ``limit`` tiles, of one zoom or of all, that agree best with a unit vector (width,)."""
        self.flush()
        query = "SELECT z, x, y, revision, vector FROM vectors"
        found = self._rows(query) if zoom is None else self._rows(f"{query} WHERE z = ?", (zoom,))
        best: list[Match] = []
        for rows in found:
            kept = [row for row in rows if len(row[4]) == len(wanted)]
            sheet = np.frombuffer(b"".join(row[4] for row in kept), np.int8).reshape(-1, len(wanted))
            agreement = sheet.astype(np.float32) @ wanted.astype(np.float32) / SCALE
            for index in np.argsort(-agreement, kind="stable")[:limit]:
                z, x, y, revision, _ = kept[index]
                best.append(Match(Tile(z, x, y), revision, float(agreement[index])))
            best = sorted(best, key=lambda match: (-match.agreement, match.tile))[:limit]
        return best

    def flush(self) -> None:
        """Write what is in memory; without room on the disk it is forgotten."""
        with self._lock:
            rows = [(*tile, *kept) for tile, kept in self._new.items()]
            self._new.clear()
        database = self._file() if rows and not self.readonly else None
        if database is None:
            return
        try:
            with database.write() as connection:
                connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?, ?)", rows)
        except (sqlite3.Error, DatabaseClosed, TooManyReaders) as error:
            log.warning("%s: %s", self.path, error)

    def close(self) -> None:
        """Whoever asks afterwards finds nothing."""
        self.flush()
        with self._lock:
            database, self._database, self._opened = self._database, None, True
        if database is not None:
            database.close()

    def _rows(self, query: str, values: tuple[int, ...] = ()) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of what is asked for, some at a time; none if the file fails."""
        database = self._file()
        if database is None:
            return
        try:
            with database.read() as connection:
                cursor = connection.execute(query, values)
                while rows := cursor.fetchmany(READ_AT_ONCE):
                    yield rows
        except (sqlite3.Error, DatabaseClosed, TooManyReaders) as error:
            log.warning("%s: %s", self.path, error)

    def _file(self) -> Database | None:
        """The database; None if nothing can be kept, or if it was closed."""
        with self._lock:
            if not self._opened:
                self._opened = True
                try:
                    self._database = derived(self.path, FORM, {"stamp": self._stamp}, self.readonly)
                except (OSError, sqlite3.Error) as error:
                    log.warning("%s cannot be used, so land cannot be found by words: %s", self.path, error)
            return self._database
