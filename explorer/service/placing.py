"""Pictures that people put on the map: read with care, laid on the pixel grid, turned into latents."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from PIL import Image, ImageOps, UnidentifiedImageError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds

from explorer.models.family import Model
from explorer.service.edits import WEAKEST
from explorer.worlds.atlas import checked_home, checked_seed, clean_prompt
from tiles import journal
from tiles.errors import BadEdit, BadPicture, TooLarge
from tiles.grid import EARTH, MAX_ZOOM, TILE_LATENTS, TILE_PIXELS, Bounds, Box, Tile, boxed, metres_per_pixel
from tiles.store import Known

FORMATS = ("PNG", "JPEG", "WEBP")
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SCALE = TILE_PIXELS // TILE_LATENTS  # px of a latent
MARGIN = 8  # latents around a cell that the encoder is shown, more than it sees
LEAST = 2 * SCALE  # px a side of a picture, below which not one latent of it is certain


class Spot(NamedTuple):
    """Where a picture goes, unless it says so itself, and how."""

    x: float  # metres, of its middle
    y: float
    zoom: int | None = None  # of its pixels; None: that of the world
    strength: float = 1.0  # below 1 only so much of it stays, the rest is painted
    prompt: str = ""
    seed: int | None = None


class Sheet(NamedTuple):
    """A picture on the pixel grid of a zoom."""

    pixels: np.ndarray  # uint8 (h, w, 3)
    mask: np.ndarray  # bool (h, w): where there is a picture
    left: int  # px from the grid's origin
    top: int

    def box(self, zoom: int) -> Box:
        """The tiles it touches."""
        height, width = self.mask.shape
        right, bottom = self.left + width, self.top + height
        low = (self.left // TILE_PIXELS, self.top // TILE_PIXELS)
        return Box(zoom, *low, -(-right // TILE_PIXELS), -(-bottom // TILE_PIXELS))


def read(path: Path, spot: Spot, zoom: int, most_pixels: int, most_tiles: int) -> Sheet:
    """The picture in a file, on the grid of ``zoom``. Raises BadPicture, TooLarge, BadSetting."""
    with open(path, "rb") as file:
        head = file.read(4)
    x, y = checked_home((spot.x, spot.y))
    own = zoom if spot.zoom is None else spot.zoom
    if not 0 <= own <= MAX_ZOOM:
        raise BadPicture(f"zoom {own}: allowed are 0 to {MAX_ZOOM}")
    try:
        if head in TIFF:
            return _tiff(path, (x, y), own, zoom, most_pixels, most_tiles)
        return _placed(_plain(path, most_pixels), (x, y), own, zoom, most_tiles)
    except (RasterioError, OSError, ValueError, SyntaxError, MemoryError) as error:
        raise BadPicture(f"the picture cannot be read: {str(error).strip()[:120]}") from None


def _plain(path: Path, most_pixels: int) -> Image.Image:
    """A PNG, JPEG or WebP, turned upright, as RGBA."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is ours
            image = Image.open(path, formats=FORMATS)
    except Image.DecompressionBombError:
        raise TooLarge(f"the picture has far more than the {most_pixels:,} pixels that are allowed") from None
    except UnidentifiedImageError:
        raise BadPicture("this is no picture: GeoTIFF, PNG, JPEG and WebP are read") from None
    with image:
        _check_size(*image.size, most_pixels)
        return ImageOps.exif_transpose(image).convert("RGBA")


def _check_size(width: int, height: int, most_pixels: int) -> None:
    if width * height > most_pixels:
        raise TooLarge(f"the picture has {width:,} x {height:,} pixels; {most_pixels:,} are allowed")
    if min(width, height) < LEAST:
        raise BadPicture(f"the picture has {width} x {height} pixels; {LEAST} a side are needed")


def _placed(image: Image.Image, middle: tuple[float, float], own: int, zoom: int, most_tiles: int) -> Sheet:
    """A picture around a place, its pixels those of zoom ``own``, on the grid of ``zoom``."""
    size = [max(1, round(side * 2.0 ** (zoom - own))) for side in image.size]
    _check_tiles(size[0] * size[1] / TILE_PIXELS**2, most_tiles)
    if min(size) < LEAST:
        raise BadPicture(f"at zoom {zoom} the picture is {size[0]} x {size[1]} px; {LEAST} a side are needed")
    if tuple(size) != image.size:
        image = image.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    metres = metres_per_pixel(zoom)
    left = round((middle[0] + EARTH / 2) / metres - size[0] / 2)
    top = round((EARTH / 2 - middle[1]) / metres - size[1] / 2)
    pixels = np.array(image)
    return Sheet(pixels[..., :3], pixels[..., 3] >= 128, left, top)


def _check_tiles(count: float, most: int) -> None:
    if count > most:
        raise TooLarge(f"the picture would cover {count:,.0f} tiles; {most:,} are allowed")


