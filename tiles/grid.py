"""Web-mercator tile addresses on a plane without an edge. Pure integers and metres.

Addresses are those of WebMercatorQuad (origin top left, y down), but x and y may be any signed
integer: inside the square every GIS tool understands them, beyond it the plane goes on.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from tiles.errors import BadAddress, BadBounds

TILE_PIXELS = 256
MAX_ZOOM = 22
MAX_INDEX = 9_999_999_999
EARTH = 2 * math.pi * 6378137.0  # metres around the equator: the side of the square
_NUMBER = re.compile(r"(?:0|-?[1-9][0-9]{0,9})")


class Bounds(NamedTuple):
    """A rectangle in EPSG:3857 metres."""

    west: float
    south: float
    east: float
    north: float


class Tile(NamedTuple):
    """The address of a tile, and of the cell of latents that it is made of."""

    z: int
    x: int
    y: int

    @property
    def bounds(self) -> Bounds:
        """Its rectangle in metres."""
        side = tile_metres(self.z)
        west, north = self.x * side - EARTH / 2, EARTH / 2 - self.y * side
        return Bounds(west, EARTH / 2 - (self.y + 1) * side, (self.x + 1) * side - EARTH / 2, north)

    @property
    def parent(self) -> Tile:
        """The tile one zoom coarser. Zoom 0 has none: ValueError."""
        if self.z == 0:
            raise ValueError("zoom 0 has no parent")
        return Tile(self.z - 1, self.x >> 1, self.y >> 1)

    def above(self, zoom: int) -> Tile:
        """The tile of a coarser (or the same) zoom that it lies in.

        >>> Tile(8, 130, -1).above(6)
        Tile(z=6, x=32, y=-1)
        """
        levels = self.z - zoom
        return Tile(zoom, self.x >> levels, self.y >> levels)

    @property
    def children(self) -> tuple[Tile, Tile, Tile, Tile]:
        """The four tiles one zoom deeper, row by row."""
        z, x, y = self.z + 1, 2 * self.x, 2 * self.y
        return Tile(z, x, y), Tile(z, x + 1, y), Tile(z, x, y + 1), Tile(z, x + 1, y + 1)


class Box(NamedTuple):
    """A rectangle of tiles of one zoom; right and bottom are one past the last."""

    zoom: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In tiles."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In tiles."""
        return self.bottom - self.top

    @property
    def size(self) -> int:
        """How many tiles it holds."""
        return self.width * self.height

    @property
    def bounds(self) -> Bounds:
        """Its rectangle in metres."""
        first, last = Tile(self.zoom, self.left, self.top), Tile(self.zoom, self.right - 1, self.bottom - 1)
        return Bounds(first.bounds.west, last.bounds.south, last.bounds.east, first.bounds.north)

    def holds(self, tile: Tile) -> bool:
        """Whether a tile of the same zoom lies in it."""
        z, x, y = tile
        return z == self.zoom and self.left <= x < self.right and self.top <= y < self.bottom

    def grown(self, by: int) -> Box:
        """With ``by`` tiles more on each side."""
        return Box(self.zoom, self.left - by, self.top - by, self.right + by, self.bottom + by)

    def at(self, zoom: int) -> Box:
        """The tiles of another zoom that it touches.

        >>> Box(8, 1, 1, 3, 2).at(7)
        Box(zoom=7, left=0, top=0, right=2, bottom=1)
        """
        levels = zoom - self.zoom
        if levels >= 0:
            return Box(zoom, *(side << levels for side in self[1:]))
        left, top = self.left >> -levels, self.top >> -levels
        return Box(zoom, left, top, -(-self.right >> -levels), -(-self.bottom >> -levels))

    def tiles(self) -> Iterator[Tile]:
        """Its tiles, row by row."""
        for y in range(self.top, self.bottom):
            for x in range(self.left, self.right):
                yield Tile(self.zoom, x, y)


def around(tile: Tile, by: int = 1) -> Box:
    """The tile and ``by`` tiles on each side.

    >>> around(Tile(8, 1, 1)).size
    9
    """
    return Box(tile.z, tile.x, tile.y, tile.x + 1, tile.y + 1).grown(by)


def parse_tile(z: str, x: str, y: str) -> Tile:
    """An address as it is written in a URL. Raises BadAddress.

    The grammar is strict where ``int`` is not: no sign but a minus, no leading zeros, no ``-0``,
    no underscores, spaces or digits of other scripts.

    >>> parse_tile("8", "-1", "127")
    Tile(z=8, x=-1, y=127)
    """
    for what, text in (("zoom", z), ("x", x), ("y", y)):
        if not _NUMBER.fullmatch(text):
            raise BadAddress(f"{what} {text[:20]!r}: it must be a whole number of up to 10 digits")
    zoom = int(z)
    if not 0 <= zoom <= MAX_ZOOM:
        raise BadAddress(f"zoom {zoom}: it must be 0 to {MAX_ZOOM}")
    return Tile(zoom, int(x), int(y))


