"""Pictures that people put on the map: reading them, warping them to the grid, turning them into latents."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np

from explorer.models.family import Model
from explorer.painting.crossing import MARGIN
from explorer.service.edits import WEAKEST
from explorer.worlds.new import checked_home, checked_seed, clean_prompt
from tiles import entries, journal
from tiles.errors import BadEdit, BadPicture, Busy
from tiles.grid import EARTH, MAX_ZOOM, TILE_PIXELS, Bounds, Box, Tile, metres_per_pixel
from tiles.mosaic.area import Area, area
from tiles.raster.note import Note
from tiles.raster.opening import Raster, opened
from tiles.raster.place import Place, find, require_tiles
from tiles.raster.warp import Grid, onto, shown, stretched
from tiles.store import Known

LEAST = 16  # px a side of a picture: below that it is a mark rather than land
PATIENCE = 20.0  # seconds that a picture waits for the one before it
_one_at_a_time = threading.Lock()  # so that the memory of reading is that of one picture


class Spot(NamedTuple):
    """Where a picture goes, unless it is georeferenced, and how."""

    x: float | None = None  # metres, of its middle; None: the world's home
    y: float | None = None
    zoom: float | None = None  # of its pixels, which may lie between two; None: that of the world
    strength: float = 1.0  # how much of the picture stays; the rest is painted
    prompt: str = ""
    seed: int | None = None


class Limits(NamedTuple):
    """How large a picture may be."""

    pixels: int  # width x height of the file
    tiles: int  # that it covers


class Sheet(NamedTuple):
    """A picture on the pixel grid of a zoom."""

    pixels: np.ndarray  # uint8 (h, w, 3)
    mask: np.ndarray  # bool (h, w): where there is a picture
    left: int  # px from the grid's origin
    top: int
    notes: tuple[Note, ...] = ()  # how the file was read and placed

    def box(self, zoom: int) -> Box:
        """The tiles it touches."""
        height, width = self.mask.shape
        right, bottom = self.left + width, self.top + height
        low = (self.left // TILE_PIXELS, self.top // TILE_PIXELS)
        return Box(zoom, *low, -(-right // TILE_PIXELS), -(-bottom // TILE_PIXELS))


def read(path: Path, spot: Spot, home: tuple[float, float], zoom: int, limits: Limits) -> Sheet:
    """The picture in a file, on the grid of ``zoom``: at its own place, or around ``spot``, or else ``home``.

    One file is read at a time. Raises BadPicture, TooLarge, BadSetting, BadBounds, and Busy if others take
    long.
    """
    middle, own = _checked_spot(spot, home, zoom)
    if not _one_at_a_time.acquire(timeout=PATIENCE):
        raise Busy("other pictures are being read; try again in a moment", "pictures-busy")
    try:
        with opened(path, limits.pixels) as raster:
            if min(raster.width, raster.height) < LEAST:
                size = f"{raster.width} x {raster.height}"
                words = f"the picture has {size} pixels; it needs at least {LEAST} a side"
                raise BadPicture(words, "picture-too-small", least=LEAST)
            if place := find(raster.source):
                return _sheet(raster, place, _covered(place, zoom, limits.tiles))
            return _put(raster, middle, own, zoom, limits.tiles)
    finally:
        _one_at_a_time.release()


class Footprint(NamedTuple):
    """Where a picture would lie."""

    placed: bool  # the file itself says where
    pixels: tuple[int, int]  # width and height of the picture, upright
    bounds: Bounds  # metres


def footprint(path: Path, spot: Spot, home: tuple[float, float], zoom: int, limits: Limits) -> Footprint:
    """Where the picture in a file would lie, without reading its pixels. Raises as ``read`` does."""
    middle, own = _checked_spot(spot, home, zoom)
    with opened(path, limits.pixels) as raster:
        width, height = shown(raster)
        if place := find(raster.source):
            return Footprint(True, (width, height), _covered(place, zoom, limits.tiles).bounds)
        metres = metres_per_pixel(own)
        x, y, across, down = *middle, width * metres / 2, height * metres / 2
        return Footprint(False, (width, height), Bounds(x - across, y - down, x + across, y + down))


def _checked_spot(spot: Spot, home: tuple[float, float], zoom: int) -> tuple[tuple[float, float], float]:
    """The middle of a picture in metres, and the zoom of its pixels. Raises BadPicture, BadSetting."""
    if (spot.x is None) != (spot.y is None):
        raise BadPicture("a place needs both x and y, in metres")
    own = zoom if spot.zoom is None else spot.zoom
    if not 0 <= own <= MAX_ZOOM:
        raise BadPicture(f"zoom {own:g}: it must be 0 to {MAX_ZOOM}")
    return checked_home(home if spot.x is None or spot.y is None else (spot.x, spot.y)), own


def _covered(place: Place, zoom: int, most_tiles: int) -> Area:
    """The pixels of a zoom that a placed picture covers. Raises TooLarge, BadPicture, BadBounds."""
    bounds, metres = place.bounds, metres_per_pixel(zoom)
    across, down = (bounds.east - bounds.west) / metres, (bounds.north - bounds.south) / metres
    require_tiles(place, across * down / TILE_PIXELS**2, most_tiles)  # before an address is out of range
    region = area(bounds, zoom)
    require_tiles(place, region.box.size, most_tiles)
    _check_shown(round(across), round(down), zoom)
    return region


def _check_shown(width: int, height: int, zoom: int) -> None:
    if min(width, height) < LEAST:
        words = f"at zoom {zoom} the picture is {width} x {height} px; it needs at least {LEAST} a side"
        raise BadPicture(words, "picture-too-small", least=LEAST)


def _put(raster: Raster, middle: tuple[float, float], own: float, zoom: int, most_tiles: int) -> Sheet:
    """A picture around a place, its pixels those of zoom ``own``, on the grid of ``zoom``."""
    width, height = (max(1, round(side * 2.0 ** (zoom - own))) for side in shown(raster))
    require_tiles(None, width * height / TILE_PIXELS**2, most_tiles)
    _check_shown(width, height, zoom)
    metres = metres_per_pixel(zoom)
    left = round((middle[0] + EARTH / 2) / metres - width / 2)
    top = round((EARTH / 2 - middle[1]) / metres - height / 2)
    region = Area(zoom, left, top, left + width, top + height)
    return _sheet(raster, stretched(raster, region.bounds), region)


def _sheet(raster: Raster, place: Place, region: Area) -> Sheet:
    """A picture at its place, cut to where there is something of it. Raises BadPicture."""
    bounds, metres = region.bounds, metres_per_pixel(region.zoom)
    image = onto(raster, place, Grid(bounds.west, bounds.north, metres, region.width, region.height))
    mask = image[..., 3] >= 128
    if not mask.any():
        raise BadPicture("the picture is entirely transparent or nodata", "picture-empty")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    corner = region.left + int(columns[0]), region.top + int(rows[0])
    return Sheet(image[part][..., :3], mask[part], *corner, (*raster.notes, *place.notes))


def entry(sheet: Sheet, spot: Spot, zoom: int) -> entries.Edit:
    """The journal's entry for a picture: an edit of the tiles that it touches, and of one more around them
    where the land is joined to it. Raises BadEdit, BadPrompt, BadSetting."""
    if not WEAKEST <= spot.strength <= 1:
        raise BadEdit(f"strength {spot.strength}: it must be {WEAKEST} to 1")
    return entries.Edit(
        cells=journal.outline(sheet.box(zoom).grown(1).tiles()),
        prompt=clean_prompt(spot.prompt),
        negative_prompt="",
        strength=spot.strength,
        seed=checked_seed(spot.seed),
        picture=True,
    )


def known(sheet: Sheet, zoom: int, model: Model) -> dict[Tile, Known]:
    """A picture's latents by cell. Raises BadPicture if none of them lies well inside the picture.

    The encoder is shown each cell with its surroundings, so that cells encoded one by one are the
    same as together. Latents at the picture's edge, which see beyond it, are not counted as known.
    """
    if not sheet.mask.any():
        raise BadPicture("the picture is entirely transparent", "picture-empty")
    box, space = sheet.box(zoom), model.traits.space
    pixels, mask = _padded(sheet, box, MARGIN)
    certain, margin = _certain(mask, space.pixels), MARGIN // space.pixels  # by latent
    cells = {}
    for cell in box.tiles():
        y, x = (cell.y - box.top) * TILE_PIXELS, (cell.x - box.left) * TILE_PIXELS
        side = TILE_PIXELS + 2 * MARGIN
        top, left = (i // space.pixels + margin for i in (y, x))
        here = certain[top : top + space.side, left : left + space.side]
        if here.any():
            latents = model.encode(pixels[y : y + side, x : x + side])
            inside = latents[:, margin:-margin, margin:-margin]
            cells[cell] = Known(inside.astype(np.float16), here)
    if not cells:
        raise BadPicture("the picture is too small or too thin", "picture-too-small", least=LEAST)
    return cells


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


def _certain(mask: np.ndarray, scale: int) -> np.ndarray:
    """The latents of ``scale`` px, bool (h / scale, w / scale), that lie in the picture with all eight around
    them."""
    height, width = (side // scale for side in mask.shape)
    whole = mask.reshape(height, scale, width, scale).all((1, 3))
    padded = np.pad(whole, 1)
    shifted = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.logical_and.reduce(shifted)
