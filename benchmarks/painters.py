"""Painters of a Ray cluster that paint by the stand-in for a model, at once, or that only sleep."""

from __future__ import annotations

import pickle
import threading
import time

import numpy as np

from benchmarks.standin import StandIn
from explorer.painting.window import Latents, paint_windows
from explorer.service.cluster import packing  # noqa: F401  as windows are read by it: before they come
from explorer.service.cluster.plan import Source


class Quick:
    """What it takes to be a cluster's painter, as ``explorer.service.cluster.worker`` is; without torch."""

    def __init__(self, cpus: int, device: str) -> None:
        self._threads, self._model = cpus, StandIn()

    def kind(self) -> str:
        """The same on every machine."""
        return f"stand-in, {self._threads} threads"

    def stay(self) -> None:
        """Never over."""
        threading.Event().wait()

    def hold(self, source: Source, files: object = None) -> int:
        """It has its model."""
        return self._model.traits.batch

    def paint(self, digest: str, load: bytes) -> bytes:
        """The latents of pickled windows, pickled."""
        return pickle.dumps([paint_windows(self._model.paint, [each])[0] for each in pickle.loads(load)])

    def decode(self, digest: str, load: bytes) -> bytes:
        """The pixels of pickled latents, pickled."""
        return pickle.dumps(self._model.decode(pickle.loads(load)))


class Sleeper(Quick):
    """A painter that takes as long as a fast GPU would, for each window."""

    pause = 0.1

    def slept(self, windows: int) -> list[Latents]:
        """So many cells, after a while."""
        time.sleep(self.pause * windows)
        return [np.zeros(self._model.traits.space.shape, np.float32) for _ in range(windows)]

    def paint(self, digest: str, load: bytes) -> bytes:
        """The latents of pickled windows, pickled."""
        return pickle.dumps(self.slept(len(pickle.loads(load))))