def checked_tile(z: object, x: object, y: object) -> Tile:
    """An address from JSON, where only plain integers count. Raises BadAddress.

    >>> checked_tile(8, -1, 127)
    Tile(z=8, x=-1, y=127)
    """
    for value in (z, x, y):
        if type(value) is not int:
            raise BadAddress(f"tile address {str(value)[:20]!r}: it must be whole numbers")
    assert isinstance(z, int) and isinstance(x, int) and isinstance(y, int)
    if not 0 <= z <= MAX_ZOOM or max(abs(x), abs(y)) > MAX_INDEX:
        raise BadAddress(f"tile address: the zoom must be 0 to {MAX_ZOOM}, x and y at most {MAX_INDEX}")
    return Tile(z, x, y)


def tile_metres(zoom: int) -> float:
    """Side of a tile in metres of EPSG:3857.

    >>> round(tile_metres(8))
    156543
    """
    return EARTH / 2**zoom


def metres_per_pixel(zoom: float) -> float:
    """Metres per pixel of a zoom, at the equator.

    >>> round(metres_per_pixel(8), 1)
    611.5
    """
    return EARTH / TILE_PIXELS / 2**zoom


def metres_words(zoom: int) -> str:
    """Metres per pixel, for people.

    >>> metres_words(8), metres_words(19)
    ('611 m', '30 cm')
    """
    metres = metres_per_pixel(zoom)
    return f"{metres:,.0f} m" if metres >= 2 else f"{metres * 100:.0f} cm"


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Degrees of a point in metres, kept inside the square that other programs know.

    >>> lonlat(0.0, 0.0), lonlat(-1e9, 0.0)
    ((0.0, 0.0), (-180.0, 0.0))
    """
    radius = EARTH / (2 * math.pi)
    latitude = 2 * math.atan(math.exp(max(min(y / radius, math.pi), -math.pi))) - math.pi / 2
    return max(-180.0, min(180.0, math.degrees(x / radius))), math.degrees(latitude)


def tile_at(x: float, y: float, zoom: int) -> Tile:
    """The tile that holds a point in EPSG:3857 metres. Raises BadBounds if that is not finite or too far.

    >>> tile_at(10.0, 10.0, 8)
    Tile(z=8, x=128, y=127)
    """
    if not (math.isfinite(x) and math.isfinite(y)):
        raise BadBounds(f"{x}, {y} is not a place: both must be finite numbers of metres")
    side = tile_metres(zoom)
    column, row = math.floor((x + EARTH / 2) / side), math.floor((EARTH / 2 - y) / side)
    if max(abs(column), abs(row)) > MAX_INDEX:
        raise BadBounds(f"{x}, {y} is too far away: tile indices go up to {MAX_INDEX}")
    return Tile(zoom, column, row)


def boxed(bounds: Bounds, zoom: int) -> Box:
    """The tiles that ``bounds`` cover, touching edges left out. Raises BadBounds.

    >>> boxed(Tile(8, 3, 4).bounds, 8)
    Box(zoom=8, left=3, top=4, right=4, bottom=5)
    """
    if not 0 <= zoom <= MAX_ZOOM:
        raise BadBounds(f"zoom {zoom}: it must be 0 to {MAX_ZOOM}")
    if not all(math.isfinite(value) for value in bounds):
        raise BadBounds("bounds are four finite numbers of metres: west, south, east, north")
    if not (bounds.west < bounds.east and bounds.south < bounds.north):
        raise BadBounds("west must be less than east and south less than north")
    first = tile_at(bounds.west, bounds.north, zoom)
    tile_at(bounds.east, bounds.south, zoom)
    side = tile_metres(zoom)
    # A tolerance of a millionth of a tile: bounds computed from tiles must give those tiles back.
    right = math.ceil((bounds.east + EARTH / 2) / side - 1e-6)
    bottom = math.ceil((EARTH / 2 - bounds.south) / side - 1e-6)
    left = math.floor((bounds.west + EARTH / 2) / side + 1e-6)
    top = math.floor((EARTH / 2 - bounds.north) / side + 1e-6)
    return Box(zoom, left, top, max(right, first.x + 1), max(bottom, first.y + 1))


def parse_bounds(text: str) -> Bounds:
    """``west,south,east,north`` in metres. Raises BadBounds.

    >>> parse_bounds("0,-500,1000,0")
    Bounds(west=0.0, south=-500.0, east=1000.0, north=0.0)
    """
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BadBounds(f"bounds {text[:60]!r}: four numbers west,south,east,north are needed") from None
    return Bounds(west, south, east, north)


def inside_square(tile: Tile) -> bool:
    """Whether a tile lies inside the mercator square, the only one that other tools know.

    >>> inside_square(Tile(8, 255, 0)), inside_square(Tile(8, 256, 0))
    (True, False)
    """
    return 0 <= tile.x < 2**tile.z and 0 <= tile.y < 2**tile.z
