"""What the painters of a cluster are to be, and what goes between the processes."""

from __future__ import annotations

from typing import Any, NamedTuple


class Plan(NamedTuple):
    """Which painters are wanted, and where."""

    address: str = ""  # of a cluster that is there; empty: one is started on this machine
    painters: int = 0  # 0: as many as the cluster has room for
    cpus: int = 1  # cores and threads of each
    device: str = "auto"  # cuda: a GPU each; cpu: none; auto: a GPU each where the cluster has any
    worker: str = "explorer.service.cluster.worker:Worker"  # module and class of what paints


class Source(NamedTuple):
    """A model, as painters find it."""

    folder: str
    digest: str  # of what they must have, whatever they find
    options: dict[str, Any]  # of a library
    recipe: dict[str, Any] | None = None  # how it is used, see ``tiles.recipe``


class Do(NamedTuple):
    """A task for a painter."""

    number: int
    painter: str
    source: Source
    verb: str  # paint or decode
    load: bytes
    urgent: bool  # before whatever the painter has not begun


class Drop(NamedTuple):
    """A task that a painter was given is not wanted any more."""

    number: int
    painter: str


class Came(NamedTuple):
    """A painter is there."""

    painter: str
    kind: str


class Lost(NamedTuple):
    """It is not any more."""

    painter: str
    doing: int | None  # the task that was lost with it, by number; it had not begun its others


class Done(NamedTuple):
    """A task is done."""

    number: int
    load: bytes
    batch: int  # the most windows that the painter takes at once
    seconds: float  # that it took


class Failed(NamedTuple):
    """A task cannot be done; other painters could not do it either."""

    number: int
    words: str


class Dropped(NamedTuple):
    """A task was not begun, and is not done."""

    number: int


class Started(NamedTuple):
    """The cluster is there."""


class Trouble(NamedTuple):
    """The cluster cannot be used. ``reason`` names why, for those who say it in another language."""

    words: str
    reason: str


Asked = Do | Drop
News = Came | Lost | Done | Failed | Dropped | Started | Trouble
