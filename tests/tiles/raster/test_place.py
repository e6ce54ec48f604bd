"""Where rasters lie: each at its own place and the right way up, or refused in words.

The reference is proj's own transformation of points, not ours of rasters.
"""

import math
import warnings

import pytest
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.rpc import RPC
from rasterio.transform import Affine, from_origin
from rasterio.warp import transform

from tests.places import COLOURS, RADIUS, WGS, check_degrees, close, mercator, placed
from tests.rasters import NE, NW, SE, SIDE, SW, degrees, fields, saved, tiff
from tiles.errors import BadPicture
from tiles.grid import EARTH, metres_per_pixel
from tiles.raster.warp import Grid, onto


def colour_at(path, lon, lat, zoom=8):
    """What is shown at a place, RGBA; longitudes may go past 180. None where the raster has no tile."""
    x, y = mercator(lon, lat)
    metres = metres_per_pixel(zoom)
    with placed(path) as (raster, place):
        west, south, east, north = place.bounds
        if not (west < x < east and south < y < north):
            return None
        return onto(raster, place, Grid(x - 2.5 * metres, y + 2.5 * metres, metres, 5, 5))[2, 2].tolist()


def points(west, north, size=2.0, crs=WGS):
    """The corners of a square of degrees, in another coordinate system."""
    found = []
    for row, col in ((0, 0), (0, SIDE), (SIDE, 0), (SIDE, SIDE)):
        x, y = west + size * col / SIDE, north - size * row / SIDE
        if crs != WGS:
            (x,), (y,) = transform(WGS, crs, [x], [y])
        found.append(GroundControlPoint(row, col, x, y))
    return found


@pytest.mark.parametrize(
    ("west", "north"), [(20, 6), (-70, 12), (179, -16), (-180, 20), (178, 70), (-1, 1), (177.9, -16)]
)
def test_degrees(west, north, tmp_path):
    check_degrees(tiff(tmp_path / "raster", fields(), degrees(west, north), WGS), west, north)


@pytest.mark.parametrize(
    ("said", "shown"), [(190, -170), (200, -160), (358, -2), (181, -179), (540, 180 - 360), (-200, 160)]
)
def test_degrees_past_180_lie_where_they_are(said, shown, tmp_path):
    check_degrees(tiff(tmp_path / "raster", fields(), degrees(said, 12), WGS), shown, 12)


def test_what_begins_before_minus_180_stays_at_the_western_edge(tmp_path):
    check_degrees(tiff(tmp_path / "raster", fields(), degrees(-181, 12), WGS), -181, 12)


def test_a_map_of_the_whole_world_that_begins_half_a_pixel_early_is_not_moved_around_it(tmp_path):
    place = from_origin(-180.45, 80, 0.9, 0.4)
    with placed(tiff(tmp_path / "raster", fields(), place, WGS)) as (_, found):
        assert found.bounds.west == pytest.approx(RADIUS * math.radians(-180.45), abs=1)
    assert colour_at(tmp_path / "raster", 90, 40, 3) == [*NE, 255]
    assert colour_at(tmp_path / "raster", -90, -40, 3) == [*SW, 255]


def test_a_map_of_the_whole_world_from_0_to_360(tmp_path):
    path = tiff(tmp_path / "raster", fields(), from_origin(0, 80, 0.9, 0.4), WGS)
    assert colour_at(path, 90, 40, 3) == [*NW, 255] and colour_at(path, 270, 40, 3) == [*NE, 255]


SYSTEMS = [
    "EPSG:3857", "EPSG:32633", "EPSG:32733", "EPSG:3035", "EPSG:3413", "EPSG:3395", "EPSG:2056", "EPSG:2227",
    "EPSG:4258", "EPSG:4807", "EPSG:5070", "ESRI:54009", "ESRI:54030", "EPSG:8857", "EPSG:5698",
    "+proj=sinu +R=6371007.181 +units=m", "+proj=utm +zone=33 +datum=WGS84 +units=us-ft", "ESRI:102100", "EPSG:900913",
    "+proj=ortho +lat_0=46 +lon_0=14 +datum=WGS84", "+proj=eqc +datum=WGS84", "+proj=laea +lat_0=90 +datum=WGS84",
]  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS)
def test_any_system_of_the_earth(system, tmp_path):
    """A square around 14.5 E, 46.5 N, about 100 km a side; each field's middle is where proj says."""
    crs = CRS.from_user_input(system)
    (x,), (y,) = transform(WGS, crs, [14.5], [46.5])
    (east,), (north) = transform(WGS, crs, [14.5], [46.95])
    side = 2 * math.hypot(east - x, north[0] - y) / SIDE
    place = Affine(side, 0, x - side * SIDE / 2, 0, -side, y + side * SIDE / 2)
    path = tiff(tmp_path / "raster", fields(), place, crs)
    for (column, row), colour in zip(((100, 100), (300, 100), (100, 300), (300, 300)), COLOURS):
        (lon,), (lat,) = transform(crs, WGS, *([value] for value in place * (column, row)))
        close(colour_at(path, lon, lat), (*colour, 255))


