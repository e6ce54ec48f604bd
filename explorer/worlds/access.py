"""Who may change a world: one process at a time, and only where its folder can be written."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from tiles.database import writable
from tiles.errors import WorldHeld

RETRY = 2.0  # seconds between two tries of a lock that another process holds
_one_try = threading.Lock()  # a short look at a lock must not pass for somebody who holds it
HOLDER_LENGTH = 200  # characters that a holder says of itself


class Access:
    """What this process may do with one world. It may always read.

    The lock is taken when it is first needed, so whoever only reads takes none. Where another process holds
    it, it is tried again, so a world can be changed here once that process has ended.
    """

    def __init__(self, id: str, folder: Path) -> None:
        self.id, self._folder = id, folder
        self.unwritable = not writable(folder / "world.db")  # by anybody, from here
        self.when_taken: Callable[[], None] = lambda: None  # reads what others wrote before
        self._reason, self._kind = "", ""  # in words, and as the catalogue of the page names it
        if self.unwritable:
            self._refuse("lies in a folder that cannot be written", "world-unwritable")
        self._lock: FileLock | None = None
        self._tried = -RETRY
        self._trying = threading.RLock()

    def bar(self, reason: str, kind: str) -> None:
        """Let the world only be read here, whoever holds the lock; ``reason`` goes on after "world 'id'", and
        ``kind`` names it for those who say it in another language."""
        self.unwritable = True
        self._refuse(reason, kind)

    @property
    def held(self) -> bool:
        """Whether this process has the lock: then nobody else changes the world."""
        return self._lock is not None

    @property
    def readonly(self) -> bool:
        """Whether the world can only be read here; the lock is tried to find out."""
        if self._lock is None and not self.unwritable:
            self._try()
        return self._lock is None

    @property
    def reason(self) -> str:
        """Why the world can only be read here, to go on after "world 'id'"; empty if it can be changed."""
        return self._reason if self.readonly else ""

    def refusal(self) -> WorldHeld | None:
        """What ``require`` raises now, to be told to people; None if the world can be changed."""
        if not self.readonly:
            return None
        words = f"world {self.id!r} {self._reason}; it can be read here"
        return WorldHeld(words, self._kind)

    def require(self) -> None:
        """Take the lock. Raises WorldHeld where the world can only be read."""
        if refusal := self.refusal():
            raise refusal

    def release(self) -> None:
        """Let others have the lock."""
        with self._trying:
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def _refuse(self, reason: str, kind: str) -> None:
        self._reason, self._kind = reason, kind

    def _try(self) -> None:
        with self._trying, _one_try:
            if self._lock is not None or time.monotonic() - self._tried < RETRY:
                return
            self._tried = time.monotonic()
            lock = FileLock(
                self._folder / "lock", timeout=0, thread_local=False
            )  # any thread may close a world
            try:
                lock.acquire()
            except Timeout:
                self._refuse(f"is being painted by {_holder(self._folder)}", "world-painted-elsewhere")
                return
            except OSError as error:
                self._refuse(f"cannot be locked ({error.strerror})", "world-unlocked")
                return
            try:
                self.when_taken()
            except BaseException:
                lock.release()
                raise
            _sign(self._folder)
            self._lock = lock
            self._refuse("", "")


def free(folder: Path) -> bool:
    """Whether a world that is not open here could be changed from here now. Its lock is not kept."""
    if not writable(folder / "world.db"):
        return False
    if not (folder / "lock").exists():
        return True
    with _one_try:
        try:
            with FileLock(folder / "lock", timeout=0, thread_local=False):
                return True
        except (Timeout, OSError):
            return False


def _sign(folder: Path) -> None:
    """Leave word of who holds the lock. A link is not followed: it could lead to any file."""
    with suppress(OSError):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(folder / "holder", flags, 0o644), "w") as file:
            file.write(f"process {os.getpid()} on {socket.gethostname()}")


def _holder(folder: Path) -> str:
    """What the holder of the lock said of itself."""
    with suppress(OSError):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with open(os.open(folder / "holder", flags), "rb") as file:
            words = file.read(HOLDER_LENGTH).decode(errors="replace")
        if words and words.isprintable():
            return words
    return "another process"
