"""Where a raster lies on the plane: from its georeferencing to web-mercator metres, and back."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from pyproj import Transformer
from pyproj.exceptions import ProjError
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import GCPTransformer, from_gcps

from tiles.errors import BadPicture, TooLarge
from tiles.grid import EARTH, Bounds
from tiles.raster.note import Note

RADIUS = EARTH / 2 / math.pi
PLANE, DEGREES = CRS.from_epsg(3857), CRS.from_epsg(4326)
LATTICE = 65  # points a side that a raster's outline is taken from
NEXT_TO_POLE = 89.9999  # degrees, beyond which a longitude says nothing
LOOSE = 0.03  # of a raster's diagonal: how far off its control points may be
SAVE = "give it one, for example with gdal_translate -a_srs EPSG:4326 in.tif out.tif"
BEYOND = "it lies beyond 85.05 degrees north or south, where web mercator ends"
PLAIN = "save it without its place to put it anywhere (gdal_translate -co PROFILE=BASELINE in.tif out.tif)"
Points = np.ndarray  # float (n,)


class Place(NamedTuple):
    """Where a raster's stored pixels lie."""

    crs: CRS  # in which ``affine`` or ``gcps`` say it
    affine: Affine | None  # from column and row (of pixels' corners) to the crs
    gcps: tuple[GroundControlPoint, ...]  # instead of it
    literal: bool  # whether the crs is the plane itself, which has no edge
    bounds: Bounds  # on the plane, EPSG:3857 metres; it may reach beyond the square
    metres: float  # on the plane, of a pixel; the coarsest part counts
    notes: tuple[Note, ...] = ()

    def pixels(self, x: Points, y: Points, size: tuple[int, int]) -> tuple[Points, Points]:
        """Columns and rows of points of the plane; not finite where a crs does not reach.
        ``size`` is the raster's width and height in px."""
        if not self.literal:
            lon = np.degrees(np.asarray(x) / RADIUS)
            lat = np.degrees(2 * np.arctan(np.exp(np.asarray(y) / RADIUS)) - math.pi / 2)
            x, y = projected(DEGREES, self.crs, lon, lat)
            if self.crs.is_geographic:
                x = _around(x, self._middle(size), _turn(self.crs))
        if self.affine is not None:
            return _mapped(~self.affine, x, y)
        with GCPTransformer(list(self.gcps)) as fit:
            rows, columns = fit.rowcol(x, y, op=float)
        return np.asarray(columns), np.asarray(rows)

    def _middle(self, size: tuple[int, int]) -> float:
        """The longitude of the raster's middle, in its own units."""
        return float(_located(self.affine, self.gcps, np.array([size[0] / 2]), np.array([size[1] / 2]))[0][0])


def find(source: Any) -> Place | None:
    """Where an open rasterio dataset lies; None if it is not georeferenced.

    Raises BadPicture, with what to do, if its georeferencing cannot be used.

    >>> with rasterio.open("map.tif") as source:
    ...     round(find(source).bounds.west)
    2226390
    """
    try:
        return _stated(source)
    except BadPicture as error:
        raise BadPicture(f"{error}; or {PLAIN}", error.reason, **error.values) from None


def _stated(source: Any) -> Place | None:
    points, points_crs = source.gcps
    if not source.transform.is_identity:
        if source.crs is None:
            raise BadPicture(f"it says where it lies but not in which coordinate system: {SAVE}")
        return located(source.transform, (), source.crs, (source.width, source.height))
    if points:
        if points_crs is None or not points_crs.to_wkt():
            raise BadPicture(f"its ground control points have no coordinate system: {SAVE}")
        return _by_points(points, points_crs, (source.width, source.height))
    if source.rpcs is not None:
        raise BadPicture(
            "it lies where a camera's model (RPC) says, which needs heights: warp it first, for example with"
            " gdalwarp -rpc in.tif out.tif"
        )
    if source.crs is not None:
        raise BadPicture("it names a coordinate system but not where it lies in it")
    return None


