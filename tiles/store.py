"""world.db: all of a world that cannot be made again quickly. Settings, journal, latents."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tiles.database import Database, is_full, make
from tiles.errors import DiskFull, WorldDamaged, WorldNotFound
from tiles.grid import TILE_LATENTS, Box, Tile

CHANNELS = 4
SHAPE = (CHANNELS, TILE_LATENTS, TILE_LATENTS)
APPLICATION_ID = 0x45415254  # "EART"
SCHEMA_VERSION = 1
SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE journal (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, made TEXT NOT NULL,
        data TEXT NOT NULL)""",
    """CREATE TABLE cells (
        zoom INTEGER, x INTEGER, y INTEGER, entry INTEGER NOT NULL, version INTEGER NOT NULL,
        digest BLOB NOT NULL, latents BLOB NOT NULL, UNIQUE (zoom, x, y))""",
    # What revisions are made of, without touching the latents.
    "CREATE INDEX cell_versions ON cells (zoom, x, y, version)",
)
OPENING = ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")


class Painted(NamedTuple):
    """A painted cell."""

    latents: np.ndarray  # float16 (4, 32, 32)
    entry: int  # the journal entry it was painted under
    version: int  # goes up with each change


class Entry(NamedTuple):
    """One line of the journal."""

    number: int
    kind: str
    made: str  # UTC, ISO 8601
    data: dict[str, Any]


