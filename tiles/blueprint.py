"""Maps of other makers as plans for land: which of their colours or kinds lies where, on a coarse grid."""

from __future__ import annotations

import colorsys
import itertools
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, UnidentifiedImageError
from rasterio.features import is_valid_geom, rasterize
from rasterio.transform import from_bounds

from tiles.errors import BadPicture, TooLarge
from tiles.grid import EARTH, Bounds
from tiles.strokes import Stroke
from tiles.walks import walks

SIDE = 64  # cells of the longer side of the grid
FINE = 512  # px of the longer side at which colours are told apart
KEYS = 24  # colours or kinds, at most
SAME = 6  # of 255: shades of one colour
LEAST_SHARE = 0.004  # of a map, below which a colour is the blur between two others
LEAST_CELLS = 2  # of a part of a region: smaller ones are specks
MOST_BYTES = 32 * 2**20  # of a file of GeoJSON
PLACES = 400  # of one stroke's path
FULL = 0.6  # of a cell: the radius of a stroke, which so fills its cells
KINDS = (
    "biome",
    "type",
    "name",
)  # properties of features that say what they are; the first that is there counts
MOST_LATITUDE = 85.06  # degrees
# What Azgaar's Fantasy Map Generator numbers its biomes by: words that models know, and a colour for maps.
BIOMES = (
    ("open ocean", "#3b6ea5"), ("hot sand desert", "#e6cc84"), ("cold rocky desert", "#b5a68c"),
    ("dry savanna", "#cbb45a"), ("green grassland plains", "#a3c764"),
    ("seasonal tropical forest", "#74a94c"), ("temperate forest", "#4f8f4a"), ("dense rainforest", "#1f6b35"),
    ("temperate rainforest, green hills", "#3b8a6b"), ("boreal forest", "#44604e"),
    ("tundra with lakes", "#a9a3b4"), ("glacier, ice sheet", "#e8f1f6"), ("wetland, marshes", "#64b0a4"),
)  # fmt: skip
COLOURS = (  # hue in degrees up to which it is told, and what it usually means on a map
    (20, "red canyons, rocky desert"), (48, "dry brown hills"), (70, "sand desert"), (165, "green forest"),
    (260, "open ocean, deep blue sea"), (320, "tundra"), (361, "red canyons, rocky desert"),
)  # fmt: skip


class Key(NamedTuple):
    """A colour or kind of a map."""

    name: str  # "#rrggbb", or the kind that features name
    colour: str  # "#rrggbb", to show it
    share: float  # of what the map draws
    prompt: str  # what it may mean


class Blueprint(NamedTuple):
    """A map as a plan."""

    cells: np.ndarray  # (rows, columns) of int16: the place in ``legend``, -1 where nothing is drawn
    legend: tuple[Key, ...]
    own: Bounds | None  # where it lies, metres, if it says so

    def strokes(self, prompts: Mapping[str, str], bounds: Bounds, softness: float) -> list[Stroke]:
        """The plan as strokes for ``bounds`` in metres: each region a line all over it, its edge soft over
        ``softness`` metres. ``prompts`` by the legend's names; what has none is left out."""
        rows, columns = self.cells.shape
        wide, high = (bounds.east - bounds.west) / columns, (bounds.north - bounds.south) / rows
        radius = FULL * max(wide, high)

        def place(column: int, row: int) -> tuple[float, float]:
            return bounds.west + (column + 0.5) * wide, bounds.north - (row + 0.5) * high

        found = []
        for number, key in enumerate(self.legend):
            if not (prompt := prompts.get(key.name, "").strip()):
                continue
            mask = self.cells == number
            for path in walks(mask):
                if _cells_of(path) < LEAST_CELLS:
                    continue
                for start in range(0, len(path), PLACES - 1):
                    piece = path[start : start + PLACES]
                    if start == 0 or len(piece) > 1:
                        found.append(Stroke(prompt, tuple(place(*each) for each in piece), radius, softness))
        return found

    def fitted(self, bounds: Bounds) -> Bounds:
        """The largest rectangle of the map's shape in the middle of another."""
        rows, columns = self.cells.shape
        side = min((bounds.east - bounds.west) / columns, (bounds.north - bounds.south) / rows)
        x, y = (bounds.west + bounds.east) / 2, (bounds.south + bounds.north) / 2
        wide, high = side * columns / 2, side * rows / 2
        return Bounds(x - wide, y - high, x + wide, y + high)


