"""Drafts: edits that nobody has chosen yet. They are painted like edits, but kept in memory only."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np

from explorer.painting.layers import Node
from explorer.painting.window import Latents
from explorer.worlds.journal import Journal
from tiles import entries
from tiles.edits import Edit, edit_of


class Drafts:
    """The drafts of one world, by negative numbers, and what is painted of them."""

    def __init__(self, journal: Journal, lock: threading.RLock) -> None:
        self._journal, self._lock = journal, lock
        self._edits: Mapping[int, Edit] = {}
        self._painted: dict[Node, Latents] = {}
        self._last = 0

    @property
    def edits(self) -> Mapping[int, Edit]:
        """At this moment; never changed, only replaced."""
        return self._edits

    def add(self, edit: entries.Edit) -> int:
        """A layer for an edit; it lies over what is shown now."""
        with self._lock:
            self._last -= 1
            layer = edit_of(self._last, edit, self._journal.history.steps)
            self._edits = {**self._edits, self._last: layer}
            return self._last

    def discard(self, number: int) -> None:
        """Forget a draft and what is painted of it."""
        with self._lock:
            self._edits = {n: edit for n, edit in self._edits.items() if n != number}
            for node in [node for node in self._painted if node.layer == number]:
                del self._painted[node]

    def keep(self, node: Node, latents: Latents) -> bool:
        """Keep the latents of a draft's cell; False if the draft was discarded."""
        with self._lock:
            if node.layer not in self._edits:
                return False
            self._painted.setdefault(node, latents.astype(np.float16))
            return True

    def latents(self, node: Node) -> Latents | None:
        """What is painted of a draft's cell, float16 (channels, side, side)."""
        return self._painted.get(node)

    def __len__(self) -> int:
        return len(self._edits)
