"""Rasters on the grid of the map: not moved by scale, squares, turns or files beside them."""

import math

import numpy as np
import pytest
from PIL import Image, ImageOps
from rasterio.transform import Affine, from_origin

from tests.places import COLOURS, WGS, check_degrees, close, placed, shown
from tests.rasters import fields, middles, saved, tiff
from tiles.raster.opening import opened
from tiles.raster.warp import Grid, onto, unplaced


def test_south_up_and_mirrored(tmp_path):
    southup = Affine(0.005, 0, 44, 0, 0.005, 4)
    check_degrees(tiff(tmp_path / "southup", fields()[::-1], southup, WGS), 44, 6)
    mirrored = Affine(-0.005, 0, 46, 0, -0.005, 6)
    check_degrees(tiff(tmp_path / "mirrored", fields()[:, ::-1], mirrored, WGS), 44, 6)


def test_on_its_side(tmp_path):
    """A transform that turns by 90 degrees."""
    turned = Affine(0, 0.005, 44, -0.005, 0, 6)  # columns go south, rows go east
    check_degrees(tiff(tmp_path / "raster", fields().transpose(1, 0, 2), turned, WGS), 44, 6)


def test_rotated(tmp_path):
    """Turned by 30 degrees around its corner; the middles of its fields are where the transform says."""
    turned = Affine.translation(1_000_000, 2_000_000) * Affine.rotation(30) * Affine.scale(500, -500)
    path = tiff(tmp_path / "raster", fields(), turned, "EPSG:3857")
    pixels, grid = shown(path)
    for (column, row), colour in zip(((100, 100), (300, 100), (100, 300), (300, 300)), COLOURS):
        x, y = turned * (column, row)
        at = pixels[int((grid.north - y) / grid.metres), int((x - grid.west) / grid.metres)]
        close(at, (*colour, 255))
    assert pixels[2, 2, 3] == 0


def test_far_beyond_the_square_the_plane_goes_on(tmp_path):
    """Web mercator itself has no edge here: exports of far places come back to their place."""
    for west, north in ((1e8, -3e8), (-2.1e7, 2.2e7), (9e11, 0)):
        place = from_origin(west, north, 611.5, 611.5)
        pixels, grid = shown(tiff(tmp_path / "raster", fields(), place, "EPSG:3857"))
        assert (grid.west, grid.north) == pytest.approx((west, north), abs=1)
        close(middles(pixels[..., :3]), COLOURS)


def test_squares_join_and_scale_does_not_move(tmp_path):
    """Warped in squares of 1024 px, at scales from enlarged to a hundredth, fields stay where they are."""
    pixels = fields(3000)
    path = tiff(tmp_path / "raster", pixels, from_origin(0, 0, 30, 30), "EPSG:3857", tiled=True)
    for metres in (22.5, 30, 45, 100, 611.5, 3000):
        with placed(path) as (raster, place):
            side = math.ceil(90_000 / metres)
            found = onto(raster, place, Grid(0, 0, metres, side, side))
        close(middles(found[..., :3]), COLOURS)
        edge = np.flatnonzero(np.abs(found[side // 4, :, 0].astype(int) - 110) < 40)
        assert abs(edge.mean() + 0.5 - 45_000 / metres) < 1.5 if edge.size else True
        assert (found[: side - 1, : side - 1, 3] == 255).all()
    with placed(path) as (raster, place):
        assert (onto(raster, place, Grid(0, 0, 30, 3000, 3000))[..., :3] == pixels).all()


def test_orientation_says_which_way_is_up(tmp_path):

    pixels = fields()[:, :300]
    for orientation in range(1, 9):
        for format in ("JPEG", "PNG", "TIFF", "WEBP"):
            exif = Image.Exif()
            exif[0x0112] = orientation
            more = {"tiffinfo": {274: orientation}} if format == "TIFF" else {"exif": exif}
            more |= {"quality": 95, "subsampling": 0} if format == "JPEG" else {"lossless": True}
            path = saved(tmp_path / "p", pixels, format, **more)
            with Image.open(path) as image:
                expected = np.array(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
            with opened(path) as raster:
                height, width = expected.shape[:2]
                found = onto(raster, unplaced(raster, 10), Grid(0, 0, 10, width, height))
            assert np.abs(found[..., :3] - expected).max() <= 3, (orientation, format)
            assert (found[..., 3] == 255).all()