@pytest.mark.parametrize(
    ("system", "lon", "lat"),
    [("EPSG:32660", 179.9, 12), ("EPSG:32601", -179.9, -12), ("EPSG:32760", 180, -40), ("EPSG:3832", 180, -17),
     ("EPSG:3460", 179.5, -17), ("EPSG:3413", 180, 72), ("EPSG:3995", 180, 70), ("EPSG:3031", 179.9, -72),
     ("EPSG:3571", -180, 71), ("EPSG:2193", 179.5, -39)],
)  # fmt: skip
def test_systems_across_the_antimeridian(system, lon, lat, tmp_path):
    """No more tiles than it covers, and every field where proj says, on one side or past the other."""
    (x,), (y,) = transform(WGS, system, [lon], [lat])
    place = from_origin(x - 100_000, y + 100_000, 500, 500)
    path = tiff(tmp_path / "raster", fields(), place, system)
    across = 300_000 / math.cos(math.radians(lat)) * 1.3
    with placed(path) as (_, found):
        west, south, east, north = found.bounds
    assert max(east - west, north - south) < across and -EARTH / 2 - 1 <= west < EARTH / 2
    for (column, row), colour in zip(((100, 100), (300, 100), (100, 300), (300, 300)), COLOURS):
        (lon,), (lat,) = transform(system, WGS, *([value] for value in place * (column, row)))
        seen = [colour_at(path, lon + turn, lat) for turn in (-360, 0, 360)]
        assert seen.count(None) == 2
        close(next(one for one in seen if one is not None), (*colour, 255))


def test_what_lies_beyond_web_mercator_is_left_out_and_said(tmp_path):
    for north, edge in ((90, EARTH / 2), (-80, None)):
        place = from_origin(20, north, 0.01, 0.025)
        with placed(tiff(tmp_path / "raster", fields(), place, WGS)) as (_, found):
            top, bottom = (north, 80) if edge else (-80, -90)
            assert found.bounds.west == pytest.approx(RADIUS * math.radians(20), abs=1)
            assert found.bounds.north == pytest.approx(edge or mercator(0, top)[1], abs=1)
            assert found.bounds.south == pytest.approx(mercator(0, bottom)[1] if edge else -EARTH / 2, abs=1)
            assert any("85.05" in note.words for note in found.notes)
    assert colour_at(tiff(tmp_path / "north", fields(), from_origin(20, 90, 0.01, 0.025), WGS), 21, 82) == [
        *SW,
        255,
    ]
    with placed(tmp_path / "north"):
        pass
    with (
        pytest.raises(BadPicture, match=r"beyond 85\.05 degrees"),
        placed(tiff(tmp_path / "above", fields(), from_origin(20, 89, 0.01, 0.005), WGS)),
    ):
        pass


@pytest.mark.parametrize(
    ("system", "edge"), [("EPSG:3413", "north"), ("EPSG:3031", "south"), ("EPSG:3575", "north")]
)
def test_around_a_pole_it_reaches_around_the_world(system, edge, tmp_path):
    path = tiff(tmp_path / "raster", fields(), from_origin(-2e6, 2e6, 1e4, 1e4), system)
    with placed(path) as (_, place):
        assert (place.bounds.west, place.bounds.east) == pytest.approx((-EARTH / 2, EARTH / 2))
        assert any(f"holds the {edge} pole" in note.words for note in place.notes)
    place = from_origin(-2e6, 2e6, 1e4, 1e4)
    for (column, row), colour in zip(((90, 80), (310, 80), (90, 320), (310, 320)), COLOURS):
        (lon,), (lat,) = transform(system, WGS, *([value] for value in place * (column, row)))
        close(colour_at(path, lon, lat, 4), (*colour, 255))


@pytest.mark.parametrize("system", [WGS, "EPSG:32636", "EPSG:3857"])
def test_ground_control_points_at_the_corners(system, tmp_path):
    path = tiff(tmp_path / "raster", fields(), gcps=(points(28, 6, crs=system), CRS.from_user_input(system)))
    with placed(path) as (_, place):
        assert "4 ground control points" in place.notes[0].words
    if system != "EPSG:32636":
        check_degrees(path, 28, 6)
    close(colour_at(path, 28.5, 5.5), (*NW, 255))
    close(colour_at(path, 29.5, 4.5), (*SE, 255))