def _by_points(points: Sequence[GroundControlPoint], crs: CRS, size: tuple[int, int]) -> Place:
    """By ground control points: an affine map where it fits them, else the polynomial that GDAL fits."""
    if len(points) < 3:
        raise BadPicture(f"it has {len(points)} ground control points; at least 3 are needed")
    if crs.is_geographic:  # points on both sides of the antimeridian
        turn = _turn(crs)
        points = [_moved(p, float(_around(np.array([p.x]), points[0].x, turn)[0]), p.y) for p in points]
    columns, rows = np.array([p.col for p in points]), np.array([p.row for p in points])
    where = np.array([p.x for p in points]), np.array([p.y for p in points])
    count, words = len(points), f"it is placed by {len(points)} ground control points"
    try:
        straight = from_gcps(points)
        if abs(straight.determinant) > 0:
            off = _off(_mapped(~straight, *where), (columns, rows))
            if off <= 0.5:
                return located(straight, (), crs, size, (Note(words, "points", {"count": count}),))
        if crs.is_geographic:  # a curve needs a system that is smooth where it lies
            middle = (float(w.mean()) * 360 / _turn(crs) for w in where)
            near = CRS.from_proj4("+proj=aeqd +lon_0={:.6f} +lat_0={:.6f} +datum=WGS84".format(*middle))
            where = projected(crs, near, *where)
            points, crs = [_moved(p, x, y) for p, x, y in zip(points, *where)], near
        with GCPTransformer(points) as fit:
            fitted_rows, fitted_columns = fit.rowcol(*where, op=float)
    except (ValueError, RuntimeError, TypeError, ZeroDivisionError) as error:
        raise BadPicture(f"its ground control points lie on one line or on each other ({error})") from None
    except Exception as error:  # GDAL's own errors have no public class
        raise BadPicture(f"its ground control points cannot be followed: {str(error)[:80]}") from None
    off = _off((np.asarray(fitted_columns), np.asarray(fitted_rows)), (columns, rows))
    if not off <= LOOSE * math.hypot(*size):  # so is NaN
        raise BadPicture(
            f"its {len(points)} ground control points contradict each other by {off:.0f} px: warp it first,"
            " for example with gdalwarp -tps in.tif out.tif"
        )
    note = Note(f"{words}, up to {off:.1f} px off", "points-off", {"count": count, "off": f"{off:.1f}"})
    return located(None, tuple(points), crs, size, (note,))


def _moved(point: GroundControlPoint, x: float, y: float) -> GroundControlPoint:
    return GroundControlPoint(point.row, point.col, float(x), float(y))


def _off(fitted: tuple[Points, Points], stated: tuple[Points, Points]) -> float:
    """The largest distance between points and where they should be, px."""
    return float(np.hypot(fitted[0] - stated[0], fitted[1] - stated[1]).max())


def located(
    affine: Affine | None,
    gcps: tuple[GroundControlPoint, ...],
    crs: CRS,
    size: tuple[int, int],
    notes: tuple[Note, ...] = (),
) -> Place:
    """The place of a raster of ``size`` (width, height) px. Raises BadPicture."""
    if affine is not None and not (math.isfinite(sum(affine[:6])) and abs(affine.determinant) > 0):
        raise BadPicture("the size of its pixels is 0 or no number")
    if crs.to_wkt().startswith(("GEOCCS", "GEODCRS")):
        raise BadPicture("its coordinate system is geocentric: metres from the middle of the Earth")
    columns, rows = (g.ravel() for g in np.meshgrid(*(np.linspace(0, side, LATTICE) for side in size)))
    x, y = _located(affine, gcps, columns, rows)
    literal, lat = is_plane(crs), np.zeros(1)
    if not literal:
        lon, lat = projected(crs, DEGREES, x, y)
        if not np.isfinite(lon).any():
            raise BadPicture("no point of it has a place on Earth")
        lon, moved = _unwrapped(lon, lat, x, crs)
        if affine is not None and moved:
            affine = Affine.translation(moved * _turn(crs), 0) * affine
        x, y = _mercator(lon, lat)
    place = Place(crs, affine, gcps, literal, _bounds(x, y), 0.0, notes)
    if pole := None if literal or crs.is_geographic else _pole(place, size):
        place = _around_the_world(place, pole)
    elif not literal:
        place = _noted(place, lat)
    return place._replace(metres=_metres(x, y, size))


