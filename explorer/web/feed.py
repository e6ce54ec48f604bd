"""The feed: what a map wants goes up, what became of it comes down, over one WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from explorer.service.events import Event
from explorer.web.hub import Hub
from explorer.web.overviews import Builder
from explorer.web.permits import Limit, visitor_of, why_not_painted
from explorer.web.phrases import failure, page_language
from explorer.worlds.world import World
from tiles.errors import BadAddress, BadSetting, EarthError, WorldNotFound
from tiles.grid import Tile, checked_tile

log = logging.getLogger(__name__)
FRAME_LIMIT = 65536  # characters of one frame
EDITING = ("editing", "edited", "settled")
FLUSH = 0.04  # seconds in which news is gathered before it is sent


class Connection:
    """One map. What it is to be told is kept as one state a tile, so a slow client costs little."""

    def __init__(self, socket: WebSocket, world: World, hub: Hub, builder: Builder, limit: int) -> None:
        self.socket, self.world, self.hub, self.limit = socket, world, hub, limit
        self.builder = builder
        self.tiles: list[Tile] = []  # what the client wants
        self.wanted: dict[Tile, list[Tile]] = {}  # painted cell of any level -> wanted tiles at or below it
        self.missing: set[Tile] = set()  # those of the wanted cells that are not painted
        self.overviews: set[Tile] = set()
        self.sketches: set[Tile] = set()  # the sketch's cells under what is wanted
        self.news: dict[Tile, dict[str, Any]] = {}
        self.sharper: set[Tile] = set()  # tiles that show a cell over them, of which there is news
        self.editing: dict[Tile, dict[str, Any]] = {}  # news of edits, wherever they are
        self.notes: set[str] = set()  # news of the whole world
        self.status: dict[str, Any] | None = None  # how painting goes, to be told
        self.sent_status: dict[str, Any] = {}  # the last one
        self.visitor = visitor_of(socket)
        self.language = page_language(socket)
        self.limited: Limit = ""  # why nothing is painted for it
        self.again = False  # whether all that is wanted is to be told again
        self.error: Exception | None = None  # why it ends
        self.woken = asyncio.Event()  # there is something to send

    async def run(self) -> None:
        """Until the client goes, or its world."""
        await self.socket.accept()
        try:
            self.hub.join(self)
        except EarthError as error:
            await refuse(self.socket, error)
            return
        self.builder.keep(self.world)
        sender = asyncio.create_task(self._speak())
        try:
            await self._receive_all()
        except WebSocketDisconnect:
            pass
        except EarthError as error:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await refuse(self.socket, error)
        finally:
            self.hub.leave(self)
            self.builder.drop(self)
            sender.cancel()

    async def _speak(self) -> None:
        """Send what there is; a world that cannot be read any more ends the connection."""
        try:
            await self._send_all()
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client is gone
        except EarthError as error:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await refuse(self.socket, error)
        except Exception as error:
            log.warning("the feed of %s ends: %s", self.world.id, error)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self.socket.close(1011)

    def tell_status(self, status: dict[str, Any]) -> None:
        """How painting goes in this world, on the event loop."""
        self.status = status
        self.woken.set()

    def look_again(self) -> None:
        """Another process changed the world, or stopped painting it: anything may look otherwise now."""
        self.again = True
        self.notes.add("journal")
        self.woken.set()

    def end(self, error: Exception) -> None:
        """Say why, and close."""
        self.error = error
        self.woken.set()

    def hear(self, event: Event) -> None:
        """An event of the painter, on the event loop."""
        if event.kind == "journal":
            self.notes.add("journal")
        elif event.kind == "sketch":
            if event.tile in self.sketches:
                message = {"event": "sketch", "tile": list(event.tile), "revision": event.revision}
                self.news[event.tile] = message
        elif event.kind == "overview":
            if event.tile in self.overviews:
                seen = {"revision": event.revision, "final": event.final}
                self.news[event.tile] = {"event": "ready", "tile": list(event.tile), **seen}
        elif event.kind in EDITING:
            self.editing[event.tile] = {"event": event.kind, "tile": list(event.tile)}
        else:
            self._hear_of_tile(event)
        if self.visitor is not None and not self.limited and not self.visitor.left("tiles"):
            self.again = True  # what is wanted is not painted any more, and the map is told why
        self.woken.set()

    def _hear_of_tile(self, event: Event) -> None:
        if event.kind == "failed" and event.tile in self.overviews:
            self.news[event.tile] = {
                "event": "failed", "tile": list(event.tile), "message": self._said(event.error),
            }  # fmt: skip
        for tile in self.wanted.get(event.tile, ()):
            if event.kind == "ready" and tile != event.tile:
                self.sharper.add(tile)
                continue
            message: dict[str, Any] = {"event": event.kind, "tile": list(tile)}
            if event.kind == "ready":
                message |= {"revision": event.revision, "final": event.final}
            elif event.kind == "failed":
                message["message"] = self._said(event.error)
            self.news[tile] = message
        if event.kind == "ready":
            self.missing.discard(event.tile)

    async def _receive_all(self) -> None:
        while True:
            text = await self.socket.receive_text()
            self.tiles = await asyncio.to_thread(parse, text, self.limit)
            await self._answer(self.tiles)
            self.hub.stir(self.world)

    async def _answer(self, tiles: list[Tile]) -> None:
        """Have what is wanted painted, and tell what is there of it."""
        self.limited = await asyncio.to_thread(why_not_painted, self.socket, self.world)
        self._want(tiles)
        await self._look_for_missing()
        revisions = await asyncio.to_thread(self._revisions, tiles)
        sketches = await asyncio.to_thread(self._sketched)
        answer = {"tiles": revisions, "sketches": sketches, "editing": self._editing()}
        await self.socket.send_json({"event": "revisions", **answer})

    def _want(self, tiles: list[Tile]) -> None:
        self.wanted, self.overviews = {}, set()
        for tile in tiles:
            if self.world.pyramid.is_overview(tile):
                self.overviews.add(tile)
            for cell in self.world.pyramid.lineage(tile):
                self.wanted.setdefault(cell, []).append(tile)
        under = (self.world.pyramid.sketch_of(tile) for tile in self.wanted)
        self.sketches = {cell for cell in under if cell is not None}
        self.news.clear()
        self.sharper.clear()
        self.builder.want(self, self.world, [tile for tile in tiles if tile in self.overviews])
        if not self.world.readonly:
            self.hub.painter.want(self, self.world, [] if self.limited else tiles)

    def _revisions(self, tiles: list[Tile]) -> list[list[int | bool]]:
        if not self.world.is_current():
            raise WorldNotFound(f"world {self.world.id!r} was deleted, or another took its place")
        seen = ((tile, *self.world.renderer.seen(tile)) for tile in tiles)
        return [[*tile, revision, final] for tile, revision, final in seen if revision]

    def _sharpened(self, tiles: set[Tile]) -> list[dict[str, Any]]:
        """News of tiles that show a cell over them."""
        cell, source = self.world.pyramid.cell, self.world.renderer.source
        shown = self._revisions([tile for tile in tiles if source(tile) != cell(tile) or cell(tile) != tile])
        return [
            {"event": "ready", "tile": tile, "revision": revision, "final": final}
            for *tile, revision, final in shown
        ]

    def _sketched(self) -> list[list[int]]:
        seen = ((cell, self.world.renderer.sketch_revision(cell)) for cell in tuple(self.sketches))
        return [[*cell, revision] for cell, revision in seen if revision]

    def _editing(self) -> list[list[int]]:
        """The tiles of edits that wait or are being painted."""
        history = self.world.journal.history
        waiting = (history.edit(number) for number in history.waiting)
        return [list(cell) for edit in waiting if edit for cell in edit.cells]

    async def _send_all(self) -> None:
        """Wait for news, and send it; news of one moment together."""
        while self.error is None:
            await self._send_news()
            await asyncio.sleep(FLUSH)
            await self.woken.wait()
            self.woken.clear()
        raise self.error

    async def _send_news(self) -> None:
        if self.again:
            self.again = False
            await self._answer(self.tiles)
        news, self.news = self.news, {}
        editing, self.editing = self.editing, {}
        if self.sharper:
            sharper, self.sharper = self.sharper, set()
            for message in await asyncio.to_thread(self._sharpened, sharper):
                await self.socket.send_json(message)
        for message in (*news.values(), *editing.values()):
            await self.socket.send_json(message)
        if self.notes:
            self.notes.clear()
            await self.socket.send_json({"event": "journal"})
            await self._look_for_missing()
        if self.status is not None:
            level = min(
                (cell.z for cell in self.missing), default=None
            )  # levels are painted one after another
            waits = {"waiting": len(self.missing), "level": level, "limit": ""}
            if self.limited:
                waits = {"waiting": 0, "level": None, "limit": self.limited}
            status, self.status = {**self._worded(self.status), **waits}, None
            await self._send_status(status)

    async def _send_status(self, status: dict[str, Any]) -> None:
        if status != self.sent_status:
            self.sent_status = status
            await self.socket.send_json({"event": "status", **status})

    def _worded(self, status: dict[str, Any]) -> dict[str, Any]:
        """A status with what is wrong in the map's language."""
        crew = status["painters"]
        told = {what: self._said(status[what]) for what in ("reason", "error")}
        return {**status, **told, "painters": crew and {**crew, "trouble": self._said(crew["trouble"])}}

    def _said(self, error: EarthError | None) -> str:
        return failure(error, self.language) if error else ""

    async def _look_for_missing(self) -> None:
        """Which of the wanted tiles are not painted. What becomes ready meanwhile is not missing either."""
        self.missing = set(self.wanted)
        painted = await asyncio.to_thread(self._painted, list(self.wanted))
        self.missing -= painted

    def _painted(self, cells: list[Tile]) -> set[Tile]:
        painted = self.world.canvas.snapshot().painted
        return {cell for cell in cells if painted(cell)}


