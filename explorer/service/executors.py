"""Where windows are painted: in this process, on one thread for each device.

An executor takes windows and gives latents. It knows nothing of worlds, clients or failures, so windows
may as well be painted in another process or on another machine (``service/cluster``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np

from explorer.models.family import Model
from explorer.models.kinds import kind_here
from explorer.painting.window import Latents, Window, paint_windows
from tiles.errors import EarthError


class Painted(NamedTuple):
    """What became of a batch."""

    cells: list[Latents]  # of each window, float32 (channels, 32, 32), in order
    kind: str  # of what painted it, see ``models.kinds``


class Crew(NamedTuple):
    """The painters outside this process."""

    kinds: tuple[str, ...] = ()  # that of each painter that is there
    lost: int = 0  # painters that were there, and are awaited again
    mixed: bool = False  # whether those of another kind than a world's first paint it too
    trouble: EarthError | None = None  # why there are none, where that is known


def hands_of(crew: Crew | None) -> int:
    """How many batches are painted at the same time, at least one; painters that are lost will be back."""
    return max(1, len(crew.kinds) + crew.lost) if crew else 1


class Executor(Protocol):
    """Paints batches of windows, one after another or side by side."""

    @property
    def capacity(self) -> int:
        """How many batches it takes before the first of them is done; 0 while nothing is there to paint."""

    @property
    def batch(self) -> int:
        """The most windows of a batch, where each is wanted soon."""

    @property
    def most(self) -> int:
        """The most windows of a batch, where many wait."""

    def submit(self, windows: Sequence[Window]) -> Future[Painted]:
        """Begin a batch, never waiting for it. The future raises what the model raised."""

    def withdraw(self, batch: Future[Painted]) -> None:
        """Cancel a batch if nobody paints it yet; in another process that may take a moment."""


class Executors(Protocol):
    """The executors of all models."""

    def of(self, model: Model, kind: str | None = None) -> Executor:
        """The executor of a model for a world that ``kind`` painted first, or nothing yet; the same one each
        time."""

    def decode(self, model: Model, latents: Latents) -> np.ndarray:
        """As ``model.decode``: a tile's pixels, uint8 (256, 256, 3); waits for them."""

    def crew(self) -> Crew | None:
        """The painters outside this process; None where there are to be none."""

    def watch(self, changed: Callable[[], None]) -> None:
        """``changed`` is called, on any thread, when painters come or go."""

    def close(self) -> None:
        """Paint nothing more: what has not begun is cancelled."""


class LocalExecutor:
    """Runs a model in this process, on a thread it shares with the other models of its device."""

    capacity = 2  # one is painted, the next waits: the device is never idle while a cell is written down

    def __init__(self, model: Model, thread: ThreadPoolExecutor) -> None:
        self._model, self._thread = model, thread

    @property
    def batch(self) -> int:
        return self._model.traits.batch

    @property
    def most(self) -> int:
        return self.batch

    def submit(self, windows: Sequence[Window]) -> Future[Painted]:
        return self._thread.submit(self._paint, windows)

    def withdraw(self, batch: Future[Painted]) -> None:
        batch.cancel()

    def _paint(self, windows: Sequence[Window]) -> Painted:
        return Painted(paint_windows(self._model.paint, windows), kind_here(self._model.device))


class LocalExecutors:
    """The executors of this process: one thread for each device. They paint whatever kind painted before."""

    def __init__(self) -> None:
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._executors: dict[Model, LocalExecutor] = {}

    def of(self, model: Model, kind: str | None = None) -> LocalExecutor:
        if model not in self._executors:
            self._executors[model] = LocalExecutor(model, self._thread(model.device))
        return self._executors[model]

    def decode(self, model: Model, latents: Latents) -> np.ndarray:
        return model.decode(latents)

    def crew(self) -> None:
        return None

    def watch(self, changed: Callable[[], None]) -> None:
        """Nothing comes or goes here."""

    def _thread(self, device: str) -> ThreadPoolExecutor:
        if device not in self._threads:
            self._threads[device] = ThreadPoolExecutor(1, f"paint {device}")
        return self._threads[device]

    def close(self) -> None:
        for thread in self._threads.values():
            thread.shutdown(wait=True, cancel_futures=True)
