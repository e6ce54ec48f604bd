"""tiles.mbtiles: encoded tiles, made again from latents whenever they are missing.

A valid MBTiles 1.3 file for other tools: its ``tiles`` is a view of the lossless tiles inside the
mercator square. The table behind it holds every address, both formats, a digest and a revision.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tiles.database import Database, is_full, make
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
# Losing the last second of a cache to a power cut loses nothing.
OPENING = ("PRAGMA synchronous = NORMAL", "PRAGMA busy_timeout = 2000")
TOUCH_BATCH = 64  # tiles read before their use is written down


class Cached(NamedTuple):
    """An encoded tile."""

    data: bytes
    revision: int


class Cache:
    """At most ``limit_bytes`` of tiles; the least recently used go first."""

    def __init__(self, path: Path, limit_bytes: int, metadata: Mapping[str, str]) -> None:
        self.path, self.limit = path, limit_bytes
        self.full = False  # whether the last tile could not be kept for want of room
        self._metadata = {"format": "png", "type": "baselayer", "version": "1", **metadata}
        self._metadata.setdefault("bounds", "-180,-85.051129,180,85.051129")
        self._lock = threading.Lock()
        self._database = self._opened()
        row = self._database.read().execute("SELECT total(size), max(used) FROM pixels").fetchone()
        self._size, self._clock = int(row[0]), int(row[1] or 0)
        self._touched: dict[tuple[int, int, int, str], int] = {}

    def get(self, tile: Tile, format: str) -> Cached | None:
        """The tile as it was kept; None if it is not there or not what was written."""
        query = "SELECT revision, digest, data FROM pixels WHERE z = ? AND x = ? AND y = ? AND format = ?"
        key = (*tile, format)
        try:
            row = self._database.read().execute(query, key).fetchone()
        except sqlite3.DatabaseError as error:
            self._doubt(error)
            return None
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
        """Keep a tile; False where there is no room: then it is served without being kept."""
        key = (*tile, format)
        try:
            with self._lock, self._database.write() as connection:
                find = "SELECT size FROM pixels WHERE z = ? AND x = ? AND y = ? AND format = ?"
                before = connection.execute(find, key).fetchone()
                self._clock += 1
                digest = _digest(tile, format, revision, data)
                row = (*key, revision, digest, self._clock, len(data), data)
                insert = "INSERT OR REPLACE INTO pixels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                connection.execute(insert, row)
                size = self._size + len(data) - (before[0] if before else 0)
                self._size = self._evict(connection, size)
        except sqlite3.DatabaseError as error:
            self._doubt(error)
            self.full = is_full(error)
            return False
        self.full = False
        return True

    def drop(self, tile: Tile) -> None:
        """Forget a tile in every format."""
        try:
            with self._lock, self._database.write() as connection:
                query = "DELETE FROM pixels WHERE z = ? AND x = ? AND y = ? RETURNING size"
                self._size -= sum(size for (size,) in connection.execute(query, tile).fetchall())
        except sqlite3.DatabaseError as error:
            self._doubt(error)

    def size(self) -> int:
        """Bytes of encoded tiles."""
        return self._size

    def mean_size(self, format: str) -> float | None:
        """Mean bytes of a tile in that format; None while there is none."""
        query = "SELECT avg(size) FROM (SELECT size FROM pixels WHERE format = ? LIMIT 500)"
        try:
            (mean,) = self._database.read().execute(query, (format,)).fetchone()
        except sqlite3.DatabaseError as error:
            self._doubt(error)
            return None
        return mean and float(mean)

    def count(self, box: Box, format: str) -> int:
        """How many tiles of a box are kept in that format, up to date or not."""
        query = "SELECT count(*) FROM pixels WHERE z = ? AND x >= ? AND x < ? AND y >= ? AND y < ?"
        ends = (box.zoom, box.left, box.right, box.top, box.bottom, format)
        try:
            return int(self._database.read().execute(f"{query} AND format = ?", ends).fetchone()[0])
        except sqlite3.DatabaseError as error:
            self._doubt(error)
            return 0

    def close(self) -> None:
        try:
            self._note_uses()
        except sqlite3.Error as error:
            log.warning("%s: %s", self.path.name, error)
        self._database.close()

    def _evict(self, connection: sqlite3.Connection, size: int) -> int:
        """Drop the least recently used until ``size`` fits the limit; the new size."""
        if size <= self.limit:
            return size
        self._write_uses(connection)
        # A little further than needed, so that not every tile from now on evicts another.
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
            try:
                self._note_uses()
            except sqlite3.DatabaseError as error:
                self._doubt(error)

    def _note_uses(self) -> None:
        with self._lock, self._database.write() as connection:
            self._write_uses(connection)

    def _write_uses(self, connection: sqlite3.Connection) -> None:
        rows = [(used, *key) for key, used in self._touched.items()]
        self._touched.clear()
        query = "UPDATE pixels SET used = ? WHERE z = ? AND x = ? AND y = ? AND format = ?"
        connection.executemany(query, rows)

    def _opened(self) -> Database:
        if self.path.exists():
            try:
                return self._checked()
            except sqlite3.DatabaseError as error:
                log.warning("%s is made anew: %s", self.path.name, error)
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        make(self.path, SCHEMA, self._describe)
        return Database(self.path, setup=OPENING)

    def _checked(self) -> Database:
        database = Database(self.path, setup=OPENING)
        try:
            database.read().execute("SELECT z, x, y, format, digest, used FROM pixels LIMIT 1").fetchall()
            database.read().execute("SELECT * FROM tiles LIMIT 1").fetchall()
            return database
        except BaseException:
            database.close()
            raise

    def _describe(self, connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", self._metadata.items())

    def _doubt(self, error: sqlite3.DatabaseError) -> None:
        """A cache that fails is no reason to fail: tiles are made from latents as if it were empty.
        A damaged file is made anew."""
        log.warning("%s: %s", self.path.name, error)
        broken = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in broken:
            with self._lock:
                self._database.close()
                self.path.unlink(missing_ok=True)
                self._database, self._size = self._opened(), 0


def _digest(tile: Tile, format: str, revision: int, data: bytes) -> bytes:
    head = f"{tile.z}/{tile.x}/{tile.y}.{format}@{revision}:".encode()
    return hashlib.blake2b(head + data, digest_size=16).digest()
