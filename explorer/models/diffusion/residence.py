"""Where a model's components lie: all of them on the device, or, where they have no room there together, only
the one that works, while the others wait in main memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

log = logging.getLogger(__name__)
Offload = Literal["auto", "always", "never"]
ROOM = 1.5  # memory that painting takes / that of the weights; attention and decoding take the rest


class Residence:
    """Lets components of one model work in turn, for any number of threads."""

    def __init__(self, components: Sequence[nn.Module], device: str, together: bool) -> None:
        """``together``: all of them lie on ``device`` from now on."""
        self._components, self._device, self.together = list(components), device, together
        self._lock = threading.RLock()
        for component in self._components:
            component.to(device if together else "cpu")

    @contextmanager
    def working(self, component: nn.Module) -> Iterator[None]:
        """Within it a component is on the device. Where only one has room, the others are not, and whoever
        wants one of them waits."""
        if self.together:
            yield
            return
        with self._lock:
            for other in self._components:
                if other is not component:
                    other.to("cpu")
            component.to(self._device)
            yield


def fit(components: Sequence[nn.Module], device: str, offload: Offload) -> bool:
    """Whether components may lie on a device together: as they are told, or by the memory that is free."""
    if offload != "auto" or device == "cpu":
        return offload != "always"
    needed = ROOM * sum(size_of(component) for component in components)
    free, _ = torch.cuda.mem_get_info()
    if needed > free:
        log.warning(
            "the model needs about %.1f GiB, and %.1f are free: its components take turns on the GPU",
            needed / 2**30,
            free / 2**30,
        )
    return needed <= free


def size_of(component: nn.Module) -> int:
    """Bytes of a component's weights."""
    return sum(weights.numel() * weights.element_size() for weights in component.parameters())
