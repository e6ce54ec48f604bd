"""The form of a world file: its members, records and limits, and errors that name the file."""

from __future__ import annotations

import errno
import os
import secrets
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tiles.database import is_full
from tiles.errors import BadPackage, DiskFull
from tiles.latents import LatentSpace
from tiles.rules import MAX_JOURNAL
from tiles.store import Entry

SUFFIX, MEDIA_TYPE = ".earth", "application/zip"
FORMAT, VERSION = "endless-earth", 2  # version 1 had no pictures and no edits; it is read too
MEMBERS = ("world.json", "journal.jsonl", "pictures.bin", "cells.bin", "b2sums")
WORLD, JOURNAL, PICTURES, CELLS, SUMS = MEMBERS
HEAD = struct.Struct("<5q16s")  # zoom, x, y, entry, version, digest
PICTURE_HEAD = struct.Struct("<4q16s")  # entry, zoom, x, y, digest; a mask follows
MAX_CELLS = 180_000
# Of all cells and of all pictures. Together they stay below where a zip needs its 64-bit form.
MAX_CELL_BYTES, MAX_PICTURE_BYTES = 1_484_640_000, 334_720_000
LIMITS = {  # bytes
    WORLD: 2**16,
    JOURNAL: MAX_JOURNAL,
    PICTURES: MAX_PICTURE_BYTES,
    CELLS: MAX_CELL_BYTES,
    SUMS: 2**10,
}
MAX_CONTENTS = 2**13  # bytes of the zip's own list of members
END = struct.Struct("<4s4H2LH")


def record_bytes(space: LatentSpace) -> int:
    """Of a painted cell."""
    return HEAD.size + space.cell_bytes


def mask_bytes(space: LatentSpace) -> int:
    """Of which latents of a cell a picture gives, a bit each."""
    return space.side**2 // 8


def picture_bytes(space: LatentSpace) -> int:
    """Of a picture's cell."""
    return PICTURE_HEAD.size + mask_bytes(space) + space.cell_bytes


def is_pictured(entry: Entry) -> bool:
    """Whether latents of a picture belong to a line of the journal."""
    return entry.kind == "edit" and bool(entry.data["picture"])


def sum_line(digest: str, name: str) -> bytes:
    """The line of a member in ``b2sums``: ``digest`` is its blake2b, 64 hexadecimal digits."""
    return f"{digest}  {name}\n".encode()


def part_of(path: Path) -> Path:
    """A temporary name for a file or folder that is being written."""
    return path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")


@contextmanager
def named_errors(path: Path) -> Iterator[None]:
    """Errors name the file."""
    try:
        yield
    except BadPackage as error:
        raise BadPackage(f"{path.name!r:.80}: {error}", error.reason, **error.values) from None


@contextmanager
def disk_errors() -> Iterator[None]:
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
