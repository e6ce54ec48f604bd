"""Those who wait until tiles are painted: a request with ``?wait``, an export, an edit."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import NamedTuple

from explorer.service.scheduler import Scheduler, TileDemand
from explorer.worlds.world import World
from tiles.errors import Busy
from tiles.grid import Tile


class Wait:
    """Somebody waits for tiles of a world, as they are shown or as a layer makes them."""

    def __init__(
        self, client: Hashable, world: World, tiles: Sequence[Tile], layer: int | None = None
    ) -> None:
        self.client, self.world, self.tiles, self.layer = client, world, tuple(tiles), layer
        self.future: Future[None] = Future()
        self._left = list(reversed(self.tiles))  # those seen painted are taken off its end
        self._lock = threading.Lock()

    def look(self) -> None:
        """End the wait if all of its tiles are painted now, or if that cannot be read."""
        try:
            over = self._over()
        except Exception as error:  # whatever a world's file does is for whoever waits
            self.end(error)
            return
        if over:
            self.end()

    def _over(self) -> bool:
        there = self.world.canvas.snapshot().painted
        with self._lock:
            while self._left and there(self._left[-1], self.layer):
                self._left.pop()
            if not self._left:  # an undo may have hidden some of them again
                self._left = [tile for tile in self.tiles if not there(tile, self.layer)]
            return not self._left

    def end(self, error: BaseException | None = None) -> None:
        try:
            if error is None:
                self.future.set_result(None)
            else:
                self.future.set_exception(error)
        except InvalidStateError:
            pass  # whoever waited has left


class Asked(NamedTuple):
    """The client that stands for all who asked for single tiles of one world."""

    world: int  # the id() of the world


class Waits:
    """All waits, and the demand they make in a scheduler. ``lock`` guards both."""

    def __init__(self, scheduler: Scheduler[World], lock: threading.Condition, limit: int) -> None:
        """``limit``: how many tiles may be asked for at once."""
        self._scheduler, self._lock, self._limit = scheduler, lock, limit
        self._waits: list[Wait] = []

    def begin(self, wait: Wait) -> Future[None]:
        """From now on the wait's tiles are wanted, until its future is done or cancelled. Raises Busy."""
        with self._lock:
            self._waits.append(self._allowed(wait))
            self._demand(wait.client)
        # Not before the tiles are wanted: a future that is over already calls back at once.
        wait.future.add_done_callback(lambda _: self._leave(wait))
        wait.look()
        return wait.future

    def _allowed(self, wait: Wait) -> Wait:
        if isinstance(wait.client, Asked):
            asked = sum(isinstance(each.client, Asked) for each in self._waits)
            if asked >= self._limit:
                raise Busy(f"{asked} tiles are waited for already; try again soon")
        return wait

    def _leave(self, wait: Wait) -> None:
        with self._lock:
            self._waits.remove(wait)
            self._demand(wait.client)

    def _demand(self, client: Hashable) -> None:
        """What all waits of a client want is one demand: first come, first served."""
        waits = [wait for wait in self._waits if wait.client == client]
        if waits:
            tiles = tuple(dict.fromkeys(tile for wait in waits for tile in wait.tiles))
            self._scheduler.want(client, TileDemand(waits[0].world, tiles, waits[0].layer))
        else:
            self._scheduler.drop(client)

    def of_world(self, world: World) -> list[Wait]:
        with self._lock:
            return [wait for wait in self._waits if wait.world is world]

    def of_client(self, client: Hashable) -> list[Wait]:
        with self._lock:
            return [wait for wait in self._waits if wait.client == client]

    def all(self) -> list[Wait]:
        with self._lock:
            return list(self._waits)


def nothing() -> Future[None]:
    """A wait for nothing, which is over."""
    future: Future[None] = Future()
    future.set_result(None)
    return future


def unpainted(demands: Iterable[TileDemand[World]]) -> int:
    """How many of all wanted tiles are not painted yet; looks at each of them."""
    wanted: dict[World, set[Tile]] = {}
    for demand in demands:
        wanted.setdefault(demand.world, set()).update(demand.tiles)
    missing = 0
    for world, tiles in wanted.items():
        painted = world.canvas.snapshot().painted
        missing += sum(not painted(tile) for tile in tiles)
    return missing
