"""Pictures read as sheets of the map: place, size, colours and memory."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.transform import Affine, from_origin
from rasterio.warp import transform_bounds

from explorer.service import placing
from explorer.service.placing import Limits, Spot
from tests.pictures import LIMITS, NOWHERE, geotiff, smooth
from tests.rasters import NE, NW, SE, SW, degrees, fields, greys, middles, saved, tiff
from tiles.errors import BadPicture, Busy, TooLarge
from tiles.grid import EARTH, metres_per_pixel


def test_a_picture_lies_around_its_place_at_its_own_scale(tmp_path):
    pixels = smooth(200, 300)
    spot = Spot(1e5, -2e5)
    sheet = placing.read(saved(tmp_path / "p", pixels), spot, NOWHERE, 8, LIMITS)
    assert (sheet.pixels == pixels).all() and sheet.mask.all()
    metres = metres_per_pixel(8)
    assert (sheet.left + 150) * metres - EARTH / 2 == pytest.approx(1e5, abs=metres)
    assert EARTH / 2 - (sheet.top + 100) * metres == pytest.approx(-2e5, abs=metres)
    finer = placing.read(tmp_path / "p", spot._replace(zoom=9), NOWHERE, 8, LIMITS)
    assert finer.mask.shape == (100, 150)
    coarser = placing.read(tmp_path / "p", spot._replace(zoom=7), NOWHERE, 8, LIMITS)
    assert coarser.mask.shape == (400, 600)
    between = placing.read(tmp_path / "p", spot._replace(zoom=7.5), NOWHERE, 8, LIMITS)
    assert between.mask.shape == (283, 424)
    assert (between.left + 212) * metres - EARTH / 2 == pytest.approx(1e5, abs=metres)
    for zoom in (float("nan"), float("inf"), 22.5, -1e-9):
        for look in (placing.read, placing.footprint):
            with pytest.raises(BadPicture, match="it must be 0 to 22"):
                look(tmp_path / "p", spot._replace(zoom=zoom), NOWHERE, 8, LIMITS)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP"])
def test_formats_are_told_by_what_is_in_them(format, tmp_path):
    pixels = smooth(128, 128)
    sheet = placing.read(saved(tmp_path / "photo.txt", pixels, format), Spot(0, 0), NOWHERE, 8, LIMITS)
    assert np.abs(sheet.pixels.astype(int) - pixels).mean() < 3


def test_a_turned_photo_is_turned_upright_and_holes_stay_holes(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = smooth(100, 160)
    saved(tmp_path / "turned", pixels, "JPEG", exif=exif)
    assert placing.read(tmp_path / "turned", Spot(0, 0), NOWHERE, 8, LIMITS).mask.shape == (160, 100)
    holed = np.dstack([pixels, np.full((100, 160), 255, np.uint8)])
    holed[:, :70, 3] = 0
    sheet = placing.read(saved(tmp_path / "holed", holed), Spot(0, 0), NOWHERE, 8, LIMITS)
    assert sheet.mask.shape == (100, 90) and sheet.mask.all()  # cut to where it is
    holed[40:60, 100:120, 3] = 0
    sheet = placing.read(saved(tmp_path / "holed", holed), Spot(0, 0), NOWHERE, 8, LIMITS)
    assert not sheet.mask[40:60, 30:50].any() and sheet.mask.sum() == 100 * 90 - 400


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:32633", "EPSG:4326"])
def test_a_geotiff_goes_to_its_own_place(crs, tmp_path):
    """The reference is rasterio's own warp of its corner points."""
    there = (1_600_000, 5_900_000, 1_800_000, 6_050_000)
    bounds = transform_bounds("EPSG:3857", crs, *there)
    pixels = smooth(300, 400)
    sheet = placing.read(geotiff(tmp_path / "g", pixels, crs, bounds), Spot(0, 0), NOWHERE, 8, LIMITS)
    metres = metres_per_pixel(8)
    covered = transform_bounds(crs, "EPSG:3857", *bounds)
    assert sheet.left == pytest.approx((covered[0] + EARTH / 2) / metres, abs=2)
    assert sheet.top == pytest.approx((EARTH / 2 - covered[3]) / metres, abs=2)
    assert sheet.mask.shape[1] == pytest.approx((covered[2] - covered[0]) / metres, abs=3)
    if crs == "EPSG:3857":
        small = np.array(Image.fromarray(pixels).resize(sheet.mask.shape[::-1], Image.Resampling.BOX))
        assert np.abs(small.astype(int) - sheet.pixels)[sheet.mask].mean() < 6


