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
SCHEMA_VERSION = 2
SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
    "PRAGMA journal_mode = WAL",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE journal (
        number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, made TEXT NOT NULL,
        data TEXT NOT NULL)""",
    # What was painted, under every line of the journal that it was painted under. ``shown`` says which
    # of them the map shows; ``version`` goes up whenever that changes.
    """CREATE TABLE cells (
        zoom INTEGER, x INTEGER, y INTEGER, entry INTEGER NOT NULL, shown INTEGER NOT NULL,
        version INTEGER NOT NULL, digest BLOB NOT NULL, latents BLOB NOT NULL, UNIQUE (zoom, x, y, entry))""",
    # What revisions are made of, without touching the latents.
    "CREATE INDEX cell_versions ON cells (zoom, x, y, shown, version)",
    # Latents of pictures that people put on the map, part of the journal's line.
    """CREATE TABLE pictures (
        entry INTEGER, zoom INTEGER, x INTEGER, y INTEGER, digest BLOB NOT NULL, mask BLOB NOT NULL,
        latents BLOB NOT NULL, UNIQUE (entry, zoom, x, y))""",
)
# From a world without edits, as the first version wrote it.
MIGRATION = (
    "DROP INDEX cell_versions",
    "ALTER TABLE cells RENAME TO cells_before",
    *SCHEMA[-3:],
    """INSERT INTO cells SELECT zoom, x, y, entry, 1, version, digest, latents FROM cells_before""",
    "DROP TABLE cells_before",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
OPENING = ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")


class Painted(NamedTuple):
    """A painted cell."""

    latents: np.ndarray  # float16 (4, 32, 32)
    entry: int  # the line of the journal it was painted under
    version: int  # goes up with each change


class Known(NamedTuple):
    """What a picture gives of a cell."""

    latents: np.ndarray  # float16 (4, 32, 32)
    mask: np.ndarray  # bool (32, 32)


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
        if version == 1 and not self._database.readonly:
            with self._database.write() as writer:
                for statement in MIGRATION:
                    writer.execute(statement)
        elif version != SCHEMA_VERSION:
            raise WorldDamaged(
                f"{self.path.parent.name}: world.db has format {version}, known is {SCHEMA_VERSION}"
            )
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if missing := {"settings", "journal", "cells", "pictures"} - there:
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

    def append(
        self,
        kind: str,
        data: Mapping[str, Any],
        shows: Mapping[Tile, int] | None = None,
        picture: Mapping[Tile, Known] | None = None,
    ) -> Entry:
        """A new line, and with it all that it changes: which of its paintings each of the cells
        ``shows`` (none, if it was not painted under that line), and what a picture gives."""
        made = datetime.now(UTC).isoformat(timespec="milliseconds")
        with _errors(self.path), self._database.write() as connection:
            done = connection.execute(
                "INSERT INTO journal (kind, made, data) VALUES (?, ?, ?)",
                (kind, made, json.dumps(data, ensure_ascii=False)),
            )
            number = int(done.lastrowid or 0)
            for cell, entry in (shows or {}).items():
                _show(connection, cell, entry)
            rows = (picture_row(number, cell, known) for cell, known in (picture or {}).items())
            connection.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        return Entry(number, kind, made, dict(data))

    def commit(self, cells: Mapping[Tile, np.ndarray], entry: int, shown: bool = True) -> None:
        """Keep new cells, float16 (4, 32, 32) each, all or none. What is painted under that line
        already stays: whoever came first painted the same bytes."""
        rows = []
        for (z, x, y), latents in cells.items():
            if latents.shape != SHAPE or latents.dtype != np.float16 or not np.isfinite(latents).all():
                raise ValueError(f"a cell is finite float16 {SHAPE}, not {latents.dtype} {latents.shape}")
            data = np.ascontiguousarray(latents, "<f2").tobytes()
            rows.append((z, x, y, entry, 0, 0, cell_digest(Tile(z, x, y), entry, data), data))
        with _errors(self.path), self._database.write() as connection:
            connection.executemany("INSERT OR IGNORE INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            if shown:
                for cell in cells:
                    _show(connection, cell, entry)

    def read(self, cell: Tile, entry: int | None = None) -> Painted | None:
        """The cell as it is shown, or as it was painted under a line. Raises WorldDamaged if it is
        not what was written."""
        if entry is None:
            return self.read_many(Box(cell.z, cell.x, cell.y, cell.x + 1, cell.y + 1)).get(cell)
        query = "SELECT * FROM cells WHERE zoom = ? AND x = ? AND y = ? AND entry = ?"
        with _errors(self.path):
            row = self._database.read().execute(query, (*cell, entry)).fetchone()
        return None if row is None else _painted(row)

    def read_many(self, box: Box) -> dict[Tile, Painted]:
        """The cells of a box as they are shown. Raises WorldDamaged."""
        query = f"SELECT * FROM cells WHERE {_INSIDE} AND shown"
        with _errors(self.path):
            rows = self._database.read().execute(query, _ends(box))
            return {Tile(*row[:3]): _painted(row) for row in rows}

    def has(self, cell: Tile, entry: int) -> bool:
        """Whether a cell is painted under a line."""
        query = "SELECT 1 FROM cells WHERE zoom = ? AND x = ? AND y = ? AND entry = ?"
        with _errors(self.path):
            return self._database.read().execute(query, (*cell, entry)).fetchone() is not None

    def paintings(self, box: Box | None = None) -> Iterator[tuple[Tile, int, bool]]:
        """Every painting of every cell (of a box and what is deeper): cell, line, whether it is shown."""
        query = "SELECT zoom, x, y, entry, shown FROM cells"
        with _errors(self.path):
            for zoom, x, y, entry, shown in self._database.read().execute(query).fetchall():
                if box is None or (zoom >= box.zoom and box.holds(Tile(zoom, x, y).above(box.zoom))):
                    yield Tile(zoom, x, y), entry, bool(shown)

    def picture(self, entry: int, box: Box) -> dict[Tile, Known]:
        """What the picture of a line gives of a box's cells. Raises WorldDamaged."""
        query = f"SELECT x, y, digest, mask, latents FROM pictures WHERE entry = ? AND {_INSIDE}"
        found = {}
        with _errors(self.path):
            for x, y, digest, mask, data in self._database.read().execute(query, (entry, *_ends(box))):
                cell = Tile(box.zoom, x, y)
                if digest != cell_digest(cell, entry, mask + data):
                    raise WorldDamaged(f"the picture at cell {cell.z}/{x}/{y} is damaged")
                bits = np.unpackbits(np.frombuffer(mask, np.uint8)).astype(bool)
                latents = np.frombuffer(data, "<f2").reshape(SHAPE)
                found[cell] = Known(latents, bits.reshape(TILE_LATENTS, TILE_LATENTS))
        return found

    def picture_rows(self) -> Iterator[tuple[int, Tile, bytes, bytes, bytes]]:
        """Every cell of every picture, in order: line, cell, digest, mask, latents."""
        query = "SELECT entry, zoom, x, y, digest, mask, latents FROM pictures ORDER BY entry, zoom, x, y"
        with _errors(self.path):
            for entry, zoom, x, y, *rest in self._database.read().execute(query):
                yield entry, Tile(zoom, x, y), rest[0], rest[1], rest[2]

    def version_sum(self, box: Box) -> tuple[int, int]:
        """How many cells of a box are shown, and the sum of the versions of all its paintings."""
        query = f"SELECT total(shown), total(version) FROM cells WHERE {_INSIDE}"
        with _errors(self.path):
            count, total = self._database.read().execute(query, _ends(box)).fetchone()
        return int(count), int(total)

    def count(self, zoom: int) -> int:
        """How many cells of a zoom are shown."""
        with _errors(self.path):
            query = "SELECT count(*) FROM cells WHERE zoom = ? AND shown"
            return int(self._database.read().execute(query, (zoom,)).fetchone()[0])

    def extent(self, zoom: int) -> Box | None:
        """The smallest box around all cells of a zoom that are shown."""
        query = "SELECT min(x), min(y), max(x) + 1, max(y) + 1 FROM cells WHERE zoom = ? AND shown"
        with _errors(self.path):
            ends = self._database.read().execute(query, (zoom,)).fetchone()
        return None if ends[0] is None else Box(zoom, *ends)

    def close(self) -> None:
        self._database.close()


