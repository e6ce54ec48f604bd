"""MBTiles, PMTiles and zips of tiles."""

import json
import sqlite3
import zipfile

import pytest
import rasterio
from pmtiles.reader import MmapSource, Reader

from tests.mosaics import HOLE, SOME, read, read_all, saved, sheet
from tiles.errors import BadBounds
from tiles.grid import Tile, metres_per_pixel
from tiles.mosaic.area import Area, pyramid


def test_mbtiles_hold_the_tiles_and_their_overviews(tmp_path):
    (path,), _ = saved(tmp_path, "mbtiles", SOME)
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT * FROM tiles").fetchall()
    said = dict(connection.execute("SELECT * FROM metadata"))
    connection.close()
    tiles = {Tile(z, x, 2**z - 1 - y): data for z, x, y, data in rows}
    wanted = {tile for box in pyramid(SOME) for tile in box.tiles()} - {HOLE}
    assert tiles == {tile: read(tile) for tile in wanted}
    assert said["format"] == "png" and said["maxzoom"] == "8" and said["minzoom"] == "0"
    with rasterio.open(path) as other:  # GDAL reads the deepest zoom
        found = Area(8, 128 * 256, 127 * 256, 130 * 256, 129 * 256)
        window = rasterio.windows.from_bounds(*found.bounds, other.transform)
        got = other.read((1, 2, 3), window=window.round_offsets().round_lengths()).transpose(1, 2, 0)
    expected = sheet(found)
    assert (got[expected.any(2)] == expected[expected.any(2)]).all()


def test_pmtiles_hold_the_tiles_and_their_overviews(tmp_path):
    (path,), _ = saved(tmp_path, "pmtiles", SOME)
    with open(path, "rb") as file:
        reader = Reader(MmapSource(file))
        header, said = reader.header(), reader.metadata()
        for box in pyramid(SOME):
            for tile in box.tiles():
                assert reader.get(*tile) == read(tile)
    assert header["min_zoom"] == 0 and header["max_zoom"] == 8 and header["clustered"]
    assert said["name"] == "Töst <land>"
    assert header["min_lon_e7"] < header["center_lon_e7"] < header["max_lon_e7"]


def test_xyz_zip_reaches_beyond_the_square(tmp_path):
    found = Area(8, -300, -10, 20, 30)
    (path,), done = saved(tmp_path, "xyz", found)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("8/-2/-1.png") == read(Tile(8, -2, -1))
        assert archive.read("0/-1/-1.png") == read(Tile(0, -1, -1))
        assert json.loads(archive.read("about.json"))["seed"] == 7
        assert len(archive.namelist()) == done + 1 and archive.testzip() is None


@pytest.mark.parametrize("format", ["mbtiles", "pmtiles"])
def test_what_others_cannot_say_is_refused(tmp_path, format):
    with pytest.raises(BadBounds, match="beyond the mercator square"):
        saved(tmp_path, format, Area(8, -300, 0, 20, 30))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("zoom", [3, 8, 14])
def test_mbtiles_lie_where_gdal_reads_them(tmp_path, zoom):
    side = 2**zoom * 256
    for corner in ((0, 0), (side // 2, side // 2), (side - 512, side - 512)):
        found = Area(zoom, *corner, corner[0] + 512, corner[1] + 512)
        (path,), _ = saved(tmp_path, "mbtiles", found, read_all)
        with rasterio.open(path) as other:
            assert other.crs.to_epsg() == 3857
            assert other.bounds == pytest.approx(found.bounds, abs=metres_per_pixel(zoom))
            assert (other.read((1, 2, 3)).transpose(1, 2, 0) == sheet(found, read_all)).all()
        path.unlink()


def test_nothing_painted_is_no_pmtiles(tmp_path):
    with pytest.raises(BadBounds, match="nothing is painted"):
        saved(tmp_path, "pmtiles", SOME, lambda tile: None)
    assert not list(tmp_path.iterdir())