def test_bands_of_wider_numbers_nodata_and_a_tiff_without_a_place(tmp_path):
    there = (0, 0, 200_000, 150_000)
    wide = (smooth(300, 400)[..., :1].astype(np.uint16) * 40) + 100
    wide[:150] = 0
    sheet = placing.read(
        geotiff(tmp_path / "g", wide, "EPSG:3857", there, nodata=0), Spot(0, 0), NOWHERE, 8, LIMITS
    )
    assert sheet.mask.shape[0] == pytest.approx(75_000 / metres_per_pixel(8), abs=2)
    assert sheet.pixels.min() < 30 and sheet.pixels.max() > 225 and (np.ptp(sheet.pixels, axis=2) == 0).all()
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        geotiff(tmp_path / "bare", smooth(64, 64), None, None)
    bare = placing.read(tmp_path / "bare", Spot(5e5, 5e5), NOWHERE, 8, LIMITS)
    assert (
        bare.mask.shape == (64, 64) and abs((bare.left + 32) * metres_per_pixel(8) - EARTH / 2 - 5e5) < 1000
    )


def test_geotiffs_that_do_not_fit_are_refused(tmp_path):
    everywhere = (-1.9e7, -1.9e7, 1.9e7, 1.9e7)
    with pytest.raises(TooLarge, match="tiles"):
        placing.read(
            geotiff(tmp_path / "g", smooth(64, 64), "EPSG:3857", everywhere), Spot(0, 0), NOWHERE, 8, LIMITS
        )
    empty = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(BadPicture, match="transparent or nodata"):
        placing.read(
            geotiff(tmp_path / "n", empty, "EPSG:3857", (0, 0, 1e5, 1e5), nodata=0),
            Spot(0, 0),
            NOWHERE,
            8,
            LIMITS,
        )
    pole = CRS.from_proj4("+proj=ortho +lat_0=90 +lon_0=0")
    with pytest.raises((BadPicture, TooLarge)):
        placing.read(
            geotiff(tmp_path / "o", smooth(64, 64), pole, (-9e6, -9e6, 9e6, 9e6)),
            Spot(0, 0),
            NOWHERE,
            8,
            LIMITS,
        )


# Pictures as people have them, each with what it must become at zoom 8: colours, place, size.
FIELDS = [NW, NE, SW, SE]


def test_what_gis_people_drop_lies_where_it_says_in_its_colours(tmp_path):
    """x and y in metres of web mercator, computed from the degrees; two pixels of 611 m at most off."""
    palette = {index: (*colour, 255) for index, colour in enumerate(FIELDS)}
    index = fields(colours=[(i,) * 3 for i in range(4)])[..., 0]
    near_infrared = np.dstack([fields(), np.full((400, 400), 40, np.uint8)])
    corners = [(0, 0, 28, 6), (0, 400, 30, 6), (400, 0, 28, 4), (400, 400, 30, 4)]
    points = [GroundControlPoint(row, col, x, y) for row, col, x, y in corners]
    wgs, plain = "EPSG:4326", {"photometric": "MINISBLACK", "alpha": "NO"}
    bgr = {**plain, "interp": [ColorInterp.blue, ColorInterp.green, ColorInterp.red]}
    for name, pixels, said, bounds in (
        ("palette", index, {"transform": degrees(42, 12), "crs": wgs, "colormap": palette, "photometric": "palette"},
         (4675418.6, 1118889.97, 4898057.6, 1345708.4)),
        ("rgbn", near_infrared, {"transform": degrees(50, 12), "crs": wgs},
         (5565974.5, 1118889.97, 5788613.5, 1345708.4)),
        ("southup", fields()[::-1], {"transform": Affine(0.005, 0, 44, 0, 0.005, 4), "crs": wgs},
         (4898057.6, 445640.1, 5120696.6, 669141.1)),
        ("gcps", fields(), {"gcps": (points, CRS.from_epsg(4326))}, (3116945.7, 445640.1, 3339584.7, 669141.1)),
        ("fiji", fields(), {"transform": degrees(179, -16), "crs": wgs},
         (19926188.9, -2037548.5, 20148827.8, -1804722.8)),
        ("bgr", fields()[..., ::-1], {"transform": degrees(20, 6), "crs": wgs, **bgr},
         (2226389.8, 445640.1, 2449028.8, 669141.1)),
    ):  # fmt: skip
        path = tiff(tmp_path / name, pixels, **said)
        sheet = placing.read(path, Spot(), NOWHERE, 8, LIMITS)
        assert middles(sheet.pixels) == FIELDS and sheet.mask.all(), name
        metres, (height, width) = metres_per_pixel(8), sheet.mask.shape
        west, north = sheet.left * metres - EARTH / 2, EARTH / 2 - sheet.top * metres
        found = (west, north - height * metres, west + width * metres, north)
        assert found == pytest.approx(bounds, abs=2 * metres), name
        assert sheet.box(8).size <= 9