_INSIDE = "zoom = ? AND x >= ? AND x < ? AND y >= ? AND y < ?"


def _ends(box: Box) -> tuple[int, int, int, int, int]:
    return box.zoom, box.left, box.right, box.top, box.bottom


def _painted(row: tuple[Any, ...]) -> Painted:
    """Raises WorldDamaged."""
    z, x, y, entry, _, version, digest, data = row
    if digest != cell_digest(Tile(z, x, y), entry, data):
        raise WorldDamaged(f"the latents of cell {z}/{x}/{y} are damaged: their digest does not match")
    return Painted(np.frombuffer(data, "<f2").reshape(SHAPE), entry, version)


def _show(connection: sqlite3.Connection, cell: Tile, entry: int) -> None:
    """Show a cell as it was painted under a line. Every change leaves a higher version behind."""
    here = "zoom = ? AND x = ? AND y = ?"
    now = connection.execute(f"SELECT entry FROM cells WHERE {here} AND shown", cell).fetchone()
    if now is not None and now[0] == entry:
        return
    newest = f"(SELECT max(version) + 1 FROM cells WHERE {here})"
    done = connection.execute(
        f"UPDATE cells SET shown = 1, version = {newest} WHERE {here} AND entry = ?", (*cell, *cell, entry)
    )
    if now is not None:
        version = "version" if done.rowcount else newest
        values = (*cell, now[0]) if done.rowcount else (*cell, *cell, now[0])
        connection.execute(
            f"UPDATE cells SET shown = 0, version = {version} WHERE {here} AND entry = ?", values
        )


def picture_row(entry: int, cell: Tile, known: Known) -> tuple[object, ...]:
    """A row of the table of pictures."""
    data = np.ascontiguousarray(known.latents, "<f2").tobytes()
    mask = np.packbits(known.mask).tobytes()
    return entry, *cell, cell_digest(cell, entry, mask + data), mask, data


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
