"""The tables of world.db, the digests that protect their rows, and how older worlds are brought to them.

Every row that a world cannot do without has a digest. Those of the journal's lines are a chain, whose
end the table ``head`` knows, so a line that is lost is noticed too.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tiles.grid import Tile

APPLICATION_ID = 0x45415254  # "EART"
FORMAT = 3  # 1 had no edits, 2 no digests of settings and journal
TABLES = ("settings", "journal", "head", "cells", "pictures")
NOTHING = bytes(16)  # what the digest of a journal's first line follows
_SETTINGS = "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL, digest BLOB NOT NULL)"
_JOURNAL = (
    """CREATE TABLE journal (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, made TEXT NOT NULL, data TEXT NOT NULL,
        digest BLOB NOT NULL)""",
    "CREATE TABLE head (digest BLOB NOT NULL)",
)
_PICTURES = (
    # Latents of pictures that people put on the map, part of the journal's line.
    """CREATE TABLE pictures (
        entry INTEGER, zoom INTEGER, x INTEGER, y INTEGER, digest BLOB NOT NULL, mask BLOB NOT NULL,
        latents BLOB NOT NULL, UNIQUE (entry, zoom, x, y))"""
)
_INDEXES = (
    # What revisions are made of, without touching the latents.
    "CREATE INDEX cell_versions ON cells (zoom, x, y, shown, version)",
    "CREATE INDEX cell_since ON cells (since, zoom, x, y, entry)",
)
SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
    "PRAGMA journal_mode = WAL",
    _SETTINGS,
    *_JOURNAL,
    # What was painted, under every line of the journal that it was painted under. ``since`` is the
    # journal's last line when it was kept. ``shown`` says which of the paintings of a cell the map
    # shows; ``version`` goes up whenever that changes.
    """CREATE TABLE cells (
        zoom INTEGER, x INTEGER, y INTEGER, entry INTEGER NOT NULL, since INTEGER NOT NULL,
        shown INTEGER NOT NULL, version INTEGER NOT NULL, digest BLOB NOT NULL, latents BLOB NOT NULL,
        UNIQUE (zoom, x, y, entry))""",
    *_INDEXES,
    _PICTURES,
)
_FROM_1 = (
    "DROP INDEX cell_versions",
    "ALTER TABLE cells RENAME TO cells_before",
    """CREATE TABLE cells (
        zoom INTEGER, x INTEGER, y INTEGER, entry INTEGER NOT NULL, shown INTEGER NOT NULL,
        version INTEGER NOT NULL, digest BLOB NOT NULL, latents BLOB NOT NULL, UNIQUE (zoom, x, y, entry))""",
    "INSERT INTO cells SELECT zoom, x, y, entry, 1, version, digest, latents FROM cells_before",
    "DROP TABLE cells_before",
    _INDEXES[0],
    _PICTURES,
)


def begin(connection: sqlite3.Connection, settings: Mapping[str, Any]) -> None:
    """The first rows of a new world. Its ``instance`` tells it from every other, copies of it too."""
    put_settings(connection, {**settings, "instance": new_instance()})
    connection.execute("INSERT INTO head VALUES (?)", (NOTHING,))


def new_instance() -> str:
    """What tells a world from all others, also from those that had its id: 16 random hexadecimal digits."""
    return secrets.token_hex(8)


def put_settings(connection: sqlite3.Connection, settings: Mapping[str, Any]) -> None:
    """Write settings as JSON with their digests, over those of the same name."""
    texts = [(name, json.dumps(value, ensure_ascii=False)) for name, value in settings.items()]
    rows = [(name, text, setting_digest(name, text)) for name, text in texts]
    connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?, ?)", rows)


def add_line(connection: sqlite3.Connection, kind: str, data: str, made: str = "", number: int = 0) -> int:
    """A line (its ``data`` as JSON) at the journal's end, now if not ``made`` before; its number."""
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM journal").fetchone()
    (before,) = connection.execute("SELECT digest FROM head").fetchone()
    number, made = number or last + 1, made or datetime.now(UTC).isoformat(timespec="milliseconds")
    digest = line_digest(before, number, kind, made, data)
    connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", (number, kind, made, data, digest))
    connection.execute("UPDATE head SET digest = ?", (digest,))
    return number


def put_cells(connection: sqlite3.Connection, rows: Iterable[tuple[object, ...]], since: int) -> None:
    """Rows of cells: zoom, x, y, entry, shown, version, digest, latents. Those that are there stay."""
    connection.executemany(
        f"""INSERT OR IGNORE INTO cells (zoom, x, y, entry, shown, version, digest, latents, since)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, {int(since)})""",
        rows,
    )


def migrate(connection: sqlite3.Connection, format: int) -> None:
    """Bring the tables of an older format to this one, within a transaction."""
    for statement in _FROM_1 if format == 1 else ():
        connection.execute(statement)
    settings = connection.execute("SELECT name, value FROM settings").fetchall()
    lines = connection.execute("SELECT number, kind, made, data FROM journal ORDER BY number").fetchall()
    for statement in ("DROP TABLE settings", "DROP TABLE journal", _SETTINGS, *_JOURNAL):
        connection.execute(statement)
    begin(connection, {name: json.loads(value) for name, value in settings})
    for number, kind, made, data in lines:
        add_line(connection, kind, data, made, number)
    # A default, because writing every row anew could take minutes and as much disk again.
    last = lines[-1][0] if lines else 0
    connection.execute(f"ALTER TABLE cells ADD COLUMN since INTEGER NOT NULL DEFAULT {int(last)}")
    connection.execute(_INDEXES[1])
    connection.execute(f"PRAGMA user_version = {FORMAT}")


def setting_digest(name: str, value: str) -> bytes:
    """Of a setting whose value is this JSON: 16 bytes."""
    return _digest(f"{name}={value}".encode())


def line_digest(before: bytes, number: int, kind: str, made: str, data: str) -> bytes:
    """``before`` is the digest of the line before."""
    return _digest(before + f"{number} {kind} {made} {data}".encode())


def cell_digest(cell: Tile, entry: int, data: bytes) -> bytes:
    """Of the bytes of a cell's latents, its place, and the line it was painted under: 16 bytes."""
    return _digest(f"{cell.z}/{cell.x}/{cell.y}/{entry}:".encode() + data)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()
