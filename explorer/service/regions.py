"""Regions of edits that are finer than a tile: polygons and pictures of weights, as masks."""

from __future__ import annotations

import base64
import binascii
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageFilter
from rasterio.features import rasterize
from rasterio.transform import from_origin

from tiles.errors import BadEdit, TooLarge, too_many_tiles
from tiles.grid import EARTH, Bounds, Box, Tile, boxed, tile_metres
from tiles.mask import SIDE
from tiles.values import is_place

CORNERS = 5_000  # of all rings of a region
FINER = 4  # parts of a weight's side that a polygon is drawn in
FAINT = 8  # of 255: less is nothing
MOST_SOFT = 32  # weights of a soft border
SPREAD = 4  # times as many tiles as an edit may have that the rectangle around its region may hold
PNG = b"\x89PNG\r\n\x1a\n"

Ring = list[tuple[float, float]]


class Sheet(NamedTuple):
    """The weights of a box of tiles, 32 x 32 a tile."""

    box: Box
    weights: np.ndarray  # uint8 (32 x height, 32 x width)

    def cells(self) -> Iterator[tuple[Tile, np.ndarray]]:
        """The tiles that have any weight, with theirs."""
        for tile in self.box.tiles():
            y, x = (tile.y - self.box.top) * SIDE, (tile.x - self.box.left) * SIDE
            part = self.weights[y : y + SIDE, x : x + SIDE]
            if part.any():
                yield tile, np.ascontiguousarray(part)


def polygon_mask(shape: Any, zoom: int, softness: float, most: int) -> dict[Tile, np.ndarray]:
    """The mask of a GeoJSON Polygon or MultiPolygon in metres of the plane, drawn at the weights of a zoom.
    Its border is soft over ``softness`` metres. Raises BadEdit, TooLarge."""
    polygons = _polygons(shape)
    step = _soft_step(zoom, softness)
    xs, ys = zip(*(place for rings in polygons for ring in rings for place in ring))
    around = Bounds(min(xs) - softness, min(ys) - softness, max(xs) + softness, max(ys) + softness)
    if not (around.west < around.east and around.south < around.north):
        raise BadEdit("the region is empty: its corners lie on a line", "region-empty")
    box = _checked(boxed(around, zoom), most)
    return _mask(Sheet(box, _softened(_drawn(polygons, box, step), softness / step)), most)