def _located(
    affine: Affine | None, gcps: Sequence[GroundControlPoint], columns: Points, rows: Points
) -> tuple[Points, Points]:
    """Columns and rows in the raster's own coordinate system."""
    if affine is not None:
        return _mapped(affine, columns, rows)
    with GCPTransformer(list(gcps)) as fit:
        x, y = fit.xy(rows, columns, offset="ul")
    return np.asarray(x), np.asarray(y)


def _mapped(affine: Affine, x: Points, y: Points) -> tuple[Points, Points]:
    a, b, c, d, e, f = affine[:6]
    return a * x + b * y + c, d * x + e * y + f


def projected(source: CRS, target: CRS, x: Points, y: Points) -> tuple[Points, Points]:
    """Points of one coordinate system in another, not finite where it does not reach. Raises BadPicture."""
    try:
        there = _transformer(source.to_wkt(), target.to_wkt()).transform(x, y)
    except ProjError:
        name = (source if target == DEGREES else target).to_wkt().split('"')[1][:60]
        raise BadPicture(f"no place on Earth is known for its coordinate system ({name})") from None
    return np.asarray(there[0]), np.asarray(there[1])


@functools.lru_cache(maxsize=32)
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target, always_xy=True)


def is_plane(crs: CRS) -> bool:
    """Whether a coordinate system is web mercator, under whatever name."""
    if not crs.is_projected:
        return False
    x, y = np.array([1e6, -1.5e7]), np.array([2e6, 1.2e7])
    try:
        there = _mercator(*projected(crs, DEGREES, x, y))
    except BadPicture:
        return False
    return bool(np.allclose(there, (x, y), atol=0.01, rtol=0))


def _mercator(lon: Points, lat: Points) -> tuple[Points, Points]:
    """Degrees in metres of the plane; what lies nearer to a pole than the square reaches is on its edge."""
    with np.errstate(divide="ignore", invalid="ignore"):
        y = RADIUS * np.log(np.tan(math.pi / 4 + np.radians(np.clip(lat, -NEXT_TO_POLE, NEXT_TO_POLE)) / 2))
    return RADIUS * np.radians(lon), np.clip(y, -EARTH / 2, EARTH / 2)


def _turn(crs: CRS) -> float:
    """Once around the Earth in the units of a geographic coordinate system: 360 degrees, 400 grads."""
    return 2 * math.pi / float(crs.units_factor[1])


def _around(values: Points, middle: float, turn: float) -> Points:
    """Longitudes within half a turn of ``middle``."""
    return middle + (values - middle + turn / 2) % turn - turn / 2


def _unwrapped(lon: Points, lat: Points, own_x: Points, crs: CRS) -> tuple[Points, int]:
    """Longitudes of the lattice without a jump at the antimeridian, so they may go past 180; and how many
    turns around the Earth they were moved from what the raster says itself.

    A raster in degrees stays where its numbers say, if any of it lies within 180 degrees.
    """
    if crs.is_geographic:
        stated = own_x * (360 / _turn(crs))
        lon = lon + 360 * np.round((stated - lon) / 360)
        if np.nanmin(lon) < 180 and np.nanmax(lon) > -180:
            return lon, 0
    else:
        path = np.where(np.abs(lat) > NEXT_TO_POLE, np.nan, lon).reshape(LATTICE, LATTICE)
        path[1::2] = path[1::2, ::-1].copy()  # there and back, so that each point lies beside the one before
        flat = path.ravel()
        known = np.isfinite(flat)
        flat[known] = np.unwrap(flat[known], period=360)
        path = flat.reshape(LATTICE, LATTICE)
        path[1::2] = path[1::2, ::-1].copy()
        lon = path.ravel()
    # Half a degree of tolerance: a map of the world may begin a pixel before -180.
    turns = -math.floor((float(np.nanmin(lon)) + 180.5) / 360)
    return lon + 360 * turns, turns


