"""Small pictures of edits for the history: made one at a time, and kept."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from anyio import CapacityLimiter, to_thread

from explorer import pictures
from explorer.service import edits
from explorer.web.decoding import DecodeQueue
from explorer.worlds.world import World

MOST = 500  # kept at a time; each takes some 20 kB


class Key(NamedTuple):
    """What a small picture is made from."""

    stamp: str  # of the world
    entry: int  # the line of the edit
    below: bool  # as it was before the edit
    version: int  # of all cells that it shows; goes up with each change


class Thumbnails:
    """Each is made of up to 36 tiles, so no two are made at once: a place to decode tiles stays free."""

    def __init__(self, decode_queue: DecodeQueue) -> None:
        self._decode_queue, self._one_at_a_time = decode_queue, CapacityLimiter(1)
        self._kept: OrderedDict[Key, bytes] = OrderedDict()

    async def picture(self, world: World, entry: int, below: bool) -> bytes | None:
        """An edit, or what it found, as WebP of up to 384 px; None where nothing is painted. Raises Busy."""
        key = await to_thread.run_sync(_key, world, entry, below, limiter=self._decode_queue.lookups)
        if key is None:
            return None
        async with self._one_at_a_time:
            if key not in self._kept:
                made = await self._decode_queue.decoded(_made, world, entry, below)
                if made is None:
                    return None
                self._kept[key] = made
            self._kept.move_to_end(key)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
            return self._kept[key]


def _key(world: World, entry: int, below: bool) -> Key | None:
    """None for what is no edit."""
    edit = world.journal.history.edit(entry)
    if edit is None:
        return None
    _, version = world.store.version_sum(edits.looked_at(edit.cells))
    return Key(world.stamp, entry, below, version)


def _made(world: World, entry: int, below: bool) -> bytes | None:
    pixels = edits.small_picture(world, entry, below)
    return None if pixels is None else pictures.encode(pixels, "webp")
