"""One raster: Cloud-Optimised GeoTIFF, or PNG with a world file. Rows are streamed."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, WktVersion
from rasterio.transform import from_bounds
from rasterio.windows import Window
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

from tiles.grid import TILE_PIXELS, Tile
from tiles.mosaic.area import About, Area, Read, Step

BLOCK = 512
GDAL = {
    "GDAL_CACHEMAX": 64,  # MiB; by default it takes a twentieth of the machine
    "GDAL_TIFF_INTERNAL_MASK": True,
    "GDAL_NUM_THREADS": 2,
    "GDAL_PAM_ENABLED": False,  # no .aux.xml beside a file
    "CHECK_DISK_FREE_SPACE": False,
}
DONE = {"compress": "DEFLATE", "predictor": 2}


def write_cog(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """Cloud-Optimised GeoTIFF, EPSG:3857, deflated, tiled, with overviews.

    Unpainted land is nodata by an internal mask, which ``whole`` says there is none of.
    """
    with _sheet(path, area, whole, read, step) as sheet, rasterio.open(sheet) as source:
        profile = {**cog_profiles.get("deflate"), "predictor": 2, "bigtiff": "IF_SAFER"}
        cog_translate(
            source,
            path,
            profile,
            indexes=(1, 2, 3),
            add_mask=not whole,
            overview_resampling="average",
            in_memory=False,
            config=GDAL,
            additional_cog_metadata=about.tags(),
            quiet=True,
            progress_out=sys.stderr,
        )


def write_png(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """PNG, with a world file (.pgw) and its coordinate system (.prj) beside it.

    Unpainted land is transparent.
    """
    with _sheet(path, area, whole, read, step) as sheet, rasterio.Env(**GDAL):
        rasterio.shutil.copy(sheet, path, driver="PNG", WORLDFILE="YES", ZLEVEL=6)
    path.with_suffix(".wld").replace(path.with_suffix(".pgw"))
    path.with_suffix(".prj").write_text(CRS.from_epsg(3857).to_wkt(version=WktVersion.WKT1_ESRI))


@contextmanager
def _sheet(path: Path, area: Area, whole: bool, read: Read, step: Step) -> Iterator[Path]:
    """All pixels in a tiled GeoTIFF beside ``path``, RGB, or RGBA where some are unpainted."""
    bands = 3 if whole else 4
    sheet = path.with_name(f"{path.name}.sheet")
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": bands, "width": area.width, "height": area.height,
        "crs": "EPSG:3857", "transform": from_bounds(*area.bounds, area.width, area.height),
        "tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "interleave": "pixel",
        "compress": "DEFLATE", "zlevel": 1, "predictor": 2, "bigtiff": "IF_SAFER", "photometric": "RGB",
    }  # fmt: skip
    try:
        with rasterio.Env(**GDAL), rasterio.open(sheet, "w", **profile) as target:
            if not whole:
                target.colorinterp = [*target.colorinterp[:3], ColorInterp.alpha]
            for strip, top in strips(area, bands, read, step):
                window = Window(0, top - area.top, area.width, strip.shape[1])
                target.write(strip, window=window)
        yield sheet
    finally:
        sheet.unlink(missing_ok=True)


def strips(area: Area, bands: int, read: Read, step: Step) -> Iterator[tuple[np.ndarray, int]]:
    """The area from top to bottom, one row of tiles at a time: uint8 (bands, h, width), and the
    topmost pixel row of each."""
    for row in range(area.box.top, area.box.bottom):
        yield _strip(area, row, bands, read, step)


def _strip(area: Area, row: int, bands: int, read: Read, step: Step) -> tuple[np.ndarray, int]:
    """The part of an area in one row of tiles, uint8 (bands, h, width), and its topmost pixel row."""
    side = TILE_PIXELS
    top, bottom = max(area.top, row * side), min(area.bottom, (row + 1) * side)
    strip = np.zeros((bottom - top, area.width, bands), np.uint8)
    for column in range(area.box.left, area.box.right):
        data = read(Tile(area.zoom, column, row))
        if data is not None:
            left, right = max(area.left, column * side), min(area.right, (column + 1) * side)
            pixels = _pixels(data, bands)
            part = pixels[
                top - row * side : bottom - row * side, left - column * side : right - column * side
            ]
            strip[:, left - area.left : right - area.left] = part
        step(1)
    return strip.transpose(2, 0, 1), top


def _pixels(data: bytes, bands: int) -> np.ndarray:
    """uint8 (256, 256, bands)."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB" if bands == 3 else "RGBA"))
