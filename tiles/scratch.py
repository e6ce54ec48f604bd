"""A folder for files that are not whole yet, and the removal of what processes that are gone left in it."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tiles.errors import Busy

NAME = ".work"
STARTING = "another Endless Earth is starting on this folder of worlds; try again"
PATIENCE = 30.0  # seconds to wait for another process that starts at the same moment
# How earlier versions named what they had not finished.
EARLIER = re.compile(r"\.exports|\.(file|picture)-.+|\..+\.[0-9]+(\.[0-9a-f]{8})?\.(part|gone)")
STALE = 86_400.0  # seconds after which nobody works at such a file any more


class Scratch:
    """A process's own folder for unfinished files, on the disk where they will stay.

    >>> scratch = Scratch(Path("."))
    >>> part = scratch.new("first-light")  # .work/9f2c.../51d0...-first-light, not made yet
    >>> part.mkdir()
    >>> part.rename("first-light")
    PosixPath('first-light')
    >>> scratch.close()

    A lock file beside the folder is held as long as the process lives. Folders whose lock is free are
    removed when the next process makes its own. Where nothing can be written, the folder is one of the
    system's temporary folders.
    """

    def __init__(self, parent: Path) -> None:
        """Raises Busy while another process takes long to start in ``parent``."""
        self._lock: FileLock | None = None
        try:
            self.folder, self._lock = _make(parent / NAME)
        except Timeout:
            raise Busy(STARTING) from None
        except OSError:
            self.folder = Path(tempfile.mkdtemp(prefix="endless-earth-"))
        else:
            _remove_earlier(parent)

    def new(self, name: str) -> Path:
        """A path that nobody uses, for a file or a folder that ends in ``name``."""
        return self.folder / f"{secrets.token_hex(8)}-{name}"

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """A path for a folder that is made inside; what is there is removed if that fails."""
        path = self.new(name)
        try:
            yield path
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While no other process is in here or starts. Raises Busy."""
        if self._lock is None:
            yield
            return
        try:
            with FileLock(self.folder.parent / "lock", timeout=PATIENCE):
                yield
        except Timeout:
            raise Busy(STARTING) from None

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            Path(self._lock.lock_file).unlink(missing_ok=True)
            self._lock.release()


def _make(root: Path) -> tuple[Path, FileLock]:
    """A new folder and its lock. Folders of processes that are gone are removed. Raises OSError."""
    root.mkdir(exist_ok=True)
    with FileLock(root / "lock", timeout=PATIENCE):  # nobody looks while a folder has no lock yet
        gone = [lock for path in root.glob("*.lock") if (lock := _taken(path)) is not None]
        folder = root / secrets.token_hex(8)
        lock = _lock(folder.with_suffix(".lock"))
        lock.acquire()
        folder.mkdir()
    for each in gone:
        path = Path(each.lock_file)
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        path.unlink(missing_ok=True)
        each.release()
    return folder, lock


def _taken(path: Path) -> FileLock | None:
    """The lock of a process that is gone, held from now on; None if that process lives."""
    lock = _lock(path)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return None
    return lock


def _lock(path: Path) -> FileLock:
    return FileLock(path, timeout=0, thread_local=False)


def _remove_earlier(parent: Path) -> None:
    """Remove what earlier versions left unfinished."""
    for path in parent.glob(".*"):
        if EARLIER.fullmatch(path.name) and path.lstat().st_mtime < time.time() - STALE:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
