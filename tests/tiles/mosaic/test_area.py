"""The area of an export, and the tiles under it."""

from hypothesis import given
from hypothesis import strategies as st

from tests.mosaics import SOME
from tiles.grid import EARTH, Bounds, Box
from tiles.mosaic.area import Area, area, pyramid, upwards


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


def test_tiles_come_after_those_they_are_made_of():
    order = list(upwards(SOME))
    assert sorted(order) == sorted(tile for box in pyramid(SOME) for tile in box.tiles())
    place = {tile: index for index, tile in enumerate(order)}
    assert all(place[tile] < place[tile.parent] for tile in order if tile.z)


def test_the_square_is_what_web_mercator_says():
    assert area(Bounds(-EARTH / 2, -EARTH / 2, EARTH / 2, EARTH / 2), 2) == Area(2, 0, 0, 1024, 1024)
