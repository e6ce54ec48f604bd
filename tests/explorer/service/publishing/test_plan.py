"""Which tiles are published, and in which archive each of them lies."""

import pytest

from explorer.service.publishing.plan import Square, Wanted, ids, parse_zooms, plan
from tests.explorer.worlds.test_journal import put
from tiles.errors import BadBounds, BadSetting
from tiles.grid import Box, Tile, inside_square, lonlat

LAND = Box(8, 126, 126, 132, 131)
EARTH_SQUARE = Square(0, 0)


def test_only_what_is_painted_is_published_with_all_its_overviews(world):
    put(world, LAND.tiles())
    put(world, [Tile(8, 200, 3)])
    planned = plan(world, Wanted(None, None))
    found = planned.tiles[EARTH_SQUARE]
    base = {*LAND.tiles(), Tile(8, 200, 3)}
    assert set(found) == {cell.above(zoom) for cell in base for zoom in range(9)}
    assert len(found) == len(set(found)) == planned.size
    assert (planned.lowest, planned.deepest) == (0, 8)
    place = {tile: order for order, tile in enumerate(found)}
    assert all(place[tile] < place[tile.parent] for tile in found if tile.z)


def test_bounds_and_zooms_choose_some_of_it(world):
    put(world, LAND.tiles())
    put(world, [Tile(9, 256, 256)])
    planned = plan(world, Wanted(Tile(8, 128, 128).bounds, (7, 9)))
    assert planned.tiles == {EARTH_SQUARE: [Tile(9, 256, 256), Tile(8, 128, 128), Tile(7, 64, 64)]}
    assert planned.bounds == pytest.approx(Tile(8, 128, 128).bounds)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(None, (12, 14)), "nothing is painted at zooms 12 to 14; there is land at zoom 8"),
        (Wanted(Tile(8, 0, 0).bounds, None), "nothing is painted in these bounds"),
    ],
)
def test_where_nothing_is_painted_that_is_said(world, wanted, said):
    put(world, [Tile(8, 128, 128)])
    with pytest.raises(BadBounds, match=said):
        plan(world, wanted)


def test_a_world_without_land_cannot_be_published(world):
    with pytest.raises(BadBounds, match="nothing is painted here yet"):
        plan(world, Wanted(None, None))


def test_each_square_of_the_plane_has_addresses_of_its_own(world):
    cells = [Tile(8, 255, 100), Tile(8, 256, 100), Tile(8, -1, -1)]
    put(world, cells)
    tiles = plan(world, Wanted(None, None)).tiles
    assert {square: found[0] for square, found in tiles.items()} == {
        Square(0, 0): cells[0],
        Square(1, 0): cells[1],
        Square(-1, -1): cells[2],
    }
    for square, found in tiles.items():
        assert all(inside_square(square.own(tile)) for tile in found)
        numbers = [number for number, _ in ids(square, found)]
        assert numbers == sorted(set(numbers)) and len(numbers) == len(found)
        for tile in found:
            assert square.moved(tile.bounds) == pytest.approx(square.own(tile).bounds, abs=1e-3)
    assert lonlat(*Square(-1, -1).moved(cells[2].bounds)[:2])[0] > 178


@pytest.mark.parametrize(("text", "zooms"), [("0-10", (0, 10)), ("7", (0, 7)), ("7-7", (7, 7)), ("", None)])
def test_zooms_are_a_range(text, zooms):
    assert parse_zooms(text) == zooms


@pytest.mark.parametrize("text", ["7-3", "-1", "0-23", "seven", "1-2-3", "٣"])
def test_what_is_no_range_of_zooms_is_said(text):
    with pytest.raises(BadSetting, match="two zooms of 0 to 22"):
        parse_zooms(text)
