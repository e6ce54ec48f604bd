"""Rasters as people have them, built for tests: four fields of colour, two by two."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine, from_origin

NW, NE, SW, SE = (150, 70, 60), (70, 120, 60), (60, 80, 140), (200, 185, 130)
GREYS = (70, 120, 80, 185)
SIDE = 400


def fields(side: int = SIDE, colours: Any = (NW, NE, SW, SE)) -> np.ndarray:
    """uint8 (side, side, 3)."""
    found = np.empty((side, side, 3), np.uint8)
    half = side // 2
    for index, colour in enumerate(colours):
        y, x = half * (index // 2), half * (index % 2)
        found[y : y + half, x : x + half] = colour
    return found


def greys(side: int = SIDE) -> np.ndarray:
    """uint8 (side, side)."""
    return fields(side, [(value,) * 3 for value in GREYS])[..., 0]


def degrees(west: float, north: float, size: float = 2.0, side: int = SIDE) -> Affine:
    """A square of so many degrees."""
    return from_origin(west, north, size / side, size / side)


def tiff(
    path: Path, pixels: np.ndarray, transform: Affine | None = None, crs: Any = None, **more: Any
) -> Path:
    """``pixels`` (h, w) or (h, w, bands) as GeoTIFF. Beside profile items: ``interp``, ``names``, ``colormap``,
    ``mask``, ``gcps``, ``rpcs``, ``scales``."""
    if "interp" not in more and more.get("photometric") is None:
        more |= {"photometric": "MINISBLACK", "alpha": "NO"}  # or GDAL takes 3 and 4 bytes for RGB and alpha
    bands = np.moveaxis(pixels if pixels.ndim == 3 else pixels[..., None], 2, 0)
    extra = {
        key: more.pop(key, None) for key in ("interp", "names", "colormap", "mask", "gcps", "rpcs", "scales")
    }
    profile = {"driver": "GTiff", "height": bands.shape[1], "width": bands.shape[2], "count": len(bands)}
    placed = {"transform": transform, "crs": crs} if transform is not None else {"crs": crs} if crs else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(path, "w", **profile, **placed, dtype=bands.dtype, **more) as file,
        ):
            if extra["interp"]:  # before the pixels, or GDAL writes it into a file beside
                file.colorinterp = extra["interp"]
            file.write(bands)
            if extra["colormap"]:
                file.write_colormap(1, extra["colormap"])
            if extra["names"]:
                file.descriptions = extra["names"]
            if extra["scales"]:
                file.scales = extra["scales"]
            if extra["mask"] is not None:
                file.write_mask(extra["mask"])
            if extra["gcps"]:
                file.gcps = extra["gcps"]
            if extra["rpcs"]:
                file.rpcs = extra["rpcs"]
    return path


def saved(path: Path, pixels: np.ndarray, format: str = "PNG", mode: str | None = None, **more: Any) -> Path:
    """``pixels`` as Pillow writes them, in another mode if one is named."""
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, format, **more)
    return path


def middles(pixels: np.ndarray) -> list[tuple[int, ...]]:
    """The colours in the middle of the four fields of a picture (h, w, bands)."""
    height, width = pixels.shape[:2]
    spots = ((1, 1), (1, 3), (3, 1), (3, 3))
    return [tuple(map(int, pixels[height * y // 4, width * x // 4])) for y, x in spots]
