"""The painter: one thread that turns the tiles people want into painted cells."""

from __future__ import annotations

import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import Future, InvalidStateError
from typing import Literal, NamedTuple

from explorer.painting.layers import Node
from explorer.painting.window import paint_windows
from explorer.worlds.canvas import Snapshot
from explorer.worlds.world import World
from tiles.errors import Busy, Cancelled, DiskFull, EarthError, PaintingFailed
from tiles.grid import Box, Tile, around

log = logging.getLogger(__name__)
PAUSES = (1, 5, 20, 60)  # seconds before a failed cell is tried again


class Event(NamedTuple):
    """What happened to a base-zoom tile of a world, or, for "sketch", to a cell of its sketch.

    "editing", "edited" and "settled" tell of edits that are not shown yet: a tile waits to be painted
    anew, is painted, is left as it was. "journal" tells of the whole world: it has a new line.
    """

    world: str
    kind: Literal["painting", "ready", "failed", "sketch", "editing", "edited", "settled", "journal"]
    tile: Tile
    revision: int = 0
    final: bool = False  # nothing around the tile is missing any more
    message: str = ""


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
    layer: int | None  # as an edit (or a draft) makes them; None: as they are shown


class Ask(NamedTuple):
    """A tile somebody waits for."""

    world: World
    needed: Box
    future: Future[None]


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
        self._failures: dict[tuple[str, Node], Failure] = {}
        self._listeners: list[Callable[[Event], None]] = []
        self._changed = threading.Condition()
        self._asks: list[Ask] = []
        self._queue_limit = queue_limit
        self._seconds: deque[float] = deque(maxlen=50)
        self._painted, self._closed = 0, False
        self._busy: World | None = None  # whose cell is being painted
        self._error: str | None = None
        self._device, self._model = "", ""
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def want(self, client: Hashable, world: World, tiles: Sequence[Tile], layer: int | None = None) -> None:
        """Replace what ``client`` wants. Tiles deeper than the base zoom stand for their base
        tile; shallower ones are made of what is painted and never painted for."""
        deep = (tile.above(world.base_zoom) for tile in tiles if tile.z >= world.base_zoom)
        with self._changed:
            if wanted := list(dict.fromkeys(deep)):
                # In its place in the line: who pans all the time must not lose its turn by it.
                self._wishes[client] = Wish(world, wanted, layer)
            else:
                self._wishes.pop(client, None)
            self._changed.notify_all()

    def drop(self, client: Hashable) -> None:
        with self._changed:
            self._wishes.pop(client, None)

    def wants(self, client: Hashable) -> bool:
        """Whether ``client`` is still served: what cannot be read at all is dropped."""
        with self._changed:
            return client in self._wishes

    def forget(self, world: World) -> None:
        """Paint nothing more of a world, and return when its last cell is finished."""
        with self._changed:
            for client in [c for c, w in self._wishes.items() if w.world is world]:
                del self._wishes[client]
            self._changed.wait_for(lambda: self._busy is not world or not self._thread.is_alive())

    def tell(self, events: Iterable[Event]) -> None:
        """Let everybody who listens know."""
        for event in events:
            self._tell(event)

    def announce(self, world: World, cells: Iterable[Tile]) -> None:
        """Something else is shown of these base cells, or of what it was painted from."""
        for tile in {other for cell in cells for other in around(cell).tiles()}:
            if world.painted(tile):
                self._tell(Event(world.id, "ready", tile, world.revision(tile), world.final(tile)))
        with self._changed:
            self._changed.notify_all()

    def listen(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """``callback`` runs on the painter's thread; the answer ends it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def ask(self, world: World, tile: Tile) -> Future[None]:
        """Paint a tile and its margin; the future is done when the tile is final.

        It raises what painting raised, PaintingFailed or DiskFull. Cancelling it takes the wish
        back. Raises Busy when too much is asked for already.
        """
        apart = tile.z - world.base_zoom
        if apart < 0 or world.final(tile):
            return _done()
        middle = tile.above(world.base_zoom)
        asked = Ask(world, around(middle), Future())
        with self._changed:
            if len(self._asks) >= self._queue_limit:
                raise Busy(f"{len(self._asks)} tiles are waited for already; try again soon")
            self._asks.append(asked)
        asked.future.add_done_callback(lambda _: self._forget(asked))
        self.want(asked.future, world, [middle, *asked.needed.tiles()])
        self._answer(world)
        return asked.future

    def _forget(self, asked: Ask) -> None:
        with self._changed:
            self._asks.remove(asked)
            self._wishes.pop(asked.future, None)

    def _answer(self, world: World, failed: Sequence[Node] = (), error: EarthError | None = None) -> None:
        """Finish what was asked for and is there now, or cannot be."""
        with self._changed:
            asks = [a for a in self._asks if a.world is world]
        for asked in asks:
            if all(world.painted(cell) for cell in asked.needed.tiles()):
                _finish(asked.future, None)
            elif any(_concerns(node, asked, world) for node in failed):
                _finish(asked.future, error)

    def status(self) -> Status:
        with self._changed:
            wishes = list(self._wishes.values())
            seconds = statistics.median(self._seconds) if self._seconds else None
        missing = {(w.world.id, t) for w in wishes for t in w.tiles if not w.world.painted(t)}
        alive = self._thread.is_alive()
        return Status(self._device, self._model, self._painted, len(missing), seconds, alive, self._error)

    def close(self) -> None:
        """Stop after the batch at hand; whoever waits is told so."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            asks = list(self._asks)
        self._thread.join(timeout=60)
        for asked in asks:
            _finish(asked.future, PaintingFailed("the painter has stopped"))

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._wishes:
                    self._changed.wait()
                if self._closed:
                    return
                wishes = list(self._wishes.items())
            if not any(self._serve(client, wish) for client, wish in wishes):
                with self._changed:
                    self._changed.wait(1.0)  # all painted, or what failed rests

    def _serve(self, client: Hashable, wish: Wish) -> bool:
        """Paint one batch for a client and send it to the end of the line; False: nothing to do."""
        with self._changed:
            if self._wishes.get(client) is not wish:
                return True  # it wants something else by now: look anew
            self._busy = wish.world
        try:
            snapshot = wish.world.canvas.snapshot()
            nodes = self._paintable(wish, snapshot)
            if nodes:
                with self._changed:
                    if self._wishes.get(client) is wish:
                        self._wishes[client] = self._wishes.pop(client)
                self._paint(wish.world, snapshot, nodes)
            return bool(nodes)
        except Cancelled:
            return True  # an edit was given up meanwhile: look anew
        except Exception as error:  # whatever a world's file does must not end the painter
            log.exception("%s cannot be painted", wish.world.id)
            self._error = _words(error)
            self.drop(client)
            return False
        finally:
            with self._changed:
                self._busy = None
                self._changed.notify_all()

    def _paintable(self, wish: Wish, snapshot: Snapshot) -> list[Node]:
        """The first cells of a wish that can be painted now, without what failed a moment ago."""
        world, now = wish.world, time.monotonic()
        if world.readonly:
            return []
        with self._changed:
            failures = list(self._failures.items())
        resting = {node for (id, node), f in failures if id == world.id and f.until > now}
        return snapshot.next(wish.tiles, world.model.traits.batch, wish.layer, resting)

    def _paint(self, world: World, snapshot: Snapshot, nodes: list[Node]) -> None:
        started = time.monotonic()
        self._device, self._model = world.model.device, world.model.traits.name
        for node in nodes:
            if node == snapshot.shown(node.cell):
                self._tell(Event(world.id, "painting", node.cell))
        try:
            windows = [snapshot.window(node) for node in nodes]
            for node, latents in zip(nodes, paint_windows(world.model.paint, windows)):
                world.canvas.commit(snapshot, node, latents)
        except Cancelled:
            raise
        except Exception as error:  # whatever a model raises must not end the painter
            self._fail(world, nodes, error)
            return
        self._error = None
        base = [node for node in nodes if node.cell.z == world.base_zoom]
        with self._changed:
            for node in nodes:
                self._failures.pop((world.id, node), None)
            self._painted += len(base)
            self._seconds.extend([(time.monotonic() - started) / len(nodes)] * len(base))
        self._announce(
            world, [node.cell for node in base if node == world.canvas.snapshot().shown(node.cell)]
        )
        self.tell(Event(world.id, "edited", node.cell) for node in base if node.layer > 0)
        for node in set(nodes) - set(base):
            self._tell(Event(world.id, "sketch", node.cell, world.sketch_revision(node.cell)))
        self._answer(world)

    def _announce(self, world: World, cells: list[Tile]) -> None:
        """Tiles shown for the first time, and neighbours that are complete now."""
        for cell in cells:
            for tile in around(cell).tiles():
                final = world.painted(tile) and world.final(tile)
                if tile == cell or final:
                    self._tell(Event(world.id, "ready", tile, world.revision(tile), final))

    def _fail(self, world: World, nodes: list[Node], error: Exception) -> None:
        log.error("painting %s of %s failed", nodes, world.id, exc_info=error)
        shown = error if isinstance(error, EarthError) else PaintingFailed(_words(error))
        self._error = str(shown)
        with self._changed:
            for node in nodes:
                before = self._failures.get((world.id, node))
                times = before.times + 1 if before else 1
                pause = PAUSES[min(times, len(PAUSES)) - 1]
                until = time.monotonic() + (60 if isinstance(error, DiskFull) else pause)
                self._failures[(world.id, node)] = Failure(shown, times, until)
        for node in nodes:
            self._tell(Event(world.id, "failed", node.cell, message=str(shown)))
        self._answer(world, nodes, shown)

    def _tell(self, event: Event) -> None:
        for callback in tuple(self._listeners):
            try:
                callback(event)
            except Exception:
                log.exception("a listener failed on %s", event)


def _words(error: Exception) -> str:
    """One line about what a model raised."""
    text = str(error).strip().split("\n")[0][:200]
    return f"painting failed: {text or type(error).__name__}"


def _concerns(node: Node, asked: Ask, world: World) -> bool:
    """Whether what was asked for cannot be painted without this."""
    return node.cell.z != world.base_zoom or asked.needed.grown(1).holds(node.cell)


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


def _finish(future: Future[None], error: EarthError | None) -> None:
    try:
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
    except InvalidStateError:
        pass  # cancelled in the meantime
