"""What is painted next, and for whom.

The scheduler keeps four things: which tiles each client wants, whose turn it is, which cells are being
painted now, and which cells failed and when they may be tried again. It has no thread, no clock and no
model: whoever drives it says what time it is and what happened.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from explorer.painting.layers import Node
from tiles.errors import EarthError
from tiles.grid import Tile

W = TypeVar("W", bound=Hashable)
PAUSES = (1.0, 5.0, 20.0, 60.0)  # seconds before a failed cell is tried again, by how often it failed
FORGOTTEN = 600.0  # seconds after its pause until a failure that nobody met again is forgotten


class TileDemand(NamedTuple, Generic[W]):
    """The tiles one client wants of one world, the most wanted first."""

    world: W
    tiles: tuple[Tile, ...]
    layer: int | None = None  # as an edit or a draft makes them; None: as they are shown


class Turn(NamedTuple, Generic[W]):
    """A client that may have something to paint."""

    client: Hashable
    demand: TileDemand[W]
    reasons: int  # how many reasons to look again the client had been given by then


class Failure(NamedTuple):
    """A cell that could not be painted."""

    error: EarthError
    times: int
    until: float  # seconds of the caller's clock; it rests until then


class Scheduler(Generic[W]):
    """Demand, turns, cells in flight and failures, for any number of worlds.

    >>> scheduler.want("map", TileDemand(world, (Tile(8, 1, 1),)))
    >>> for turn in scheduler.turns(now): scheduler.start(turn, nodes)
    """

    def __init__(self) -> None:
        self._demands: dict[Hashable, TileDemand[W]] = {}  # in the order of their turns
        self._idle: dict[Hashable, bool] = {}  # clients with nothing to start; whether that may change
        self._in_flight: set[tuple[W, Node]] = set()
        self._failures: dict[tuple[W, Node], Failure] = {}
        self._released: set[tuple[W, Node]] = set()  # failures whose pause is over
        self._alone: set[tuple[W, Node]] = set()  # cells of a failed batch: each is tried by itself
        self._reasons: dict[Hashable, int] = {}

    def want(self, client: Hashable, demand: TileDemand[W]) -> None:
        """Replace what a client wants. It keeps its place in the line: a map that moves all the time
        must not lose its turn by that."""
        if demand.tiles:
            self._demands[client] = demand
            self._look_again([client])
        else:
            self.drop(client)

    def drop(self, client: Hashable) -> None:
        self._demands.pop(client, None)
        self._idle.pop(client, None)
        self._reasons.pop(client, None)

    def demands(self, world: W | None = None) -> list[tuple[Hashable, TileDemand[W]]]:
        """All demand, or that of one world, in the order of turns."""
        return [(c, d) for c, d in self._demands.items() if world is None or d.world == world]

    def turns(self, now: float) -> list[Turn[W]]:
        """The clients that may have something to start, the next in line first."""
        self._release(now)
        return [Turn(c, d, self._reasons[c]) for c, d in self._demands.items() if c not in self._idle]

    def current(self, turn: Turn[W]) -> bool:
        """Whether a client still wants what it wanted when it was given a turn."""
        return self._demands.get(turn.client) is turn.demand

    def resting(self, world: W, now: float) -> frozenset[Node]:
        """The cells of a world that must not be started: in flight, or failed a moment ago."""
        failed = (key for key, failure in self._failures.items() if failure.until > now)
        return frozenset(node for each, node in (*self._in_flight, *failed) if each == world)

    def start(self, turn: Turn[W], nodes: Sequence[Node]) -> list[Node]:
        """Begin a batch for a client, and send the client to the end of the line.

        Gives the cells that are in flight now: none if the client wants something else by now, and a
        single one where a batch failed before, so that one bad cell does not spoil its neighbours.
        """
        world = turn.demand.world
        if not self.current(turn):
            return []
        alone = [node for node in nodes if (world, node) in self._alone]
        begun = [nodes[0]] if nodes[0] in alone else [node for node in nodes if node not in alone]
        self._demands[turn.client] = self._demands.pop(turn.client)
        self._in_flight.update((world, node) for node in begun)
        return begun

    def rest(self, turn: Turn[W], blocked: bool) -> None:
        """A client has nothing to start. ``blocked``: it has when a cell in flight is done or a failed
        one may be tried again; otherwise only when it wants something else or its world changes."""
        if self.current(turn) and self._reasons[turn.client] == turn.reasons:  # else there was news
            self._idle[turn.client] = blocked

    def finish(self, world: W, nodes: Iterable[Node]) -> None:
        """Cells are painted, or need not be any more."""
        for key in ((world, node) for node in nodes):
            self._in_flight.discard(key)
            self._failures.pop(key, None)
            self._released.discard(key)
            self._alone.discard(key)
        self._unblock(world)

    def fail(
        self, world: W, nodes: Sequence[Node], error: EarthError, now: float, pause: float | None = None
    ) -> list[Node]:
        """A batch could not be painted. Gives the cells that count as failed; they rest for ``pause``
        seconds, or longer each time. Of several cells none does yet: each is tried alone first."""
        keys = [(world, node) for node in nodes]
        self._in_flight.difference_update(keys)
        failed = keys if len(keys) == 1 else []
        self._alone.update(keys if len(keys) > 1 else ())
        for key in failed:
            before = self._failures.get(key)
            times = before.times + 1 if before else 1
            rest = PAUSES[min(times, len(PAUSES)) - 1] if pause is None else pause
            self._failures[key] = Failure(error, times, now + rest)
            self._released.discard(key)
        self._unblock(world)
        return [node for _, node in failed]

    def stir(self, world: W) -> None:
        """Something else is to be painted in a world, as after a step in its journal."""
        self._look_again(c for c, _ in self.demands(world))

    def forget(self, world: W) -> None:
        """Everything about a world; what is in flight of it need not be reported any more."""
        for client, _ in self.demands(world):
            self.drop(client)
        for keys in (self._in_flight, self._released, self._alone):
            keys.difference_update([key for key in keys if key[0] == world])
        for key in [key for key in self._failures if key[0] == world]:
            del self._failures[key]

    def wake_at(self) -> float | None:
        """When the next failed cell may be tried again; None if nothing rests."""
        waiting = (f.until for key, f in self._failures.items() if key not in self._released)
        return min(waiting, default=None)

    def pause(self, now: float) -> float | None:
        """Seconds until then, 0 or more."""
        wake = self.wake_at()
        return None if wake is None else max(0.0, wake - now)

    def _release(self, now: float) -> None:
        """End pauses that are over, and forget failures that nobody met again."""
        for key, failure in list(self._failures.items()):
            if failure.until <= now and key not in self._released:
                self._released.add(key)
                self._unblock(key[0])
            elif failure.until + FORGOTTEN <= now:
                self._failures.pop(key)
                self._released.discard(key)

    def _unblock(self, world: W) -> None:
        """Clients that are done stay idle: what they want is there, whatever else is painted."""
        self._look_again(c for c, _ in self.demands(world) if self._idle.get(c, True))

    def _look_again(self, clients: Iterable[Hashable]) -> None:
        for client in clients:
            self._reasons[client] = self._reasons.get(client, 0) + 1
            self._idle.pop(client, None)
