"""Limits on how many tiles are looked up and decoded at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, TypeVar

from anyio import CapacityLimiter, to_thread

from explorer.pictures import Encoded
from explorer.settings import Settings
from explorer.worlds.world import World
from tiles.errors import Busy
from tiles.grid import Tile

T = TypeVar("T")


class DecodeQueue:
    """Limits how many tiles are looked up and decoded at a time. Cached tiles never wait for others."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.decoding = settings, 0
        self.lookups, self.decodes = CapacityLimiter(8), CapacityLimiter(2)
        self.idle = asyncio.Event()  # nobody waits for something to be decoded
        self.idle.set()

    async def tile(self, world: World, tile: Tile, format: Literal["png", "webp"]) -> Encoded | None:
        cached = await to_thread.run_sync(world.renderer.cached, tile, format, limiter=self.lookups)
        return cached or await self.decoded(world.renderer.tile, tile, format)

    async def sketch(self, world: World, cell: Tile) -> Encoded | None:
        return await self.decoded(world.renderer.sketch, cell)

    async def decoded(self, work: Callable[..., T], *args: object) -> T:
        """Do work that decodes, when it is its turn. Raises Busy if too many wait."""
        if self.decoding >= self.settings.decode_tiles:
            raise Busy(f"{self.decoding} tiles are being decoded already; try again soon")
        self.decoding += 1
        self.idle.clear()
        try:
            return await to_thread.run_sync(work, *args, limiter=self.decodes)
        finally:
            self.decoding -= 1
            if not self.decoding:
                self.idle.set()