def _bounds(x: Points, y: Points) -> Bounds:
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        raise BadPicture("it lies where web mercator does not reach", "picture-beyond")
    bounds = Bounds(*(float(v) for v in (x[known].min(), y[known].min(), x[known].max(), y[known].max())))
    if not (bounds.west < bounds.east and bounds.south < bounds.north):
        raise BadPicture(BEYOND, "picture-beyond")
    return bounds


def _pole(place: Place, size: tuple[int, int]) -> int:
    """1 if the north pole is a point inside the raster, -1 for the south pole, else 0."""
    for pole in (1, -1):
        spots = projected(DEGREES, place.crs, np.array([0.0, 90.0]), np.array([90.0 * pole] * 2))
        if not np.isfinite(spots).all():
            continue
        back = projected(place.crs, DEGREES, *spots)[1]
        if place.affine is not None:
            columns, rows = _mapped(~place.affine, *spots)
        else:
            with GCPTransformer(list(place.gcps)) as fit:
                rows, columns = (np.asarray(v) for v in fit.rowcol(*spots, op=float))
        inside = (columns > 0) & (columns < size[0]) & (rows > 0) & (rows < size[1])
        together = abs(columns[0] - columns[1]) < 1 and abs(rows[0] - rows[1]) < 1
        if inside.all() and together and np.allclose(back, 90 * pole, atol=1e-3):
            return pole
    return 0


def _around_the_world(place: Place, pole: int) -> Place:
    """A raster that holds a pole has all longitudes."""
    south, north = place.bounds.south, place.bounds.north
    bounds = Bounds(
        -EARTH / 2, -EARTH / 2 if pole < 0 else south, EARTH / 2, EARTH / 2 if pole > 0 else north
    )
    name = "north" if pole > 0 else "south"
    note = Note(f"it holds the {name} pole, so it reaches around the whole map", f"pole-{name}", {})
    return place._replace(bounds=bounds, notes=(*place.notes, note))


def _noted(place: Place, lat: Points) -> Place:
    notes = list(place.notes)
    if np.nanmax(np.abs(lat)) > 85.0512:
        words = "what lies beyond 85.05 degrees is left out: web mercator ends there"
        notes.append(Note(words, "beyond", {}))
    if place.bounds.west < -EARTH / 2 - 1 or place.bounds.east > EARTH / 2 + 1:
        words = "it reaches across the antimeridian and beyond the map's square"
        notes.append(Note(words, "antimeridian", {}))
    return place._replace(notes=tuple(notes))


def _metres(x: Points, y: Points, size: tuple[int, int]) -> float:
    """Of a pixel on the plane: the middle of the lattice's steps along the coarser side."""
    xs, ys = x.reshape(LATTICE, LATTICE), y.reshape(LATTICE, LATTICE)
    steps = []
    for axis, side in ((1, size[0]), (0, size[1])):
        lengths = np.hypot(np.diff(xs, axis=axis), np.diff(ys, axis=axis)) * ((LATTICE - 1) / side)
        lengths = lengths[np.isfinite(lengths) & (lengths > 0)]
        steps.append(float(np.median(lengths)) if lengths.size else 0.0)
    if not max(steps) > 0:
        raise BadPicture(BEYOND, "picture-beyond")
    return max(steps)


def require_tiles(place: Place | None, tiles: float, most: int) -> None:
    """Raises TooLarge."""
    if tiles > most:
        why = next((f"; {note}" for note in place.notes if "pole" in note.reason), "") if place else ""
        words = f"the picture would cover {tiles:,.0f} tiles; {most:,} are allowed{why}"
        raise TooLarge(words, "picture-covers-too-much", count=int(min(tiles, 1e15)), limit=most)