class Store:
    """One world.db, for any number of threads; one process at a time may write."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database, self.path = database, path

    @classmethod
    def create(cls, path: Path, settings: Mapping[str, Any]) -> Store:
        """A new world; nothing appears at ``path`` before it is whole. Raises DiskFull."""

        def fill(connection: sqlite3.Connection) -> None:
            put_settings(connection, settings)

        with _errors(path):
            make(path, SCHEMA, fill)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, readonly: bool = False) -> Store:
        """Raises WorldNotFound, WorldDamaged."""
        if not path.is_file():
            raise WorldNotFound(f"there is no world at {path.parent.name}")
        with _errors(path):
            store = cls(Database(path, readonly, OPENING), path)
            try:
                store._check()
            except BaseException:
                store.close()
                raise
            return store

    def _check(self) -> None:
        connection = self._database.read()
        (made_by,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if made_by != APPLICATION_ID:
            raise WorldDamaged(f"{self.path.parent.name}: world.db is no Endless Earth world")
        if version != SCHEMA_VERSION:
            raise WorldDamaged(
                f"{self.path.parent.name}: world.db has format {version}, known is {SCHEMA_VERSION}"
            )
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if missing := {"settings", "journal", "cells"} - there:
            raise WorldDamaged(f"{self.path.parent.name}: world.db lacks {', '.join(sorted(missing))}")

    def settings(self) -> dict[str, Any]:
        with _errors(self.path):
            rows = self._database.read().execute("SELECT name, value FROM settings")
            return {name: json.loads(value) for name, value in rows}

    def change_settings(self, **changes: Any) -> None:
        with _errors(self.path), self._database.write() as connection:
            put_settings(connection, changes)

    def journal(self) -> list[Entry]:
        """In order."""
        with _errors(self.path):
            rows = self._database.read().execute("SELECT * FROM journal ORDER BY number")
            return [Entry(number, kind, made, json.loads(data)) for number, kind, made, data in rows]

    def append(self, kind: str, data: Mapping[str, Any]) -> Entry:
        made = datetime.now(UTC).isoformat(timespec="milliseconds")
        with _errors(self.path), self._database.write() as connection:
            done = connection.execute(
                "INSERT INTO journal (kind, made, data) VALUES (?, ?, ?)",
                (kind, made, json.dumps(data, ensure_ascii=False)),
            )
            return Entry(int(done.lastrowid or 0), kind, made, dict(data))

    def commit(self, cells: Mapping[Tile, np.ndarray], entry: int) -> None:
        """Keep new cells, float16 (4, 32, 32) each, all or none. What is painted already stays:
        whoever came first painted the same bytes."""
        rows = []
        for (z, x, y), latents in cells.items():
            if latents.shape != SHAPE or latents.dtype != np.float16 or not np.isfinite(latents).all():
                raise ValueError(f"a cell is finite float16 {SHAPE}, not {latents.dtype} {latents.shape}")
            data = np.ascontiguousarray(latents, "<f2").tobytes()
            rows.append((z, x, y, entry, 1, cell_digest(Tile(z, x, y), entry, data), data))
        with _errors(self.path), self._database.write() as connection:
            connection.executemany("INSERT OR IGNORE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def read(self, cell: Tile) -> Painted | None:
        """Raises WorldDamaged if the cell is not what was written."""
        box = Box(cell.z, cell.x, cell.y, cell.x + 1, cell.y + 1)
        return self.read_many(box).get(cell)

    def read_many(self, box: Box) -> dict[Tile, Painted]:
        """The painted cells of a box. Raises WorldDamaged."""
        query = f"SELECT x, y, entry, version, digest, latents FROM cells WHERE {_INSIDE}"
        found = {}
        with _errors(self.path):
            for x, y, entry, version, digest, data in self._database.read().execute(query, _ends(box)):
                cell = Tile(box.zoom, x, y)
                if digest != cell_digest(cell, entry, data):
                    raise WorldDamaged(
                        f"the latents of cell {cell.z}/{x}/{y} are damaged: their digest does not match"
                    )
                latents = np.frombuffer(data, "<f2").reshape(SHAPE)
                found[cell] = Painted(latents, entry, version)
        return found

    def versions(self, box: Box) -> dict[Tile, int]:
        """The painted cells of a box and their versions."""
        query = f"SELECT x, y, version FROM cells WHERE {_INSIDE}"
        with _errors(self.path):
            rows = self._database.read().execute(query, _ends(box))
            return {Tile(box.zoom, x, y): version for x, y, version in rows}

    def version_sum(self, box: Box) -> tuple[int, int]:
        """How many cells of a box are painted, and the sum of their versions."""
        query = f"SELECT count(*), total(version) FROM cells WHERE {_INSIDE}"
        with _errors(self.path):
            count, total = self._database.read().execute(query, _ends(box)).fetchone()
        return count, int(total)

    def cells(self) -> Iterator[Tile]:
        """All painted cells, of every zoom."""
        with _errors(self.path):
            yield from map(Tile._make, self._database.read().execute("SELECT zoom, x, y FROM cells"))

    def count(self, zoom: int) -> int:
        with _errors(self.path):
            query = "SELECT count(*) FROM cells WHERE zoom = ?"
            return int(self._database.read().execute(query, (zoom,)).fetchone()[0])

    def extent(self, zoom: int) -> Box | None:
        """The smallest box around all painted cells of a zoom."""
        query = "SELECT min(x), min(y), max(x) + 1, max(y) + 1 FROM cells WHERE zoom = ?"
        with _errors(self.path):
            ends = self._database.read().execute(query, (zoom,)).fetchone()
        return None if ends[0] is None else Box(zoom, *ends)

    def close(self) -> None:
        self._database.close()


_INSIDE = "zoom = ? AND x >= ? AND x < ? AND y >= ? AND y < ?"


def _ends(box: Box) -> tuple[int, int, int, int, int]:
    return box.zoom, box.left, box.right, box.top, box.bottom


def put_settings(connection: sqlite3.Connection, settings: Mapping[str, Any]) -> None:
    rows = [(name, json.dumps(value, ensure_ascii=False)) for name, value in settings.items()]
    connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)


def cell_digest(cell: Tile, entry: int, data: bytes) -> bytes:
    head = f"{cell.z}/{cell.x}/{cell.y}/{entry}:".encode()
    return hashlib.blake2b(head + data, digest_size=16).digest()


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if is_full(error):
            raise DiskFull("the disk is full: nothing was changed") from error
        if isinstance(error, sqlite3.OperationalError | sqlite3.ProgrammingError):
            raise
        raise WorldDamaged(f"{path.parent.name}: world.db cannot be read ({error})") from error
    except json.JSONDecodeError as error:
        raise WorldDamaged(f"{path.parent.name}: world.db holds broken JSON ({error})") from error
