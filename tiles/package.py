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
import unicodedata
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from tiles.database import is_full, make
from tiles.errors import BadSetting, DiskFull, EarthError
from tiles.grid import EARTH, MAX_INDEX, MAX_ZOOM, TILE_LATENTS, Tile
from tiles.journal import History, read
from tiles.store import SCHEMA, SHAPE, Entry, Store, cell_digest, put_settings

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
MAX_OUTLINED = 2_000_000  # cells in all outlines of a journal: a world holds them in memory
MAX_PATH = 2_000  # places along a stroke
MAX_ENTRIES, MAX_LINE = 100_000, 4 * 2**20  # entries of a journal, bytes of one
MAX_LISTS, MAX_OBJECTS = 250_000, 2_000  # in one line: parsed, they are many times their text
LIMITS = {  # bytes
    WORLD: 2**16,
    JOURNAL: 2**26,
    PICTURES: MAX_PICTURED * PICTURE_RECORD,
    CELLS: MAX_CELLS * RECORD,
    SUMS: 2**10,
}
MAX_CONTENTS = 2**13  # bytes of the zip's own list of members
NAME_LIMIT, PROMPT_LIMIT, SEED_LIMIT, HOME_LIMIT = 80, 500, 2**63, EARTH * 1000
FARTHEST = MAX_INDEX + 4  # cells at the edge are painted with some beyond it
COUNT_LIMIT = 2**31  # of numbers that count up: entries, versions
MODEL = re.compile(r"[^\W_][\w .+-]{0,79}(/[^\W_][\w .+-]{0,79})?")
DIGEST = re.compile(r"[0-9a-f]{8,128}")
END = struct.Struct("<4s4H2LH")


class BadPackage(EarthError):
    """A file that is no whole, sane world, or a world that fits into none."""

    code, status = "bad_package", 422


def pack(store: Store, path: Path, latents: bool = False) -> None:
    """Write a world at ``path``, whole or not at all; with ``latents`` its painted cells too.

    The same world gives the same bytes. A model in a folder of this machine is written as that
    folder's name. Others may paint meanwhile. Raises BadPackage, WorldDamaged, DiskFull.
    """
    part = _part(path)
    with _named(path), _disk(), _snapshot(store):
        try:
            with open(part, "xb") as file:
                _write(file, _members(store, latents))
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
        found = _read_settings(archive)
        if model is not None:
            found["model"] = model
        if (needed := 2 * sum(sizes.values()) + 2**20) > (free := shutil.disk_usage(folder.parent).free):
            raise DiskFull(f"about {needed:,} bytes of free disk are needed, {free:,} are there")
        try:
            part.mkdir()
            make(part / "world.db", SCHEMA, lambda connection: _fill(connection, archive, found))
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
    yield WORLD, [_line({"format": FORMAT, "version": VERSION, "settings": _settings(settings)})]
    entries = store.journal()
    yield JOURNAL, _lines(entries)
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


def _lines(entries: list[Entry]) -> Iterator[bytes]:
    size = 0
    for entry in _journal(entry._asdict() for entry in entries):
        line = _line(entry._asdict())
        _check_line(line, f"journal entry {entry.number}")
        if (size := size + len(line)) > LIMITS[JOURNAL]:
            raise BadPackage(f"the journal is longer than {LIMITS[JOURNAL]:,} bytes")
        yield line


def _records(store: Store, numbers: Container[int]) -> Iterator[bytes]:
    paintings = sorted((cell, entry) for cell, entry, _ in store.paintings())
    if len(paintings) > MAX_CELLS:
        raise BadPackage(f"{len(paintings):,} cells are painted; up to {MAX_CELLS:,} fit, or none of them")
    for cell, entry in paintings:
        found = store.read(cell, entry)
        assert found is not None  # one snapshot
        data = np.ascontiguousarray(found.latents, "<f2").tobytes()
        _check_cell(cell, entry, found.version, numbers)
        yield HEAD.pack(*cell, entry, found.version, cell_digest(cell, entry, data)) + data


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _write(file: IO[bytes], members: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=False) as archive:
        sums = [_put(archive, name, chunks) for name, chunks in members]
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


