"""Which visitor a world belongs to: a small file in its folder, which is never part of a packed world."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

FILE = "owner"
SECONDS = 3600.0  # a visit is noted once in so many


def mark(folder: Path, owner: str) -> None:
    """A world's folder belongs to ``owner`` from now on."""
    (folder / FILE).write_text(owner, encoding="ascii")


def owner_of(folder: Path) -> str:
    """The visitor who made a world; empty: it is everybody's to look at and nobody's to change."""
    try:
        return (folder / FILE).read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""


def note_visit(folder: Path) -> None:
    """Its owner is here."""
    if seconds_away(folder) > SECONDS:
        with suppress(OSError):
            os.utime(folder / FILE)


def seconds_away(folder: Path) -> float:
    """How long ago its owner was here; 0 for a world without one."""
    try:
        return max(0.0, time.time() - (folder / FILE).stat().st_mtime)
    except OSError:
        return 0.0
