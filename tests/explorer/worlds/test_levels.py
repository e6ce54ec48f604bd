"""The levels below the base: one land, however it is explored."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.standin import OneModel, StandIn
from explorer import pictures
from explorer.worlds.atlas import Atlas, NewWorld
from explorer.worlds.levels import pyramid_for
from tests.explorer.worlds.test_journal import edit
from tiles.grid import Box, Tile, around

HOME = Tile(8, 128, 128)
DEEP = [Tile(8 + by, 128 << by, 128 << by) for by in range(5)]


def paint(world, tiles, layer=None):
    return world.canvas.paint(tiles, world.model.paint, world.model.traits.batch, layer)


def explored(world, tiles):
    """Latents and pixels of tiles, painted with all around them."""
    paint(world, world.pyramid.lineages(other for tile in tiles for other in around(tile).tiles()))
    snapshot = world.canvas.snapshot()
    return {
        tile: (
            snapshot.latents(snapshot.shown(tile)).tobytes(),
            pictures.decode(world.renderer.tile(tile, "png").data).tobytes(),
        )
        for tile in tiles
    }


def shows_the_same(folder, opened, explored, views, order, restarts):
    """Explores a new world in an order, and opens it anew after some tiles, without its cache: each tile is the
    one of ``views``."""
    atlas, world = opened(folder)
    try:
        for index, tile in enumerate(order):
            assert explored(world, [tile]) == {tile: views[tile]}
            if index in restarts:
                atlas.close()
                (folder / world.id / "tiles.mbtiles").unlink()
                atlas, world = opened(folder)
        assert explored(world, order) == {tile: views[tile] for tile in order}
    finally:
        atlas.close()


def opened(folder):
    atlas = Atlas(folder, OneModel(StandIn()), 2**24)
    names = atlas.names()
    return atlas, atlas.get(names[0]) if names else atlas.create(NewWorld("Land", "coast", seed=1, sketch=2))


@pytest.fixture
def stand_in(tmp_path):
    atlas, world = opened(tmp_path / "stand-in")
    yield world
    atlas.close()


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """Tiles of every level about home, and what they are when each is the first that anybody sees."""
    rng, known = random.Random(3), {}
    for zoom in (8, 9, 10, 11, 13, 20):
        tile = Tile(
            zoom, (128 << (zoom - 8)) + rng.randrange(-2, 3), (128 << (zoom - 8)) + rng.randrange(-2, 3)
        )
        atlas, world = opened(tmp_path_factory.mktemp("alone"))
        known |= explored(world, [tile])
        atlas.close()
    return known


@settings(max_examples=5)
@given(data=st.data())
def test_no_order_of_pan_and_zoom_shows_whatever_is_restarted_or_lost(data, views, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explored")
    order = data.draw(st.lists(st.sampled_from(list(views)), min_size=2, max_size=6, unique=True))
    restarts = data.draw(st.sets(st.integers(0, 5)))
    shows_the_same(folder, opened, explored, views, order, restarts)


def test_the_real_model_paints_the_same_in_any_order(world, tmp_path, library):
    first = explored(world, DEEP[:3])
    atlas = Atlas(tmp_path / "again", library, 2**24)
    again = atlas.create(NewWorld("Again", "rocky coast", seed=1))
    assert explored(again, DEEP[2::-1]) == first
    atlas.close()


def test_a_cell_below_the_base_is_painted_from_its_parent(stand_in):
    paint(stand_in, [DEEP[1]])
    snapshot = stand_in.canvas.snapshot()
    window = snapshot.window(snapshot.shown(DEEP[1]))
    assert window.coarser == 1 and window.parent_mask.all()
    parent = snapshot.latents(snapshot.shown(HOME)).astype(np.float32)
    between = window.parent[:, 9:39].reshape(4, 15, 2, 48).mean(2)[:, :, 9:39].reshape(4, 15, 15, 2).mean(3)
    smooth = (parent[:, :15] + parent[:, 1:16])[:, :, :16]
    np.testing.assert_allclose(between, (smooth[:, :, :15] + smooth[:, :, 1:]) / 4, atol=1e-4)


def test_until_it_is_painted_a_tile_is_its_parent_enlarged_and_then_itself(stand_in):
    renderer, seen, deep = stand_in.renderer, [], DEEP[3]
    paint(stand_in, around(HOME).tiles())
    for cell in stand_in.pyramid.lineage(deep)[1:]:
        assert renderer.source(deep) == cell.parent and not renderer.final(deep)
        seen.append((renderer.revision(deep), renderer.tile(deep, "png")))
        corner = pictures.decode(renderer.tile(cell.parent, "png").data)
        shown = pictures.decode(seen[-1][1].data)
        side = 256 >> (deep.z - cell.z + 1)
        assert np.abs(shown.mean((0, 1)) - corner[:side, :side].mean((0, 1))).max() < 25
        paint(stand_in, around(cell).tiles())
    assert renderer.source(deep) == deep and renderer.final(deep)
    revisions = [revision for revision, _ in seen] + [renderer.revision(deep)]
    assert revisions == sorted(set(revisions))
    assert len({encoded.data for _, encoded in seen} | {renderer.tile(deep, "png").data}) == 4


def test_past_the_deepest_level_tiles_are_enlarged(stand_in):
    deep = Tile(20, 128 << 12, 128 << 12)
    explored(stand_in, [deep])
    tile = deep.children[0].children[0]
    assert stand_in.renderer.source(tile) == deep and stand_in.renderer.final(tile)
    assert stand_in.pyramid.deepest == 20 and tile.z == 22


def test_an_edit_holds_for_all_that_is_refined_from_it_and_undo_brings_back_every_byte(stand_in):
    inside = [Tile(8 + by, (128 << by) + 1, (128 << by) + 1) for by in range(4)]
    outside = [Tile(8 + by, (131 << by), (131 << by)) for by in range(4)]
    before = explored(stand_in, inside + outside)
    number = stand_in.journal.begin_edit(edit([HOME, Tile(8, 129, 129)]))
    paint(stand_in, [HOME, Tile(8, 129, 129)], number)
    changed = stand_in.journal.finish_edit(number)
    assert {*inside[1:]} <= changed and not changed & {*outside}
    assert stand_in.renderer.source(inside[3]) == HOME  # painted anew when somebody looks
    edited = explored(stand_in, inside + outside)
    assert all(edited[tile] != before[tile] for tile in inside)
    assert all(edited[tile] == before[tile] for tile in outside)
    stand_in.journal.undo()
    assert explored(stand_in, inside + outside) == before
    calls = stand_in.model.calls.total()
    stand_in.journal.redo()
    assert explored(stand_in, inside + outside) == edited
    assert stand_in.model.calls.total() == calls  # both were kept


def test_what_is_refined_from_an_edit_is_the_same_whoever_looks_first(stand_in, tmp_path):
    deep = [Tile(10, 4 * 128 + x, 4 * 128 + y) for x, y in ((-1, -1), (0, 0), (3, 3), (4, 4))]
    number = stand_in.journal.begin_edit(edit([HOME]))
    paint(stand_in, [HOME], number)
    stand_in.journal.finish_edit(number)
    first = explored(stand_in, deep)
    atlas, other = opened(tmp_path / "other")
    explored(other, deep[::-1])  # before the edit
    number = other.journal.begin_edit(edit([HOME]))
    paint(other, [HOME], number)
    other.journal.finish_edit(number)
    assert explored(other, deep[::-1]) == first
    atlas.close()


def test_below_the_base_a_new_prompt_is_told_where_the_base_was_not_painted(stand_in):
    explored(stand_in, [HOME])
    stand_in.journal.set_prompt("desert")
    layers = stand_in.canvas.snapshot().layers
    far = Tile(9, 300, 300)
    told = [layers.conditions(layers.shown(cell)) for cell in (DEEP[1], far)]
    assert [[(each.prompt, each.use_parent) for each in conditions] for conditions in told] == [
        [("coast", True)], [("desert", True)],
    ]  # fmt: skip


def test_undo_of_a_prompt_hides_what_was_refined_under_it_and_redo_shows_it(stand_in):
    box = Box(9, 254, 254, 258, 258)
    explored(stand_in, [HOME])
    stand_in.journal.set_prompt("desert")
    there = explored(stand_in, list(box.tiles()))
    stand_in.journal.undo()
    assert not stand_in.canvas.painted_in(box)
    explored(stand_in, list(box.tiles()))
    stand_in.journal.redo()
    assert explored(stand_in, list(box.tiles())) == there


def test_a_world_made_before_refines_as_it_always_did(stand_in):
    stored = stand_in.store.settings()
    assert [pyramid_for(stored).level(zoom).follow for zoom in (6, 8, 9, 20)] == [0, 0, 4, 4]
    before = {key: value for key, value in stored.items() if key != "follow"}
    assert {level.follow for level in pyramid_for(before).levels} == {0}