def test_ground_control_points_on_both_sides_of_the_antimeridian(tmp_path):
    around = [
        GroundControlPoint(p.row, p.col, p.x if p.x <= 180 else p.x - 360, p.y) for p in points(179, -16)
    ]
    check_degrees(tiff(tmp_path / "raster", fields(), gcps=(around, CRS.from_epsg(4326))), 179, -16)


def test_a_curve_through_many_ground_control_points(tmp_path):
    """A bent strip, as of a satellite; across the antimeridian too."""
    for west in (20, 179):
        bent = []
        for row in range(0, 401, 50):
            for col in range(0, 401, 50):
                lon, lat = west + 2 * col / 400 + 0.3 * (row / 400) ** 2, 6 - 2 * row / 400
                bent.append(GroundControlPoint(row, col, lon if lon <= 180 else lon - 360, lat))
        path = tiff(tmp_path / "raster", fields(), gcps=(bent, CRS.from_epsg(4326)))
        for (col, row), colour in zip(((100, 100), (300, 100), (100, 300), (300, 300)), COLOURS):
            lon, lat = west + 2 * col / 400 + 0.3 * (row / 400) ** 2, 6 - 2 * row / 400
            close(colour_at(path, lon, lat), (*colour, 255))


NOISE = [(0, 0, 28, 6), (0, 400, 30, 6), (400, 0, 28, 4), (400, 400, 33, 1), (200, 200, 20, 20)]


REFUSED = {
    "no system": ({"transform": degrees(20, 6)}, "not in which coordinate system.*gdal_translate -a_srs"),
    "a system alone": ({"crs": WGS}, "not where it lies in it"),
    "two points": ({"gcps": (points(28, 6)[:2], CRS.from_epsg(4326))}, "at least 3"),
    "points in a line": ({"gcps": ([GroundControlPoint(i, i, 20 + i, 6 - i) for i in range(4)], CRS.from_epsg(4326))},
                         "ground control points"),
    "points that contradict": ({"gcps": ([GroundControlPoint(*p) for p in NOISE], CRS.from_epsg(4326))}, "contradict"),
    "geocentric": ({"transform": degrees(20, 6), "crs": "EPSG:4978"}, "geocentric"),
    "a local system": ({"transform": from_origin(0, 0, 1, 1) * Affine.translation(5, 5), "crs": CRS.from_wkt(
        'LOCAL_CS["arbitrary",UNIT["metre",1]]')}, "no place on Earth"),
    "the Moon": ({"transform": degrees(20, 6), "crs": CRS.from_wkt(
        'GEOGCS["Moon 2000",DATUM["D_Moon_2000",SPHEROID["Moon_2000_IAU_IAG",1737400,0]],'
        'PRIMEM["Reference_Meridian",0],UNIT["degree",0.0174532925199433]]')}, "no place on Earth.*Moon"),
    "pixels of no size": ({"transform": Affine(0, 0, 20, 0, 0, 6), "crs": WGS}, "size of its pixels"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_placed_is_refused_in_words(kind, tmp_path):
    said, words = REFUSED[kind]
    path = tiff(tmp_path / "raster", fields(), **said)
    with pytest.raises(BadPicture, match=words), placed(path):
        pass


def test_a_cameras_model_is_refused_in_words(tmp_path):
    zeros = [0.0] * 19
    rpcs = RPC(0, 10, 5, 1, [1.0, *zeros], [0, 1.0, *zeros[1:]], 200, 200, 20, 1, [1.0, *zeros],
               [0, 0, 1.0, *zeros[2:]], 200, 200, None, None)  # fmt: skip
    with (
        pytest.raises(BadPicture, match="gdalwarp -rpc"),
        placed(tiff(tmp_path / "raster", fields(), rpcs=rpcs)),
    ):
        pass


def test_a_picture_with_files_beside_it_lies_where_they_say(tmp_path):
    saved(tmp_path / "map.png", fields())
    (tmp_path / "map.pgw").write_text("0.005\n0\n0\n-0.005\n20.0025\n5.9975\n")
    with pytest.raises(BadPicture, match="coordinate system"), placed(tmp_path / "map.png"):
        pass
    (tmp_path / "map.prj").write_text(CRS.from_epsg(4326).to_wkt())
    (tmp_path / "map.png.aux.xml").write_text(
        f"<PAMDataset><SRS>{CRS.from_epsg(4326).to_wkt()}</SRS></PAMDataset>".replace('"', "&quot;")
    )
    check_degrees(tmp_path / "map.png", 20, 6)


def test_a_tiff_without_a_place_makes_no_noise(tmp_path):
    path = tiff(tmp_path / "raster", fields())
    with warnings.catch_warnings():
        warnings.simplefilter("error", NotGeoreferencedWarning)
        with placed(path) as (_, place):
            assert place is None