@contextmanager
def _snapshot(store: Store) -> Iterator[None]:
    """What this thread reads of a store, as it is now: no cell without its entry."""
    connection = store._database.read()
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


# The zip, read


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        raise BadPackage("there is no such file")
    try:
        with open(path, "rb") as file:
            _check_ends(file)
            with zipfile.ZipFile(file) as archive:
                yield archive
    except (zipfile.BadZipFile, EOFError, struct.error, ValueError, RuntimeError) as error:
        raise BadPackage(f"it is damaged: {_short(str(error))}") from None


def _check_ends(file: IO[bytes]) -> None:
    """Before zipfile reads it: the list of members is small and ends the file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - END.size - 20))
    tail = file.read()
    file.seek(0)
    if file.read(4) != b"PK\3\4":
        raise BadPackage("it is no world file: it does not begin as one")
    if len(tail) != END.size + 20 or tail[20:24] != b"PK\5\6":
        raise BadPackage("it is no whole world file: its end is missing")
    _, _, _, _, count, length, start, comment = END.unpack(tail[20:])
    if tail.startswith(b"PK\6\7") or comment or start + length + END.size != size:
        raise BadPackage("it is no whole world file: its list of members is not where it should be")
    if count > 2 * len(MEMBERS) or length > MAX_CONTENTS:
        raise BadPackage(f"it lists {count} members in {length} bytes; a world file has up to {len(MEMBERS)}")


def _checked_members(archive: zipfile.ZipFile) -> dict[str, int]:
    """The members' sizes in bytes, in order, as they are and as they must be."""
    sizes: dict[str, int] = {}
    for info in archive.infolist():
        name = info.orig_filename
        if name not in LIMITS:
            raise BadPackage(f"it holds a member {_short(name)}, which no world file has")
        if name in sizes:
            raise BadPackage(f"it holds {name} twice")
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits:
            raise BadPackage(f"{name} is compressed or encrypted, which no world file is")
        if info.file_size != info.compress_size or info.file_size > LIMITS[name]:
            raise BadPackage(f"{name} says it has {info.file_size} bytes; up to {LIMITS[name]} are allowed")
        sizes[name] = info.file_size
    order = [name for name in MEMBERS if name in sizes or name not in (PICTURES, CELLS)]
    if missing := [name for name in order if name not in sizes]:
        raise BadPackage(f"it lacks {', '.join(missing)}")
    if list(sizes) != order:
        raise BadPackage(f"its members are not in order: {', '.join(sizes)}")
    for name, record in ((CELLS, RECORD), (PICTURES, PICTURE_RECORD)):
        if sizes.get(name, 0) % record:
            raise BadPackage(f"{name} has {sizes[name]} bytes, which is no multiple of a cell's {record}")
    return sizes


def _check_sums(archive: zipfile.ZipFile, names: list[str]) -> None:
    """Every byte as it was written, before any of it is looked at."""
    said = archive.read(SUMS).splitlines(keepends=True)
    if len(said) != len(names) - 1:
        raise BadPackage(f"{SUMS} has {len(said)} lines, not one for each other member")
    for name, line in zip(names, said):
        digest = hashlib.blake2b(digest_size=32)
        with archive.open(name) as member:
            while chunk := member.read(2**16):
                digest.update(chunk)
        if line != _sum(digest.hexdigest(), name):
            raise BadPackage(f"{name} is damaged: its digest does not match")


def _fill(connection: sqlite3.Connection, archive: zipfile.ZipFile, settings: dict[str, Any]) -> None:
    """world.db from a package, a line and a cell at a time."""
    put_settings(connection, settings)
    lines, pictured = [], set()
    for entry in _journal(_read_lines(archive)):
        row = (entry.number, entry.kind, entry.made, json.dumps(entry.data, ensure_ascii=False))
        connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?)", row)
        lines.append((entry.number, entry.kind, entry.data))
        if _pictured(entry):
            pictured.add(entry.number)
    history = _history(lines)
    rows = _read_pictures(archive, pictured)
    connection.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    there = {entry for (entry,) in connection.execute("SELECT DISTINCT entry FROM pictures")}
    if missing := pictured - there:
        raise BadPackage(f"the picture of journal entry {min(missing)} is missing")
    if CELLS in archive.namelist():
        cells = _read_cells(archive, {number for number, _, _ in lines}, history)
        connection.executemany("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?)", cells)


