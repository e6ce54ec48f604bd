"""What an export will be: pixels, tiles, bytes and seconds, from what is painted and cached already."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from explorer.worlds.world import World
from tiles.errors import BadSetting
from tiles.grid import MAX_INDEX, Bounds, Box, Tile
from tiles.mosaic import archive
from tiles.mosaic.area import Area, area, pyramid
from tiles.mosaic.formats import FORMATS, Format

TILE_BYTES = 60_000  # of a lossless tile, before any of the world is known
CELL_BYTES = 9_000  # of a painted cell, in its world's file
PAINT_SECONDS = 0.15  # of a tile, before any was painted here


class ExportRequest(NamedTuple):
    """An export that was asked for."""

    bounds: Bounds  # EPSG:3857 metres
    zoom: int
    format: str
    paint_missing: bool = True


class Estimate(NamedTuple):
    """What an export will be."""

    width: int  # px
    height: int
    tiles: int  # that are read
    base_tiles: int  # painted ones that it is made of
    unpainted: int  # of those
    bytes: int
    seconds: float


class Pace:
    """How long tiles took lately, for any number of threads."""

    def __init__(self, guess: float) -> None:
        self._guess, self._last = guess, deque[float](maxlen=100)

    def note(self, seconds: float) -> None:
        self._last.append(seconds)

    @property
    def seconds(self) -> float:
        last = list(self._last)
        return sum(last) / len(last) if last else self._guess


DECODED, AVERAGED, ENLARGED = Pace(0.1), Pace(0.03), Pace(0.02)  # by how a tile comes about


def pace(world: World, zoom: int) -> Pace:
    """That of tiles of a zoom."""
    tile = Tile(zoom, 0, 0)
    if world.pyramid.is_overview(tile):
        return AVERAGED
    return ENLARGED if world.pyramid.enlarged(tile) else DECODED


def checked(request: ExportRequest) -> tuple[Area, Format]:
    """The pixels and the format that are asked for. Raises BadSetting, BadBounds."""
    if request.format not in FORMATS:
        raise BadSetting(f"format {request.format[:20]!r} is unknown; known are {', '.join(FORMATS)}")
    return area(request.bounds, request.zoom), FORMATS[request.format]


def estimate(world: World, request: ExportRequest, seconds_per_tile: float | None = None) -> Estimate:
    """Pixels, tiles, bytes and seconds of an export. ``seconds_per_tile`` is how fast tiles were painted
    lately. Raises BadSetting, BadBounds."""
    region, format = checked(request)
    tiles, box = count(region, format), painted_box(world, region)
    unpainted = missing(world, box)
    share = 1.0 if request.paint_missing else 1 - unpainted / box.size
    cut = 1.0 if format.pyramid else region.width * region.height / (region.box.size * 256**2)
    size = tiles * (world.renderer.mean_bytes("png") or TILE_BYTES) * share * cut * format.weight
    seconds = share * write_seconds(world, region, format)
    if unpainted and request.paint_missing:
        seconds += windows_to_paint(world, region) * (seconds_per_tile or PAINT_SECONDS)
    return Estimate(region.width, region.height, tiles, box.size, unpainted, int(size), seconds)


def count(region: Area, format: Format) -> int:
    """How many tiles a mosaic is made of."""
    return archive.count(region) if format.pyramid else region.box.size


def painted_box(world: World, region: Area) -> Box:
    """The painted tiles that an area is made of: of its own zoom, where that is a level, else base tiles
    under it or tiles over it."""
    return world.pyramid.under(region.box)


def missing(world: World, box: Box) -> int:
    """How many tiles of a box of a painted level are not painted."""
    return box.size - world.canvas.painted_in(box)


def windows_to_paint(world: World, region: Area) -> float:
    """About how many windows: tiles, those that their edges and phases need, those that they are refined
    from, and the sketch."""
    apart, box = world.pyramid.sketch, painted_box(world, region)
    levels = [box.at(zoom) for zoom in range(world.pyramid.base, box.zoom)]
    coarse = missing(world, [*levels, box][0].grown(2)) / 4**apart if apart else 0
    return missing(world, box.grown(1)) + sum(missing(world, each.grown(2)) for each in levels) + coarse


def write_seconds(world: World, region: Area, format: Format) -> float:
    """Of a mosaic of painted land."""
    return _decode_seconds(world, region, format) + count(region, format) * format.seconds


def _decode_seconds(world: World, region: Area, format: Format) -> float:
    """Of the tiles that will be decoded or made of others, and not just be taken from the cache."""
    coarsest = 0 if format.pyramid else region.zoom
    boxes = {box.zoom: box for box in pyramid(region)[coarsest:]}
    for zoom in (painted_box(world, region).zoom, *range(region.zoom, world.pyramid.base)):
        boxes[zoom] = region.box.at(zoom)
    here = (
        max(0, box.size - world.renderer.cached_in(box, "png")) * pace(world, zoom).seconds
        for zoom, box in boxes.items()
    )
    elsewhere = _undecoded_elsewhere(world, region) if format.pyramid else 0
    return sum(here) + elsewhere * DECODED.seconds


def _undecoded_elsewhere(world: World, region: Area) -> int:
    """Painted tiles outside the area: the coarsest overviews show them too."""
    renderer = world.renderer
    if all(renderer.cached(root, "png") for root in pyramid(region)[0].tiles()):
        return 0
    base, end = region.box.at(world.pyramid.base), MAX_INDEX + 1
    first = base.zoom - 1  # four cells under each of its overviews
    made = renderer.cached_in(Box(first, -end, -end, end, end), "png")
    elsewhere = world.canvas.count(base.zoom) - world.canvas.painted_in(base)
    return max(0, elsewhere - 4 * (made - renderer.cached_in(base.at(first), "png")))


def room(world: World, request: ExportRequest, guess: Estimate) -> int:
    """Bytes of disk for the file while it is written, for new land, and for pixels that are cached."""
    land = guess.unpainted * CELL_BYTES if request.paint_missing else 0
    cached = min(guess.bytes, world.renderer.cache_room())
    return int(guess.bytes * FORMATS[request.format].room) + land + cached
