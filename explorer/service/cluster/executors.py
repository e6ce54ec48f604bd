"""Windows painted by a Ray cluster: what is handed over, who has it, and what came back.

Nothing here imports ray: the cluster is spoken with by a process of its own (``office``). If that or anything
behind it is lost, what was handed over waits, and goes on with whatever painter is there next.
"""

from __future__ import annotations

import itertools
import math
import pickle
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from explorer.models.family import Model
from explorer.painting.window import Latents, Window
from explorer.service.cluster.dispatch import AT_HAND, TRIES, Dispatch, Task
from explorer.service.cluster.link import Link
from explorer.service.cluster.packing import packed
from explorer.service.cluster.plan import (
    Came,
    Do,
    Done,
    Drop,
    Dropped,
    Failed,
    Lost,
    News,
    Plan,
    Source,
    Started,
    Trouble,
)
from explorer.service.executors import Crew, Executor, LocalExecutors, Painted
from tiles.errors import BadSetting, EarthError, PaintingFailed, Stopped

PATIENCE = 1.0  # seconds between two looks at whether anybody is there to decode
START = 120.0  # seconds in which a cluster must be there at first
# Where many windows wait for many painters, each gets several at once: a message costs some milliseconds of
# CPU, so this machine is to send no more than so many a second. None is longer than so many seconds of
# painting: a map may have to wait for it.
MESSAGES, LONGEST, MOST = 200, 0.5, 16  # and no more than so many windows


class Order(NamedTuple):
    """A task that somebody waits for."""

    future: Future[Any]
    source: Source
    verb: str
    load: bytes
    windows: int


class ClusterExecutor:
    """A model on the painters of one kind, or of any."""

    def __init__(self, executors: ClusterExecutors, model: Model, source: Source, kind: str | None) -> None:
        self._executors, self._model, self._source, self._kind = executors, model, source, kind

    @property
    def capacity(self) -> int:
        return AT_HAND * self._executors.count(self._kind)

    @property
    def batch(self) -> int:
        return self._executors.batches.get(self._source.digest, self._model.traits.batch)

    @property
    def most(self) -> int:
        pace = self._executors.paces.get(self._source.digest, LONGEST)
        needed = math.ceil(self._executors.count(self._kind) / pace / MESSAGES)
        return max(self.batch, min(needed, int(LONGEST / pace), MOST))

    def submit(self, windows: Sequence[Window]) -> Future[Painted]:
        return self._executors.order(self._source, "paint", packed(windows), self._kind, len(windows))

    def withdraw(self, batch: Future[Painted]) -> None:
        self._executors.withdraw(batch)


