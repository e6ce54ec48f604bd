"""Writing a world as one file."""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from tiles.errors import BadPackage
from tiles.package.form import (
    CELLS,
    FORMAT,
    HEAD,
    JOURNAL,
    LIMITS,
    MAX_CELL_BYTES,
    MAX_CELLS,
    PICTURE_HEAD,
    PICTURES,
    SUMS,
    VERSION,
    WORLD,
    disk_errors,
    is_pictured,
    named_errors,
    part_of,
    picture_bytes,
    record_bytes,
    sum_line,
)
from tiles.rules import (
    check_cell,
    check_line,
    is_model_name,
    sane_journal,
    sane_settings,
    shortened,
)
from tiles.schema import cell_digest
from tiles.store import Entry, Store

Written = Callable[[int], None]  # told how many bytes are written so far


def size(store: Store, latents: bool = False) -> int:
    """About how many bytes ``pack`` writes, and never fewer. Raises WorldDamaged."""
    (lines, pictured, painted), spaces = store.sizes(), store.spaces.all
    return (
        2 * lines
        + pictured * max(map(picture_bytes, spaces))
        + latents * painted * max(map(record_bytes, spaces))
        + 2**17
    )


def pack(store: Store, path: Path, latents: bool = False, written: Written = lambda done: None) -> None:
    """Write a world at ``path``, whole or not at all; with ``latents`` its painted cells too.

    ``written`` is told how many bytes are written, now and then, and may raise to stop it.
    The same world gives the same bytes. A model in a folder of this machine is written as that
    folder's name. Others may paint meanwhile. Raises BadPackage, WorldDamaged, DiskFull.
    """
    part = part_of(path)
    with named_errors(path), disk_errors(), store.snapshot():
        try:
            with open(part, "xb") as file:
                _write(file, _members(store, latents), written)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _members(store: Store, latents: bool) -> Iterator[tuple[str, Iterable[bytes]]]:
    """What the file holds, checked as it will be when it is read."""
    settings = store.settings()
    for named in (settings, *settings.get("level_models", ())):
        if isinstance(model := named.get("model"), str) and not is_model_name(model):
            named["model"] = re.split(r"[/\\]", model.rstrip("/\\"))[-1]
    yield WORLD, [_line({"format": FORMAT, "version": VERSION, "settings": sane_settings(settings)})]
    entries = store.journal()
    yield JOURNAL, _lines(shortened(entries))
    if any(is_pictured(entry) for entry in entries):
        yield PICTURES, _picture_records(store)
    if latents:
        numbers = {entry.number for entry in entries}
        yield CELLS, _records(store, numbers)


def _picture_records(store: Store) -> Iterator[bytes]:
    for entry, cell, digest, mask, data in store.picture_rows():
        yield PICTURE_HEAD.pack(entry, *cell, digest) + mask + data


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
    most = min(MAX_CELLS, MAX_CELL_BYTES // max(map(record_bytes, store.spaces.all)))
    if len(paintings) > most:
        raise BadPackage(f"{len(paintings):,} cells are painted; up to {most:,} fit, or none of them")
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
    return sum_line(digest.hexdigest(), name)
