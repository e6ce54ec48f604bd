"""What is damaged in a world's file, row by row, and the removal of what can be painted again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from tiles import schema
from tiles.entries import BadEntry, parse
from tiles.grid import Tile
from tiles.rules import MAY_BE_MISSING, SETTINGS
from tiles.world_file import WorldFile

INSTANCE = "instance"
FAULTS = 20  # of the database itself, after which SQLite stops looking
CHANGED = "it is not what was written"


class Damage(NamedTuple):
    """One thing that is not as it was written."""

    place: str  # "setting 'seed'", "line 3 of the journal", "cell 8/1/2 of line 1"
    reason: str
    mendable: bool = False  # whether ``repair`` brings it back
    row: int | None = None  # of a cell of the land, which is painted again once it is removed


def check(file: WorldFile) -> list[Damage]:
    """All damage of a world: every row is read and compared with its digest. Nothing is changed.

    >>> file = WorldFile.create(Path("world.db"), {"name": "First Light"})
    >>> check(file)[0]
    Damage(place="setting 'base_zoom'", reason='it is missing', mendable=False, row=None)
    >>> file.close()

    Raises WorldDamaged if the database cannot be read at all, Busy.
    """
    with file.snapshot(), file.read() as connection:
        return list(_damage(connection))


def repair(file: WorldFile) -> list[Damage]:
    """Remove damaged cells of the land, so that they are painted again, as the same bytes. What is mended.

    Edits and pictures are kept nowhere else, so their cells stay as they are. The world gets a new
    ``instance``, so that no picture from before is shown. Raises WorldDamaged, WorldHeld, DiskFull.
    """
    with file.write() as connection:
        mended = [damage for damage in _damage(connection) if damage.mendable]
        rows = [(damage.row,) for damage in mended if damage.row is not None]
        connection.executemany("DELETE FROM cells WHERE rowid = ?", rows)
        if mended:
            schema.put_settings(connection, {INSTANCE: schema.new_instance()})
    return mended


def _damage(connection: sqlite3.Connection) -> Iterator[Damage]:
    for (fault,) in connection.execute(f"PRAGMA quick_check({FAULTS})"):
        if fault != "ok":
            yield Damage("world.db", fault)
    yield from _settings(connection)
    yield from _journal(connection)
    yield from _cells(connection)
    yield from _pictures(connection)


def _settings(connection: sqlite3.Connection) -> Iterator[Damage]:
    missing = {*SETTINGS, INSTANCE}.difference(MAY_BE_MISSING)
    for name, value, digest in _rows(connection, "settings", ("name", "value")):
        missing.discard(name)
        if digest != schema.setting_digest(name, value):
            yield Damage(f"setting {name[:40]!r}", CHANGED, name == INSTANCE)
    for name in sorted(missing):
        yield Damage(f"setting {name!r}", "it is missing", name == INSTANCE)


def _journal(connection: sqlite3.Connection) -> Iterator[Damage]:
    before = schema.NOTHING
    for number, kind, made, data, digest in _rows(connection, "journal", ("number", "kind", "made", "data")):
        place = f"line {number} of the journal"
        if digest != schema.line_digest(before, int(number), kind, made, data):
            yield Damage(place, f"{CHANGED}, or the line before it is missing")
        else:
            try:
                parse(kind, json.loads(data))
            except (BadEntry, ValueError) as error:
                yield Damage(place, str(error))
        before = digest
    if connection.execute("SELECT digest FROM head").fetchone() != (before,):
        yield Damage("the journal", "its end is missing")


def _cells(connection: sqlite3.Connection) -> Iterator[Damage]:
    kinds = dict(
        connection.execute("SELECT number, kind FROM journal WHERE kind IN ('prompt', 'stroke', 'guide')")
    )
    query = "SELECT rowid, zoom, x, y, entry, digest, CAST(latents AS BLOB) FROM cells"
    for row, zoom, x, y, entry, digest, latents in connection.execute(query):
        if digest != schema.cell_digest(Tile(zoom, x, y), entry, latents or b""):
            land = entry in kinds
            reason = CHANGED if land else f"{CHANGED}; undo line {entry}, or unpack a copy of the world"
            yield Damage(f"cell {zoom}/{x}/{y} of line {entry}", reason, land, row if land else None)


def _pictures(connection: sqlite3.Connection) -> Iterator[Damage]:
    query = "SELECT entry, zoom, x, y, digest, CAST(mask AS BLOB), CAST(latents AS BLOB) FROM pictures"
    for entry, zoom, x, y, digest, mask, latents in connection.execute(query):
        if digest != schema.cell_digest(Tile(zoom, x, y), entry, (mask or b"") + (latents or b"")):
            reason = f"{CHANGED}; undo line {entry}, or unpack a copy of the world"
            yield Damage(f"the picture of line {entry} at cell {zoom}/{x}/{y}", reason)


def _rows(connection: sqlite3.Connection, table: str, names: tuple[str, ...]) -> Iterator[tuple]:
    """The rows of a table in order, as texts and a digest. Text that is broken is no error here."""
    texts = ", ".join(f"CAST({name} AS BLOB)" for name in names)
    for *values, digest in connection.execute(f"SELECT {texts}, digest FROM {table} ORDER BY {names[0]}"):
        yield *((value or b"").decode(errors="replace") for value in values), digest
