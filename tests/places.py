"""Where the fields of a raster are shown, by proj's own transformation of points."""

import math
from contextlib import contextmanager

import numpy as np
import pytest

from tests.rasters import NE, NW, SE, SW, middles
from tiles.grid import EARTH, metres_per_pixel
from tiles.raster.opening import opened
from tiles.raster.place import find
from tiles.raster.warp import Grid, onto

WGS = "EPSG:4326"
COLOURS = [NW, NE, SW, SE]
RADIUS = EARTH / 2 / math.pi


@contextmanager
def placed(path):
    with opened(path) as raster:
        yield raster, find(raster.source)


def shown(path, zoom=8):
    """The raster on the grid of a zoom: RGBA, and the grid."""
    with placed(path) as (raster, place):
        metres = metres_per_pixel(zoom)
        bounds = place.bounds
        width, height = (
            math.ceil((high - low) / metres)
            for low, high in ((bounds.west, bounds.east), (bounds.south, bounds.north))
        )
        grid = Grid(bounds.west, bounds.north, metres, width, height)
        return onto(raster, place, grid), grid


def mercator(lon, lat):
    return RADIUS * math.radians(lon), RADIUS * math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))


def close(found, expected):
    assert np.abs(np.array(found) - np.array(expected)).max() <= 15, found


def check_degrees(path, west, north, size=2.0):
    """The four fields where a square of degrees is."""
    pixels, grid = shown(path)
    left, top = mercator(west, north)
    right, bottom = mercator(west + size, north - size)
    assert (grid.west, grid.north) == pytest.approx((left, top), abs=1)
    assert grid.width * grid.metres == pytest.approx(right - left, abs=2 * grid.metres)
    assert grid.height * grid.metres == pytest.approx(top - bottom, abs=2 * grid.metres)
    close(middles(pixels[..., :3]), COLOURS)
    assert (pixels[2:-2, 2:-2, 3] == 255).all()