def png_mask(
    text: str, zoom: int, corner: tuple[float, float], softness: float, most: int
) -> dict[Tile, np.ndarray]:
    """The mask of a grey 8-bit PNG (base64) of one pixel for 8 x 8 of a zoom's; its upper left corner lies
    at a place in metres, moved to the nearest weight. Borders are soft over ``softness`` metres. Raises
    BadEdit, TooLarge."""
    if not is_place(corner):
        raise BadEdit("the corner of a mask is two numbers of metres, x and y")
    step = _soft_step(zoom, softness)
    left, top = round((corner[0] + EARTH / 2) / step), round((EARTH / 2 - corner[1]) / step)
    pixels = _grey(text, most)
    height, width = pixels.shape
    margin = math.ceil(softness / step)
    box = Box(
        zoom,
        (left - margin) // SIDE,
        (top - margin) // SIDE,
        -(-(left + width + margin) // SIDE),
        -(-(top + height + margin) // SIDE),
    )
    box = _checked(box, most)
    sheet = np.zeros((box.height * SIDE, box.width * SIDE), np.uint8)
    y, x = top - box.top * SIDE, left - box.left * SIDE
    sheet[y : y + height, x : x + width] = pixels
    return _mask(Sheet(box, _softened(sheet, softness / step)), most)


def rectangle(bounds: Sequence[float]) -> dict[str, Any]:
    """West, south, east and north in metres as a GeoJSON Polygon. Raises BadEdit."""
    west, south, east, north = bounds
    if not (all(map(math.isfinite, bounds)) and west < east and south < north):
        raise BadEdit("bounds are four finite numbers: west less than east, and south less than north")
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _polygons(shape: Any) -> list[list[Ring]]:
    """The rings of each polygon: its outline, then its holes."""
    wanted = "a mask is a GeoJSON Polygon or MultiPolygon with coordinates in metres"
    if not isinstance(shape, Mapping) or shape.get("type") not in ("Polygon", "MultiPolygon"):
        raise BadEdit(wanted)
    found = shape.get("coordinates")
    polygons = [found] if shape["type"] == "Polygon" else found
    if not isinstance(polygons, list) or not polygons:
        raise BadEdit(wanted)
    many = 0
    for rings in polygons:
        if not isinstance(rings, list) or not rings:
            raise BadEdit(wanted)
        for ring in rings:
            if not isinstance(ring, list) or len(ring) < 3 or not all(map(is_place, ring)):
                raise BadEdit(f"{wanted}; each ring has at least three of them")
            many += len(ring)
    if many > CORNERS:
        raise TooLarge(f"the region has {many:,} corners; the limit is {CORNERS:,}")
    return [[_closed([(x, y) for x, y in ring]) for ring in rings] for rings in polygons]


def _soft_step(zoom: int, softness: float) -> float:
    """Metres along a weight of a zoom, if a border may be so soft there. Raises BadEdit."""
    step = tile_metres(zoom) / SIDE
    if not 0 <= softness <= MOST_SOFT * step:
        raise BadEdit(f"softness {softness}: it must be 0 to {MOST_SOFT * step:.0f} metres at zoom {zoom}")
    return step


def _softened(weights: np.ndarray, softness: float) -> np.ndarray:
    """Weights (h, w) uint8 with borders that fade over ``softness`` weights; below half of one, sharp."""
    if softness < 0.5:
        return weights
    return np.array(Image.fromarray(weights).filter(ImageFilter.GaussianBlur(softness / 2)))


def _closed(ring: Ring) -> Ring:
    return ring if ring[0] == ring[-1] and len(ring) > 3 else [*ring, ring[0]]


def _drawn(polygons: list[list[Ring]], box: Box, step: float) -> np.ndarray:
    """Polygons on the weights of a box, uint8: the share of each square that lies inside."""
    west, _, _, north = box.bounds
    side = SIDE * FINER
    fine = rasterize(
        [({"type": "Polygon", "coordinates": rings}, 255) for rings in polygons],
        out_shape=(box.height * side, box.width * side),
        transform=from_origin(west, north, step / FINER, step / FINER),
        dtype="uint8",
    )
    return np.array(Image.fromarray(fine).reduce(FINER))


def _grey(text: str, most: int) -> np.ndarray:
    """The pixels of a PNG, uint8 (h, w)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadEdit("mask_png is a PNG in base64") from None
    if not data.startswith(PNG):
        raise BadEdit("mask_png is a PNG in base64")
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            if image.mode != "L":
                raise BadEdit(f"mask_png has mode {image.mode}; it must be grey with 8 bits and no alpha")
            if image.width * image.height > most * SPREAD * SIDE**2:
                raise TooLarge(
                    f"mask_png has {image.width:,} x {image.height:,} pixels, one for 8 x 8 of the map;"
                    f" the limit is {most * SPREAD:,} tiles of {SIDE} x {SIDE}"
                )
            return np.array(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise BadEdit("mask_png cannot be read") from None


def _checked(box: Box, most: int) -> Box:
    if box.size > most * SPREAD:
        words = f"the region lies in {box.size:,} tiles; the limit is {most * SPREAD:,}"
        raise TooLarge(words, "too-many-tiles", count=box.size, limit=most * SPREAD)
    return box


def _mask(sheet: Sheet, most: int) -> dict[Tile, np.ndarray]:
    sheet = sheet._replace(weights=np.where(sheet.weights < FAINT, 0, sheet.weights))
    mask = dict(sheet.cells())
    if not mask:
        raise BadEdit("the region is empty", "region-empty")
    if len(mask) > most:
        raise too_many_tiles(len(mask), most)
    return mask
