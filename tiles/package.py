"""The world itself as one file: enough to paint the same land elsewhere, with latents the same bytes.

A zip with these members and no others, in this order:

    world.json     {"format": "endless-earth", "version": 2, "settings": {...}}
    journal.jsonl  an entry a line: {"number": 1, "kind": "prompt", "made": "...", "data": {...}}
    pictures.bin   only where pictures were put on the map; a record for each cell of one, by entry, zoom, x
                   and y: these four (int64), digest (16 bytes), mask (32 x 32 bits), latents (float16
                   (4, 32, 32)), little-endian
    cells.bin      only with latents; a record for each painting of a cell, by zoom, x, y and entry: these
                   four, version (int64), digest (16 bytes), latents, likewise
    b2sums         the BLAKE2b-256 of each, so that ``b2sum -c b2sums`` checks what unzip made

Nothing is compressed: latents are nearly noise (deflate saves 8 %), the same world gives the same file
whatever zlib wrote it, and what is read out of a file can never be more than the file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from tiles import schema
from tiles.database import is_full, make
from tiles.entries import Entry as JournalEntry
from tiles.entries import parse, short, whole
from tiles.errors import BadPackage, BadSetting, DiskFull
from tiles.grid import TILE_LATENTS, Tile
from tiles.journal import History, read
from tiles.rules import (
    MAX_JOURNAL,
    MAX_LINE,
    MODEL,
    check_cell,
    check_finite,
    check_line,
    check_place,
    keyed,
    parsed,
    sane_journal,
    sane_settings,
    shortened,
)
from tiles.schema import cell_digest
from tiles.store import SHAPE, Entry, Store

SUFFIX, MEDIA_TYPE = ".earth", "application/zip"
FORMAT, VERSION = "endless-earth", 2  # version 1 had no pictures and no edits; it is read too
MEMBERS = ("world.json", "journal.jsonl", "pictures.bin", "cells.bin", "b2sums")
WORLD, JOURNAL, PICTURES, CELLS, SUMS = MEMBERS
HEAD = struct.Struct("<5q16s")  # zoom, x, y, entry, version, digest
PICTURE_HEAD = struct.Struct(f"<4q16s{TILE_LATENTS**2 // 8}s")  # entry, zoom, x, y, digest, mask
LATENTS = 2 * math.prod(SHAPE)  # bytes
RECORD = HEAD.size + LATENTS
PICTURE_RECORD = PICTURE_HEAD.size + LATENTS

MAX_CELLS, MAX_PICTURED = 180_000, 40_000  # 1.8 GB, below where a zip needs its 64-bit form
LIMITS = {  # bytes
    WORLD: 2**16,
    JOURNAL: MAX_JOURNAL,
    PICTURES: MAX_PICTURED * PICTURE_RECORD,
    CELLS: MAX_CELLS * RECORD,
    SUMS: 2**10,
}
MAX_CONTENTS = 2**13  # bytes of the zip's own list of members
END = struct.Struct("<4s4H2LH")


Written = Callable[[int], None]  # told how many bytes are written so far


def size(store: Store, latents: bool = False) -> int:
    """About how many bytes ``pack`` writes, and never fewer. Raises WorldDamaged."""
    lines, pictured, painted = store.sizes()
    return 2 * lines + pictured * PICTURE_RECORD + latents * painted * RECORD + 2**17


def pack(store: Store, path: Path, latents: bool = False, written: Written = lambda done: None) -> None:
    """Write a world at ``path``, whole or not at all; with ``latents`` its painted cells too.

    ``written`` is told how many bytes are written, now and then, and may raise to stop it.
    The same world gives the same bytes. A model in a folder of this machine is written as that
    folder's name. Others may paint meanwhile. Raises BadPackage, WorldDamaged, DiskFull.
    """
    part = _part(path)
    with _named(path), _disk(), store.snapshot():
        try:
            with open(part, "xb") as file:
                _write(file, _members(store, latents), written)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def unpack(path: Path, folder: Path, model: str | None = None) -> None:
    """Make the world at ``path`` a new ``folder``, which appears only when it is whole.

    ``model`` is the name or folder to paint with from here on, if not the file's own. Raises
    BadPackage for whatever is wrong with the file, BadSetting if the folder exists, DiskFull.
    """
    if os.path.lexists(folder):
        raise BadSetting(f"{folder.name!r:.80} exists already")
    part = _part(folder)
    with _named(path), _disk(), _opened(path) as archive:
        sizes = _checked_members(archive)
        _check_sums(archive, list(sizes))
        settings = _read_settings(archive)
        if model is not None:
            settings["model"] = model
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
    with _named(path), _disk(), _opened(path) as archive:
        _checked_members(archive)
        return _read_settings(archive)


# Writing


def _members(store: Store, latents: bool) -> Iterator[tuple[str, Iterable[bytes]]]:
    """What the file holds, checked as it will be when it is read."""
    settings = store.settings()
    if isinstance(model := settings.get("model"), str) and not MODEL.fullmatch(model):
        settings["model"] = re.split(r"[/\\]", model.rstrip("/\\"))[-1]
    yield WORLD, [_line({"format": FORMAT, "version": VERSION, "settings": sane_settings(settings)})]
    entries = store.journal()
    yield JOURNAL, _lines(shortened(entries))
    if any(_pictured(entry) for entry in entries):
        yield PICTURES, _picture_records(store)
    if latents:
        numbers = {entry.number for entry in entries}
        yield CELLS, _records(store, numbers)


def _pictured(entry: Entry) -> bool:
    return entry.kind == "edit" and bool(entry.data["picture"])


def _picture_records(store: Store) -> Iterator[bytes]:
    for entry, cell, digest, mask, data in store.picture_rows():
        yield PICTURE_HEAD.pack(entry, *cell, digest, mask) + data


def _lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    size = 0
    for entry in sane_journal(entry._asdict() for entry in entries):
        line = _line(entry._asdict())
        check_line(line, f"journal entry {entry.number}")
        if (size := size + len(line)) > LIMITS[JOURNAL]:
            raise BadPackage(f"the journal is longer than {LIMITS[JOURNAL]:,} bytes")
        yield line


def _records(store: Store, numbers: Container[int]) -> Iterator[bytes]:
    paintings = sorted((cell, entry) for cell, entry, _ in store.paintings())
    if len(paintings) > MAX_CELLS:
        raise BadPackage(f"{len(paintings):,} cells are painted; up to {MAX_CELLS:,} fit, or none of them")
    for cell, entry in paintings:
        painted = store.read(cell, entry)
        assert painted is not None  # one snapshot
        data = np.ascontiguousarray(painted.latents, "<f2").tobytes()
        check_cell(cell, entry, painted.version, numbers)
        yield HEAD.pack(*cell, entry, painted.version, cell_digest(cell, entry, data)) + data


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _write(file: IO[bytes], members: Iterable[tuple[str, Iterable[bytes]]], written: Written) -> None:
    def watched(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            written(file.tell())
            yield chunk

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        sums = [_put(archive, name, watched(chunks)) for name, chunks in members]
        _put(archive, SUMS, sums)


def _put(archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> bytes:
    """Writes a member and gives its line for the sums."""
    info = zipfile.ZipInfo(name)  # dated 1980, as any member of any world
    info.create_system, info.external_attr = 3, 0o644 << 16
    digest = hashlib.blake2b(digest_size=32)
    with archive.open(info, "w") as member:
        for chunk in chunks:
            member.write(chunk)
            digest.update(chunk)
    return _sum(digest.hexdigest(), name)


def _sum(digest: str, name: str) -> bytes:
    return f"{digest}  {name}\n".encode()


# The zip, read


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        raise BadPackage("it does not exist")
    try:
        with open(path, "rb") as file:
            _check_ends(file)
            with zipfile.ZipFile(file) as archive:
                yield archive
    except (zipfile.BadZipFile, EOFError, struct.error, ValueError, RuntimeError) as error:
        raise BadPackage(f"it is damaged: {short(str(error))}") from None


def _check_ends(file: IO[bytes]) -> None:
    """Checks before zipfile reads it: the list of members is small and at the end of the file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - END.size - 20))
    tail = file.read()
    file.seek(0)
    if file.read(4) != b"PK\3\4":
        raise BadPackage("it is not a world file: it begins differently")
    if len(tail) != END.size + 20 or tail[20:24] != b"PK\5\6":
        raise BadPackage("it is not a complete world file: its end is missing")
    _, _, _, _, count, length, start, comment = END.unpack(tail[20:])
    if tail.startswith(b"PK\6\7") or comment or start + length + END.size != size:
        raise BadPackage("it is not a complete world file: its list of members is not where it should be")
    if count > 2 * len(MEMBERS) or length > MAX_CONTENTS:
        raise BadPackage(f"it lists {count} members in {length} bytes; at most {len(MEMBERS)} are allowed")


