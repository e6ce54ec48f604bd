"""A raster laid on a grid of square pixels of the plane."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window

from tiles.grid import EARTH, Bounds
from tiles.raster.opening import Raster, reworded
from tiles.raster.place import PLANE, RADIUS, Place

SIDE = 1024  # px of the squares that are warped at a time
MOST_READ = 2**23  # px that are warped into one square
LATTICE = 33  # points a side of a square whose places in the raster are computed
MARGIN = 4  # px read around a square: more than a cubic kernel needs


class Grid(NamedTuple):
    """Square pixels of the plane, counted from a corner."""

    west: float  # EPSG:3857 metres
    north: float
    metres: float  # a pixel
    width: int  # px
    height: int

    def part(self, left: int, top: int, width: int, height: int) -> Grid:
        """A rectangle of its pixels."""
        west, north = self.west + left * self.metres, self.north - top * self.metres
        return Grid(west, north, self.metres, width, height)


def parts(grid: Grid) -> Iterator[tuple[slice, slice, Grid]]:
    """Rows, columns and grid of each square of at most 1024 px."""
    for top in range(0, grid.height, SIDE):
        for left in range(0, grid.width, SIDE):
            width, height = min(SIDE, grid.width - left), min(SIDE, grid.height - top)
            yield slice(top, top + height), slice(left, left + width), grid.part(left, top, width, height)


def onto(raster: Raster, place: Place, grid: Grid) -> np.ndarray:
    """A raster's pixels on a grid, uint8 (height, width, 4), transparent where it has none.

    It is read in squares of 1024 px of the grid, each from at most about 8 million px of the raster, so that
    memory is that of the answer and 150 MiB more. Raises BadPicture.

    >>> with opened(Path("map.tif")) as raster:
    ...     onto(raster, find(raster.source), Grid(2226390, 669141, 611.5, 300, 200)).shape
    (200, 300, 4)
    """
    pixels = np.zeros((grid.height, grid.width, 4), np.uint8)
    for rows, columns, part in parts(grid):
        pixels[rows, columns] = _square(raster, place, part)
    return pixels


def _square(raster: Raster, place: Place, grid: Grid) -> np.ndarray:
    warped = np.zeros((4, grid.height, grid.width), np.uint8)
    window = _window(raster, place, grid)
    if window is None:
        return np.moveaxis(warped, 0, 2)
    shrink = max(1, int(grid.metres / place.metres + 1e-6))
    shrink = max(shrink, math.ceil(math.sqrt(window.width * window.height / MOST_READ)))
    pixels = np.ascontiguousarray(np.moveaxis(raster.read(window, shrink), 2, 0))
    finer = place.metres * shrink < grid.metres * (1 - 1e-6)
    source, target = _systems(place, grid, window, shrink)
    options = {"XSCALE": 1, "YSCALE": 1} if _turned(place) and not finer else {}
    with reworded():
        reproject(
            pixels, warped, **source, **target, **options, src_alpha=4, dst_alpha=4, init_dest_nodata=False,
            resampling=Resampling.average if finer else Resampling.cubic,
        )  # fmt: skip
    return np.moveaxis(warped, 0, 2)


def _window(raster: Raster, place: Place, grid: Grid) -> Window | None:
    """The pixels of a raster that a grid is made of; None if there are none."""
    across = np.linspace(grid.west, grid.west + grid.width * grid.metres, LATTICE)
    down = np.linspace(grid.north, grid.north - grid.height * grid.metres, LATTICE)
    x, y = (g.ravel() for g in np.meshgrid(across, down))
    columns, rows = place.pixels(x, y, (raster.width, raster.height))
    known = np.isfinite(columns) & np.isfinite(rows)
    if not known.any():
        return None
    spans = []
    for values, side in ((columns[known], raster.width), (rows[known], raster.height)):
        # A lattice sees the outline of a curve a little too small.
        margin = MARGIN * max(1.0, grid.metres / place.metres) + 0.02 * float(np.ptp(values))
        low = max(0, math.floor(min(float(values.min()), side) - margin))
        high = min(side, math.ceil(max(float(values.max()), 0) + margin))
        if low >= high:
            return None
        spans.append((low, high))
    (left, right), (top, bottom) = spans
    return Window(left, top, right - left, bottom - top)


def _systems(place: Place, grid: Grid, window: Window, shrink: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments of ``reproject`` for the window that was read, and for the grid.

    Both are moved to the middle of the grid, along the plane or along the equator: there no seam of a
    coordinate system is near, however far beyond 180 degrees a place lies.
    """
    middle = grid.west + grid.width * grid.metres / 2
    system = PLANE if place.literal else _mercator_around(middle)
    drop = grid.north if place.literal else 0.0
    target = {
        "dst_crs": system,
        "dst_transform": Affine(grid.metres, 0, grid.west - middle, 0, -grid.metres, grid.north - drop),
    }
    crs = PLANE if place.literal else place.crs
    moved = Affine.translation(-middle, -drop) if place.literal else Affine.identity()
    if place.affine is not None:
        corner = Affine.translation(window.col_off, window.row_off) * Affine.scale(shrink)
        return {"src_crs": crs, "src_transform": moved * place.affine * corner}, target
    points = []
    for point in place.gcps:
        column, row = (point.col - window.col_off) / shrink, (point.row - window.row_off) / shrink
        points.append(GroundControlPoint(row, column, *(moved * (point.x, point.y))))
    return {"src_crs": crs, "gcps": points}, target


