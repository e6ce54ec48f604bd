"""Locks by key: slow work on one thing makes nobody wait who asks for another."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Gates:
    """A lock for each key, there as long as somebody holds it or waits for it.

    >>> gates = Gates()
    >>> with gates.hold("first-light"):
    ...     pass  # one thread at a time; others may hold other keys
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: dict[Hashable, tuple[threading.RLock, int]] = {}  # with how many hold it or wait

    @contextmanager
    def hold(self, key: Hashable) -> Iterator[None]:
        """Hold the lock of a key; the thread that holds it may hold it again."""
        with self._lock:
            gate, users = self._gates.get(key, (threading.RLock(), 0))
            self._gates[key] = gate, users + 1
        try:
            with gate:
                yield
        finally:
            with self._lock:
                gate, users = self._gates.pop(key)
                if users > 1:
                    self._gates[key] = gate, users - 1