def read(path: Path, most_pixels: int) -> Blueprint:
    """A colour-coded picture (PNG, WebP), or GeoJSON of areas such as Azgaar's Fantasy Map Generator writes.

    Raises BadPicture, TooLarge.
    """
    with open(path, "rb") as file:
        begins = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    return _drawn(path) if begins.startswith((b"{", b"[")) else _coloured(path, most_pixels)


def _coloured(path: Path, most_pixels: int) -> Blueprint:
    try:
        with Image.open(path, formats=("PNG", "WEBP", "GIF")) as image:
            if image.width * image.height > most_pixels:
                raise TooLarge(
                    f"the map has {image.width} x {image.height} px; up to {most_pixels:,} are read"
                )
            pixels = np.asarray(_smaller(image.convert("RGBA")))
    except UnidentifiedImageError:
        words = "this is no map that can be read: PNG, WebP, GIF and GeoJSON are"
        raise BadPicture(words, "map-unknown") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadPicture(f"the map cannot be read ({error})") from error
    drawn = pixels[..., 3] >= 128
    if not drawn.any():
        raise BadPicture("the map is empty: all of it is transparent", "map-empty")
    flat = drawn & _flat(pixels)
    colours = _colours(pixels[..., :3][flat if flat.any() else drawn])
    labels = np.full(drawn.shape, -1, np.int16)
    labels[drawn] = _nearest(pixels[..., :3][drawn], colours)
    names = ["#{:02x}{:02x}{:02x}".format(*map(int, colour)) for colour in colours]
    return _plan(labels, [(name, name, _meaning(colour)) for name, colour in zip(names, colours)], None)


def _smaller(image: Image.Image) -> Image.Image:
    """Without new colours between those that are there."""
    share = FINE / max(image.size)
    if share >= 1:
        return image
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.NEAREST)


def _flat(pixels: np.ndarray) -> np.ndarray:
    """Where a picture is the same all around, as it is not in the blur between two colours; bool."""
    edged = np.pad(pixels.astype(np.int16), ((1, 1), (1, 1), (0, 0)), mode="edge")
    middle = edged[1:-1, 1:-1]
    beside = (edged[:-2, 1:-1], edged[2:, 1:-1], edged[1:-1, :-2], edged[1:-1, 2:])
    return np.max([np.abs(middle - each).max(axis=-1) for each in beside], axis=0) <= SAME


def _colours(pixels: np.ndarray) -> np.ndarray:
    """The colours (n, 3) that a map is made of, most frequent first. Shades of one are one."""
    counts = Counter(map(bytes, pixels.astype(np.uint8)))
    found: list[np.ndarray] = []
    least = max(1, LEAST_SHARE * len(pixels))
    for colour, many in counts.most_common():
        value = np.frombuffer(colour, np.uint8).astype(int)
        if found and many < least:
            break
        if all(np.abs(value - other).max() > 2 * SAME for other in found):
            found.append(value)
        if len(found) == KEYS:
            break
    return np.stack(found)


def _nearest(pixels: np.ndarray, colours: np.ndarray) -> np.ndarray:
    away = np.stack([((pixels.astype(int) - colour) ** 2).sum(axis=-1) for colour in colours])
    return away.argmin(axis=0).astype(np.int16)


def _meaning(colour: np.ndarray) -> str:
    """What a colour usually means on a map."""
    hue, light, vivid = colorsys.rgb_to_hls(*(colour / 255))
    if light > 0.9:
        return "polar ice sheet and snow"
    if vivid < 0.15 or light < 0.08:
        return "bare mountains, grey rock"
    return next(words for until, words in COLOURS if hue * 360 < until)


