import io
import json
import sqlite3
import zipfile

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pmtiles.reader import MmapSource, Reader
from rio_cogeo.cogeo import cog_validate

from tiles.errors import BadBounds, Cancelled
from tiles.grid import EARTH, Bounds, Box, Tile, metres_per_pixel
from tiles.mosaic.area import About, Area, area, pyramid
from tiles.mosaic.formats import FORMATS, write
from tiles.mosaic.postcard import length_words, round_length

ABOUT = About("test-land", "Töst <land>", 'a "rocky" coast', 7, "terra", "CC0-1.0", "Endless Earth 0.1.0")
HOLE = Tile(8, 129, 128)


def pixels(tile: Tile) -> np.ndarray:
    """Other pixels for each tile; overviews are transparent where they should be."""
    rng = np.random.default_rng([tile.z, tile.x % 2**32, tile.y % 2**32])
    return rng.integers(1, 255, (256, 256, 3), np.uint8)


def read(tile: Tile) -> bytes | None:
    if tile == HOLE:
        return None
    file = io.BytesIO()
    Image.fromarray(pixels(tile)).save(file, "PNG")
    return file.getvalue()


def read_all(tile: Tile) -> bytes | None:
    return read(tile if tile != HOLE else Tile(8, 0, 0))


def sheet(found: Area) -> np.ndarray:
    """The area put together the plain way, (h, w, 3), the hole black."""
    box = found.box
    whole = np.zeros((box.height * 256, box.width * 256, 3), np.uint8)
    for tile in box.tiles():
        y, x = (tile.y - box.top) * 256, (tile.x - box.left) * 256
        whole[y : y + 256, x : x + 256] = 0 if tile == HOLE else pixels(tile)
    y, x = found.top - box.top * 256, found.left - box.left * 256
    return whole[y : y + found.height, x : x + found.width]


def saved(tmp_path, format, found, reader=read, whole=False):
    done = []
    kind = FORMATS[format]
    paths = write(tmp_path / f"out{kind.suffix}", kind, found, ABOUT, whole, reader, done.append)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths)
    return paths, sum(done)


SOME = Area(8, 128 * 256 - 40, 128 * 256 - 300, 130 * 256 - 7, 129 * 256 + 1)


@given(
    zoom=st.integers(0, 22),
    left=st.integers(-(10**6), 10**6),
    top=st.integers(-(10**6), 10**6),
    size=st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
)
def test_bounds_made_from_pixels_give_those_pixels_back(zoom, left, top, size):
    found = Area(zoom, left, top, left + size[0], top + size[1])
    assert area(found.bounds, zoom) == found
    assert found.box.left * 256 <= left < (found.box.left + 1) * 256


def test_the_pyramid_covers_the_area_at_every_zoom():
    boxes = pyramid(Area(3, 256, 256, 5 * 256, 2 * 256))
    assert boxes == [Box(0, 0, 0, 1, 1), Box(1, 0, 0, 2, 1), Box(2, 0, 0, 3, 1), Box(3, 1, 1, 5, 2)]


@pytest.mark.parametrize("whole", [True, False])
def test_cog_is_valid_and_holds_the_very_pixels(tmp_path, whole):
    (path,), done = saved(tmp_path, "cog", SOME, read_all if whole else read, whole)
    valid, errors, _ = cog_validate(path, strict=True, quiet=True)
    assert valid, errors
    assert done == SOME.box.size
    with rasterio.open(path) as cog:
        assert cog.crs.to_epsg() == 3857 and cog.bounds == pytest.approx(SOME.bounds)
        assert cog.res == pytest.approx((metres_per_pixel(8),) * 2)
        tags = cog.tags()
        assert tags["WORLD"] == "test-land" and tags["NAME"] == "Töst <land>" and tags["SEED"] == "7"
        assert tags["TIFFTAG_SOFTWARE"] == "Endless Earth 0.1.0" and tags["PROMPT"] == 'a "rocky" coast'
        mask, got = cog.dataset_mask(), cog.read().transpose(1, 2, 0)
    expected = sheet(SOME)
    seen = np.ones(expected.shape[:2], bool) if whole else expected.any(2)
    assert ((mask > 0) == seen).all()
    assert (got[seen] == expected[seen]).all() if not whole else got.any()


def test_cog_of_many_blocks_has_overviews_that_are_means(tmp_path):
    found = Area(8, 0, 0, 256 * 5, 256 * 4)
    (path,), _ = saved(tmp_path, "cog", found, whole=True)
    with rasterio.open(path) as cog:
        assert cog.overviews(1) and cog.block_shapes[0] == (512, 512)
        small = cog.read(out_shape=(3, found.height // 2, found.width // 2)).transpose(1, 2, 0)
    mean = sheet(found).reshape(found.height // 2, 2, found.width // 2, 2, 3).mean((1, 3))
    assert np.abs(small - mean).max() <= 1


def test_png_has_a_world_file_other_tools_read(tmp_path):
    (path, world_file, system), _ = saved(tmp_path, "png", SOME)
    with Image.open(path) as image:
        got = np.array(image)
    expected = sheet(SOME)
    assert (got[..., :3] == expected).all() and ((got[..., 3] > 0) == expected.any(2)).all()
    assert world_file.suffix == ".pgw" and "Mercator" in system.read_text()
    with rasterio.open(path) as png:
        assert png.bounds == pytest.approx(SOME.bounds)


def test_png_of_painted_land_is_plain_rgb(tmp_path):
    paths, _ = saved(tmp_path, "png", Area(8, 0, 0, 300, 200), whole=True)
    with Image.open(paths[0]) as image:
        assert image.mode == "RGB"


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


def test_a_postcard_shows_the_land(tmp_path):
    found = Area(8, 0, 0, 600, 400)
    (path,), _ = saved(tmp_path, "postcard", found, whole=True)
    with Image.open(path) as image:
        card = np.array(image.convert("RGB"))
    land = sheet(found)
    places = [
        (y, x)
        for y in range(card.shape[0] - 399)
        for x in range(card.shape[1] - 599)
        if (card[y, x] == land[0, 0]).all() and (card[y + 399, x + 599] == land[-1, -1]).all()
    ]
    assert any((card[y : y + 400, x : x + 600] == land).all() for y, x in places)
    assert card.shape[0] > 430  # room for the caption


@given(st.floats(0.01, 1e8))
def test_scale_bars_have_round_lengths(most):
    length = round_length(most)
    assert most / 2.6 < length <= most * 1.0001 and length_words(length)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_stopped_export_leaves_nothing(tmp_path, format):
    def stop(more):
        raise Cancelled("stop")

    (tmp_path / "kept.txt").write_text("mine")
    kind = FORMATS[format]
    with pytest.raises(Cancelled):
        write(tmp_path / f"out{kind.suffix}", kind, SOME, ABOUT, False, read, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


def test_the_square_is_what_web_mercator_says():
    assert area(Bounds(-EARTH / 2, -EARTH / 2, EARTH / 2, EARTH / 2), 2) == Area(2, 0, 0, 1024, 1024)