def _turned(place: Place) -> bool:
    """Whether rows do not run from west to east: GDAL, which compares widths, would then blur."""
    affine = place.affine
    return affine is not None and abs(affine.b) + abs(affine.d) > 0.01 * (abs(affine.a) + abs(affine.e))


def _mercator_around(middle: float) -> str:
    """Web mercator with its origin at ``middle`` metres of the equator."""
    longitude = math.degrees(middle / RADIUS)
    return (
        f"+proj=merc +a={EARTH / 2 / math.pi} +b={EARTH / 2 / math.pi} +lat_ts=0 +lon_0={longitude:.12f}"
        " +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +wktext +no_defs"
    )


def unplaced(raster: Raster, metres: float, west: float = 0.0, north: float = 0.0) -> Place:
    """A place for a raster that names none: upright, its pixels ``metres`` wide, its corner as given."""
    return stretched(
        raster, Bounds(west, north - shown(raster)[1] * metres, west + shown(raster)[0] * metres, north)
    )


def stretched(raster: Raster, bounds: Bounds) -> Place:
    """A place for a raster that names none: upright and just as large as ``bounds`` (EPSG:3857 metres)."""
    width, height = shown(raster)
    across, down = (bounds.east - bounds.west) / width, (bounds.north - bounds.south) / height
    corner = Affine(across, 0, bounds.west, 0, -down, bounds.north)
    turned = upright(raster.orientation, raster.width, raster.height)
    return Place(PLANE, corner * turned, (), True, bounds, max(across, down))


def shown(raster: Raster) -> tuple[int, int]:
    """Width and height in px of a raster as it is meant to be seen."""
    size = raster.width, raster.height
    return size[::-1] if raster.orientation >= 5 else size


def upright(orientation: int, width: int, height: int) -> Affine:
    """From stored pixels to those of the picture as it is meant to be seen, by its EXIF orientation (1 to 8).

    >>> upright(6, 40, 30) * (0, 0)
    (30.0, 0.0)
    """
    w, h = width, height
    return {
        1: Affine(1, 0, 0, 0, 1, 0), 2: Affine(-1, 0, w, 0, 1, 0), 3: Affine(-1, 0, w, 0, -1, h),
        4: Affine(1, 0, 0, 0, -1, h), 5: Affine(0, 1, 0, 1, 0, 0), 6: Affine(0, -1, h, 1, 0, 0),
        7: Affine(0, -1, h, -1, 0, w), 8: Affine(0, 1, 0, -1, 0, w),
    }[orientation]  # fmt: skip