def _drawn(path: Path) -> Blueprint:
    if path.stat().st_size > MOST_BYTES:
        raise TooLarge(f"the map has more than {MOST_BYTES // 2**20} MB, the most that is read of GeoJSON")
    try:
        read = json.loads(path.read_text("utf-8-sig"))
        features = [each for each in read["features"] if _is_area(each)]
        boxes = np.array([_box(each["geometry"]["coordinates"]) for each in features])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        words = "this is no GeoJSON of areas: a FeatureCollection of polygons is read"
        raise BadPicture(words, "map-without-areas") from error
    if not len(boxes) or not np.isfinite(boxes).all():
        raise BadPicture("there is no area in this GeoJSON", "map-without-areas")
    (west, south), (east, north) = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    if not (east > west and north > south):
        raise BadPicture("the areas of this GeoJSON have no size")
    kind = next((name for name in KINDS if any(name in _properties(each) for each in features)), None)
    of = (
        [str(_properties(each).get(kind, "land"))[:60] for each in features]
        if kind
        else ["land"] * len(features)
    )
    names = [name for name, _ in Counter(of).most_common(KEYS)]
    share = FINE / max(east - west, north - south)
    shape = max(1, round((north - south) * share)), max(1, round((east - west) * share))
    shapes = [(each["geometry"], names.index(name)) for each, name in zip(features, of) if name in names]
    try:
        labels = rasterize(
            shapes,
            shape,
            fill=-1,
            transform=from_bounds(west, south, east, north, shape[1], shape[0]),
            dtype="int16",
        )
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise BadPicture(f"an area of this GeoJSON cannot be read ({error})") from error
    keys = [(name, *_look(kind, name, place)) for place, name in enumerate(names)]
    return _plan(labels, keys, _metres(west, south, east, north))


def _is_area(feature: Any) -> bool:
    """Whether it is an area that can be drawn: one that is no ring is passed over, as other programs do."""
    geometry = feature["geometry"]
    return (
        geometry is not None and geometry["type"] in ("Polygon", "MultiPolygon") and is_valid_geom(geometry)
    )


def _properties(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _box(coordinates: Any) -> tuple[float, float, float, float]:
    """West, south, east, north of rings of places."""
    if isinstance(coordinates[0], int | float):
        x, y = float(coordinates[0]), float(coordinates[1])
        return x, y, x, y
    boxes = np.array([_box(each) for each in coordinates])
    return (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))


def _look(kind: str | None, name: str, place: int) -> tuple[str, str]:
    """The colour and prompt of a kind; one that nobody knows has a colour far from those beside it."""
    if kind == "biome" and name.isdecimal() and int(name) < len(BIOMES):
        prompt, colour = BIOMES[int(name)]
        return colour, prompt
    if name in ("ocean", "sea", "water", "lake"):
        return BIOMES[0][1], BIOMES[0][0]
    parts = colorsys.hls_to_rgb(place * 0.618 % 1, 0.55, 0.55)
    return "#{:02x}{:02x}{:02x}".format(*(round(255 * part) for part in parts)), ""


def _metres(west: float, south: float, east: float, north: float) -> Bounds | None:
    """Degrees as metres; None: they are none, so the map lies nowhere."""
    if max(-west, east) > 180 or max(-south, north) > MOST_LATITUDE:
        return None
    high = [
        EARTH / 2 / math.pi * math.log(math.tan(math.pi / 4 + math.radians(y) / 2)) for y in (south, north)
    ]
    return Bounds(west / 360 * EARTH, high[0], east / 360 * EARTH, high[1])


def _plan(labels: np.ndarray, keys: Sequence[tuple[str, str, str]], own: Bounds | None) -> Blueprint:
    """Labels on the coarse grid: each cell is what most of it is."""
    rows, columns = labels.shape
    cell = max(1.0, max(rows, columns) / SIDE)
    down, across = max(1, round(rows / cell)), max(1, round(columns / cell))
    votes = np.stack([_counted(labels == number, down, across) for number in range(-1, len(keys))])
    cells = (votes.argmax(axis=0) - 1).astype(np.int16)
    drawn = max(1, int((labels >= 0).sum()))
    shares = [(labels == number).sum() / drawn for number in range(len(keys))]
    legend = tuple(Key(*key[:2], round(float(share), 4), key[2]) for key, share in zip(keys, shares))
    return Blueprint(cells, legend, own)


def _counted(mask: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """How much of a mask lies in each cell of a coarser grid."""
    edges = [
        np.linspace(0, side, many + 1).round().astype(int)[:-1]
        for side, many in zip(mask.shape, (rows, columns))
    ]
    return np.add.reduceat(np.add.reduceat(mask.astype(np.int32), edges[0], axis=0), edges[1], axis=1)


def _cells_of(path: Sequence[tuple[int, int]]) -> int:
    """About how many cells a line passes; of one that stays in its cell, 1."""
    return 1 + sum(abs(x - a) + abs(y - b) for (x, y), (a, b) in itertools.pairwise(path))
