"""The worlds that are open: those used last, and any that somebody still works with."""

from __future__ import annotations

import threading
import weakref
from queue import SimpleQueue

from explorer.worlds.world import Files, World


class OpenWorlds:
    """Open worlds by id, for any number of threads.

    A world that nobody works with, and that is not among the ``limit`` used last, goes. What it leaves are
    open files, closed by ``close_left``; its lock goes with them, so another process may paint it.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._all: weakref.WeakValueDictionary[str, World] = weakref.WeakValueDictionary()
        self._recent: dict[str, World] = {}  # the one used longest ago first
        # A world may go anywhere, even within the lock of a pool: its files are only noted there.
        self._noted: SimpleQueue[tuple[str, Files]] = SimpleQueue()
        self._left: dict[str, list[Files]] = {}
        self._lock = threading.Lock()

    def get(self, id: str) -> World | None:
        """An open world, from now on the one used last."""
        with self._lock:
            world = self._all.get(id)
            if world is not None:
                self._use(id, world)
            return world

    def add(self, id: str, world: World) -> None:
        """A world that was opened."""
        weakref.finalize(world, self._noted.put, (id, world.files)).atexit = False
        with self._lock:
            self._all[id] = world
            self._use(id, world)

    def remove(self, id: str) -> World | None:
        """An open world, which is not among the open ones any more. Whoever removes it closes it."""
        with self._lock:
            self._recent.pop(id, None)
            return self._all.pop(id, None)

    def all(self) -> dict[str, World]:
        """Every open world."""
        with self._lock:
            return dict(self._all.items())

    def left(self) -> list[str]:
        """The ids of worlds that went and left open files."""
        with self._lock:
            while not self._noted.empty():
                id, files = self._noted.get()
                self._left.setdefault(id, []).append(files)
            return list(self._left)

    def close_left(self, id: str) -> None:
        """Close the files that a world of that id left. Whoever calls this sees to it that nobody opens the
        world meanwhile."""
        self.left()
        with self._lock:
            found = self._left.pop(id, [])
        for files in found:
            files.close()

    def _use(self, id: str, world: World) -> None:
        self._recent.pop(id, None)
        self._recent[id] = world
        while len(self._recent) > self._limit:
            del self._recent[next(iter(self._recent))]
