"""How painting goes: what was painted, how fast, and the last failure."""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from explorer.painting.layers import Node
from explorer.service.executors import Crew
from explorer.worlds.world import World
from tiles.errors import EarthError, PaintingFailed


class Status(NamedTuple):
    """How the painter is doing."""

    device: str  # of the last painting; empty before the first
    model: str
    painted: int  # tiles since the start
    seconds_per_tile: float | None  # median of the last 50
    alive: bool
    error: EarthError | None  # of the last painting, if it failed
    crew: Crew | None  # painters outside this process, if there are to be any


class Record:
    """Written on the painter's thread, read on any."""

    def __init__(self) -> None:
        self.error: EarthError | None = None
        self._device, self._model, self._painted = "", "", 0
        self._seconds: deque[float] = deque(maxlen=50)
        self._last = 0.0  # when the last batch was done

    def painted(self, world: World, began: float, nodes: Sequence[Node]) -> None:
        """``nodes`` are kept. A batch handed over while another was painted began when that was done."""
        if not nodes:
            return
        now = time.monotonic()
        spent, self._last = now - max(began, self._last), now
        base = [node for node in nodes if world.pyramid.shows(node.cell)]
        self._device, self._model = world.model.device, world.model.traits.name
        self._painted += len(base)
        self._seconds.extend([spent / len(nodes)] * len(base))
        self.error = None

    def status(self, alive: bool, crew: Crew | None) -> Status:
        seconds = statistics.median(list(self._seconds)) if self._seconds else None
        return Status(self._device, self._model, self._painted, seconds, alive, self.error, crew)


def shown(error: BaseException) -> EarthError:
    """What painting raised, as people are told of it: of what a model raised, one line."""
    if isinstance(error, EarthError):
        return error
    why = str(error).strip().split("\n")[0][:200] or type(error).__name__
    return PaintingFailed(f"painting failed: {why}", "painting-broke", why=why)
