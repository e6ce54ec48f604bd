"""A reader: a process beside the writer that answers requests for painted tiles, and nothing else."""

from __future__ import annotations

import logging
import signal
import socket
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Literal

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI

from explorer.models.library import Library
from explorer.pictures import Encoded
from explorer.service.painter import Painter
from explorer.settings import Settings
from explorer.web import tiles
from explorer.web.decoding import DecodeQueue
from explorer.web.guards import guard
from explorer.web.keys import Keys, Role
from explorer.web.passing import ReaderConnection
from explorer.web.relay import Channel, Door
from explorer.web.serving import Handed, configured
from explorer.web.visitors import Visitors
from explorer.worlds.atlas import Atlas
from explorer.worlds.world import World
from tiles.errors import EarthError, WorldNotFound
from tiles.grid import Tile

KEPT_BYTES = 64 * 2**20  # of tiles that were decoded here; the cache on disk is the writer's
BARRED = "is painted by the process that started this reader"


class NotHere(EarthError):
    """Something that only the writer can answer."""

    code, status = "not_here", 503


class SignedKeys(Keys):
    """Knows sessions and tokens. Passwords are the writer's: it counts the wrong ones."""

    def of_password(self, word: str, address: str) -> Role:
        return "nothing"


class Shelf:
    """Tiles as they are now: from the cache, or decoded from what is painted. Overviews are never made."""

    def __init__(self, settings: Settings) -> None:
        self._queue = DecodeQueue(settings)
        self.lookups: CapacityLimiter = self._queue.lookups
        self.decoded = self._queue.decoded
        self._kept: OrderedDict[tuple[str, Tile, str], Encoded] = OrderedDict()
        self._bytes = 0

    async def tile(self, world: World, tile: Tile, format: Literal["png", "webp"]) -> Encoded | None:
        """Raises NotHere."""
        found = await to_thread.run_sync(self._at_hand, world, tile, format, limiter=self.lookups)
        return found or await self.decoded(self._made, world, tile, format)

    def _at_hand(self, world: World, tile: Tile, format: Literal["png", "webp"]) -> Encoded | None:
        if not world.on_disk():
            raise WorldNotFound(f"world {world.id!r} was deleted")
        if (cached := world.renderer.cached(tile, format)) is not None:
            return cached
        kept = self._kept.get((world.stamp, tile, format))
        if kept is None or kept.revision != world.renderer.revision(tile):
            return None
        return Encoded(kept.data, kept.revision, world.renderer.final(tile))

    def _made(self, world: World, tile: Tile, format: Literal["png", "webp"]) -> Encoded | None:
        if world.pyramid.is_overview(tile):
            raise NotHere("overviews are made by the writer")
        with world.still():
            made = world.renderer.tile(tile, format)
        if made is not None:
            self._keep((world.stamp, tile, format), made)
        return made

    def _keep(self, key: tuple[str, Tile, str], made: Encoded) -> None:
        before = self._kept.pop(key, None)
        self._kept[key] = made
        self._bytes += len(made.data) - (len(before.data) if before else 0)
        while self._bytes > KEPT_BYTES:
            _, old = self._kept.popitem(last=False)
            self._bytes -= len(old.data)


def create_reader(settings: Settings, atlas: Atlas, idle: Painter) -> FastAPI:
    """The route of tiles behind the same guards as the whole app. ``idle`` paints nothing here."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings, app.state.atlas, app.state.keys = settings, atlas, SignedKeys(settings)
    app.state.decode_queue = app.state.overviews = Shelf(settings)
    app.include_router(tiles.router)
    return guard(app, settings, app.state.keys, Visitors(settings, atlas, idle))


class ReaderServer(Handed):
    """uvicorn on the connections of a door and a channel, until the writer closes that."""

    def __init__(self, app: FastAPI, sockets: Sequence[socket.socket], end: socket.socket, most: int) -> None:
        http = partial(ReaderConnection, most=most, give=self._give)
        super().__init__(configured(app, http))
        self._listening, self._end = sockets, end

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The writer says when to end; an interrupt at the terminal goes to all processes."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._channel = Channel(self._end, self.adopt, lambda: None, self._leave)
        self._door = Door(self._listening, self.adopt)
        self._door.open()
        self._channel.say_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._door.close()
        await super().shutdown(sockets)

    def _give(self, connection: socket.socket, data: bytes) -> bool:
        self._channel.give(connection, data)
        return True

    def _leave(self) -> None:
        self.should_exit = True


def read(settings: Settings, sockets: list[socket.socket], end: socket.socket, most: int) -> None:
    """Be a reader, in a process of its own: takes connections from ``sockets``, at most ``most`` at a time,
    and gives through ``end`` what it cannot answer to the writer. Ends when the writer does."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    library = Library(settings.model, settings.device, settings.model_options)
    atlas = Atlas(settings.worlds, library, settings.cache_bytes, barred=BARRED)
    painter = Painter()
    with suppress(EarthError):  # what is wrong with it, the writer says
        library.get()  # before connections are taken, which would wait for it
    try:
        ReaderServer(create_reader(settings, atlas, painter), sockets, end, most).run(sockets=[])
    finally:
        painter.close()
        atlas.close()
