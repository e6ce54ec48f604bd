"""Overviews are made in the background: a step at a time, and only while nobody waits for a tile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from anyio import CapacityLimiter, to_thread

from explorer.pictures import Encoded
from explorer.service.events import Event
from explorer.service.painter import Painter
from explorer.service.record import shown
from explorer.web.decoding import DecodeQueue
from explorer.worlds.overviews import Build
from explorer.worlds.world import World
from tiles.errors import Busy, Stopped, WorldNotFound
from tiles.grid import Tile

log = logging.getLogger(__name__)
STEPS_A_REQUEST = 8  # a step decodes one cell or averages four pictures
PAUSE = 1.0  # seconds until what was painted meanwhile is looked at
PATIENCE = 1.0  # seconds that a step waits at most for tiles that people wait for
GENTLE = 0.25  # seconds between two steps while cells are painted
ASKED = 64  # overviews of a world that are remembered of those that were asked for
BUILDS = 32  # that are at work at a time
KEPT_AFTER = 256  # tiles painted until overviews are brought up to date even while more are painted


class Asked(NamedTuple):
    """The client that stands for all who asked for single overviews of a world."""

    world: str


@dataclass
class Demand:
    """The overviews that one client wants."""

    world: World
    tiles: list[Tile]
    left: list[Tile]  # those not seen fresh since something was painted last
    future: asyncio.Future[None] | None = None  # done when none is left


@dataclass
class Upkeep:
    """The overviews of a world that are to be brought up to date, though nobody wants them yet."""

    news: int = 1  # tiles shown anew since this was begun last
    left: list[Tile] = field(default_factory=list)  # of zoom 0, that are at work


class Builder:
    """Makes the overviews that maps and requests want, in turn, on the event loop.

    Each step runs on a thread of its own and waits for tiles that people wait for. Whatever is painted
    later makes only the overviews above it stale. When nobody wants any, those of worlds that are painted
    are brought up to date: when painting rests, or after ``KEPT_AFTER`` tiles. So each painted tile costs
    the same few steps, however many there are.
    """

    def __init__(self, decode_queue: DecodeQueue, painter: Painter, world_of: Callable[[str], World]) -> None:
        """``world_of`` gives a world by its id."""
        self._decode_queue, self._painter, self._world_of = decode_queue, painter, world_of
        self._upkeep: dict[str, Upkeep] = {}  # by world
        self._thread = CapacityLimiter(1)
        self._demands: dict[Hashable, Demand] = {}  # in the order of their turns
        self._builds: dict[tuple[str, Tile], Build] = {}
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._again = self._closed = False
        self._stop = painter.listen(self._heard)

    async def tile(self, world: World, tile: Tile, format: Literal["png", "webp"]) -> Encoded | None:
        """An overview as it is at hand, after at most ``STEPS_A_REQUEST`` steps; the rest is left to the
        background. None where nothing is made yet, or nothing is painted."""
        build = await to_thread.run_sync(world.renderer.build, tile, limiter=self._decode_queue.lookups)
        with suppress(Busy):  # then what there is must do
            for _ in range(STEPS_A_REQUEST):
                if not build.done:
                    await self._decode_queue.decoded(build.step)
        if not build.done:
            asked = self._demands.get(Asked(world.id))
            others = [other for other in asked.tiles if other != tile] if asked else []
            self.want(Asked(world.id), world, [tile, *others][:ASKED])
        return await to_thread.run_sync(
            world.renderer.overview, tile, format, limiter=self._decode_queue.lookups
        )

    async def ready(self, world: World, tile: Tile) -> None:
        """Until an overview shows all that is painted. Raises WorldDamaged, WorldNotFound, Stopped."""
        client, future = object(), asyncio.get_running_loop().create_future()
        self.want(client, world, [tile])
        if client in self._demands:
            self._demands[client].future = future
        try:
            await future
        finally:
            self.drop(client)

    def want(self, client: Hashable, world: World, tiles: Sequence[Tile]) -> None:
        """Replace what a client wants, the most wanted first. Raises Stopped."""
        if self._closed:
            raise Stopped("the app was closed")
        self._loop = asyncio.get_running_loop()
        if tiles:
            self._demands[client] = Demand(world, list(tiles), list(tiles))
            self._wake()
        else:
            self.drop(client)

    def keep(self, world: World) -> None:
        """Bring the overviews of a world up to date when nobody wants any."""
        if self._closed or world.readonly:
            return
        self.begin()
        self._upkeep.setdefault(world.id, Upkeep())
        self._wake()

    def begin(self) -> None:
        """Hear from now on of what is painted, on this event loop."""
        self._loop = asyncio.get_running_loop()

    def drop(self, client: Hashable) -> None:
        self._demands.pop(client, None)

    def close(self) -> None:
        """Make nothing more; whoever waits gets Stopped. From any thread, and again if need be."""
        if not self._closed:
            self._closed = True
            self._stop()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        for client, demand in list(self._demands.items()):
            self._end(client, demand, Stopped("the app was closed"))
        if self._task is not None:
            self._task.cancel()

    def _heard(self, event: Event) -> None:
        """On whichever thread something happened."""
        loop = self._loop
        if event.kind in ("ready", "journal", "gone") and loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # closed between the question and the call
                loop.call_soon_threadsafe(self._changed, event)

    def _changed(self, event: Event) -> None:
        if event.kind == "gone":
            self._upkeep.pop(event.world, None)
        elif not self._closed:
            self._upkeep.setdefault(event.world, Upkeep(0)).news += 1
            self._wake()
        for client, demand in list(self._demands.items()):
            if demand.world.id != event.world:
                continue
            if event.kind == "gone":
                self._end(client, demand, WorldNotFound(f"world {event.world!r} was deleted"))
            else:
                demand.left = list(demand.tiles)

    def _wake(self) -> None:
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        """Until all that is wanted is fresh, and all that is kept up to date."""
        while self._again or self._upkeep:
            self._again = False
            while (turn := await self._next() or await self._next_kept()) is not None:
                await self._advance(*turn)
            await asyncio.sleep(PAUSE)

    async def _next(self) -> tuple[World, Tile] | None:
        """The next overview to work at, of the client whose turn it is."""
        for client, demand in list(self._demands.items()):
            while demand.left:
                world, tile = demand.world, demand.left[0]
                try:
                    fresh = await to_thread.run_sync(world.renderer.is_fresh, tile, limiter=self._thread)
                except Exception as error:
                    self._fail(world, tile, error)
                    continue
                if not fresh:
                    if self._demands.get(client) is demand:
                        self._demands[client] = self._demands.pop(client)
                    return world, tile
                demand.left = [other for other in demand.left if other != tile]
            if demand.future is not None or isinstance(client, Asked):
                self._end(client, demand)
        return None

    async def _next_kept(self) -> tuple[World, Tile] | None:
        """The next overview to work at of those that nobody wants yet."""
        for id, upkeep in list(self._upkeep.items()):
            if not upkeep.left and not upkeep.news:
                self._upkeep.pop(id, None)
            elif upkeep.left or not self._painter.busy or upkeep.news >= KEPT_AFTER:
                try:
                    turn = await to_thread.run_sync(self._stale_root, id, upkeep, limiter=self._thread)
                except Exception as error:
                    log.warning("the overviews of %s are not kept up to date: %s", id, error)
                    self._upkeep.pop(id, None)
                    continue
                if turn is not None:
                    return turn
        return None

    def _stale_root(self, id: str, upkeep: Upkeep) -> tuple[World, Tile] | None:
        """On the thread; None where all shows what is painted."""
        world = self._world_of(id)
        if not upkeep.left:
            upkeep.news = 0
            roots = [] if world.readonly else world.renderer.overview_roots()
            upkeep.left = [root for root in roots if not world.renderer.is_fresh(root)]
        return (world, upkeep.left[0]) if upkeep.left else None

    async def _advance(self, world: World, tile: Tile) -> None:
        """Do one step for an overview, and tell if there is more to see."""
        await self._turn()
        try:
            seen = await to_thread.run_sync(self._step, world, tile, limiter=self._thread)
        except Exception as error:
            self._fail(world, tile, error)
            return
        if seen is not None:
            self._painter.tell([Event(world.id, "overview", tile, seen.revision, seen.final)])

    async def _turn(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._decode_queue.idle.wait(), PATIENCE)
        if self._painter.busy:
            await asyncio.sleep(GENTLE)

    def _step(self, world: World, tile: Tile) -> Encoded | None:
        """On the thread; the overview as it is then, if there is more to see."""
        key = (world.id, tile)
        build = self._builds.pop(key, None) or world.renderer.build(tile)
        before = build.picture.revision
        build.step()
        if build.done and world.id in self._upkeep:
            left = self._upkeep[world.id].left
            left[:] = [other for other in left if other != tile]
        elif not build.done:
            self._builds[key] = build
            for old in list(self._builds)[:-BUILDS]:
                del self._builds[old]
        return world.renderer.overview(tile, "png") if build.picture.revision > before else None

    def _fail(self, world: World, tile: Tile, error: Exception) -> None:
        """An overview cannot be made: nobody wants it any more until it is wanted anew."""
        log.warning("overview %s of %s: %s", tile, world.id, error)
        self._builds.pop((world.id, tile), None)
        self._upkeep.pop(world.id, None)
        for client, demand in list(self._demands.items()):
            if demand.world is world and tile in demand.tiles:
                demand.tiles = [other for other in demand.tiles if other != tile]
                demand.left = [other for other in demand.left if other != tile]
                if demand.future is not None:
                    self._end(client, demand, error)
        self._painter.tell([Event(world.id, "failed", tile, error=shown(error))])

    def _end(self, client: Hashable, demand: Demand, error: Exception | None = None) -> None:
        if self._demands.get(client) is demand:
            self.drop(client)
        if demand.future is None or demand.future.done():
            return
        if error is None:
            demand.future.set_result(None)
        else:
            demand.future.set_exception(error)
