"""The formats a mosaic can have, and writing one whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tiles.mosaic import archive, postcard, raster
from tiles.mosaic.area import About, Area, Read, Step

Write = Callable[[Path, Area, About, bool, Read, Step], None]


class Format(NamedTuple):
    """How a mosaic is written."""

    write: Write
    suffix: str
    media_type: str
    words: str
    pyramid: bool  # whether it holds tiles of all coarser zooms
    inside_square: bool = False  # whether it can say only addresses inside the mercator square
    beside: tuple[str, ...] = ()  # suffixes of the files that belong to it
    most_pixels: int | None = None


FORMATS: dict[str, Format] = {
    "cog": Format(
        raster.write_cog,
        ".tif",
        "image/tiff; application=geotiff; profile=cloud-optimized",
        "Cloud-Optimised GeoTIFF",
        False,
    ),
    "png": Format(
        raster.write_png, ".png", "image/png", "PNG with a world file", False, beside=(".pgw", ".prj")
    ),
    "mbtiles": Format(archive.write_mbtiles, ".mbtiles", "application/vnd.sqlite3", "MBTiles", True, True),
    "pmtiles": Format(archive.write_pmtiles, ".pmtiles", "application/vnd.pmtiles", "PMTiles", True, True),
    "xyz": Format(archive.write_xyz, ".zip", "application/zip", "zip of XYZ tiles", True),
    "postcard": Format(
        postcard.write_postcard,
        ".png",
        "image/png",
        "postcard: PNG with caption and scale bar",
        False,
        most_pixels=postcard.MOST_PIXELS,
    ),
}


def write(
    path: Path, format: Format, area: Area, about: About, whole: bool, read: Read, step: Step
) -> list[Path]:
    """Write a mosaic and what belongs beside it; nothing is there under its name before all is.

    ``whole`` says that nothing of the area is unpainted. Gives the paths, the mosaic first. What
    ``read`` or ``step`` raise goes through, and then nothing is left. Raises BadBounds.
    """
    part = path.with_name(f"{path.stem}.part{path.suffix}")
    parts = [part, *(part.with_suffix(suffix) for suffix in format.beside)]
    try:
        format.write(part, area, about, whole, read, step)
        done = [path, *(path.with_suffix(suffix) for suffix in format.beside)]
        for old, new in zip(reversed(parts), reversed(done)):
            old.replace(new)
        return done
    finally:
        for left in (*parts, part.with_suffix(".wld")):
            left.unlink(missing_ok=True)
