"""The feed: what a map wants goes up, what became of it comes down, over one WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from explorer.service.events import Event
from explorer.service.painter import Painter
from explorer.web.access import may_edit
from explorer.worlds.world import World
from tiles.errors import BadAddress, BadSetting, EarthError
from tiles.grid import Tile, checked_tile

log = logging.getLogger(__name__)
FRAME_LIMIT = 65536  # characters of one frame
EDITING = ("editing", "edited", "settled")
FLUSH, STATUS, OVERVIEW = 0.04, 1.0, 2.0  # seconds between messages of each kind


class Hub:
    """Hands the painter's events from its thread to the connections on the event loop."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.connections: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = painter.listen(self._heard)

    def join(self, connection: Connection) -> None:
        self._loop = asyncio.get_running_loop()
        self.connections.add(connection)

    def leave(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self.painter.drop(connection)

    def close(self) -> None:
        self._stop()

    def _heard(self, event: Event) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # closed between the question and the call
                loop.call_soon_threadsafe(self._dispatch, event)

    def _dispatch(self, event: Event) -> None:
        for connection in self.connections:
            if connection.world.id == event.world:
                connection.hear(event)


class Connection:
    """One map. What it is to be told is kept as one state a tile, so a slow client costs little."""

    def __init__(self, socket: WebSocket, world: World, hub: Hub, limit: int) -> None:
        self.socket, self.world, self.hub, self.limit = socket, world, hub, limit
        self.wanted: dict[Tile, list[Tile]] = {}  # painted cell of any level -> wanted tiles at or below it
        self.overviews: set[Tile] = set()
        self.sketches: set[Tile] = set()  # the sketch's cells under what is wanted
        self.news: dict[Tile, dict[str, Any]] = {}
        self.changed: set[Tile] = set()  # overviews to look at again
        self.sharper: set[Tile] = set()  # tiles that show a cell over them, of which there is news
        self.editing: dict[Tile, dict[str, Any]] = {}  # news of edits, wherever they are
        self.notes: set[str] = set()  # news of the whole world

    async def run(self) -> None:
        """Until the client goes, or its world."""
        await self.socket.accept()
        self.hub.join(self)
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
            sender.cancel()

    async def _speak(self) -> None:
        """Send what there is; a world that cannot be read any more ends the connection."""
        try:
            await self._send_all()
        except (WebSocketDisconnect, RuntimeError):
            pass  # the client is gone
        except Exception as error:
            log.warning("the feed of %s ends: %s", self.world.id, error)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self.socket.close(1011)

    def hear(self, event: Event) -> None:
        """An event of the painter, on the event loop."""
        if event.kind == "journal":
            self.notes.add("journal")
            return
        if event.kind == "sketch":
            if event.tile in self.sketches:
                told = {"event": "sketch", "tile": list(event.tile), "revision": event.revision}
                self.news[event.tile] = told
            return
        if event.kind in EDITING:
            self.editing[event.tile] = {"event": event.kind, "tile": list(event.tile)}
            return
        for tile in self.wanted.get(event.tile, ()):
            if event.kind == "ready" and tile != event.tile:
                self.sharper.add(tile)
                continue
            message: dict[str, Any] = {"event": event.kind, "tile": list(tile)}
            if event.kind == "ready":
                message |= {"revision": event.revision, "final": event.final}
            elif event.kind == "failed":
                message["message"] = event.message
            self.news[tile] = message
        if event.kind == "ready" and self.overviews:
            tile = event.tile
            while tile.z > 0:
                tile = tile.parent
                if tile in self.overviews:
                    self.changed.add(tile)

    async def _receive_all(self) -> None:
        while True:
            text = await self.socket.receive_text()
            tiles = await asyncio.to_thread(self._parse, text)
            self._want(tiles)
            revisions = await asyncio.to_thread(self._revisions, tiles)
            sketches = await asyncio.to_thread(self._sketched)
            told = {"tiles": revisions, "sketches": sketches, "editing": self._editing()}
            await self.socket.send_json({"event": "revisions", **told})

    def _parse(self, text: str) -> list[Tile]:
        """The tiles of ``{"want": [[z, x, y], ...]}``. Raises BadSetting, BadAddress."""
        import json

        if len(text) > FRAME_LIMIT:
            raise BadSetting(f"a frame may have up to {FRAME_LIMIT} characters")
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            raise BadSetting("a frame is a JSON object with a list 'want'") from None
        if not isinstance(frame, dict) or not isinstance(frame.get("want"), list):
            raise BadSetting("a frame is a JSON object with a list 'want'")
        if len(frame["want"]) > self.limit:
            raise BadSetting(f"{len(frame['want'])} tiles wanted, allowed are {self.limit}")
        tiles = []
        for row in frame["want"]:
            if not isinstance(row, list) or len(row) != 3:
                raise BadAddress("a tile is [z, x, y]")
            tiles.append(checked_tile(*row))
        return tiles

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
        self.changed &= self.overviews
        if not self.world.readonly and may_edit(self.socket):
            self.hub.painter.want(self, self.world, tiles)

    def _revisions(self, tiles: list[Tile]) -> list[list[int | bool]]:
        found = ((tile, self.world.renderer.revision(tile)) for tile in tiles)
        return [[*tile, revision, self.world.renderer.final(tile)] for tile, revision in found if revision]

    def _sharpened(self, tiles: set[Tile]) -> list[dict[str, Any]]:
        """News of tiles that show a cell over them."""
        cell, source = self.world.pyramid.cell, self.world.renderer.source
        shown = self._revisions([tile for tile in tiles if source(tile) != cell(tile) or cell(tile) != tile])
        return [
            {"event": "ready", "tile": tile, "revision": revision, "final": final}
            for *tile, revision, final in shown
        ]

    def _sketched(self) -> list[list[int]]:
        found = ((cell, self.world.renderer.sketch_revision(cell)) for cell in tuple(self.sketches))
        return [[*cell, revision] for cell, revision in found if revision]

    def _editing(self) -> list[list[int]]:
        """The tiles of edits that wait or are being painted."""
        history = self.world.journal.history
        waiting = (history.edit(number) for number in history.waiting)
        return [list(cell) for edit in waiting if edit for cell in edit.cells]

    async def _send_all(self) -> None:
        told: dict[str, Any] = {}
        elapsed = {"status": STATUS, "overview": 0.0}
        while True:
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
            if elapsed["overview"] >= OVERVIEW and self.changed:
                tiles, self.changed, elapsed["overview"] = list(self.changed), set(), 0.0
                revisions = await asyncio.to_thread(self._revisions, tiles)
                told_of = {"tiles": revisions, "sketches": [], "editing": self._editing()}
                await self.socket.send_json({"event": "revisions", **told_of})
            if elapsed["status"] >= STATUS:
                elapsed["status"] = 0.0
                status = await asyncio.to_thread(self._status)
                if status != told:
                    await self.socket.send_json({"event": "status", **status})
                    told = status
            await asyncio.sleep(FLUSH)
            elapsed = {name: seconds + FLUSH for name, seconds in elapsed.items()}

    def _status(self) -> dict[str, Any]:
        status = self.hub.painter.status()
        waiting = sum(not self.world.canvas.painted(tile) for tile in self.wanted)
        return {
            "painted": self.world.canvas.count(self.world.base_zoom),
            "waiting": waiting,
            "seconds_per_tile": status.seconds_per_tile,
            "device": status.device or self.world.model.device,
            "model": self.world.model.traits.name,
            "readonly": self.world.readonly,
            "error": status.error,
        }


async def refuse(socket: WebSocket, error: EarthError) -> None:
    """Say why, and close."""
    told = {"code": error.code, "message": str(error)}
    await socket.send_json({"event": "error", "error": told})
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
    await Connection(socket, world, state.hub, state.settings.want_tiles).run()