def test_a_picture_at_the_pole_is_cut_where_the_map_ends(tmp_path):
    path = tiff(tmp_path / "pole", fields(), from_origin(20, 90, 0.01, 0.025), "EPSG:4326")
    sheet = placing.read(path, Spot(), NOWHERE, 8, Limits(10**7, 256))
    assert sheet.top == 0 and sheet.box(8).height == 29 and sheet.box(8).width <= 4
    assert any("beyond 85.05 degrees is left out" in note.words for note in sheet.notes)
    around = tiff(tmp_path / "around", fields(), from_origin(-2e6, 2e6, 1e4, 1e4), "EPSG:3413")
    with pytest.raises(TooLarge, match=r"tiles; 64 are allowed; it holds the north pole"):
        placing.read(around, Spot(), NOWHERE, 8, LIMITS)


def test_sixteen_bits_of_grey_are_greys(tmp_path):
    path = saved(tmp_path / "gray16", greys().astype(np.uint16) * 257)
    sheet = placing.read(path, Spot(0, 0), NOWHERE, 8, LIMITS)
    assert [colour[0] for colour in middles(sheet.pixels)] == [70, 120, 80, 185]


def test_what_says_its_place_wrongly_is_put_nowhere(tmp_path):
    """Neither at the world's home nor where the map happens to be."""
    path = tiff(tmp_path / "half", fields(), degrees(20, 6))
    for spot in (Spot(), Spot(1e6, 2e6)):
        with pytest.raises(BadPicture, match=r"which coordinate system.*gdal_translate.*PROFILE=BASELINE"):
            placing.read(path, spot, NOWHERE, 8, LIMITS)
    with pytest.raises(BadPicture, match="both x and y"):
        placing.read(path, Spot(x=1e6), NOWHERE, 8, LIMITS)


def test_a_picture_without_a_place_goes_home(tmp_path):
    path = saved(tmp_path / "plain", fields())
    sheet = placing.read(path, Spot(), (1e6, 2e6), 8, LIMITS)
    assert sheet.left + 200 == round((1e6 + EARTH / 2) / metres_per_pixel(8)) and sheet.notes == ()


def test_one_picture_is_read_at_a_time(tmp_path, monkeypatch):
    path, inside, most = saved(tmp_path / "plain", fields()), [], []
    onto = placing.onto

    def watched(*of):
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        try:
            return onto(*of)
        finally:
            inside.pop()

    monkeypatch.setattr(placing, "onto", watched)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: placing.read(path, Spot(), NOWHERE, 8, LIMITS), range(4)))
    assert most == [1] * 4
    monkeypatch.setattr(placing, "PATIENCE", 0.01)
    with ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(placing.read, path, Spot(), NOWHERE, 8, LIMITS) for _ in range(4)]
        errors = [type(job.exception()) for job in jobs]
    assert Busy in errors and type(None) in errors


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux")
@pytest.mark.parametrize(
    "make",
    [
        lambda p: tiff(p, np.zeros((9_900, 9_900), np.uint8), from_origin(0, 0, 20, 20), "EPSG:3857", compress="DEFLATE"),
        lambda p: tiff(p, np.zeros((9_900, 9_900), np.float32), from_origin(0, 0, 20, 20), "EPSG:3857",
                       compress="DEFLATE", tiled=True),
        lambda p: saved(p, np.zeros((9_900, 9_900, 3), np.uint8), "JPEG"),
        lambda p: saved(p, np.zeros((9_900, 9_900, 3), np.uint8), "PNG"),
    ],
    ids=["bytes", "floats", "jpeg", "png"],
)  # fmt: skip
def test_memory_stays_below_what_is_stated(make, tmp_path):
    """98 million pixels in a file of some kilobytes; measured in a process of its own."""
    path = make(tmp_path / "large")
    code = f"""
import pathlib
from explorer.service import placing

def peak():  # of this process alone, which ru_maxrss is not: it begins with that of its parent
    return int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

spot = placing.Spot(zoom=None if {path.read_bytes()[:2] == b"II"} else 12)
start = peak()
placing.read(pathlib.Path({str(path)!r}), spot, (0.0, 0.0), 8, placing.Limits(10**8, 256))
print((peak() - start) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 400, done.stdout
