"""The painter: one thread that turns the tiles people want into painted cells."""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Literal, NamedTuple

from explorer.painting.window import core
from explorer.world import World
from tiles.errors import Busy, DiskFull, EarthError, PaintingFailed
from tiles.grid import Box, Tile

log = logging.getLogger(__name__)
PAUSES = (1, 5, 20, 60)  # seconds before a failed cell is tried again


class Event(NamedTuple):
    """What happened to a base-zoom tile of a world."""

    world: str
    kind: Literal["painting", "ready", "failed"]
    tile: Tile
    revision: int
    final: bool  # nothing around the tile is missing any more
    message: str


class Status(NamedTuple):
    """How the painter is doing."""

    device: str
    model: str
    painted: int  # tiles since the start
    waiting: int  # wanted tiles not painted yet
    seconds_per_tile: float | None  # median of the last 50
    alive: bool
    error: str | None  # of the last painting, if it failed


class Wish(NamedTuple):
    """The tiles one client wants of one world, the most wanted first."""

    world: World
    tiles: list[Tile]


class Failure(NamedTuple):
    """A cell that could not be painted."""

    error: EarthError
    times: int
    until: float  # monotonic seconds


class Painter:
    """Paints what is wanted, a batch at a time, in turn for each client.

    After every batch it looks anew at what is wanted, so that whatever left a view is dropped at
    once and a cell wanted by many is painted once.
    """

    def __init__(self, queue_limit: int = 256) -> None:
        self._wishes: dict[Hashable, Wish] = {}
        self._failures: dict[tuple[str, Tile], Failure] = {}
        self._listeners: list[Callable[[Event], None]] = []
        self._changed = threading.Condition()
        self._queue_limit, self._waiters = queue_limit, 0
        self._seconds: deque[float] = deque(maxlen=50)
        self._painted, self._error, self._closed = 0, None, False
        self._device, self._model = "", ""
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def want(self, client: Hashable, world: World, tiles: Sequence[Tile]) -> None:
        """Replace what ``client`` wants. Tiles deeper than the base zoom stand for their base
        tile; shallower ones are made of what is painted and never painted for."""
        base = world.base_zoom
        deep = (Tile(base, t.x >> t.z - base, t.y >> t.z - base) for t in tiles if t.z >= base)
        with self._changed:
            self._wishes.pop(client, None)
            if wanted := list(dict.fromkeys(deep)):
                self._wishes[client] = Wish(world, wanted)
            self._changed.notify_all()

    def drop(self, client: Hashable) -> None:
        with self._changed:
            self._wishes.pop(client, None)

    def forget(self, world: World) -> None:
        """Paint nothing more of a world, and return when its last cell is finished."""
        with self._changed:
            for client in [c for c, w in self._wishes.items() if w.world is world]:
                del self._wishes[client]

    def listen(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """``callback`` runs on the painter's thread; the answer ends it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def wait(self, client: Hashable, world: World, tile: Tile, seconds: float) -> bool:
        """Paint a tile and its margin; True once it is final, False when the time is up.

        Raises Busy when too many wait already, PaintingFailed when the model could not.
        """
        if tile.z < world.base_zoom or world.final(tile):
            return True
        deadline = time.monotonic() + seconds
        with self._changed:
            if self._waiters >= self._queue_limit:
                raise Busy(f"{self._waiters} tiles are waited for already; try again soon")
            self._waiters += 1
        apart = tile.z - world.base_zoom
        middle = Tile(world.base_zoom, tile.x >> apart, tile.y >> apart)
        around = Box(middle.z, middle.x, middle.y, middle.x + 1, middle.y + 1).grown(1)
        try:
            self.want(client, world, [middle, *around.tiles()])
            return self._await(world, around, deadline)
        finally:
            with self._changed:
                self._waiters -= 1
            self.drop(client)

    def _await(self, world: World, around: Box, deadline: float) -> bool:
        with self._changed:
            while not all(world.painted(cell) for cell in around.tiles()):
                for (id, cell), failure in self._failures.items():
                    if id == world.id and cell in around.grown(1):
                        raise failure.error
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                if not self._thread.is_alive():
                    raise PaintingFailed("the painter has stopped")
                self._changed.wait(min(left, 1.0))
        return True

    def status(self) -> Status:
        with self._changed:
            wishes = list(self._wishes.values())
            seconds = statistics.median(self._seconds) if self._seconds else None
        missing = {(w.world.id, t) for w in wishes for t in w.tiles if not w.world.painted(t)}
        alive = self._thread.is_alive()
        return Status(
            self._device, self._model, self._painted, len(missing), seconds, alive, self._error
        )

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._wishes:
                    self._changed.wait()
                if self._closed:
                    return
            world, cells = self._next()
            if world is None or not cells:
                with self._changed:
                    self._changed.wait(1.0)  # all painted, or what failed rests
                continue
            self._paint(world, cells)

    def _next(self) -> tuple[World | None, list[Tile]]:
        """The first paintable cells of the client whose turn it is."""
        with self._changed:
            wishes = list(self._wishes.items())
        now = time.monotonic()
        for client, wish in wishes:
            world = wish.world
            if world.readonly:
                continue
            resting = {
                cell for (id, cell), f in self._failures.items() if id == world.id and f.until > now
            }
            batch = world.model.traits.batch
            cells = world.next_cells([t for t in wish.tiles if t not in resting], batch)
            if cells := [cell for cell in cells if cell not in resting]:
                with self._changed:  # to the end of the line
                    if self._wishes.get(client) is wish:
                        self._wishes[client] = self._wishes.pop(client)
                return world, cells
        return None, []

    def _paint(self, world: World, cells: list[Tile]) -> None:
        started = time.monotonic()
        self._device, self._model = world.model.device, world.model.traits.name
        for cell in cells:
            self._tell(Event(world.id, "painting", cell, 0, False, ""))
        try:
            windows, entries = zip(*(world.window(cell) for cell in cells))
            painted = world.model.paint(windows)
            halo = world.layout.halo
            for cell, latents, entry in zip(cells, painted, entries):
                world.commit(cell, core(latents, halo), entry)
        except Exception as error:  # whatever a model raises must not end the painter
            self._fail(world, cells, error)
            return
        self._error = None
        with self._changed:
            for cell in cells:
                self._failures.pop((world.id, cell), None)
            base = [cell for cell in cells if cell.z == world.base_zoom]
            self._painted += len(base)
            self._seconds.extend([(time.monotonic() - started) / len(cells)] * len(base))
            self._changed.notify_all()
        self._announce(world, base)

    def _announce(self, world: World, cells: list[Tile]) -> None:
        """Tiles shown for the first time, and neighbours that are complete now."""
        for cell in cells:
            for tile in Box(cell.z, cell.x, cell.y, cell.x + 1, cell.y + 1).grown(1).tiles():
                final = world.painted(tile) and world.final(tile)
                if tile == cell or final:
                    self._tell(Event(world.id, "ready", tile, world.revision(tile), final, ""))

    def _fail(self, world: World, cells: list[Tile], error: Exception) -> None:
        log.error("painting %s of %s failed", cells, world.id, exc_info=error)
        shown = error if isinstance(error, EarthError) else PaintingFailed(_words(error))
        self._error = str(shown)
        with self._changed:
            for cell in cells:
                before = self._failures.get((world.id, cell))
                times = before.times + 1 if before else 1
                pause = PAUSES[min(times, len(PAUSES)) - 1]
                until = time.monotonic() + (60 if isinstance(error, DiskFull) else pause)
                self._failures[(world.id, cell)] = Failure(shown, times, until)
            self._changed.notify_all()
        for cell in cells:
            self._tell(Event(world.id, "failed", cell, 0, False, str(shown)))

    def _tell(self, event: Event) -> None:
        for callback in tuple(self._listeners):
            try:
                callback(event)
            except Exception:
                log.exception("a listener failed on %s", event)


def _words(error: Exception) -> str:
    """One line about what a model raised."""
    text = str(error).strip().split("\n")[0][:200]
    return f"the model failed: {text or type(error).__name__}"
