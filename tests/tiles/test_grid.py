import math

import morecantile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.errors import BadAddress, BadBounds
from tiles.grid import (
    EARTH,
    MAX_INDEX,
    Bounds,
    Box,
    Tile,
    around,
    boxed,
    checked_tile,
    inside_square,
    metres_per_pixel,
    parse_tile,
    tile_at,
)  # fmt: skip

MERCATOR = morecantile.tms.get("WebMercatorQuad")
zooms = st.integers(0, 22)
indices = st.integers(-MAX_INDEX, MAX_INDEX)
tiles = st.builds(Tile, zooms, indices, indices)
near = st.builds(Tile, zooms, st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))


@given(zooms, st.data())
def test_inside_the_square_bounds_are_those_of_morecantile(zoom, data):
    x, y = (data.draw(st.integers(0, 2**zoom - 1)) for _ in range(2))
    theirs = MERCATOR.xy_bounds(morecantile.Tile(x, y, zoom))
    assert Tile(zoom, x, y).bounds == pytest.approx(tuple(theirs), abs=1e-6)
    assert inside_square(Tile(zoom, x, y))


@given(st.integers(0, 22))
def test_resolution_is_that_of_morecantile(zoom):
    assert metres_per_pixel(zoom) == pytest.approx(MERCATOR.matrix(zoom).cellSize)


@given(near)
def test_a_tile_holds_its_own_middle_and_nothing_beyond_its_edges(tile):
    west, south, east, north = tile.bounds
    assert tile_at((west + east) / 2, (south + north) / 2, tile.z) == tile
    assert boxed(tile.bounds, tile.z) == Box(tile.z, tile.x, tile.y, tile.x + 1, tile.y + 1)


@given(tiles.filter(lambda t: t.z < 22))
def test_children_know_their_parent(tile):
    assert all(child.parent == tile for child in tile.children)
    assert len(set(tile.children)) == 4


@given(tiles)
def test_an_address_survives_being_written_and_read(tile):
    assert parse_tile(*map(str, tile)) == tile
    assert checked_tile(*tile) == tile


@pytest.mark.parametrize(
    "text",
    ["1_0", "+2", " 2", "2 ", "2.0", "-0", "01", "", "0x1", "1e3", "٣", "²", "9" * 11, "nan", "-", "1\n"],
)
def test_only_plain_whole_numbers_are_addresses(text):
    for parts in ((text, "0", "0"), ("3", text, "0"), ("3", "0", text)):
        with pytest.raises(BadAddress):
            parse_tile(*parts)


@pytest.mark.parametrize("zoom", ["-1", "23", "9999999999"])
def test_zooms_beyond_the_range_are_refused(zoom):
    with pytest.raises(BadAddress, match="0 to 22"):
        parse_tile(zoom, "0", "0")


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1], MAX_INDEX + 1])
def test_json_addresses_are_integers(value):
    with pytest.raises(BadAddress):
        checked_tile(3, value, 0)


@pytest.mark.parametrize(
    "bounds",
    [(math.nan, 0, 1, 1), (0, 0, math.inf, 1), (1, 0, 0, 1), (0, 1, 1, 1), (0, 0, 1e30, 1)],
)
def test_bounds_that_are_no_rectangle_are_refused(bounds):
    with pytest.raises(BadBounds):
        boxed(Bounds(*bounds), 8)


def test_the_square_has_the_side_every_tool_expects():
    assert pytest.approx(40075016.685578488) == EARTH
    assert not inside_square(Tile(3, 8, 0)) and not inside_square(Tile(3, 0, -1))


def test_around_is_three_by_three():
    assert len(set(around(Tile(8, -1, 5)).tiles())) == 9
