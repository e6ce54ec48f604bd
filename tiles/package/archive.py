"""The zip of a world file: nothing in it is read before all of it is as it should be."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tiles.errors import BadPackage
from tiles.package.form import (
    CELLS,
    END,
    LIMITS,
    MAX_CONTENTS,
    MEMBERS,
    PICTURES,
    SUMS,
    sum_line,
)
from tiles.values import short


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A world file as a zip whose ends are where they should be. Raises BadPackage."""
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


def checked_members(archive: zipfile.ZipFile) -> dict[str, int]:
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
    return sizes


def check_sums(archive: zipfile.ZipFile, names: list[str]) -> None:
    """Check every byte against its digest, before anything is parsed."""
    lines = archive.read(SUMS).splitlines(keepends=True)
    if len(lines) != len(names) - 1:
        raise BadPackage(f"{SUMS} has {len(lines)} lines, not one for each other member")
    for name, line in zip(names, lines):
        digest = hashlib.blake2b(digest_size=32)
        with archive.open(name) as member:
            while chunk := member.read(2**16):
                digest.update(chunk)
        if line != sum_line(digest.hexdigest(), name):
            raise BadPackage(f"{name} is damaged: its digest does not match")
