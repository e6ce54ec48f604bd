"""The formats of mosaics, and writing a file whole or not at all."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rasterio.errors import RasterioError

from tiles.database import is_full
from tiles.errors import BadSetting, DiskFull, NotWritten
from tiles.grid import Tile
from tiles.mosaic import archive, postcard, raster
from tiles.mosaic.area import About, Area, Read, Step, upwards

Write = Callable[[Path, Area, About, bool, Read, Step], None]


class Format(NamedTuple):
    """How a mosaic is written."""

    write: Write
    suffix: str
    media_type: str
    label: str  # for people
    seconds: float  # to write one tile that is already decoded
    weight: float  # size of the file / size of its tiles as PNG
    room: float  # most disk space taken while it is written / size of the file
    pyramid: bool = False  # holds the tiles of all coarser zooms too
    inside_square: bool = False  # has no addresses beyond the mercator square
    beside: tuple[str, ...] = ()  # suffixes of further files: they replace the file's own suffix
    appended: tuple[str, ...] = ()  # suffixes of further files: they follow the file's whole name
    most_pixels: int | None = None
    most_side: int | None = None  # px


COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
FORMATS: dict[str, Format] = {
    "cog": Format(raster.write_cog, ".tif", COG_TYPE, "Cloud-Optimised GeoTIFF", 0.015, 1.5, 2.2),
    "png": Format(
        raster.write_png, ".png", "image/png", "PNG with a world file", 0.02, 1.0, 2.6,
        beside=(".pgw", ".prj"), appended=(".aux.xml",), most_side=raster.MOST_SIDE,
    ),
    "mbtiles": Format(
        archive.write_mbtiles, ".mbtiles", "application/vnd.sqlite3", "MBTiles", 0.001, 1.02, 1.1,
        pyramid=True, inside_square=True,
    ),
    "pmtiles": Format(
        archive.write_pmtiles, ".pmtiles", "application/vnd.pmtiles", "PMTiles", 0.001, 1.0, 3,
        pyramid=True, inside_square=True,
    ),
    "xyz": Format(
        archive.write_xyz, ".zip", "application/zip", "zip of XYZ tiles", 0.001, 1.0, 1.1, pyramid=True
    ),
    "postcard": Format(
        postcard.write_postcard, ".png", "image/png", "postcard: PNG with caption and scale bar",
        0.01, 1.0, 1.1, most_pixels=postcard.MOST_PIXELS, most_side=postcard.MOST_SIDE,
    ),
}  # fmt: skip


def order_of(format: Format, area: Area) -> Iterator[Tile]:
    """The tiles of an area's own zoom, in the order in which a format reads them.

    >>> len(list(order_of(FORMATS["pmtiles"], Area(1, 0, 0, 512, 256))))
    2
    """
    if format.pyramid:
        return (tile for tile in upwards(area) if tile.z == area.zoom)
    return raster.order(area)


def write(
    path: Path, format: Format, area: Area, about: About, whole: bool, read: Read, step: Step
) -> list[Path]:
    """Write a mosaic and its side files. No file appears under its name before all of them are complete.

    ``read`` returns the lossless tile at an address, or None where nothing is painted; ``whole`` says that
    all of the area is painted. Returns the paths, the mosaic first. Whatever ``read`` or ``step`` raise ends
    the work and leaves nothing behind; what a killed process left of the same mosaic is removed.
    Raises BadBounds, BadSetting, NotWritten, DiskFull.

    >>> write(Path("bay.tif"), FORMATS["cog"], area(bounds, 8), about, False, read, lambda *of: None)
    [PosixPath('bay.tif')]
    """
    done = [path, *(path.with_suffix(suffix) for suffix in format.beside)]
    done += [path.with_name(path.name + suffix) for suffix in format.appended]
    if len({*done}) < len(done) or path.is_dir():
        raise BadSetting(
            f"a file of this format cannot be called {path.name}; {path.stem}{format.suffix} is fine"
        )
    part = path.with_name(f".{path.name}.part")
    with worded(path):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        try:
            format.write(part / path.name, area, about, whole, read, step)
            for file in reversed(done):
                (part / file.name).replace(file)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return done


@contextmanager
def worded(path: Path) -> Iterator[None]:
    """Turn errors of the disk and of GDAL into ours."""
    try:
        yield
    except (OSError, sqlite3.Error, RasterioError) as error:
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
        if full or (isinstance(error, sqlite3.Error) and is_full(error)) or _no_room(path.parent):
            raise DiskFull(f"the disk is full: {path.name} could not be written") from error
        reason = getattr(error, "strerror", None) or str(error).strip().split("\n")[0][:200]
        raise NotWritten(f"{path.name} could not be written: {reason}") from error


def _no_room(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 2**20
    except OSError:
        return False
