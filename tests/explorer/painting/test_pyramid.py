from hypothesis import given
from hypothesis import strategies as st

from explorer.painting.pyramid import Level, Pyramid, Sight, pyramid_of
from explorer.painting.schedule import parents, requires, under
from tiles.grid import Box, Tile, around
from tiles.latents import USUAL, LatentSpace

SIGHT = Sight(8, USUAL)
tiles = st.builds(Tile, st.integers(0, 20), st.integers(-(2**20), 2**20), st.integers(-(2**20), 2**20))
pyramids = st.lists(
    st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=6, unique_by=lambda e: e[0]
).map(
    lambda drawn: Pyramid(
        tuple(Level(zoom, SIGHT, shown or zoom == max(drawn)[0]) for zoom, shown in sorted(drawn))
    )
)


def test_a_world_of_today_has_a_sketch_and_a_base():
    pyramid = pyramid_of(8, 2, 8, USUAL)
    assert (pyramid.base, pyramid.top, pyramid.sketch) == (8, 6, 2)
    assert (pyramid.parent(8), pyramid.parent(6), pyramid.parent(7)) == (6, None, None)
    assert pyramid.is_sketch(Tile(6, 0, 0)) and not pyramid.is_sketch(Tile(8, 0, 0))
    assert pyramid.shows(Tile(8, 0, 0)) and not pyramid.shows(Tile(6, 0, 0))
    assert pyramid.sketch_of(Tile(10, -1, 17)) == Tile(6, -1, 1)
    assert pyramid.cell(Tile(10, -1, 17)) == Tile(8, -1, 4) and pyramid.enlarged(Tile(10, 0, 0)) == 2
    assert pyramid.is_overview(Tile(7, 0, 0)) and pyramid.cell(Tile(7, 0, 0)) is None
    assert pyramid.cells(Tile(7, 1, -1)) == Box(8, 2, -2, 4, 0)


def test_a_world_without_a_sketch_has_one_level():
    pyramid = pyramid_of(8, 0, 8, USUAL)
    assert pyramid.zooms == (8,) and pyramid.sketch == 0 and pyramid.parent(8) is None
    assert pyramid.sketch_of(Tile(9, 1, 1)) is None


@given(pyramids, tiles)
def test_a_tile_is_made_of_a_shown_level(pyramid, tile):
    zoom = pyramid.painted_zoom(tile)
    assert pyramid.level(zoom) == Level(zoom, SIGHT)
    cells = pyramid.cells(tile)
    assert cells.zoom == zoom
    if pyramid.is_overview(tile):
        assert (
            pyramid.cell(tile) is None and pyramid.enlarged(tile) == 0 and cells.size == 4 ** (zoom - tile.z)
        )
    else:
        cell = pyramid.cell(tile)
        assert list(cells.tiles()) == [cell] and zoom + pyramid.enlarged(tile) == tile.z
        assert around(cell, 0).at(tile.z).holds(tile)
        deeper = [level.zoom for level in pyramid.levels if level.shown and zoom < level.zoom <= tile.z]
        assert not deeper


def test_a_world_goes_on_below_its_base_zoom_by_zoom():
    pyramid = pyramid_of(8, 2, 8, USUAL, deepest=20)
    assert pyramid.zooms == (6, *range(8, 21)) and (pyramid.base, pyramid.deepest) == (8, 20)
    assert (pyramid.parent(9), pyramid.parent(20), pyramid.coarser(9)) == (8, 19, 1)
    assert pyramid.enlarged(Tile(22, 0, 0)) == 2 and pyramid.cell(Tile(12, 5, 5)) == Tile(12, 5, 5)
    assert pyramid.under(Box(10, 0, 0, 4, 4)) == Box(10, 0, 0, 4, 4)
    assert pyramid.under(Box(7, 0, 0, 1, 1)) == Box(8, 0, 0, 2, 2)
    assert pyramid.told(Tile(10, 9, 9)) == Tile(8, 2, 2) and pyramid.told(Tile(6, 1, 1)) == Tile(6, 1, 1)
    assert pyramid_of(20, 1, 8, USUAL, deepest=20).zooms == (19, 20)


@given(st.lists(tiles, max_size=6), st.integers(5, 12))
def test_what_tiles_are_refined_from_comes_level_by_level(wanted, base):
    pyramid = pyramid_of(base, 2, 8, USUAL, deepest=16)
    cells = pyramid.lineages(wanted)
    assert len(set(cells)) == len(cells) and [cell.z for cell in cells] == sorted(cell.z for cell in cells)
    for tile in wanted:
        lineage = pyramid.lineage(tile)
        assert set(lineage) <= set(cells) and lineage == [
            tile.above(z) for z in range(base, min(tile.z, 16) + 1)
        ]


@given(pyramids, tiles)
def test_parents_lead_to_the_first_level_and_hold_the_cell(pyramid, tile):
    for zoom in pyramid.zooms:
        cell = Tile(zoom, tile.x, tile.y)
        above = list(pyramid.parents(cell))
        assert [each.z for each in above] == [z for z in reversed(pyramid.zooms) if z < zoom]
        assert all(around(each, 0).at(zoom).holds(cell) for each in above)
        assert pyramid.coarser(zoom) == (zoom - above[0].z if above else 0)


@given(pyramids, tiles)
def test_a_cell_of_any_level_waits_for_its_level_and_the_one_above(pyramid, tile):
    for zoom in pyramid.zooms:
        cell = Tile(zoom, tile.x, tile.y)
        assert {each.z for each in requires(cell, pyramid)} <= {zoom, pyramid.parent(zoom)}
        above = pyramid.parent(zoom)
        assert above is None or cell.above(above) in requires(cell, pyramid)


def test_another_model_paints_from_its_zoom_on_down_to_the_next_one():
    one, other = Sight(6, LatentSpace(16, 8)), Sight(4, LatentSpace(4, 16))
    pyramid = pyramid_of(8, 2, 8, USUAL, 20, {10: one, 13: other})
    assert [pyramid.level(zoom).sight for zoom in (6, 8, 9)] == [SIGHT] * 3
    assert [pyramid.level(zoom).sight for zoom in (10, 12, 13, 20)] == [one, one, other, other]
    assert [zoom for zoom in pyramid.zooms if pyramid.crosses(zoom)] == [10, 13] and pyramid.crossing
    assert pyramid.down_to(10) == pyramid_of(8, 2, 8, USUAL, 9) and not pyramid.down_to(10).crossing


def test_where_models_differ_a_cell_also_waits_for_what_lies_around_its_parents():
    pyramid = pyramid_of(8, 2, 8, USUAL, 20, {10: Sight(6, LatentSpace(16, 8))})
    for zoom, ring in ((9, 0), (10, 1), (11, 0)):
        cell = Tile(zoom, 5, -3)
        assert parents(cell, pyramid) == under(cell, pyramid).grown(ring)
