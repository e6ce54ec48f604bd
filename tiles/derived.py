"""Files that are derived from others: made again whenever they are missing, damaged or out of date."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tiles.database import Database, make

log = logging.getLogger(__name__)


class Form(NamedTuple):
    """What a derived file looks like. Its table ``metadata (name, value)`` holds a ``stamp``."""

    schema: tuple[str, ...]  # statements that make its tables
    probes: tuple[str, ...]  # queries that fail on a file of another form
    setup: tuple[str, ...]  # statements for each writing connection


def derived(path: Path, form: Form, metadata: Mapping[str, str], readonly: bool) -> Database | None:
    """The file of that form and ``metadata["stamp"]``: the one that is there, or else a new and empty one.
    None if there is none and it is ``readonly``. Raises OSError, sqlite3.DatabaseError."""

    def describe(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", metadata.items())

    database = _there(path, form, metadata["stamp"], readonly)
    if database is None and not readonly:
        remove(path)
        make(path, form.schema, describe)
        database = Database(path, setup=form.setup)
    return database


def remove(path: Path) -> None:
    """Delete the file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _there(path: Path, form: Form, stamp: str, readonly: bool) -> Database | None:
    if path.is_symlink() or not path.is_file():
        return None
    database = Database(path, readonly, form.setup)
    try:
        with database.read() as connection:
            for probe in form.probes:
                connection.execute(probe).fetchall()
            found = connection.execute("SELECT value FROM metadata WHERE name = 'stamp'").fetchone()
        if found == (stamp,):
            return database
        log.info("%s was made from something else", path)
    except sqlite3.DatabaseError as error:
        log.warning("%s is damaged: %s", path, error)
    database.close()
    return None
