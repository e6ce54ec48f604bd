"""The pixels of a region: a rectangle of the endless plane at one zoom. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tiles.errors import BadBounds
from tiles.grid import EARTH, TILE_PIXELS, Bounds, Box, Tile, boxed, inside_square, metres_per_pixel

# The lossless encoded tile, None where nothing is painted.
Read = Callable[[Tile], bytes | None]
# Called with a stage, what is done of it and how much it is in all, in tiles; may raise to stop the work.
Step = Callable[[str, int, int], None]
WRITING, FINISHING = "writing", "finishing"  # the stages of a mosaic


class Area(NamedTuple):
    """Pixels of one zoom, counted from the top left corner of the mercator square, so they may be
    negative; right and bottom are one past the last."""

    zoom: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def box(self) -> Box:
        """The tiles that hold these pixels."""
        side = TILE_PIXELS
        right, bottom = -(-self.right // side), -(-self.bottom // side)
        return Box(self.zoom, self.left // side, self.top // side, right, bottom)

    @property
    def tiled(self) -> Area:
        """The area grown to whole tiles."""
        return Area(self.zoom, *(side * TILE_PIXELS for side in self.box[1:]))

    @property
    def bounds(self) -> Bounds:
        """EPSG:3857 metres of the pixels' outer edges."""
        metres = metres_per_pixel(self.zoom)
        west, east = (x * metres - EARTH / 2 for x in (self.left, self.right))
        south, north = (EARTH / 2 - y * metres for y in (self.bottom, self.top))
        return Bounds(west, south, east, north)


class About(NamedTuple):
    """Where a mosaic comes from: for its tags, text or metadata."""

    world: str  # id
    name: str
    prompt: str
    seed: int
    model: str
    licence: str
    software: str

    def tags(self) -> dict[str, str]:
        """As tags of a TIFF or text of a PNG."""
        return {
            "TIFFTAG_SOFTWARE": self.software,
            "TIFFTAG_IMAGEDESCRIPTION": f"{self.name}: imaginary land, painted by {self.model}",
            "TIFFTAG_COPYRIGHT": self.licence,
            "WORLD": self.world,
            "NAME": self.name,
            "PROMPT": self.prompt,
            "SEED": str(self.seed),
            "MODEL": self.model,
            "LICENCE": self.licence,
        }


def area(bounds: Bounds, zoom: int) -> Area:
    """The pixels of a zoom (0 to 22) that ``bounds`` (EPSG:3857 metres) touch; at least one by one.

    Raises BadBounds if the zoom or a number is out of range, or if the sides are in the wrong order.

    >>> area(Bounds(0, 0, 1000, 1000), 8)
    Area(zoom=8, left=32768, top=32766, right=32770, bottom=32768)
    """
    boxed(bounds, zoom)
    metres = metres_per_pixel(zoom)
    # A tolerance of a thousandth of a pixel: bounds computed from pixels must give those pixels back.
    left, top = (math.floor(v / metres + 1e-3) for v in (bounds.west + EARTH / 2, EARTH / 2 - bounds.north))
    right, bottom = (
        math.ceil(v / metres - 1e-3) for v in (bounds.east + EARTH / 2, EARTH / 2 - bounds.south)
    )
    return Area(zoom, left, top, max(right, left + 1), max(bottom, top + 1))


def pyramid(area: Area) -> list[Box]:
    """The tiles of an area at its zoom and at every coarser one, the coarsest first.

    >>> pyramid(Area(1, 0, 0, 512, 256))
    [Box(zoom=0, left=0, top=0, right=1, bottom=1), Box(zoom=1, left=0, top=0, right=2, bottom=1)]
    """
    return [area.box.at(zoom) for zoom in range(area.zoom + 1)]


def upwards(area: Area) -> Iterator[Tile]:
    """The tiles of the pyramid, each right after its children.

    >>> [tile.z for tile in upwards(Area(1, 0, 0, 512, 256))]
    [1, 1, 0]
    """
    boxes = pyramid(area)

    def below(tile: Tile) -> Iterator[Tile]:
        if tile.z < area.zoom:
            for child in tile.children:
                if boxes[child.z].holds(child):
                    yield from below(child)
        yield tile

    for tile in boxes[0].tiles():
        yield from below(tile)


def require_square(area: Area) -> None:
    """Raises BadBounds if an area reaches beyond the mercator square, where other tools have no tiles.

    >>> require_square(Area(8, 0, 0, 256, 256))  # raises nothing
    """
    box = area.box
    corners = (Tile(box.zoom, box.left, box.top), Tile(box.zoom, box.right - 1, box.bottom - 1))
    if not all(inside_square(tile) for tile in corners):
        raise BadBounds(
            "this region reaches beyond the mercator square, where MBTiles and PMTiles have no tiles;"
            " choose cog, png or xyz",
            "export-beyond-square",
        )


def lonlat(bounds: Bounds) -> tuple[float, float, float, float]:
    """West, south, east, north in degrees of ``bounds`` in EPSG:3857 metres, inside the square.

    >>> lonlat(Bounds(0, 0, EARTH / 4, EARTH / 4))
    (0.0, 0.0, 90.0, 66.51326044311185)
    """
    radius = EARTH / 2 / math.pi

    def latitude(y: float) -> float:
        return math.degrees(2 * math.atan(math.exp(y / radius)) - math.pi / 2)

    west, east = (math.degrees(x / radius) for x in (bounds.west, bounds.east))
    return west, latitude(bounds.south), east, latitude(bounds.north)