def parse(text: str, limit: int) -> list[Tile]:
    """The tiles of ``{"want": [[z, x, y], ...]}``, at most ``limit``. Raises BadSetting, BadAddress."""
    if len(text) > FRAME_LIMIT:
        raise BadSetting(f"a frame may have up to {FRAME_LIMIT} characters")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise BadSetting("a frame is a JSON object with a list 'want'") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("want"), list):
        raise BadSetting("a frame is a JSON object with a list 'want'")
    if len(frame["want"]) > limit:
        raise BadSetting(f"{len(frame['want'])} tiles are wanted; the limit is {limit}")
    if any(not isinstance(row, list) or len(row) != 3 for row in frame["want"]):
        raise BadAddress("a tile is [z, x, y]")
    return [checked_tile(*row) for row in frame["want"]]


async def refuse(socket: WebSocket, error: EarthError) -> None:
    """Say why, and close."""
    reason = {"code": error.code, "message": failure(error, page_language(socket))}
    await socket.send_json({"event": "error", "error": reason})
    await socket.close(1008)


async def serve(socket: WebSocket) -> None:
    """The route ``WS /worlds/{id}/feed``."""
    state = socket.app.state
    try:
        world = await asyncio.to_thread(state.atlas.get, socket.path_params["id"])
    except EarthError as error:
        await socket.accept()
        await refuse(socket, error)
        return
    await Connection(socket, world, state.hub, state.overviews, state.settings.want_tiles).run()