def _history(lines: list[tuple[int, str, Any]]) -> History:
    try:
        return read(lines)
    except ValueError as error:
        raise BadPackage(f"the journal does not add up: {error}") from None


def _read_settings(archive: zipfile.ZipFile) -> dict[str, Any]:
    found = _keyed(_parsed(archive.read(WORLD), WORLD), ("format", "version", "settings"), WORLD)
    if found["format"] != FORMAT or not _whole(found["version"], 1, VERSION):
        said = f"{_short(found['format'])} {_short(found['version'])}"
        raise BadPackage(f"{WORLD} is of format {said}; known is {FORMAT!r} {VERSION}")
    return _settings(found["settings"])


def _read_lines(archive: zipfile.ZipFile) -> Iterator[Any]:
    with archive.open(JOURNAL) as lines:
        number = 0
        while line := lines.readline(MAX_LINE + 1):
            number += 1
            _check_line(line, f"{JOURNAL} line {number}")
            yield _parsed(line, f"{JOURNAL} line {number}")


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
                raise BadPackage(f"a picture is given to entry {entry}, which has none")
            _check_place(cell)
            if (entry, cell) <= last:
                raise BadPackage(f"the picture of cell {z}/{x}/{y} is there twice or not in order")
            if digest != cell_digest(cell, entry, mask + data):
                raise BadPackage(f"the picture of cell {z}/{x}/{y} is damaged: its digest does not match")
            _check_finite(cell, data)
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
            _check_cell(cell, entry, version, numbers)
            if (cell, entry) <= last:
                raise BadPackage(f"cell {z}/{x}/{y} is there twice or not in order")
            if digest != cell_digest(cell, entry, data):
                raise BadPackage(f"cell {z}/{x}/{y} is damaged: its digest does not match")
            _check_finite(cell, data)
            last = (cell, entry)
            shown = history.shown(cell) == entry
            yield z, x, y, entry, int(shown), max(version, int(shown)), digest, data


# What may be in it


def _check_line(line: bytes, what: str) -> None:
    """Before it is parsed."""
    if len(line) > MAX_LINE or line.count(b"[") > MAX_LISTS or line.count(b"{") > MAX_OBJECTS:
        raise BadPackage(f"{what} is too long: {MAX_LINE:,} bytes and {MAX_LISTS:,} rows are allowed")


def _check_place(cell: Tile) -> None:
    if not 0 <= cell.z <= MAX_ZOOM or max(abs(cell.x), abs(cell.y)) > FARTHEST:
        where = f"cell {cell.z}/{cell.x}/{cell.y}"
        raise BadPackage(f"{where}: zooms are 0 to {MAX_ZOOM}, indices up to {MAX_INDEX}")


def _check_finite(cell: Tile, data: bytes) -> None:
    if not np.isfinite(np.frombuffer(data, "<f2")).all():
        raise BadPackage(f"cell {cell.z}/{cell.x}/{cell.y} holds latents that are no finite numbers")


def _check_cell(cell: Tile, entry: int, version: int, numbers: Container[int]) -> None:
    _check_place(cell)
    where = f"cell {cell.z}/{cell.x}/{cell.y}"
    if entry not in numbers:
        raise BadPackage(f"{where} is painted under entry {entry}, which the journal lacks")
    if not 0 <= version < COUNT_LIMIT:
        raise BadPackage(f"{where} has version {version}; they count from 0")


def _settings(settings: Any) -> dict[str, Any]:
    """``settings`` if they are all there and sane."""
    found = _keyed(settings, SETTINGS, "the settings")
    for name, (fits, allowed) in SETTINGS.items():
        if not fits(found[name]):
            raise BadPackage(f"setting {name} is {_short(found[name])}: allowed are {allowed}")
    if found["sketch"] > found["base_zoom"]:
        raise BadPackage(f"a sketch {found['sketch']} zooms above base zoom {found['base_zoom']} is none")
    return found


