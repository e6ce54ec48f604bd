import hashlib
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
from rasterio.enums import MaskFlags
from rasterio.env import get_gdal_config
from rio_cogeo.cogeo import cog_validate

from tiles.errors import BadBounds, BadSetting, Cancelled, DiskFull, NotWritten
from tiles.grid import EARTH, Bounds, Box, Tile, metres_per_pixel
from tiles.mosaic import postcard, raster
from tiles.mosaic.area import FINISHING, WRITING, About, Area, area, pyramid, upwards
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


def sheet(found: Area, reader=read) -> np.ndarray:
    """The area put together the plain way, (h, w, 3), what is not there black."""
    box = found.box
    whole = np.zeros((box.height * 256, box.width * 256, 3), np.uint8)
    for tile in box.tiles():
        y, x = (tile.y - box.top) * 256, (tile.x - box.left) * 256
        if data := reader(tile):
            whole[y : y + 256, x : x + 256] = np.array(Image.open(io.BytesIO(data)))
    y, x = found.top - box.top * 256, found.left - box.left * 256
    return whole[y : y + found.height, x : x + found.width]


def saved(tmp_path, format, found, reader=read, whole=False):
    done = []
    kind = FORMATS[format]
    paths = write(
        tmp_path / f"out{kind.suffix}", kind, found, ABOUT, whole, reader, lambda *said: done.append(said)
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths)
    assert all(0 <= some <= total for _, some, total in done) and done[-1][1] == done[-1][2]
    return paths, max(some for stage, some, _ in done if stage == WRITING)


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


