"""Between the painter and the maps: hands each map what concerns it, and says how painting goes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Hashable
from typing import Any, Protocol

from explorer.service.events import Event
from explorer.service.executors import Crew
from explorer.service.painter import Painter
from explorer.worlds.world import World
from tiles.errors import Busy, WorldNotFound

log = logging.getLogger(__name__)
WATCH = 1.0  # seconds between two looks at what another process wrote
STATUS = 1.0  # seconds between two looks at how painting goes in a world


class Listener(Hashable, Protocol):
    """A map that is connected."""

    world: World

    def hear(self, event: Event) -> None:
        """Something happened in its world."""

    def tell_status(self, status: dict[str, Any]) -> None:
        """How painting goes in its world."""

    def look_again(self) -> None:
        """Another process changed its world, or stopped painting it."""

    def end(self, error: Exception) -> None:
        """Its world is no more, or cannot be read any more."""


class Hub:
    """Hands the painter's events from its thread to the maps on the event loop.

    How painting goes in a world is looked at once for all of its maps, at most once a second, and only
    after something happened there: where nothing happens, nothing runs. Only the files of worlds that another
    process may change are looked at once a second while maps show them.
    """

    def __init__(self, painter: Painter, most: int) -> None:
        """``most``: how many maps may be open at once; past it ``join`` raises Busy."""
        self.painter, self._most = painter, most
        self._maps: defaultdict[str, set[Listener]] = defaultdict(set)  # by id of the world
        self._due: dict[str, World] = {}  # worlds whose status is to be told
        self._telling: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = painter.listen(self._heard)

    def __len__(self) -> int:
        """How many maps are open."""
        return sum(map(len, self._maps.values()))

    def join(self, listener: Listener) -> None:
        """Raises Busy when too many maps are open."""
        if len(self) >= self._most:
            words = f"{self._most} maps are open already, and no more are allowed; close one of them"
            raise Busy(words, "maps-full", count=self._most)
        self._loop = asyncio.get_running_loop()
        self._maps[listener.world.id].add(listener)
        self.stir(listener.world)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())

    def leave(self, listener: Listener) -> None:
        maps = self._maps[listener.world.id]
        maps.discard(listener)
        if not maps:
            del self._maps[listener.world.id]
        self.painter.drop(listener)

    def close(self) -> None:
        self._stop()
        for task in (self._telling, self._watching):
            if task is not None:
                task.cancel()

    def stir(self, world: World) -> None:
        """Something changed in a world: tell its maps how painting goes, soon."""
        self._due[world.id] = world
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all())

    def _heard(self, event: Event) -> None:
        """On whichever thread something happened."""
        if event.kind == "painted":
            return  # what it changes on a map, other events say
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed between the question and the call
                loop.call_soon_threadsafe(self._dispatch, event)

    def _dispatch(self, event: Event) -> None:
        if event.kind == "painters":
            for shown in self._maps.values():
                self.stir(next(iter(shown)).world)
            return
        maps = tuple(self._maps.get(event.world, ()))
        for listener in maps:
            if event.kind == "gone":
                listener.end(WorldNotFound(f"world {event.world!r} was deleted"))
            else:
                listener.hear(event)
        if maps:
            self.stir(maps[0].world)

    async def _tell_all(self) -> None:
        """Until there is nothing to tell any more."""
        while self._due:
            due, self._due = self._due, {}
            for world in due.values():
                await self._tell(world)
            await asyncio.sleep(STATUS)

    async def _tell(self, world: World) -> None:
        try:
            status = await asyncio.to_thread(self._status, world)
        except Exception as error:
            self._end(world, error)
            return
        for listener in tuple(self._maps.get(world.id, ())):
            listener.tell_status(status)

    async def _watch(self) -> None:
        """While maps show worlds that another process may change: tell them when it did."""
        while True:
            await asyncio.sleep(WATCH)
            shown = [next(iter(maps)).world for maps in self._maps.values()]
            watched = [world for world in shown if not world.access.held]
            if not watched:
                return
            for world in watched:
                await self._look(world)

    async def _look(self, world: World) -> None:
        try:
            changed = await asyncio.to_thread(world.changed)
            taken_over = await asyncio.to_thread(lambda: not world.readonly)
        except Exception as error:
            self._end(world, error)
            return
        if changed or taken_over:
            for listener in tuple(self._maps.get(world.id, ())):
                listener.look_again()
            self.stir(world)

    def _end(self, world: World, error: Exception) -> None:
        """A world that cannot be read any more ends its maps."""
        log.warning("the feed of %s ends: %s", world.id, error)
        for listener in tuple(self._maps.get(world.id, ())):
            listener.end(error)

    def _status(self, world: World) -> dict[str, Any]:
        """What is wrong is told as errors: each map says it in the language of its page."""
        status = self.painter.status()
        return {
            "painted": world.canvas.count(world.base_zoom),
            "seconds_per_tile": status.seconds_per_tile,
            "device": status.device or world.model.device,
            "model": world.model.traits.name,
            "readonly": world.readonly,
            "reason": world.access.refusal(),
            "error": status.error,
            "painters": painters_of(world, status.crew),
        }


def painters_of(world: World, crew: Crew | None) -> dict[str, Any] | None:
    """The painters of a cluster as a map tells of them; None where this process paints.

    ``here``: how many there are; ``lost``: how many were there, and are awaited; ``other``: how many of those
    here are of another kind than the world's first painter, which do not paint it if they are ``refused``;
    ``trouble``: why there are none.
    """
    if crew is None:
        return None
    other = sum(world.first_painter not in (None, kind) for kind in crew.kinds)
    counted = {"here": len(crew.kinds), "lost": crew.lost, "other": other}
    return {**counted, "refused": not crew.mixed, "trouble": crew.trouble}
