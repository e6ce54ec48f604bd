"""Where a model's components lie: all of them on the device, or, where they have no room there together, only
the one that works, while the others wait in main memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeVar

import torch
from torch import nn

log = logging.getLogger(__name__)
Offload = Literal["auto", "always", "never"]
T = TypeVar("T")
SMALLER = {
    torch.float32: "float16 or bfloat16",
    torch.float16: "bfloat16, in which the decoder takes half as much too",
}
ROOM = 1.5  # memory that painting takes / that of the weights; attention and decoding take the rest


class Residence:
    """Lets components of one model work, together or in turn, for any number of threads."""

    def __init__(self, components: Sequence[nn.Module], device: str, offload: Offload) -> None:
        """Components are brought where they lie from now on. Raises torch.OutOfMemoryError where ``offload``
        is "never" and they have no room."""
        self._components, self._device, self._offload = list(components), device, offload
        self._turn = threading.Condition(threading.RLock())
        self._at_work = 0  # that lie on the device together and compute
        self.together = fit(components, device, offload)
        self.making_room(self._settle)

    @contextmanager
    def working(self, component: nn.Module) -> Iterator[None]:
        """Within it a component is on the device. Where they take turns, the others are not, and whoever
        wants one of them waits."""
        with self._turn:
            together = self.together
            self._at_work += together
        if together:
            try:
                yield
            finally:
                with self._turn:
                    self._at_work -= 1
                    self._turn.notify_all()
            return
        with self._turn:
            self._turn.wait_for(lambda: self._at_work == 0)  # begun before they took turns
            for other in self._components:
                if other is not component:
                    other.to("cpu")
            component.to(self._device)
            yield

    def making_room(self, compute: Callable[[], T]) -> T:
        """What ``compute`` gives. Where memory runs out and components lie together, they take turns from
        then on, and it is computed once more. Raises torch.OutOfMemoryError where that does not help, or is
        not allowed."""
        together = self.together
        try:
            return compute()
        except torch.OutOfMemoryError:
            if not together or self._offload == "never":
                raise
        # Not while the error is handled, which holds on to what was being computed.
        self._take_turns()
        return compute()

    def _take_turns(self) -> None:
        with self._turn:
            if self.together:  # another thread may have been first
                log.warning(
                    "out of memory: the model's parts take turns on the device from now on, which is slower"
                )
            self.together = False
        release()

    def _settle(self) -> None:
        for component in self._components:
            component.to(self._device if self.together else "cpu")


def fit(components: Sequence[nn.Module], device: str, offload: Offload) -> bool:
    """Whether components may lie on a device together: as they are told, or by the memory that is free or
    that they have there already."""
    if offload != "auto" or device == "cpu":
        return offload != "always"
    needed = ROOM * sum(size_of(component) for component in components)
    free, _ = torch.cuda.mem_get_info()
    free += sum(size_of(each) for each in components if next(each.parameters()).device.type == device)
    if needed > free:
        log.warning(
            "the model needs about %.1f GiB, and %.1f are free: its parts take turns on the GPU",
            needed / 2**30,
            free / 2**30,
        )
    return needed <= free


def release() -> None:
    """Give a GPU back what torch keeps of it for later, in pieces that may be too small."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def size_of(component: nn.Module) -> int:
    """Bytes of a component's weights."""
    return sum(weights.numel() * weights.element_size() for weights in component.parameters())


def what_helps(together: bool, batch: int, dtype: torch.dtype) -> str:
    """What one can do where memory ran out, for a model whose components lie ``together`` and that paints
    ``batch`` windows at once in numbers of a ``dtype``.

    >>> what_helps(False, 1, torch.bfloat16)
    'free memory on the device'
    >>> what_helps(False, 1, torch.float32)
    'free memory on the device, or make a new world with EARTH_DTYPE=float16 or bfloat16'
    """
    ways = ["free memory on the device"]
    if together:
        ways.append("let the model's parts take turns there (EARTH_OFFLOAD=auto)")
    if together and batch > 1:
        ways.append(f"make a new world with EARTH_BATCH below {batch}")
    if dtype in SMALLER:
        ways.append(f"make a new world with EARTH_DTYPE={SMALLER[dtype]}")
    return ", or ".join(ways)
