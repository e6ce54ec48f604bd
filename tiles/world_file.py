"""world.db as a file: made, opened, brought up to date, and SQLite's errors in our words."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tiles import schema
from tiles.database import Database, DatabaseClosed, TooManyReaders, is_full, make
from tiles.errors import Busy, DiskFull, EarthError, WorldDamaged, WorldHeld, WorldNotFound

# Inode, size and time of world.db and its log; None for what is not there.
Written = tuple[tuple[int, int, int] | None, ...]
OPENING = ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")


class WorldFile:
    """One world.db of the newest format, for any number of threads; one process at a time may write.

    >>> file = WorldFile.create(Path("world.db"), {"name": "First Light"})
    >>> with file.read() as connection:
    ...     connection.execute("SELECT count(*) FROM cells").fetchone()
    (0,)
    >>> file.close()

    What is read or written within ``read`` and ``write`` raises WorldDamaged for a broken file, Busy if it
    cannot be opened at the moment, WorldNotFound once it is closed; ``write`` also DiskFull, and WorldHeld
    if the file was opened for reading.
    """

    def __init__(self, database: Database, path: Path, spare: Path | None = None) -> None:
        """``spare``: a folder to remove in the end."""
        self._database, self.path, self._spare = database, path, spare
        self._inode = _inode(path)

    @classmethod
    def create(cls, path: Path, settings: Mapping[str, Any]) -> WorldFile:
        """A new world; nothing appears at ``path`` before it is whole. Raises DiskFull."""
        with errors(path):
            make(path, schema.SCHEMA, lambda connection: schema.begin(connection, settings))
        return cls.open(path)

    @classmethod
    def open(cls, path: Path, readonly: bool = False) -> WorldFile:
        """Raises WorldNotFound, WorldDamaged. An older format is brought up to date, on disk or, if it
        is only read, in a copy."""
        if not path.is_file() or path.is_symlink():
            raise WorldNotFound(f"there is no world at {path.parent.name}")
        file = cls(Database(path, readonly, OPENING), path)
        try:
            with errors(path):
                format = file._format()
                if format < schema.FORMAT and readonly:
                    file.close()
                    file = cls._migrated_copy(path, format)
                elif format < schema.FORMAT:
                    with file._database.write() as connection:
                        schema.migrate(connection, format)
                file._check_tables()
                return file
        except BaseException:
            file.close()
            raise

    @classmethod
    def is_outdated(cls, path: Path) -> bool:
        """Whether the world at ``path`` has an older format. Raises WorldDamaged, Busy."""
        file = cls(Database(path, readonly=True), path)
        try:
            with errors(path):
                return file._format() < schema.FORMAT
        finally:
            file.close()

    @classmethod
    def _migrated_copy(cls, path: Path, format: int) -> WorldFile:
        folder = Path(tempfile.mkdtemp(prefix="endless-earth-"))
        copy = folder / path.name
        try:
            database = Database(path, readonly=True)
            with database.read() as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
                source.backup(target)
                target.execute("BEGIN")
                schema.migrate(target, format)
                target.execute("COMMIT")
            database.close()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(Database(copy, True), path, folder)

    def _format(self) -> int:
        with self._database.read() as connection:
            (made_by,) = connection.execute("PRAGMA application_id").fetchone()
            (format,) = connection.execute("PRAGMA user_version").fetchone()
        if made_by != schema.APPLICATION_ID:
            raise WorldDamaged(f"{self.name}: world.db is not an Endless Earth world")
        if not 1 <= format <= schema.FORMAT:
            known = f"formats 1 to {schema.FORMAT} are known"
            raise WorldDamaged(f"{self.name}: world.db has format {format}; {known}")
        return int(format)

    def _check_tables(self) -> None:
        with self._database.read() as connection:
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if missing := set(schema.TABLES) - there:
            raise WorldDamaged(f"{self.name}: world.db lacks {', '.join(sorted(missing))}")

    @property
    def name(self) -> str:
        """That of the world's folder, for errors."""
        return self.path.parent.name

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection that reads; within it, the same for all that this thread reads."""
        with errors(self.path), self._database.read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is kept, or nothing."""
        with errors(self.path), self._database.write() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All that this thread reads within it is as it is now, whatever others write meanwhile."""
        with errors(self.path), self._database.snapshot():
            yield

    def copy(self, path: Path, settings: Mapping[str, Any]) -> None:
        """All of it as it is now in a new file at ``path``, as another world: with some other ``settings``.
        Raises DiskFull."""
        made = closing(sqlite3.connect(path, isolation_level=None))
        with errors(path), self._database.read() as source, made as target:
            source.backup(target)
            target.execute("BEGIN")
            schema.put_settings(target, {**settings, "instance": schema.new_instance()})
            target.execute("COMMIT")

    def on_disk(self) -> bool:
        """Whether the file at ``path`` is still the one that was opened."""
        return self._inode is not None and _inode(self.path) == self._inode

    def written(self) -> Written:
        """Another value after each write, whichever process wrote."""
        return written(self.path)

    def close(self) -> None:
        """Whoever asks afterwards gets WorldNotFound; what is being read or written ends first."""
        self._database.close()
        if self._spare is not None:
            shutil.rmtree(self._spare, ignore_errors=True)


def written(path: Path) -> Written:
    """Another value after each write to the world.db at ``path``, at the cost of two looks at a folder."""
    return _state(path), _state(path.with_name(f"{path.name}-wal"))


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _inode(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of its name; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def errors(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    name = path.parent.name
    try:
        yield
    except DatabaseClosed:
        raise WorldNotFound(f"world {name!r} was deleted or closed") from None
    except TooManyReaders as error:
        raise Busy(f"world {name!r} cannot be read just now: {error}") from None
    except UnicodeDecodeError as error:
        raise WorldDamaged(f"{name}: world.db holds broken text ({error})") from error
    except json.JSONDecodeError as error:
        raise WorldDamaged(f"{name}: world.db holds broken JSON ({error})") from error
    except sqlite3.DatabaseError as error:
        if (said := _ours(name, error)) is None:
            raise
        raise said from error


def _ours(name: str, error: sqlite3.DatabaseError) -> EarthError | None:
    """A failure of the file in words; None: a mistake of the program, such as a wrong query."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if is_full(error):
        return DiskFull("the disk is full: nothing was changed")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"world {name!r} cannot be opened just now ({error})")
    if code == sqlite3.SQLITE_READONLY or "readonly database" in str(error):
        return WorldHeld(f"world {name!r} can only be read here")
    broken = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR)
    if code in broken or "decode" in str(error) or not isinstance(error, sqlite3.OperationalError):
        return WorldDamaged(f"{name}: world.db cannot be read ({error})")
    return None
