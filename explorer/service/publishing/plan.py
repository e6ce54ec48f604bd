"""Which tiles a published world has, and which archive each of them goes into.

PMTiles know addresses inside the mercator square only. Our plane goes on beyond it, so each square of the
plane (a tile of zoom 0) gets an archive of its own, in which addresses are counted from that square's corner.
The archive of the Earth's own square has the addresses that other programs expect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pmtiles.tile import zxy_to_tileid

from explorer.worlds.world import World
from tiles.errors import BadBounds, BadSetting
from tiles.grid import EARTH, MAX_INDEX, MAX_ZOOM, Bounds, Box, Tile, boxed

ZOOMS = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


class Square(NamedTuple):
    """A tile of zoom 0: columns and rows of squares away from the Earth's own."""

    x: int
    y: int

    @property
    def name(self) -> str:
        """That of its archive, without a suffix."""
        return f"{self.x}_{self.y}"

    def own(self, tile: Tile) -> Tile:
        """A tile of this square as its archive addresses it.

        >>> Square(-1, 0).own(Tile(3, -1, 2))
        Tile(z=3, x=7, y=2)
        """
        return Tile(tile.z, tile.x - (self.x << tile.z), tile.y - (self.y << tile.z))

    def moved(self, bounds: Bounds) -> Bounds:
        """Metres on the plane as metres of the Earth's own square, where its archive lies."""
        west, south, east, north = bounds
        x, y = self.x * EARTH, -self.y * EARTH
        return Bounds(west - x, south - y, east - x, north - y)


class Wanted(NamedTuple):
    """What of a world is to be published."""

    bounds: Bounds | None  # EPSG:3857 metres; None: wherever something is painted
    zooms: tuple[int, int] | None  # the first and the last; None: from 0 to the deepest painted one
    format: str = "webp"


class Plan(NamedTuple):
    """The tiles of a published world."""

    lowest: int  # zoom
    deepest: int
    tiles: dict[Square, list[Tile]]  # on the plane, each overview after the tiles that it is the mean of
    bounds: Bounds  # metres around the land

    @property
    def size(self) -> int:
        """How many tiles there are."""
        return sum(map(len, self.tiles.values()))


def parse_zooms(text: str) -> tuple[int, int] | None:
    """``0-10``, or ``10`` for all zooms down to it; None for an empty text. Raises BadSetting.

    >>> parse_zooms("6-9"), parse_zooms("9")
    ((6, 9), (0, 9))
    """
    if not text:
        return None
    found = ZOOMS.fullmatch(text.strip())
    first, last = (0, found[1]) if found and not found[2] else (found[1], found[2]) if found else (1, 0)
    if not int(first) <= int(last) <= MAX_ZOOM:
        raise BadSetting(
            f"zoom {text[:20]!r}: two zooms of 0 to {MAX_ZOOM} are needed, as in 0-10,"
            " or one, for all zooms down to it"
        )
    return int(first), int(last)


def plan(world: World, wanted: Wanted) -> Plan:
    """The tiles to publish: only what is painted. Raises BadBounds where nothing is."""
    levels = [level.zoom for level in world.pyramid.levels if level.shown]
    painted = {zoom: cells for zoom in levels if (cells := _painted(world, zoom, wanted.bounds))}
    if not painted:
        where = "here" if wanted.bounds is None else "in these bounds"
        raise BadBounds(f"nothing is painted {where} yet, so there is nothing to publish")
    base = world.pyramid.base
    lowest, deepest = wanted.zooms or (0, max(painted))
    chosen = [cell for zoom in range(max(lowest, base), deepest + 1) for cell in painted.get(zoom, ())]
    for zoom in range(lowest, min(base, deepest + 1)):
        chosen += {cell.above(zoom) for cell in painted.get(base, ())}
    if not chosen:
        known = ", ".join(map(str, sorted(painted)))
        raise BadBounds(f"nothing is painted at zooms {lowest} to {deepest}; there is land at zoom {known}")
    tiles: dict[Square, list[Tile]] = {}
    for tile in sorted(chosen, key=_order):
        tiles.setdefault(_square(tile), []).append(tile)
    return Plan(lowest, max(tile.z for tile in chosen), tiles, around(painted.get(base) or chosen))


def ids(square: Square, tiles: Iterable[Tile]) -> Iterator[tuple[int, Tile]]:
    """The tiles of a square by their PMTiles ids, in rising order."""
    yield from sorted((zxy_to_tileid(*square.own(tile)), tile) for tile in tiles)


def _painted(world: World, zoom: int, bounds: Bounds | None) -> list[Tile]:
    end = MAX_INDEX + 1
    box = Box(zoom, -end, -end, end, end) if bounds is None else boxed(bounds, zoom)
    return [tile for tile, versions in world.store.versions(box).items() if versions.shown]


def _square(tile: Tile) -> Square:
    return Square(*tile.above(0)[1:])


def _order(tile: Tile) -> tuple[Square, int, int]:
    """Squares one by one; in each along a Hilbert curve, a tile right after all that lies in it."""
    square = _square(tile)
    first = (4**tile.z - 1) // 3  # the id of a zoom's first tile
    place = zxy_to_tileid(*square.own(tile)) - first
    return square, (place + 1) << 2 * (MAX_ZOOM - tile.z), -tile.z


def around(tiles: Iterable[Tile]) -> Bounds:
    """The rectangle around tiles, in metres."""
    each = [tile.bounds for tile in tiles]
    west, south = min(one.west for one in each), min(one.south for one in each)
    return Bounds(west, south, max(one.east for one in each), max(one.north for one in each))
