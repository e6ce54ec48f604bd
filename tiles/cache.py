"""tiles.mbtiles: encoded tiles, made again from latents whenever they are missing.

A valid MBTiles 1.3 file for other tools: its ``tiles`` is a view of the lossless tiles inside the
mercator square. The table behind it holds every address, both formats, a digest and a revision.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tiles.database import Database, DatabaseClosed, TooManyReaders, is_full
from tiles.derived import Form, derived
from tiles.grid import Box, Tile

log = logging.getLogger(__name__)
SCHEMA = (
    "PRAGMA application_id = 0x4d504258",  # "MPBX", as the MBTiles specification says
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE pixels (
        z INTEGER, x INTEGER, y INTEGER, format TEXT, revision INTEGER NOT NULL,
        digest BLOB NOT NULL, used INTEGER NOT NULL, size INTEGER NOT NULL, data BLOB NOT NULL,
        UNIQUE (z, x, y, format))""",
    "CREATE INDEX least_used ON pixels (used, size)",
    """CREATE VIEW tiles AS
        SELECT z AS zoom_level, x AS tile_column, (1 << z) - 1 - y AS tile_row, data AS tile_data
        FROM pixels
        WHERE format = 'png' AND x >= 0 AND y >= 0 AND x < (1 << z) AND y < (1 << z)""",
)
FORM = Form(
    SCHEMA,
    ("SELECT z, x, y, format, digest, used FROM pixels LIMIT 1", "SELECT * FROM tiles LIMIT 1"),
    # Losing the last second of a cache to a power cut loses nothing.
    ("PRAGMA synchronous = NORMAL", "PRAGMA busy_timeout = 2000"),
)
ROOM = 2**24  # bytes of free disk from which tiles are kept again
TOUCH_BATCH = 64  # tiles read before their use is written down


class Cached(NamedTuple):
    """An encoded tile."""

    data: bytes
    revision: int


