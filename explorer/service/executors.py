"""Where windows are painted: in this process, on one thread for each device.

An executor takes windows and gives latents. It knows nothing of worlds, clients or failures, so windows
may as well be painted in another process or on another machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from explorer.models.family import Model
from explorer.painting.window import Latents, Window, paint_windows


class Executor(Protocol):
    """Paints batches of windows, one after another or side by side."""

    @property
    def capacity(self) -> int:
        """How many batches it takes before the first of them is done."""

    def submit(self, windows: Sequence[Window]) -> Future[list[Latents]]:
        """Begin a batch of at most ``traits.batch`` windows, never waiting for it. The future gives the
        latents of each window's cell, float32 (channels, 32, 32), in order, or what the model raised."""


class Executors(Protocol):
    """The executors of all models."""

    def of(self, model: Model) -> Executor:
        """The executor of a model; the same one each time."""

    def close(self) -> None:
        """Paint nothing more: what has not begun is cancelled."""


class LocalExecutor:
    """Runs a model in this process, on a thread it shares with the other models of its device."""

    capacity = 2  # one is painted, the next waits: the device is never idle while a cell is written down

    def __init__(self, model: Model, thread: ThreadPoolExecutor) -> None:
        self._model, self._thread = model, thread

    def submit(self, windows: Sequence[Window]) -> Future[list[Latents]]:
        return self._thread.submit(paint_windows, self._model.paint, windows)


class LocalExecutors:
    """The executors of this process: one thread for each device."""

    def __init__(self) -> None:
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._executors: dict[Model, LocalExecutor] = {}

    def of(self, model: Model) -> LocalExecutor:
        if model not in self._executors:
            self._executors[model] = LocalExecutor(model, self._thread(model.device))
        return self._executors[model]

    def _thread(self, device: str) -> ThreadPoolExecutor:
        if device not in self._threads:
            self._threads[device] = ThreadPoolExecutor(1, f"paint {device}")
        return self._threads[device]

    def close(self) -> None:
        for thread in self._threads.values():
            thread.shutdown(wait=True, cancel_futures=True)
