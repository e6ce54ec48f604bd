"""Encoded tiles on their way into archives, in a file that a killed process leaves usable."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tiles.grid import Tile

TOGETHER = 64  # tiles kept at once: what a sudden end loses at most
SCHEMA = """
CREATE TABLE IF NOT EXISTS made_from (what TEXT);
CREATE TABLE IF NOT EXISTS tiles (z INTEGER, x INTEGER, y INTEGER, revision INTEGER, data BLOB,
    PRIMARY KEY (z, x, y));
"""


class Spool:
    """Tiles with the revision that they were read with. What is there already is not read again."""

    def __init__(self, connection: sqlite3.Connection, made_from: str) -> None:
        """Tiles that were made from something else are dropped."""
        self._connection, self._new = connection, 0
        connection.executescript(SCHEMA)
        if connection.execute("SELECT what FROM made_from").fetchone() != (made_from,):
            connection.executescript("DELETE FROM made_from; DELETE FROM tiles")
            connection.execute("INSERT INTO made_from VALUES (?)", (made_from,))
            connection.commit()

    def has(self, tile: Tile, revision: int) -> bool:
        """Whether a tile is there as it is now."""
        query = "SELECT 1 FROM tiles WHERE z = ? AND x = ? AND y = ? AND revision = ?"
        return self._connection.execute(query, (*tile, revision)).fetchone() is not None

    def put(self, tile: Tile, revision: int, data: bytes) -> None:
        """Keep a tile, in place of an older one."""
        row = (*tile, revision, data)
        self._connection.execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?, ?, ?)", row)
        self._new += 1
        if self._new % TOGETHER == 0:
            self._connection.commit()

    def read(self, tile: Tile) -> bytes | None:
        """None: nothing was painted there."""
        query = "SELECT data FROM tiles WHERE z = ? AND x = ? AND y = ?"
        row = self._connection.execute(query, tile).fetchone()
        return None if row is None else bytes(row[0])


@contextmanager
def opened(path: Path, made_from: str) -> Iterator[Spool]:
    """The spool at ``path``, begun now or by a process that ended before it was done. One that cannot be
    read is begun anew."""
    try:
        connection = _connected(path)
    except sqlite3.DatabaseError:
        path.unlink()
        connection = _connected(path)
    with closing(connection):
        yield Spool(connection, made_from)
        connection.commit()


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA quick_check(1)").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