class Cache:
    """At most ``limit_bytes`` of tiles; the least recently used go first.

    >>> cache = Cache(Path("tiles.mbtiles"), 2**30, {"name": "First Light"}, stamp="5e1f")
    >>> cache.put(Tile(8, 128, 127), "png", revision=9, data=b"...")
    True
    >>> cache.get(Tile(8, 128, 127), "png")
    Cached(data=b'...', revision=9)
    >>> cache.close()

    ``stamp`` stands for everything that tiles are made from: a file with another stamp is replaced. If the
    file cannot be used (a folder, a link, a disk that cannot be written), nothing is cached; that is not an
    error."""

    def __init__(
        self,
        path: Path,
        limit_bytes: int,
        metadata: Mapping[str, str],
        stamp: str = "",
        readonly: bool = False,
    ) -> None:
        self.path, self.limit, self.readonly = path, limit_bytes, readonly
        self._full = False  # whether the last tile could not be kept for want of room
        self._metadata = {"format": "png", "type": "baselayer", "version": "1", **metadata, "stamp": stamp}
        self._metadata.setdefault("bounds", "-180,-85.051129,180,85.051129")
        self._logged = ""  # the last failure that was logged
        self._lock = threading.Lock()
        self._touched: dict[tuple[int, int, int, str], int] = {}
        self._size = self._clock = 0
        self._database = self._opened()

    @property
    def full(self) -> bool:
        """Whether tiles are not cached because the disk is full. The disk is checked again each time."""
        if self._full and self._has_room():
            self._full = False
        return self._full

    def get(self, tile: Tile, format: str) -> Cached | None:
        """A cached tile; None if there is none, or if it is damaged."""
        query = "SELECT revision, digest, data FROM pixels WHERE z = ? AND x = ? AND y = ? AND format = ?"
        key = (*tile, format)
        row = self._first(query, key)
        if row is None:
            return None
        revision, digest, data = row
        if digest != _digest(tile, format, revision, data):
            log.warning("cached tile %d/%d/%d.%s is damaged and is made again", *key)
            self.drop(tile)
            return None
        self._touch(key)
        return Cached(data, revision)

    def put(self, tile: Tile, format: str, revision: int, data: bytes) -> bool:
        """Cache a tile, unless a newer one is there: a slow thread may come late with an old one. False if
        there is no room: then it is served without being cached."""

        def keep(connection: sqlite3.Connection) -> bool:
            key = (*tile, format)
            find = "SELECT size, revision FROM pixels WHERE z = ? AND x = ? AND y = ? AND format = ?"
            before = connection.execute(find, key).fetchone()
            if before and before[1] > revision:
                return True
            self._clock += 1
            digest = _digest(tile, format, revision, data)
            row = (*key, revision, digest, self._clock, len(data), data)
            connection.execute("INSERT OR REPLACE INTO pixels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            size = self._size + len(data) - (before[0] if before else 0)
            self._size = self._evict(connection, size)
            return True

        if not self._write(keep):
            return False
        self._full, self._logged = False, ""
        return True

    def drop(self, tile: Tile) -> None:
        """Forget a tile in every format."""

        def remove(connection: sqlite3.Connection) -> None:
            query = "DELETE FROM pixels WHERE z = ? AND x = ? AND y = ? RETURNING size"
            self._size -= sum(size for (size,) in connection.execute(query, tile).fetchall())

        self._write(remove)

    def size(self) -> int:
        """Bytes of encoded tiles."""
        return self._size

    def mean_size(self, format: str) -> float | None:
        """Mean bytes of a tile in that format; None while there is none."""
        query = "SELECT avg(size) FROM (SELECT size FROM pixels WHERE format = ? LIMIT 500)"
        row = self._first(query, (format,))
        return float(row[0]) if row and row[0] else None

    def count(self, box: Box, format: str) -> int:
        """How many tiles of a box are kept in that format, up to date or not."""
        query = "SELECT count(*) FROM pixels WHERE z = ? AND x >= ? AND x < ? AND y >= ? AND y < ?"
        ends = (box.zoom, box.left, box.right, box.top, box.bottom, format)
        row = self._first(f"{query} AND format = ?", ends)
        return int(row[0]) if row else 0

    def revisions(self) -> dict[Tile, int]:
        """Of all tiles that are kept, in any format, the newest revision."""
        database = self._database
        if database is None:
            return {}
        try:
            with database.read() as connection:
                query = "SELECT z, x, y, max(revision) FROM pixels WHERE format != 'sketch' GROUP BY z, x, y"
                return {Tile(z, x, y): revision for z, x, y, revision in connection.execute(query)}
        except (sqlite3.DatabaseError, DatabaseClosed, TooManyReaders) as error:
            self._doubt(error)
            return {}

    def close(self) -> None:
        """Whoever asks afterwards finds nothing."""
        self._write(self._write_uses)
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _first(self, query: str, values: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of what is asked for; None too if the file fails."""
        database = self._database
        if database is None:
            return None
        try:
            with database.read() as connection:
                row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
                return row
        except (sqlite3.DatabaseError, DatabaseClosed, TooManyReaders) as error:
            self._doubt(error)
            return None

    def _write(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """Do ``work`` in a transaction, one at a time; None if nothing can be cached.

        Failures are rolled back and only logged: tiles can be served without a cache.
        """
        before = self._size
        try:
            with self._lock:
                if self._database is None or self.readonly:
                    return None
                with self._database.write() as connection:
                    return work(connection)
        except (sqlite3.DatabaseError, DatabaseClosed, TooManyReaders) as error:
            self._size = before
            self._full = isinstance(error, sqlite3.Error) and is_full(error)
            self._doubt(error)
            return None

    def _has_room(self) -> bool:
        """Whether a tile could be cached now: tries it, and rolls it back."""

        def put(connection: sqlite3.Connection) -> bool:
            connection.execute("INSERT OR REPLACE INTO metadata VALUES ('trial', zeroblob(?))", (2**17,))
            return True

        def remove(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM metadata WHERE name = 'trial'")

        free = shutil.disk_usage(self.path.parent).free >= ROOM and bool(self._write(put))
        self._write(remove)
        return free

    def _evict(self, connection: sqlite3.Connection, size: int) -> int:
        """Drop the least recently used tiles until ``size`` fits the limit; returns the new size."""
        if size <= self.limit:
            return size
        self._write_uses(connection)
        # A little more than needed, so that not every further tile evicts another.
        goal = self.limit * 0.95
        for rowid, length in connection.execute("SELECT rowid, size FROM pixels ORDER BY used").fetchall():
            if size <= goal:
                break
            connection.execute("DELETE FROM pixels WHERE rowid = ?", (rowid,))
            size -= length
        return size

    def _touch(self, key: tuple[int, int, int, str]) -> None:
        with self._lock:
            self._clock += 1
            self._touched[key] = self._clock
            due = len(self._touched) >= TOUCH_BATCH
        if due:
            self._write(self._write_uses)
            self._touched.clear()

    def _write_uses(self, connection: sqlite3.Connection) -> None:
        rows = [(used, *key) for key, used in self._touched.items()]
        self._touched.clear()
        query = "UPDATE pixels SET used = ? WHERE z = ? AND x = ? AND y = ? AND format = ?"
        connection.executemany(query, rows)

    def _opened(self) -> Database | None:
        """The database; None if there can be no cache."""
        try:
            database = derived(self.path, FORM, self._metadata, self.readonly)
            if database is not None:
                with database.read() as connection:
                    row = connection.execute("SELECT total(size), max(used) FROM pixels").fetchone()
                self._size, self._clock = int(row[0]), int(row[1] or 0)
            return database
        except (OSError, sqlite3.DatabaseError) as error:
            self._full = isinstance(error, sqlite3.Error) and is_full(error)
            log.warning("%s cannot be used, so tiles are not kept: %s", self.path, error)
            return None

    def _doubt(self, error: Exception) -> None:
        """Log a failure; replace a damaged file."""
        if self._database is None:  # closed meanwhile
            return
        if str(error) != self._logged:  # not for every tile on a full disk
            self._logged = str(error)
            log.warning("%s: %s", self.path, error)
        broken = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in broken and not self.readonly:
            with self._lock:
                self._database.close()
                self.path.unlink(missing_ok=True)
                self._size, self._database = 0, self._opened()


def _digest(tile: Tile, format: str, revision: int, data: bytes) -> bytes:
    head = f"{tile.z}/{tile.x}/{tile.y}.{format}@{revision}:".encode()
    return hashlib.blake2b(head + data, digest_size=16).digest()