def _journal(entries: Iterable[Any]) -> Iterator[Entry]:
    """The entries while they are sane. A world begins with a prompt."""
    last = outlined = 0
    for place, value in enumerate(entries, 1):
        what = f"journal entry {place}"
        found = Entry(**_keyed(value, Entry._fields, what))
        if place > MAX_ENTRIES:
            raise BadPackage(f"the journal has more than {MAX_ENTRIES:,} entries")
        if not _whole(found.number, last + 1, COUNT_LIMIT):
            raise BadPackage(f"{what} has number {_short(found.number)}, which does not follow {last}")
        if not _is_time(found.made):
            raise BadPackage(f"{what} was made at {_short(found.made)}, which is no time")
        if not isinstance(found.kind, str) or found.kind not in KINDS:
            raise BadPackage(f"{what} is of kind {_short(found.kind)}; known are {', '.join(KINDS)}")
        if not last and found.kind != "prompt":
            raise BadPackage("the journal does not begin with a prompt")
        outlined += KINDS[found.kind](found.data, what)
        if outlined > MAX_OUTLINED:
            raise BadPackage(f"{what} outlines too much: in all {MAX_OUTLINED:,} cells are allowed")
        last = found.number
        yield found
    if not last:
        raise BadPackage("the journal is empty; a world begins with a prompt")


def _check_prompt(data: Any, what: str) -> int:
    """Gives the number of cells in its outline."""
    found = _keyed(data, ("prompt", "painted"), what)
    _check_text(found["prompt"], what)
    return _check_outline(found["painted"], what)


def _check_text(prompt: Any, what: str) -> None:
    if not _is_text(prompt, PROMPT_LIMIT):
        allowed = f"up to {PROMPT_LIMIT} characters of plain text"
        raise BadPackage(f"{what} has the prompt {_short(prompt)}: allowed are {allowed}")


def _check_outline(runs: Any, what: str) -> int:
    if not isinstance(runs, list):
        raise BadPackage(f"{what} has an outline that is no list")
    for run in runs:
        if not _is_run(run):
            raise BadPackage(f"{what} outlines {_short(run)}, which is no row of cells")
    return sum(run[3] for run in runs)


def _check_model(data: Any, what: str) -> int:
    if not _is_digest(_keyed(data, ("digest",), what)["digest"]):
        raise BadPackage(f"{what} names the model {_short(data['digest'])}, which is no digest")
    return 0


def _check_stroke(data: Any, what: str) -> int:
    found = _keyed(data, ("prompt", "path", "radius", "softness", "reach", "painted"), what)
    _check_text(found["prompt"], what)
    path = found["path"]
    if not isinstance(path, list) or not 1 <= len(path) <= MAX_PATH or not all(map(_is_place, path)):
        raise BadPackage(f"{what} has a path that is no list of places")
    for name in ("radius", "softness"):
        if not _is_number(found[name], 0, EARTH):
            raise BadPackage(f"{what} has the {name} {_short(found[name])}: metres are needed")
    box = found["reach"]
    if not isinstance(box, list) or len(box) != 5 or not all(_whole(v, -(2**40), 2**40) for v in box):
        raise BadPackage(f"{what} reaches {_short(box)}, which is no box of cells")
    return _check_outline(found["painted"], what)


def _check_edit(data: Any, what: str) -> int:
    keys = ("cells", "prompt", "negative_prompt", "strength", "seed", "picture")
    found = _keyed(data, keys, what)
    for name in ("prompt", "negative_prompt"):
        _check_text(found[name], what)
    if not _is_number(found["strength"], 0, 1) or not _whole(found["seed"], 0, SEED_LIMIT - 1):
        raise BadPackage(f"{what} has the strength {_short(found['strength'])}, seed {_short(found['seed'])}")
    if type(found["picture"]) is not bool:
        raise BadPackage(f"{what} has the picture {_short(found['picture'])}: true or false is needed")
    return _check_outline(found["cells"], what)