class ClusterExecutors:
    """The painters of a Ray cluster, for all models. Raises BadSetting if there is no such cluster."""

    def __init__(self, plan: Plan, source: Callable[[Model], Source | None], mixed: bool = False) -> None:
        """``source``: where painters find a model; None for one that nobody paints with. ``mixed``: whether
        painters of another kind than a world's first paint it too."""
        self._source, self._mixed = source, mixed
        self.batches: dict[str, int] = {}  # by digest, the most windows that painters take
        self.paces: dict[str, float] = {}  # by digest, the fewest seconds that a window took
        self._lock = threading.RLock()  # guards all that follows
        self._dispatch = Dispatch()
        self._orders: dict[int, Order] = {}
        self._doing: dict[int, str] = {}  # kind of the painter that a task was given to last
        self._numbers = itertools.count(1)
        self._executors: dict[tuple[Model, str | None], ClusterExecutor] = {}
        self._changed: list[Callable[[], None]] = []
        self._trouble: EarthError | None = None
        self._local = LocalExecutors()  # for models that painters cannot find
        self._started: Future[None] = Future()
        self._link = Link(plan, self._hear, self._ended)
        try:
            self._started.result(START)
        except (PaintingFailed, TimeoutError) as error:
            self.close()
            why = str(error) or f"no answer in {START:.0f} seconds"
            where = f"the Ray cluster at {plan.address}" if plan.address else "a Ray cluster on this machine"
            raise BadSetting(f"{where} cannot be used: {why}") from None

    def of(self, model: Model, kind: str | None = None) -> Executor:
        """``kind`` None, of a world that nobody painted yet, stands for that of the painter that came first
        of those that are there."""
        source = self._source(model)
        if source is None:
            return self._local.of(model)
        with self._lock:
            if self._mixed:
                kind = None
            elif kind is None:
                kind = next(iter(self._dispatch.kinds), "")
            key = (model, kind)
            if key not in self._executors:
                self._executors[key] = ClusterExecutor(self, model, source, kind)
            return self._executors[key]

    def decode(self, model: Model, latents: Latents) -> np.ndarray:
        """On a painter, before what waits to be painted; in this process while no painter is there."""
        source = self._source(model)
        if source is None or not self.count(None):
            return model.decode(latents)
        decoded: Future[np.ndarray] = self.order(source, "decode", pickle.dumps(latents), None, urgent=True)
        while self.count(None):
            with suppress(TimeoutError):
                return decoded.result(PATIENCE)
        decoded.cancel()  # all painters are gone meanwhile
        return model.decode(latents)

    def crew(self) -> Crew:
        with self._lock:
            return Crew(self._dispatch.kinds, self._dispatch.lost, self._mixed, self._trouble)

    @property
    def office(self) -> int | None:
        """The process that speaks with the cluster now."""
        return self._link.pid

    def count(self, kind: str | None) -> int:
        """How many painters of a kind are there; of any kind if it is None."""
        with self._lock:
            return sum(kind in (None, each) for each in self._dispatch.kinds)

    def watch(self, changed: Callable[[], None]) -> None:
        self._changed.append(changed)

    def order(
        self, source: Source, verb: str, load: bytes, kind: str | None, windows: int = 0, urgent: bool = False
    ) -> Future[Any]:
        """Something for a painter to do, as soon as one is free."""
        future: Future[Any] = Future()
        with self._lock:
            number = next(self._numbers)
            self._orders[number] = Order(future, source, verb, load, windows)
            self._dispatch.add(Task(number, kind, urgent))
        future.add_done_callback(lambda _: self._withdraw(number))
        self._assign()
        return future

    def withdraw(self, future: Future[Any]) -> None:
        """Have a task cancelled that no painter has begun: now, or as soon as its painter says so."""
        with self._lock:
            numbers = [number for number, order in self._orders.items() if order.future is future]
            waited = any(map(self._given_up, numbers))
        if waited:
            future.cancel()

    def close(self) -> None:
        self._link.close()
        self._local.close()
        with self._lock:
            orders, self._orders = list(self._orders.values()), {}
        for order in orders:
            _fail(order.future, Stopped("the app was closed"))

    def _withdraw(self, number: int) -> None:
        """Nobody waits for a task any more, or it is done. One that waits is not begun."""
        with self._lock:
            self._orders.pop(number, None)
            self._doing.pop(number, None)
            self._given_up(number)

    def _given_up(self, number: int) -> bool:
        """Whether a task waited here, and does so no more. A painter that has it is told not to begin it."""
        if self._dispatch.cancel(number):
            return True
        if (painter := self._dispatch.recall(number)) is not None:
            self._link.send(Drop(number, painter))
        return False

    def _assign(self) -> None:
        """Give painters what waits."""
        with self._lock:
            for painter, task in self._dispatch.assign():
                order = self._orders[task.number]
                self._doing[task.number] = self._dispatch.kind_of(painter)
                self._link.send(Do(task.number, painter, order.source, order.verb, order.load, task.urgent))

    # What follows runs on the link's thread.

    def _hear(self, news: News) -> None:
        match news:
            case Started():
                self._trouble = None
                if not self._started.done():
                    self._started.set_result(None)
            case Trouble(words, reason):
                self._trouble = PaintingFailed(words, reason)
                if not self._started.done():
                    self._started.set_exception(PaintingFailed(words, reason))
            case Came(painter, kind):
                with self._lock:
                    self._dispatch.come(painter, kind)
            case Lost(painter, doing):
                self._lost(painter, doing)
            case Done():
                self._done(news)
            case Failed(number, words):
                self._end(number, PaintingFailed(words))
            case Dropped(number):
                self._dropped(number)
        self._assign()
        if not isinstance(news, Done | Failed | Dropped):
            self._tell()

    def _ended(self) -> None:
        """The office is gone, and all painters with it."""
        with self._lock:
            self._dispatch.lose_all()
            self._clear()
        self._tell()

    def _tell(self) -> None:
        for changed in self._changed:
            changed()

    def _lost(self, painter: str, doing: int | None) -> None:
        with self._lock:
            given_up = self._dispatch.lose(painter, doing)
            self._clear()
        if given_up is not None:
            self._end(
                given_up.number, PaintingFailed(f"{TRIES} painters were lost over it, one after another")
            )

    def _clear(self) -> None:
        """Give up what a painter had when it was lost, and nobody waited for any more."""
        for number in self._dispatch.waiting - self._orders.keys():
            self._dispatch.cancel(number)

    def _dropped(self, number: int) -> None:
        with self._lock:
            self._dispatch.done(number)
            order = self._orders.get(number)
        if order is not None:
            order.future.cancel()

    def _done(self, done: Done) -> None:
        number, load, batch, seconds = done
        with self._lock:
            order, kind = self._orders.get(number), self._doing.get(number, "")
        if order is None:
            self._end(number, None)
        elif order.verb == "decode":
            self._end(number, None, pickle.loads(load))
        else:
            digest, pace = order.source.digest, seconds / max(1, order.windows)
            self.batches[digest] = batch
            self.paces[digest] = max(1e-3, min(pace, self.paces.get(digest, pace)))
            self._end(number, None, Painted(pickle.loads(load), kind))

    def _end(self, number: int, error: Exception | None, result: Any = None) -> None:
        with self._lock:
            self._dispatch.done(number)
            order = self._orders.get(number)
        if order is None:
            return  # done twice, or nobody waits for it any more
        if error is not None:
            _fail(order.future, error)
            return
        with suppress(InvalidStateError):
            order.future.set_result(result)


def _fail(future: Future[Any], error: Exception) -> None:
    with suppress(InvalidStateError):  # it was cancelled
        future.set_exception(error)