def _tiff(
    path: Path, middle: tuple[float, float], own: int, zoom: int, most_pixels: int, most_tiles: int
) -> Sheet:
    """A GeoTIFF at its own place; a TIFF that names none, where it is put."""
    with warnings.catch_warnings(), rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, driver="GTiff") as source:
            _check_size(source.width, source.height, most_pixels)
            if source.crs is None:
                return _placed(_image(source), middle, own, zoom, most_tiles)
            bounds = Bounds(*transform_bounds(source.crs, "EPSG:3857", *source.bounds))
            if not all(map(math.isfinite, bounds)):
                raise BadPicture("the picture lies where web mercator does not reach")
            box = boxed(bounds, zoom)
            _check_tiles(box.size, most_tiles)
            metres = metres_per_pixel(zoom)
            left, top = box.left * TILE_PIXELS, box.top * TILE_PIXELS
            grid = {
                "crs": "EPSG:3857",
                "transform": from_origin(left * metres - EARTH / 2, EARTH / 2 - top * metres, metres, metres),
                "width": box.width * TILE_PIXELS,
                "height": box.height * TILE_PIXELS,
                "add_alpha": source.nodata is None and "alpha" not in str(source.colorinterp),
            }
            finer = (bounds.east - bounds.west) / source.width < metres
            with WarpedVRT(
                source, resampling=Resampling.average if finer else Resampling.cubic, **grid
            ) as warped:
                image = np.array(_image(warped))
    mask = image[..., 3] >= 128
    if not mask.any():
        raise BadPicture("the picture holds nothing but nodata")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return Sheet(image[part][..., :3], mask[part], left + int(columns[0]), top + int(rows[0]))


def _image(source: Any) -> Image.Image:
    """A raster's first three bands, or its first, as RGBA; wider numbers are stretched to a byte between
    their 2nd and 98th hundredths."""
    colours = [i for i in source.indexes if source.colorinterp[i - 1].name != "alpha"]
    bands = colours[:3] if len(colours) >= 3 else colours[:1] * 3
    if not bands:
        raise BadPicture("the picture has no band of colour")
    mask = source.dataset_mask() > 0
    data = source.read(bands)
    if data.dtype != np.uint8:
        data = np.where(np.isfinite(data), data, 0).astype(np.float64)
        low, high = np.percentile(data[:, mask], (2, 98)) if mask.any() else (0.0, 1.0)
        data = (np.clip((data - low) / max(high - low, 1e-9), 0, 1) * 255).round().astype(np.uint8)
    return Image.fromarray(np.dstack([*data, mask.astype(np.uint8) * 255]))


def entry(sheet: Sheet, spot: Spot, zoom: int) -> dict[str, Any]:
    """What the journal says of a picture: an edit of the tiles it touches and one around them, where
    the land comes to meet it. Raises BadEdit, BadPrompt, BadSetting."""
    if not WEAKEST <= spot.strength <= 1:
        raise BadEdit(f"strength {spot.strength}: allowed are {WEAKEST} to 1")
    return {
        "cells": journal.outline(sheet.box(zoom).grown(1).tiles()),
        "prompt": clean_prompt(spot.prompt),
        "negative_prompt": "",
        "strength": float(spot.strength),
        "seed": checked_seed(spot.seed),
        "picture": True,
    }


def known(sheet: Sheet, zoom: int, model: Model) -> dict[Tile, Known]:
    """A picture's latents by cell. Raises BadPicture if not one of them is certain.

    The encoder is shown each cell with its surroundings, so that cells encoded one by one are the
    same as together. Latents at the picture's edge, which see beyond it, are not counted as known.
    """
    if not sheet.mask.any():
        raise BadPicture("the picture is transparent all over")
    box, margin = sheet.box(zoom), MARGIN * SCALE
    pixels, mask = _padded(sheet, box, margin)
    certain = _certain(mask)  # by latent
    found = {}
    for cell in box.tiles():
        y, x = (cell.y - box.top) * TILE_PIXELS, (cell.x - box.left) * TILE_PIXELS
        side = TILE_PIXELS + 2 * margin
        top, left = (i // SCALE + MARGIN for i in (y, x))
        here = certain[top : top + TILE_LATENTS, left : left + TILE_LATENTS]
        if here.any():
            latents = model.encode(pixels[y : y + side, x : x + side])
            inside = latents[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
            found[cell] = Known(inside.astype(np.float16), here)
    if not found:
        raise BadPicture("the picture is too small or too thin to be kept")
    return found


def _padded(sheet: Sheet, box: Box, margin: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture on whole tiles with ``margin`` px around, its edges drawn out; and where it is."""
    height, width = sheet.mask.shape
    left = sheet.left - box.left * TILE_PIXELS + margin
    top = sheet.top - box.top * TILE_PIXELS + margin
    right = box.width * TILE_PIXELS + 2 * margin - left - width
    bottom = box.height * TILE_PIXELS + 2 * margin - top - height
    pixels = sheet.pixels.copy()
    pixels[~sheet.mask] = pixels[sheet.mask].mean(0).round()
    around = ((top, bottom), (left, right))
    return np.pad(pixels, (*around, (0, 0)), "edge"), np.pad(sheet.mask, around)


def _certain(mask: np.ndarray) -> np.ndarray:
    """The latents, bool (h / 8, w / 8), that lie in the picture with all eight around them."""
    height, width = (side // SCALE for side in mask.shape)
    whole = mask.reshape(height, SCALE, width, SCALE).all((1, 3))
    padded = np.pad(whole, 1)
    shifted = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.logical_and.reduce(shifted)
