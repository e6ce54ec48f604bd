"""What a map shows first, told with its page: else its script asks for that, and comes late itself."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from explorer.worlds.world import World
from tiles.errors import BadBounds, EarthError
from tiles.grid import Bounds, Tile, boxed, metres_per_pixel

# "1120x900" at the world's home, "8/-2500/300/1120x900" elsewhere: zoom, metres east and north, pixels.
VIEW = re.compile(r"(?:(\d{1,2})/(-?\d{1,15})/(-?\d{1,15})/)?(\d{1,4})x(\d{1,4})")
MOST = 200  # tiles: more is no screen


class Seen(NamedTuple):
    """A tile that is painted, and its revision."""

    tile: Tile
    revision: int


def tiles(world: World, view: str) -> list[Tile]:
    """The tiles of a view, those nearest to its middle first; none if it is not written as views are."""
    found = VIEW.fullmatch(view)
    if found is None:
        return []
    place, (width, height) = found.groups()[:3], map(int, found.groups()[3:])
    zoom, x, y = map(int, place) if place[0] else (world.base_zoom, *world.home)
    right, down = (metres_per_pixel(zoom) * side / 2 for side in (width, height))
    try:
        box = boxed(Bounds(x - right, y - down, x + right, y + down), zoom)
    except BadBounds:
        return []
    if box.size > MOST:
        return []
    middle = (box.left + box.right - 1) / 2, (box.top + box.bottom - 1) / 2
    return sorted(box.tiles(), key=lambda tile: math.dist(tile[1:], middle))


def seen(world: World, wanted: Sequence[Tile]) -> list[Seen]:
    """Those of the tiles that are painted. What cannot be read is for the map's script to hear of."""
    try:
        told = (Seen(tile, world.renderer.seen(tile)[0]) for tile in wanted)
        return [each for each in told if each.revision]
    except EarthError:
        return []


def preloads(world: World, shown: Sequence[Seen], root: str) -> str:
    """Elements by which a browser asks for tiles before a script does, by the very addresses that the map's
    layer writes. Coarser tiles it may ask for in twice the size."""
    return "".join(
        f'<link rel="preload" as="image" href="{root}worlds/{world.id}/tiles/{z}/{x}/{y}.webp'
        f'?v={world.stamp}.{revision}">'
        for (z, x, y), revision in shown
        if z >= world.base_zoom
    )