def digest(*parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("whole", [True, False])
def test_cog_is_valid_and_holds_the_very_pixels(tmp_path, whole):
    (path,), done = saved(tmp_path, "cog", SOME, read_all if whole else read, whole)
    valid, errors, _ = cog_validate(path, strict=True, quiet=True)
    assert valid, errors
    assert done == SOME.box.size
    with rasterio.open(path) as cog:
        assert cog.crs.to_epsg() == 3857 and cog.bounds == pytest.approx(SOME.bounds)
        assert cog.res == pytest.approx((metres_per_pixel(8),) * 2)
        flags = {flag for band in cog.mask_flag_enums for flag in band}
        assert flags == {MaskFlags.all_valid if whole else MaskFlags.per_dataset}
        mask, got = cog.dataset_mask(), cog.read().transpose(1, 2, 0)
    expected = sheet(SOME, read_all if whole else read)
    seen = expected.any(2)
    assert seen.all() == whole
    assert digest(got, mask > 0) == digest(expected, seen)


def test_cog_says_where_it_comes_from(tmp_path):
    (path,), _ = saved(tmp_path, "cog", SOME)
    with rasterio.open(path) as cog:
        said = cog.tags()
    assert {name: said[name] for name in ("WORLD", "NAME", "PROMPT", "SEED", "MODEL", "LICENCE")} == {
        "WORLD": "test-land", "NAME": "Töst <land>", "PROMPT": 'a "rocky" coast', "SEED": "7",
        "MODEL": "terra", "LICENCE": "CC0-1.0",
    }  # fmt: skip
    assert said["TIFFTAG_SOFTWARE"] == "Endless Earth 0.1.0" and said["TIFFTAG_COPYRIGHT"] == "CC0-1.0"
    with Image.open(path) as plain:  # what knows nothing of GDAL's tags
        assert plain.tag_v2[305] == "Endless Earth 0.1.0" and "imaginary land" in plain.tag_v2[270]


def test_a_damaged_cog_is_noticed_where_a_validator_is_content(tmp_path, monkeypatch):
    """One pixel that is not the tile's, put in on the way from the sheet to the file."""
    copy = raster.rasterio.shutil.copy

    def damaging(source, path, **options):
        with rasterio.open(tmp_path / "damaged.tif", "w", **source.profile) as other:
            data = source.read()
            data[1, 5, 7] ^= 1
            other.write(data)
        with rasterio.open(tmp_path / "damaged.tif") as other:
            copy(other, path, **options)
        (tmp_path / "damaged.tif").unlink()
        assert cog_validate(path, strict=True, quiet=True)[0]

    monkeypatch.setattr(raster.rasterio.shutil, "copy", damaging)
    with pytest.raises(NotWritten, match="damaged"):
        saved(tmp_path, "cog", SOME, read_all, True)
    assert not list(tmp_path.iterdir())


def test_land_wider_than_a_strip_is_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr(raster, "ACROSS", 2)
    found = Area(8, 125 * 256 + 30, 128 * 256 - 3, 132 * 256 - 1, 129 * 256 + 100)
    (path,), _ = saved(tmp_path, "cog", found)
    with rasterio.open(path) as cog:
        assert (cog.read().transpose(1, 2, 0) == sheet(found)).all()
        assert ((cog.dataset_mask() > 0) == sheet(found).any(2)).all()


def test_cog_of_many_blocks_has_overviews_that_are_means(tmp_path):
    found = Area(8, 0, 0, 256 * 5, 256 * 4)
    (path,), _ = saved(tmp_path, "cog", found, whole=True)
    with rasterio.open(path) as cog:
        assert cog.overviews(1) and cog.block_shapes[0] == (512, 512)
        small = cog.read(out_shape=(3, found.height // 2, found.width // 2)).transpose(1, 2, 0)
    mean = sheet(found).reshape(found.height // 2, 2, found.width // 2, 2, 3).mean((1, 3))
    assert np.abs(small - mean).max() <= 1


def test_png_has_a_world_file_other_tools_read(tmp_path):
    (path, world_file, system, auxiliary), _ = saved(tmp_path, "png", SOME)
    with Image.open(path) as image:
        got = np.array(image)
    expected = sheet(SOME)
    assert (got[..., :3] == expected).all() and ((got[..., 3] > 0) == expected.any(2)).all()
    assert world_file.suffix == ".pgw" and "Mercator" in system.read_text()
    with rasterio.open(path) as png:
        assert png.bounds == pytest.approx(SOME.bounds) and png.crs.to_epsg() == 3857
        assert png.tags()["PROMPT"] == 'a "rocky" coast'
    with Image.open(path) as plain:
        assert plain.info["NAME"] == "Töst <land>" and plain.info["SEED"] == "7"
    assert auxiliary.name == "out.png.aux.xml"


def test_a_row_of_blocks_of_the_widest_png_fits_into_gdals_cache():
    """Or every block is inflated again for each of its lines. rasterio and GDAL count it otherwise."""
    with rasterio.Env(**raster.GDAL):
        assert int(get_gdal_config("GDAL_CACHEMAX")) > raster.MOST_SIDE * 256 * 4


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


def card(tmp_path, about, found):
    (path,) = write(tmp_path / "card.png", FORMATS["postcard"], found, about, True, read, lambda *said: None)
    with Image.open(path) as image:
        return np.array(image.convert("RGB")), image.info


def test_a_scale_bar_is_as_long_as_it_says(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(postcard, "length_words", lambda metres: said.append(metres) or "x")
    for found in (Area(8, 0, 0, 600, 400), Area(19, 5, 5, 900, 30), Area(8, 0, 0, 3, 3)):
        shown, _ = card(tmp_path, ABOUT._replace(name=" ", prompt=""), found)
        ink = (shown == postcard.INK).all(2)
        ink[: found.height + 30] = False
        row = ink[ink.sum(1).argmax()]
        assert abs(row.sum() * metres_per_pixel(found.zoom) / said[-1] - 1) < 0.02
        assert row.nonzero()[0].max() < shown.shape[1] - 20 and row.nonzero()[0].min() > 20


@pytest.mark.parametrize("text", ["Ünï", "тундра", "日本", "a\u0301 ✓", "\U0001f30d", "x" * 500])
def test_captions_are_never_empty_boxes(tmp_path, text):
    font = postcard.font_for(text, 20)
    shown = postcard.readable(text, font)
    assert not postcard.missing_letters(font, shown)
    monochrome, info = card(tmp_path, ABOUT._replace(name=text, prompt=text), Area(8, 0, 0, 300, 200))
    assert info["Title"] == text and info["Copyright"] == "CC0-1.0" and monochrome.shape[1] < 400


def test_accents_are_dropped_where_no_font_has_them(monkeypatch):
    monkeypatch.setattr(postcard, "FONTS", ())
    assert postcard.readable("Ünï 日本 land", postcard.font_for("Ü", 20)) == "Uni land"


@given(st.floats(0.01, 1e8))
def test_scale_bars_have_round_lengths(most):
    length = round_length(most)
    assert most / 2.6 < length <= most * 1.0001 and length_words(length)


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize("stage", [WRITING, FINISHING])
def test_a_stopped_export_leaves_nothing(tmp_path, format, stage):
    """Also while GDAL is at work, which takes minutes for large ones."""

    def stop(now, done, total):
        if now == stage:
            raise Cancelled("stop")

    (tmp_path / "kept.txt").write_text("mine")
    kind = FORMATS[format]
    if stage == FINISHING and format not in ("cog", "png", "pmtiles"):
        return  # they have no such stage
    with pytest.raises(Cancelled):
        write(tmp_path / f"out{kind.suffix}", kind, SOME, ABOUT, False, read, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize("format", ["cog", "png"])
def test_finishing_tells_how_far_it_is(tmp_path, format):
    said = []
    found, kind = Area(8, 0, 0, 1500, 1500), FORMATS[format]
    write(tmp_path / "out.tif", kind, found, ABOUT, True, read, lambda *now: said.append(now))
    done = [some for stage, some, _ in said if stage == FINISHING]
    assert done == sorted(done) and len(set(done)) > 5 and done[-1] == found.box.size


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize(
    ("error", "ours"), [(OSError(28, "No space left"), DiskFull), (OSError(5, "I/O error"), NotWritten)]
)
def test_errors_of_the_disk_are_said_in_words(tmp_path, format, error, ours):
    def failing(tile):
        raise error

    kind = FORMATS[format]
    with pytest.raises(ours, match=r"out\.\w+ could not be written"):
        write(tmp_path / f"out{kind.suffix}", kind, SOME, ABOUT, False, failing, lambda *said: None)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_export_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".out.tif.part").mkdir()
    (tmp_path / ".out.tif.part" / "sheet.tif").write_bytes(b"half")
    saved(tmp_path, "cog", SOME)


@pytest.mark.parametrize("name", ["out", "my.map.v2", "out.png.png", "-"])
def test_files_beside_others_of_any_name(tmp_path, name):
    (tmp_path / "out.wld").write_text("mine")
    paths = write(tmp_path / name, FORMATS["png"], SOME, ABOUT, False, read, lambda *said: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["out.wld", *(p.name for p in paths)])
    assert all(path.stat().st_size for path in paths) and (tmp_path / "out.wld").read_text() == "mine"


def test_a_name_that_is_a_file_beside_it_is_refused(tmp_path):
    with pytest.raises(BadSetting, match=r"out\.png is fine"):
        write(tmp_path / "out.pgw", FORMATS["png"], SOME, ABOUT, False, read, lambda *said: None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadSetting):
        write(tmp_path / "folder", FORMATS["cog"], SOME, ABOUT, False, read, lambda *said: None)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


FAR = [
    Area(8, *corner, corner[0] + 300, corner[1] + 270)
    for corner in ((5 * 10**8 + 7, -9 * 10**8 - 3), (-40, -90))
]
FAR += [Area(22, 2 * 10**12 + 13, -(10**12) - 77, 2 * 10**12 + 313, -(10**12) + 200)]


@pytest.mark.parametrize("format", ["cog", "png"])
@pytest.mark.parametrize("found", FAR)
def test_far_beyond_the_square_every_pixel_has_its_place(tmp_path, format, found):
    """Place and size of a pixel to a thousandth of it, as GDAL reads them, and the pixels themselves."""
    (path, *_), _ = saved(tmp_path, format, found, whole=True)
    metres = metres_per_pixel(found.zoom)
    with rasterio.open(path) as raster_file:
        assert raster_file.crs.to_epsg() == 3857
        transform = raster_file.transform
        assert (transform.a, transform.e) == pytest.approx((metres, -metres), rel=1e-6)
        places = ((0, 0), (found.width, found.height))
        for (column, row), (x, y) in zip(places, (found.bounds[0::3], found.bounds[2:0:-1])):
            assert transform * (column, row) == pytest.approx((x, y), abs=metres / 1000, rel=1e-14)
        assert (raster_file.read((1, 2, 3)).transpose(1, 2, 0) == sheet(found)).all()


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


def test_tiles_come_after_those_they_are_made_of():
    order = list(upwards(SOME))
    assert sorted(order) == sorted(tile for box in pyramid(SOME) for tile in box.tiles())
    place = {tile: index for index, tile in enumerate(order)}
    assert all(place[tile] < place[tile.parent] for tile in order if tile.z)


def test_the_square_is_what_web_mercator_says():
    assert area(Bounds(-EARTH / 2, -EARTH / 2, EARTH / 2, EARTH / 2), 2) == Area(2, 0, 0, 1024, 1024)
