"""The painter: one thread between what people want, the models that paint it, and the worlds that keep it.

The scheduler says whose turn it is, the world says which cells can be painted, an executor paints them,
and the world keeps them. The painter carries things between the four, and tells what happened.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager

from explorer.models.family import Model
from explorer.painting.layers import Node
from explorer.painting.window import Latents, Window
from explorer.service.batch import Batch, Room, assemble, keep, painted_cells, parted, stale, with_room
from explorer.service.choosing import Chooser
from explorer.service.events import CREW, Event, Listeners, begun, failures, news, of_world, ready
from explorer.service.executors import Executors, LocalExecutors, Painted
from explorer.service.record import Record, Status, shown
from explorer.service.scheduler import Scheduler, TileDemand, Turn
from explorer.service.waits import Asked, Wait, Waits, nothing, unpainted
from explorer.worlds.canvas import Snapshot
from explorer.worlds.world import World
from tiles.errors import Cancelled, DiskFull, Stopped, WorldNotFound
from tiles.grid import Tile, around

log = logging.getLogger(__name__)
FULL_DISK_PAUSE = 5.0  # seconds until a cell that found no room is tried again
# Of many batches painted side by side, a sixteenth, or what is done in so many seconds, is kept in one write.
TOGETHER, GATHERING = 16, 0.01


class Painter:
    """Paints what is wanted, a batch at a time, in turn for each client.

    Before every batch it looks anew at what is wanted, so that whatever left a view is dropped at
    once and a cell wanted by many is painted once.
    """

    def __init__(self, queue_limit: int = 256, executors: Executors | None = None) -> None:
        """``queue_limit``: how many tiles may be asked for at once; past it ``ask`` raises Busy."""
        self._changed = threading.Condition()  # guards all that follows
        self._scheduler: Scheduler[World] = Scheduler()
        self._waits = Waits(self._scheduler, self._changed, queue_limit)
        self._chooser, self._batches = Chooser(), dict[Future[Painted], Batch]()
        self._finished: deque[Future[Painted]] = deque()
        self._news, self._closed = False, False
        self._inside: World | None = None  # the world that the painter's thread reads or writes
        self._executors = executors or LocalExecutors()
        self._executors.watch(lambda: self.tell([CREW]))
        self._listeners, self._record = Listeners(), Record()
        self._thread = threading.Thread(target=self._run, name="painter", daemon=True)
        self._thread.start()

    def want(self, client: Hashable, world: World, tiles: Sequence[Tile], layer: int | None = None) -> None:
        """Replace what ``client`` wants. Each tile is painted level by level, from the base down; overviews
        are made of what is painted, and nothing is painted for them."""
        cells = tuple(world.pyramid.lineages(tiles))
        with self._waking():
            self._scheduler.want(client, TileDemand(world, cells, layer))

    def drop(self, client: Hashable) -> None:
        with self._waking():
            self._scheduler.drop(client)

    def ask(self, world: World, tile: Tile) -> Future[None]:
        """Paint a tile and its surroundings; the future is done when the tile is final.

        All who ask for tiles of one world are one client, so a map beside them gets every other batch.
        The future raises what painting raised: PaintingFailed, DiskFull, WorldDamaged, and WorldNotFound
        if the world is deleted. Cancelling it withdraws the request. Raises Busy when too many wait.
        """
        middle = world.pyramid.cell(tile)
        if middle is None:  # an overview
            return nothing()
        return self._wait(Wait(Asked(id(world)), world, [middle, *around(middle).tiles()]))

    def paint(
        self, world: World, tiles: Sequence[Tile], layer: int | None = None, client: Hashable = None
    ) -> Future[None]:
        """Paint base tiles as they are shown, or as a layer makes them, as a client of its own or after all
        else that ``client`` wants. The future is done when all are painted, and fails if one or something it
        needs cannot be: with what painting raised, Cancelled if the layer is no more, or WorldNotFound."""
        return self._wait(Wait(object() if client is None else client, world, tiles, layer))

    def sample(self, model: Model, windows: Sequence[Window]) -> list[Latents]:
        """The latents of windows that belong to no world yet; waits for them. Raises what painting raises."""
        return painted_cells(self._executors.of(model), windows)

    def _wait(self, wait: Wait) -> Future[None]:
        future = self._waits.begin(wait)
        future.add_done_callback(lambda _: self._wake())  # what it alone wanted may be given up
        self._wake()
        if self._closed:
            wait.end(Stopped("the app was closed"))
        return future

    def forget(self, world: World) -> None:
        """Paint nothing of a deleted world any more. Whoever waits for its tiles gets WorldNotFound."""
        for wait in self._waits.of_world(world):
            wait.end(WorldNotFound(f"world {world.id!r} was deleted"))
        with self._waking():
            self._scheduler.forget(world)  # so that its cells are not chosen any more,
            self._changed.wait_for(lambda: self._inside is not world or not self._thread.is_alive())
            self._scheduler.forget(world)  # and what the last look at it left behind
            for future in [f for f, batch in self._batches.items() if batch.world is world]:
                self._batches.pop(future)
                future.cancel()
        self._listeners.tell([of_world(world, "gone")])

    def tell(self, events: Iterable[Event]) -> None:
        """Let everybody who listens know."""
        for event in events:
            if event.kind == "journal":
                self._stir(event.world)
            elif event is CREW:
                self._wake()
            self._listeners.tell([event])

    def announce(self, world: World, cells: Iterable[Tile]) -> None:
        """Something else is shown of these base cells, or of what it was painted from."""
        for tile in {other for cell in cells for other in around(cell).tiles()}:
            if world.canvas.painted(tile):
                self._listeners.tell([ready(world, tile)])
        self._stir(world.id)
        for wait in self._waits.of_world(world):
            wait.look()

    def _stir(self, id: str) -> None:
        with self._waking():
            for world in {demand.world for _, demand in self._scheduler.demands()}:
                if world.id == id:
                    self._scheduler.stir(world)

    def listen(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """``callback`` runs on the thread on which something happens; the answer ends it."""
        return self._listeners.add(callback)

    @property
    def busy(self) -> bool:
        """Whether cells are being painted."""
        return bool(self._batches)

    def status(self) -> Status:
        return self._record.status(self._thread.is_alive(), self._executors.crew())

    def waiting(self) -> int:
        """How many of all wanted tiles are not painted yet; looks at each of them."""
        with self._changed:
            demands = [demand for _, demand in self._scheduler.demands()]
        return unpainted(demands)

    def close(self) -> None:
        """Stop; what is being painted is given up, and whoever waits is told so."""
        with self._waking():
            self._closed = True
        self._thread.join(timeout=60)
        for wait in self._waits.all():
            wait.end(Stopped("the app was closed"))
        self._executors.close()

    def _wake(self) -> None:
        with self._waking():
            pass

    @contextmanager
    def _waking(self) -> Iterator[None]:
        """Change what the painter's thread goes by, and let it look."""
        with self._changed:
            yield
            self._news = True
            self._changed.notify_all()

    # What follows runs on the painter's thread.

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._news or self._closed, self._scheduler.pause(time.monotonic())
                )
                self._changed.wait_for(self._gathered, GATHERING)
                if self._closed:
                    return
                self._news = False
                finished = [self._finished.popleft() for _ in range(len(self._finished))]
            try:
                self._finish(finished)
                self._withdraw_stale()
                while self._serve_next():
                    pass
            except Exception:  # never met; whatever it is, it must not end the painter
                log.exception("the painter goes on after an error")

    def _gathered(self) -> bool:
        """Whether enough is done to keep it, or nothing is."""
        done = len(self._finished)
        return self._closed or not done or done * TOGETHER >= len(self._batches)

    def _withdraw_stale(self) -> None:
        """Give up what nobody paints yet and its client does not need any more; others begin it anew."""
        with self._changed:
            batches, demands = dict(self._batches), dict(self._scheduler.demands())
        self._chooser.forget_all_but(demands)
        for future in stale(batches, demands):
            batches[future].executor.withdraw(future)

    def _serve_next(self) -> bool:
        """Hand a batch over for the next client in line that has something to paint, or several where nobody
        else is in line: it takes long to look for cells, and not to find some more of them."""
        with self._changed:
            if self._closed or self._finished:
                return False
            turns = self._scheduler.turns(time.monotonic())
            handed = Counter(id(batch.executor) for batch in self._batches.values())
        rooms = ((turn, with_room(turn.demand.world, self._executors, handed, len(turns))) for turn in turns)
        return any(self._serve(turn, room) for turn, room in rooms if room)

    def _serve(self, turn: Turn[World], rooms: Mapping[Model, Room]) -> bool:
        """Hand over what there is room for; False if there is nothing to paint for a client now."""
        world = turn.demand.world
        with self._changed:
            if not self._scheduler.current(turn):
                return True  # it wants something else by now, or its world is forgotten
            self._inside = world
        try:
            snapshot, nodes, left = self._chosen(turn, max(room.windows for room in rooms.values()))
            if not (parts := parted(world, nodes, left, rooms)):
                return False
            windows, damaged = assemble(snapshot, [node for together, _ in parts for node in together])
            for together, executor in parts:
                with self._changed:
                    flying = self._scheduler.start(turn, together)
                for node in [node for node in flying if node in damaged]:
                    self._fail(world, [node], damaged[node])
                if whole := [node for node in flying if node in windows]:
                    batch = Batch(world, snapshot, whole, executor, time.monotonic(), turn)
                    self._submit(batch, [windows[node] for node in whole])
            return True
        except Exception as error:  # whatever a world's file does must not end the painter
            self._give_up(turn, error)
            return True
        finally:
            self._left()

    def _chosen(self, turn: Turn[World], most: int) -> tuple[Snapshot, list[Node], int]:
        """Up to ``most`` cells to paint now for a client, at which moment, and how many in all are left."""
        snapshot = (world := turn.demand.world).canvas.snapshot()
        if world.readonly:
            return snapshot, [], 0
        with self._changed:
            resting = self._scheduler.resting(world, time.monotonic())
        nodes, left = self._chooser.next(turn, snapshot, most, resting)
        if not nodes:
            with self._changed:
                self._scheduler.rest(turn, blocked=bool(resting and left))
        return snapshot, nodes, left

    def _submit(self, batch: Batch, windows: list[Window]) -> None:
        self._listeners.tell(begun(batch.world, batch.snapshot, batch.nodes))
        try:
            future = batch.executor.submit(windows)
        except Exception as error:  # an executor that takes nothing, such as one whose machines are gone
            self._fail(batch.world, batch.nodes, error)
            return
        with self._changed:
            self._batches[future] = batch
        future.add_done_callback(self._painted)

    def _painted(self, future: Future[Painted]) -> None:
        """On the executor's thread."""
        with self._waking():
            self._finished.append(future)

    def _finish(self, futures: Sequence[Future[Painted]]) -> None:
        """Keep what executors painted, all of a world together."""
        with self._changed:
            worlds = dict.fromkeys(self._batches[f].world for f in futures if f in self._batches)
        for world in worlds:
            with self._changed:  # what is not there any more is of a world that is forgotten
                mine = [f for f in futures if f in self._batches and self._batches[f].world is world]
                ended = {future: self._batches.pop(future) for future in mine}
                self._inside = world
            try:
                self._keep(world, ended)
            except Exception as error:  # whatever a world's file does must not hold up the others
                self._fail(world, [node for batch in ended.values() for node in batch.nodes], error)
            finally:
                self._left()

    def _keep(self, world: World, ended: Mapping[Future[Painted], Batch]) -> None:
        painted, over = list[tuple[Batch, Painted]](), list[Node]()
        for future, batch in ended.items():
            if future.cancelled():
                over += batch.nodes
            elif (error := future.exception()) is not None:
                self._fail(world, batch.nodes, error)
            else:
                painted.append((batch, future.result()))
        ends = keep(world, painted)
        for node, why in ends.items():
            if isinstance(why, Exception):
                self._fail(world, [node], why)
            else:
                over.append(node)
        with self._changed:
            self._scheduler.finish(world, over)
        kept = [node for node, end in ends.items() if end is True]
        if kept:
            self._record.painted(world, min(batch.began for batch, _ in painted), kept)
            self._listeners.tell(news(world, kept))
        for wait in self._waits.of_world(world):
            wait.look()

    def _fail(self, world: World, nodes: Sequence[Node], error: BaseException) -> None:
        """Cells could not be painted: they rest, and whoever needs one of them hears of it."""
        log.error("painting %s of %s failed", nodes, world.id, exc_info=error)
        told = shown(error)
        pause = FULL_DISK_PAUSE if isinstance(error, DiskFull) else None
        with self._changed:
            failed = set(self._scheduler.fail(world, nodes, told, time.monotonic(), pause))
            demands = [demand for _, demand in self._scheduler.demands(world)]
        if not failed:
            return
        self._record.error = told
        snapshot = world.canvas.snapshot()
        for wait in self._waits.of_world(world):
            if not failed.isdisjoint(snapshot.missing(wait.tiles, wait.layer)):
                wait.end(told)
        wanted = [tile for demand in demands if demand.layer is None for tile in demand.tiles]
        self._listeners.tell(failures(world, snapshot, wanted, failed, told))

    def _give_up(self, turn: Turn[World], error: Exception) -> None:
        """What a client wants cannot be read, or is no more."""
        if not isinstance(error, Cancelled):
            log.error("%s cannot be painted", turn.demand.world.id, exc_info=error)
            self._record.error = shown(error)
        for wait in self._waits.of_client(turn.client):
            wait.end(shown(error))
        self.drop(turn.client)

    def _left(self) -> None:
        with self._changed:
            self._inside = None
            self._changed.notify_all()
