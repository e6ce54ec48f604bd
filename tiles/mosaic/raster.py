"""Mosaics as one raster file: Cloud-Optimised GeoTIFF, or PNG with a world file. Tiles are streamed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, WktVersion
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.windows import Window
from rio_cogeo.cogeo import cog_validate

from tiles.errors import NotWritten
from tiles.grid import TILE_PIXELS, Box, Tile, metres_per_pixel
from tiles.mosaic.area import FINISHING, WRITING, About, Area, Read, Step

BLOCK = 512
ACROSS = 64  # tiles that are put together at a time: a strip of 16 MiB
MOST_SIDE = 65_535  # px of a PNG: wider ones few programs open, and its rows are held in memory
GDAL = {
    # In bytes: rasterio does not take small numbers for MiB, as GDAL alone does. One row of blocks of
    # the widest PNG must fit, or every block is inflated again for each of its lines.
    "GDAL_CACHEMAX": 96 * 2**20,
    "GDAL_TIFF_INTERNAL_MASK": True,
    "GDAL_NUM_THREADS": 2,
    "GDAL_PAM_ENABLED": False,  # no .aux.xml beside a file
    "CHECK_DISK_FREE_SPACE": False,
}
COG = {
    "driver": "COG", "BLOCKSIZE": BLOCK, "COMPRESS": "DEFLATE", "PREDICTOR": "STANDARD",
    "BIGTIFF": "IF_SAFER", "OVERVIEW_RESAMPLING": "AVERAGE", "NUM_THREADS": 2,
}  # fmt: skip
PNG = {"driver": "PNG", "WORLDFILE": "YES", "WRITE_METADATA_AS_TEXT": "YES", "ZLEVEL": 6}


def write_cog(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """Cloud-Optimised GeoTIFF, EPSG:3857, deflated, tiled, with overviews; read back and compared.

    Unpainted land is nodata in an internal mask; with ``whole`` everything is painted and there is no mask.
    Raises NotWritten if the file does not hold what was written.
    """
    sheet = path.with_name("sheet.tif")
    with rasterio.Env(**GDAL):
        digest = _draw(sheet, area, about, "rgb" if whole else "mask", read, step)
        # GDAL reads the sheet twice, for the overviews and for the copy; then the COG is read back.
        _copy(sheet, path, Share(area, step, 0, 2 / 3), 2, **COG)
        sheet.unlink()
        _verify(path, area, not whole, digest, Share(area, step, 2 / 3, 1))


def write_png(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """PNG; beside it a world file (.pgw) and its coordinate system for ArcGIS (.prj) and GDAL (.aux.xml).

    Its text says where it comes from. Unpainted land is transparent.
    """
    sheet = path.with_name("sheet.tif")
    with rasterio.Env(**GDAL):
        _draw(sheet, area, about, "rgb" if whole else "rgba", read, step)
        with rasterio.Env(GDAL_PAM_ENABLED=True):
            _copy(sheet, path, Share(area, step, 0, 1), 1, **PNG)
    path.with_suffix(".wld").replace(path.with_suffix(".pgw"))
    path.with_suffix(".prj").write_text(CRS.from_epsg(3857).to_wkt(version=WktVersion.WKT1_ESRI))


class Strip(NamedTuple):
    """A part of an area, no higher than a tile."""

    pixels: np.ndarray  # uint8 (bands, h, w)
    window: Window  # of the area


def strips(area: Area, bands: int, read: Read, step: Step) -> Iterator[Strip]:
    """The area row by row of tiles, from the left; a strip is at most 64 tiles wide.

    ``bands`` is 3 for RGB or 4 for RGBA, in which unpainted land is transparent.

    >>> sum(strip.pixels.shape[2] for strip in strips(Area(8, 0, 0, 600, 100), 3, read, step))
    600
    """
    done = 0

    def tile_done() -> None:
        nonlocal done
        done += 1
        step(WRITING, done, area.box.size)

    for box, window in _windows(area):
        pixels = np.zeros((window.height, window.width, bands), np.uint8)
        for tile in box.tiles():
            if (data := read(tile)) is not None:
                _paste(pixels, _pixels(data, bands), area, window, tile)
            tile_done()
        yield Strip(pixels.transpose(2, 0, 1), window)


def order(area: Area) -> Iterator[Tile]:
    """The area's tiles in the order in which strips read them.

    >>> [tile.x for tile in order(Area(8, 0, 0, 600, 100))]
    [0, 1, 2]
    """
    return (tile for box, _ in _windows(area) for tile in box.tiles())


def _windows(area: Area) -> Iterator[tuple[Box, Window]]:
    """The tiles of each strip, and which pixels of the area the strip holds."""
    box, side = area.box, TILE_PIXELS
    for row in range(box.top, box.bottom):
        top, bottom = max(area.top, row * side), min(area.bottom, (row + 1) * side)
        for first in range(box.left, box.right, ACROSS):
            last = min(first + ACROSS, box.right)
            left, right = max(area.left, first * side), min(area.right, last * side)
            window = Window(left - area.left, top - area.top, right - left, bottom - top)
            yield Box(box.zoom, first, row, last, row + 1), window


def _paste(strip: np.ndarray, pixels: np.ndarray, area: Area, window: Window, tile: Tile) -> None:
    """Copy the part of a tile that lies in a strip into the strip."""
    # The tile's top left corner, in px of the strip.
    y = tile.y * TILE_PIXELS - area.top - window.row_off
    x = tile.x * TILE_PIXELS - area.left - window.col_off
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + TILE_PIXELS, window.height), min(x + TILE_PIXELS, window.width)
    strip[top:bottom, left:right] = pixels[top - y : bottom - y, left - x : right - x]


class Share:
    """Progress within one part of the finishing stage, reported to ``step``, which may stop it."""

    def __init__(self, area: Area, step: Step, start: float, end: float) -> None:
        self.tiles, self.step, self.start, self.end = area.box.size, step, start, end
        self.stopped: BaseException | None = None

    def report(self, done: float) -> None:
        """``done`` from 0 to 1."""
        share = self.start + (self.end - self.start) * min(done, 1)
        self.step(FINISHING, round(share * self.tiles), self.tiles)

    def goes_on(self, done: float) -> bool:
        """Report, but raise nothing: GDAL calls this. False: stop."""
        if self.stopped is None:
            try:
                self.report(done)
            except BaseException as error:
                self.stopped = error
        return self.stopped is None


class Watched(io.FileIO):
    """A file that GDAL reads from. It reports the bytes read, and pretends to end once ``goes_on`` says no.

    One call of GDAL may take minutes, and this is the only way to follow or stop it.
    """

    def __init__(self, path: str, goes_on: Callable[[int], bool]) -> None:
        super().__init__(path)
        self.goes_on = goes_on

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        return data if self.goes_on(len(data)) else b""


def _draw(sheet: Path, area: Area, about: About, kind: str, read: Read, step: Step) -> bytes:
    """Write all pixels to a tiled GeoTIFF; returns their digest.

    ``kind`` is "rgb" if everything is painted; "mask" and "rgba" also say which pixels are.
    """
    bands, metres = 4 if kind == "rgba" else 3, metres_per_pixel(area.zoom)
    profile = {
        "driver": "GTiff", "dtype": "uint8", "count": bands, "width": area.width, "height": area.height,
        "crs": "EPSG:3857", "transform": from_origin(area.bounds.west, area.bounds.north, metres, metres),
        "tiled": True, "blockxsize": TILE_PIXELS, "blockysize": TILE_PIXELS, "interleave": "pixel",
        "compress": "DEFLATE", "zlevel": 1, "predictor": 2, "bigtiff": "IF_SAFER", "photometric": "RGB",
    }  # fmt: skip
    digest = hashlib.blake2b()
    with rasterio.open(sheet, "w", **profile) as target:
        target.update_tags(**about.tags())
        if kind == "rgba":
            target.colorinterp = [*target.colorinterp[:3], ColorInterp.alpha]
        for strip in strips(area, 3 if kind == "rgb" else 4, read, step):
            target.write(strip.pixels[:bands], window=strip.window)
            mask = np.where(strip.pixels[3:] > 0, 255, 0).astype(np.uint8)
            if kind == "mask":
                target.write_mask(mask[0], window=strip.window)
            digest.update(strip.pixels[:3].tobytes() + mask.tobytes())
    return digest.digest()


def _copy(sheet: Path, path: Path, share: Share, times: int, **options: Any) -> None:
    """Let GDAL convert a sheet, which it reads ``times`` times."""
    whole, seen = times * sheet.stat().st_size, 0

    def read(more: int) -> bool:
        nonlocal seen
        seen += more
        return share.goes_on(seen / whole)

    try:
        with rasterio.open(sheet, opener=lambda path, mode="rb", **rest: Watched(path, read)) as source:
            rasterio.shutil.copy(source, path, **options)
    except Exception as error:
        if share.stopped is not None:
            raise share.stopped from None
        raise RasterioError(str(error)) from error  # GDAL's own errors have no public class
    if share.stopped is not None:
        raise share.stopped


def _verify(path: Path, area: Area, masked: bool, digest: bytes, share: Share) -> None:
    """Check the layout of a COG and every pixel: a validator alone would not notice damaged pixels."""
    valid, errors, _ = cog_validate(path, quiet=True)
    if not valid:
        raise NotWritten(f"{path.name} came out wrong: {'; '.join(errors)[:200]}")
    actual = hashlib.blake2b()
    with rasterio.open(path) as cog:
        for _, window in _windows(area):
            actual.update(cog.read(window=window).tobytes())
            if masked:
                actual.update(cog.dataset_mask(window=window).tobytes())
            share.report((window.row_off + window.height) / area.height)
    if actual.digest() != digest:
        raise NotWritten(
            f"{path.name} was damaged while it was written: its pixels are not those of the tiles"
        )


def _pixels(data: bytes, bands: int) -> np.ndarray:
    """uint8 (256, 256, bands)."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB" if bands == 3 else "RGBA"))
