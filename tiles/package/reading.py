"""A world from a file of unknown origin: every line and cell is checked before it is kept."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from struct import Struct
from typing import IO, Any

from tiles import schema
from tiles.database import make
from tiles.entries import Entry as JournalEntry
from tiles.entries import parse
from tiles.errors import BadPackage, BadSetting, DiskFull
from tiles.grid import Tile
from tiles.journal import History, read
from tiles.latents import LatentSpace
from tiles.levels import Spaces, spaces_of
from tiles.package.archive import check_sums, checked_members, opened
from tiles.package.form import (
    CELLS,
    FORMAT,
    HEAD,
    JOURNAL,
    PICTURE_HEAD,
    PICTURES,
    VERSION,
    WORLD,
    disk_errors,
    is_pictured,
    mask_bytes,
    named_errors,
    part_of,
    picture_bytes,
    record_bytes,
)
from tiles.recipe import Recipe
from tiles.rules import (
    MAX_LINE,
    check_cell,
    check_finite,
    check_line,
    check_place,
    keyed,
    parsed,
    sane_journal,
    sane_settings,
)
from tiles.schema import cell_digest
from tiles.values import short, whole


def unpack(
    path: Path,
    folder: Path,
    model: str | None = None,
    recipe: Recipe | None = None,
    level_models: list[dict[str, Any]] | None = None,
) -> None:
    """Make the world at ``path`` a new ``folder``, which appears only when it is whole.

    ``model`` is the name or folder to paint with from here on, used by ``recipe``, if not the file's own;
    ``level_models`` are those of deeper levels, with the same latents.
    Raises BadPackage for whatever is wrong with the file, BadSetting if the folder exists, DiskFull.
    """
    if os.path.lexists(folder):
        raise BadSetting(f"{folder.name!r:.80} exists already")
    part = part_of(folder)
    with named_errors(path), disk_errors(), opened(path) as archive:
        sizes = checked_members(archive)
        check_sums(archive, list(sizes))
        settings = _read_settings(archive)
        _check_records(sizes, spaces_of(settings))
        if model is not None:
            settings["model"] = model
            settings.pop("recipe", None)
            settings |= {} if recipe is None else {"recipe": recipe.data()}
        if level_models is not None:
            settings["level_models"] = level_models
        if (needed := 2 * sum(sizes.values()) + 2**20) > (free := shutil.disk_usage(folder.parent).free):
            raise DiskFull(f"about {needed:,} bytes of free disk are needed; {free:,} are free")
        try:
            part.mkdir()
            make(part / "world.db", schema.SCHEMA, lambda connection: _fill(connection, archive, settings))
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise


def settings(path: Path) -> dict[str, Any]:
    """The settings of the world in a file, checked; the rest is when it is unpacked.

    Raises BadPackage.
    """
    with named_errors(path), disk_errors(), opened(path) as archive:
        checked_members(archive)
        return _read_settings(archive)


def _fill(connection: sqlite3.Connection, archive: zipfile.ZipFile, settings: dict[str, Any]) -> None:
    """world.db from a package, a line and a cell at a time."""
    schema.begin(connection, settings)
    lines: list[tuple[int, JournalEntry]] = []
    pictured = set()
    for entry in sane_journal(_read_lines(archive)):
        text = json.dumps(entry.data, ensure_ascii=False)
        schema.add_line(connection, entry.kind, text, entry.made, entry.number)
        lines.append((entry.number, parse(entry.kind, entry.data)))
        if is_pictured(entry):
            pictured.add(entry.number)
    history = _history(lines)
    spaces = spaces_of(settings)
    rows = _read_pictures(archive, pictured, spaces)
    connection.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    there = {entry for (entry,) in connection.execute("SELECT DISTINCT entry FROM pictures")}
    if missing := pictured - there:
        raise BadPackage(f"the picture of journal entry {min(missing)} is missing")
    if CELLS in archive.namelist():
        numbers = {number for number, _ in lines}
        cells = _read_cells(archive, numbers, history, spaces)
        schema.put_cells(connection, cells, max(numbers))


def _history(lines: list[tuple[int, JournalEntry]]) -> History:
    try:
        return read(lines)
    except ValueError as error:
        raise BadPackage(f"the journal does not add up: {error}") from None


def _read_settings(archive: zipfile.ZipFile) -> dict[str, Any]:
    world = keyed(parsed(archive.read(WORLD), WORLD), ("format", "version", "settings"), WORLD)
    if world["format"] != FORMAT or not whole(world["version"], 1, VERSION):
        other = f"{short(world['format'])} {short(world['version'])}"
        raise BadPackage(f"{WORLD} has format {other}; known is {FORMAT!r} up to version {VERSION}")
    return sane_settings(world["settings"])


def _check_records(sizes: Mapping[str, int], spaces: Spaces) -> None:
    """Before anything is read, where all records are of one size."""
    for name, of in ((CELLS, record_bytes), (PICTURES, picture_bytes)):
        record = of(spaces.own)
        if len(set(map(of, spaces.all))) == 1 and sizes.get(name, 0) % record:
            raise BadPackage(f"{name} has {sizes[name]} bytes, which is not a multiple of a cell's {record}")


def _read_lines(archive: zipfile.ZipFile) -> Iterator[Any]:
    with archive.open(JOURNAL) as lines:
        number = 0
        while line := lines.readline(MAX_LINE + 1):
            number += 1
            check_line(line, f"{JOURNAL} line {number}")
            yield parsed(line, f"{JOURNAL} line {number}")


def _read_pictures(
    archive: zipfile.ZipFile, pictured: Container[int], spaces: Spaces
) -> Iterator[tuple[object, ...]]:
    """Rows of the table of pictures."""
    if PICTURES not in archive.namelist():
        return
    last = (0, Tile(0, 0, 0))
    with archive.open(PICTURES) as records:
        while head := records.read(PICTURE_HEAD.size):
            entry, z, x, y, digest = _unpacked(PICTURE_HEAD, head, PICTURES)
            cell, space = Tile(z, x, y), spaces.at(z)
            mask, data = records.read(mask_bytes(space)), _whole(records, space, PICTURES)
            if entry not in pictured:
                raise BadPackage(f"a picture belongs to entry {entry}, which has none")
            check_place(cell)
            if (entry, cell) <= last:
                raise BadPackage(f"the picture of cell {z}/{x}/{y} appears twice or out of order")
            if digest != cell_digest(cell, entry, mask + data):
                raise BadPackage(f"the picture of cell {z}/{x}/{y} is damaged: its digest does not match")
            check_finite(cell, data)
            last = (entry, cell)
            yield entry, z, x, y, digest, mask, data


def _read_cells(
    archive: zipfile.ZipFile, numbers: Container[int], history: History, spaces: Spaces
) -> Iterator[tuple[object, ...]]:
    """Rows of the table of cells."""
    last = (Tile(-1, 0, 0), 0)
    with archive.open(CELLS) as records:
        while head := records.read(HEAD.size):
            z, x, y, entry, version, digest = _unpacked(HEAD, head, CELLS)
            cell, data = Tile(z, x, y), _whole(records, spaces.at(z), CELLS)
            check_cell(cell, entry, version, numbers)
            if (cell, entry) <= last:
                raise BadPackage(f"cell {z}/{x}/{y} appears twice or out of order")
            if digest != cell_digest(cell, entry, data):
                raise BadPackage(f"cell {z}/{x}/{y} is damaged: its digest does not match")
            check_finite(cell, data)
            last = (cell, entry)
            shown = history.shown(cell) == entry
            yield z, x, y, entry, int(shown), max(version, int(shown)), digest, data


def _unpacked(form: Struct, head: bytes, member: str) -> tuple[Any, ...]:
    if len(head) < form.size:
        raise BadPackage(f"{member} ends within a cell")
    return form.unpack(head)


def _whole(records: IO[bytes], space: LatentSpace, member: str) -> bytes:
    """The latents of a cell."""
    data = records.read(space.cell_bytes)
    if len(data) < space.cell_bytes:
        raise BadPackage(f"{member} ends within a cell")
    return data