def _checked_members(archive: zipfile.ZipFile) -> dict[str, int]:
    """The sizes of the members in bytes, in order. Raises BadPackage if a member should not be there."""
    sizes: dict[str, int] = {}
    for info in archive.infolist():
        name = info.orig_filename
        if name not in LIMITS:
            raise BadPackage(f"it holds {short(name)}, which does not belong in a world file")
        if name in sizes:
            raise BadPackage(f"it holds {name} twice")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits:
            raise BadPackage(f"{name} is compressed or encrypted, which is not allowed")
        if info.file_size != info.compress_size or info.file_size > LIMITS[name]:
            raise BadPackage(f"{name} claims {info.file_size} bytes; at most {LIMITS[name]} are allowed")
        sizes[name] = info.file_size
    order = [name for name in MEMBERS if name in sizes or name not in (PICTURES, CELLS)]
    if missing := [name for name in order if name not in sizes]:
        raise BadPackage(f"it lacks {', '.join(missing)}")
    if list(sizes) != order:
        raise BadPackage(f"its members are not in order: {', '.join(sizes)}")
    for name, record in ((CELLS, RECORD), (PICTURES, PICTURE_RECORD)):
        if sizes.get(name, 0) % record:
            raise BadPackage(f"{name} has {sizes[name]} bytes, which is not a multiple of a cell's {record}")
    return sizes


