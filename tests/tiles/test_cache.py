import sqlite3
import warnings

import numpy as np
import pytest
import rasterio

from explorer import pictures
from tests.disks import change, full_disk
from tiles.cache import Cache
from tiles.grid import Tile


@pytest.fixture
def cache(tmp_path):
    cache = Cache(tmp_path / "tiles.mbtiles", 2**20, {"name": "Test", "minzoom": "8", "maxzoom": "8"})
    yield cache
    cache.close()


def test_a_tile_comes_back_with_its_revision_and_only_in_its_format(cache):
    cache.put(Tile(8, -5, 3), "webp", 4, b"abc")
    assert cache.get(Tile(8, -5, 3), "webp") == (b"abc", 4)
    assert cache.get(Tile(8, -5, 3), "png") is None
    cache.put(Tile(8, -5, 3), "webp", 5, b"abcd")
    assert cache.get(Tile(8, -5, 3), "webp") == (b"abcd", 5) and cache.size() == 4
    cache.drop(Tile(8, -5, 3))
    assert cache.get(Tile(8, -5, 3), "webp") is None and cache.size() == 0


def test_an_older_tile_that_comes_late_does_not_take_the_place_of_a_newer_one(cache):
    tile = Tile(7, 0, 0)
    assert cache.put(tile, "png", 5, b"new land") and cache.put(tile, "png", 4, b"old")
    assert cache.get(tile, "png") == (b"new land", 5) and cache.size() == 8


def test_the_least_recently_used_go_first(tmp_path):
    cache = Cache(tmp_path / "tiles.mbtiles", 10_000, {"name": "Test"})
    tiles = [Tile(8, x, 0) for x in range(9)]
    for tile in tiles:
        cache.put(tile, "png", 1, bytes(1000))
    cache.get(tiles[0], "png")
    cache.put(Tile(8, 100, 0), "png", 1, bytes(2000))
    left = [tile for tile in tiles if cache.get(tile, "png")]
    assert tiles[0] in left and tiles[1] not in left
    assert cache.size() <= 10_000 and cache.get(Tile(8, 100, 0), "png")
    cache.close()


def test_size_and_order_of_use_survive_a_restart(tmp_path):
    for put in (range(5), ()):
        cache = Cache(tmp_path / "tiles.mbtiles", 10_000, {"name": "Test"})
        for x in put:
            cache.put(Tile(8, x, 0), "png", 1, bytes(1000))
        assert cache.size() == 5000
        cache.close()


def test_a_damaged_tile_is_never_served(cache):
    cache.put(Tile(8, 1, 1), "png", 1, b"good bytes")
    change(cache.path, "UPDATE pixels SET data = ?", (b"evil bytes",))
    assert cache.get(Tile(8, 1, 1), "png") is None
    assert cache.size() == 0


def test_a_tile_moved_to_another_address_is_not_taken_for_it(cache):
    cache.put(Tile(8, 1, 1), "png", 1, b"good bytes")
    change(cache.path, "UPDATE pixels SET x = 2")
    assert cache.get(Tile(8, 2, 1), "png") is None


@pytest.mark.parametrize("damage", [b"", b"rubbish" * 1000])
def test_a_file_that_is_no_cache_is_made_anew(tmp_path, damage):
    path = tmp_path / "tiles.mbtiles"
    path.write_bytes(damage)
    cache = Cache(path, 2**20, {"name": "Test"})
    assert cache.put(Tile(8, 0, 0), "png", 1, b"x") and cache.get(Tile(8, 0, 0), "png")
    cache.close()


def test_on_a_full_disk_tiles_are_not_kept_and_nothing_breaks(cache):
    with full_disk(cache.path.parent, room=50_000):
        assert not cache.put(Tile(8, 0, 0), "png", 1, bytes(300_000))
        assert cache.full and cache.get(Tile(8, 0, 0), "png") is None
    assert not cache.full, "a disk with room again is noticed without another tile"
    assert cache.put(Tile(8, 0, 0), "png", 1, bytes(100_000)) and not cache.full


def test_gdal_reads_it_as_mbtiles(cache, tmp_path):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (256, 256, 3), np.uint8)
    cache.put(Tile(8, 100, 90), "png", 1, pictures.encode(pixels, "png"))
    cache.put(Tile(8, 100, 91), "webp", 1, b"not for other tools")
    cache.put(Tile(8, -100, 90), "png", 1, b"beyond the square")
    cache.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(tmp_path / "tiles.mbtiles") as data:
            assert data.crs.to_epsg() == 3857
            window = data.window(*Tile(8, 100, 90).bounds).round()
            assert (data.read((1, 2, 3), window=window).transpose(1, 2, 0) == pixels).all()
    tables = sqlite3.connect(tmp_path / "tiles.mbtiles")
    assert tables.execute("SELECT count(*) FROM tiles").fetchone() == (1,)
    assert dict(tables.execute("SELECT * FROM metadata"))["format"] == "png"
    tables.close()