def _check_about(data: Any, what: str) -> int:
    number = _keyed(data, ("entry",), what)["entry"]
    if not _whole(number, 1, COUNT_LIMIT):
        raise BadPackage(f"{what} is about entry {_short(number)}, which is no number of one")
    return 0


# By kind of entry; each gives the number of cells that the entry outlines.
KINDS: dict[str, Callable[[Any, str], int]] = {
    "prompt": _check_prompt,
    "model": _check_model,
    "stroke": _check_stroke,
    "edit": _check_edit,
    "done": _check_about,
    "cancelled": _check_about,
    "undone": _check_about,
    "redone": _check_about,
}


def _whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_number(value: Any, least: float, most: float) -> bool:
    """What is no number fails the type or the comparison."""
    return type(value) in (int, float) and least <= value <= most


def _is_text(value: Any, limit: int) -> bool:
    if not isinstance(value, str) or len(value) > limit:
        return False
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in value)


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) <= 40 and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_place(value: Any) -> bool:
    """Metres x, y. What is no number fails the comparison or the type."""
    numbers = isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)
    return numbers and all(abs(v) <= HOME_LIMIT for v in value)


def _is_run(value: Any) -> bool:
    """A row of cells as outlines have them: zoom, y, first x, number of cells."""
    if not isinstance(value, list) or len(value) != 4 or not all(type(v) is int for v in value):
        return False
    zoom, y, first, count = value
    fits = 0 <= zoom <= MAX_ZOOM and 1 <= count <= MAX_OUTLINED
    return fits and abs(y) <= FARTHEST and -FARTHEST <= first <= FARTHEST + 1 - count


SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda v: _is_text(v, NAME_LIMIT) and bool(v.strip()), f"1 to {NAME_LIMIT} plain characters"),
    "seed": (lambda v: _whole(v, 0, SEED_LIMIT - 1), f"whole numbers from 0 to {SEED_LIMIT - 1}"),
    "model": (lambda v: isinstance(v, str) and MODEL.fullmatch(v) is not None, "names, not paths"),
    "digest": (_is_digest, "hexadecimal digits"),
    "base_zoom": (lambda v: _whole(v, 0, MAX_ZOOM), f"0 to {MAX_ZOOM}"),
    "home": (_is_place, f"two numbers of metres up to {HOME_LIMIT:.0f}"),
    "sketch": (lambda v: _whole(v, 0, 3), "0 to 3"),
    "halo": (lambda v: _whole(v, 0, TILE_LATENTS), f"0 to {TILE_LATENTS}"),
    "created": (_is_time, "ISO 8601 times"),
}


def _keyed(value: Any, keys: Iterable[str], what: str) -> dict[str, Any]:
    """``value`` if it is an object with exactly these keys."""
    if not isinstance(value, dict):
        raise BadPackage(f"{what}: {_short(value)} is no JSON object")
    if missing := [key for key in keys if key not in value]:
        raise BadPackage(f"{what}: {', '.join(missing)} is missing")
    if unknown := [key for key in value if key not in keys]:
        raise BadPackage(f"{what}: {_short(unknown[0])} is unknown; a newer version may know it")
    return value


def _parsed(text: bytes, what: str) -> Any:
    """Plain JSON: no NaN, no key twice, nothing nested deeper than the parser goes."""
    try:
        return json.loads(text.decode(), parse_constant=_refuse_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadPackage(f"{what} is no plain JSON ({_short(str(error))})") from None


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _short(value: Any) -> str:
    """For an error's one line."""
    shown = repr(value[:60] if isinstance(value, str) else value)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."


# Files and their errors


def _part(path: Path) -> Path:
    """Where something is written before it gets its name."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors say which file is wrong."""
    try:
        yield
    except BadPackage as error:
        raise BadPackage(f"{path.name!r:.80}: {error}") from None


@contextmanager
def _disk() -> Iterator[None]:
    """The disk's errors as ours."""
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