def _check_sums(archive: zipfile.ZipFile, names: list[str]) -> None:
    """Check every byte against its digest, before anything is parsed."""
    lines = archive.read(SUMS).splitlines(keepends=True)
    if len(lines) != len(names) - 1:
        raise BadPackage(f"{SUMS} has {len(lines)} lines, not one for each other member")
    for name, line in zip(names, lines):
        digest = hashlib.blake2b(digest_size=32)
        with archive.open(name) as member:
            while chunk := member.read(2**16):
                digest.update(chunk)
        if line != _sum(digest.hexdigest(), name):
            raise BadPackage(f"{name} is damaged: its digest does not match")


def _fill(connection: sqlite3.Connection, archive: zipfile.ZipFile, settings: dict[str, Any]) -> None:
    """world.db from a package, a line and a cell at a time."""
    schema.begin(connection, settings)
    lines: list[tuple[int, JournalEntry]] = []
    pictured = set()
    for entry in sane_journal(_read_lines(archive)):
        text = json.dumps(entry.data, ensure_ascii=False)
        schema.add_line(connection, entry.kind, text, entry.made, entry.number)
        lines.append((entry.number, parse(entry.kind, entry.data)))
        if _pictured(entry):
            pictured.add(entry.number)
    history = _history(lines)
    rows = _read_pictures(archive, pictured)
    connection.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    there = {entry for (entry,) in connection.execute("SELECT DISTINCT entry FROM pictures")}
    if missing := pictured - there:
        raise BadPackage(f"the picture of journal entry {min(missing)} is missing")
    if CELLS in archive.namelist():
        numbers = {number for number, _ in lines}
        schema.put_cells(connection, _read_cells(archive, numbers, history), max(numbers))


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


def _read_lines(archive: zipfile.ZipFile) -> Iterator[Any]:
    with archive.open(JOURNAL) as lines:
        number = 0
        while line := lines.readline(MAX_LINE + 1):
            number += 1
            check_line(line, f"{JOURNAL} line {number}")
            yield parsed(line, f"{JOURNAL} line {number}")


def _read_pictures(archive: zipfile.ZipFile, pictured: Container[int]) -> Iterator[tuple[object, ...]]:
    """Rows of the table of pictures."""
    if PICTURES not in archive.namelist():
        return
    last = (0, Tile(0, 0, 0))
    with archive.open(PICTURES) as records:
        while record := records.read(PICTURE_RECORD):
            entry, z, x, y, digest, mask = PICTURE_HEAD.unpack_from(record)
            cell, data = Tile(z, x, y), record[PICTURE_HEAD.size :]
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
    archive: zipfile.ZipFile, numbers: Container[int], history: History
) -> Iterator[tuple[object, ...]]:
    """Rows of the table of cells."""
    last = (Tile(-1, 0, 0), 0)
    with archive.open(CELLS) as records:
        while record := records.read(RECORD):
            z, x, y, entry, version, digest = HEAD.unpack_from(record)
            cell, data = Tile(z, x, y), record[HEAD.size :]
            check_cell(cell, entry, version, numbers)
            if (cell, entry) <= last:
                raise BadPackage(f"cell {z}/{x}/{y} appears twice or out of order")
            if digest != cell_digest(cell, entry, data):
                raise BadPackage(f"cell {z}/{x}/{y} is damaged: its digest does not match")
            check_finite(cell, data)
            last = (cell, entry)
            shown = history.shown(cell) == entry
            yield z, x, y, entry, int(shown), max(version, int(shown)), digest, data


# Files and their errors


def _part(path: Path) -> Path:
    """A temporary name for a file or folder that is being written."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors name the file."""
    try:
        yield
    except BadPackage as error:
        raise BadPackage(f"{path.name!r:.80}: {error}") from None


@contextmanager
def _disk() -> Iterator[None]:
    """Turn errors of the disk into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("the disk is full: nothing was changed") from error
        raise BadPackage(f"it cannot be read or written ({error.strerror})") from error
    except sqlite3.Error as error:
        if is_full(error):
            raise DiskFull("the disk is full: nothing was changed") from error
        raise BadPackage(f"world.db cannot be read or written ({error})") from error
