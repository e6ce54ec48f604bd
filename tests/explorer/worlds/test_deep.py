"""Edits below the base, and edits finer than a tile: what they change, at every zoom, and what they leave."""

import numpy as np
import pytest

from explorer import pictures
from explorer.worlds.atlas import NewWorld
from tests.explorer.worlds.test_journal import edit
from tests.explorer.worlds.test_levels import HOME, explored, opened, paint
from tiles.grid import Tile, around
from tiles.mask import written

DEEP = [Tile(11, (128 << 3) + x, (128 << 3) + y) for x in (2, 3) for y in (4, 5)]
ROUND = [
    tile
    for zoom in range(8, 13)
    for tile in around(
        Tile(zoom, (128 << (zoom - 8)) + (5 << zoom >> 12), (128 << (zoom - 8)) + (9 << zoom >> 12))
    ).tiles()
]
ROOT = Tile(0, 0, 0)


@pytest.fixture
def world(tmp_path):
    atlas, world = opened(tmp_path / "stand-in")
    yield world
    atlas.close()


def perform(world, entry):
    number = world.journal.begin_edit(entry)
    paint(world, sorted(world.journal.edit(number).cells), number)
    return number, world.journal.finish_edit(number)


def png(world, tile):
    return world.renderer.tile(tile, "png").data


def pixels(world, tile):
    return pictures.decode(png(world, tile)).astype(int)


def masked(cells, weights, prompt="ice"):
    mask = dict.fromkeys(cells, weights)
    return edit(cells).model_copy(update={"mask": written(mask), "prompt": prompt})


def test_a_deep_edit_shows_at_every_zoom_and_undo_and_redo_bring_back_every_byte(world):
    before = explored(world, ROUND)
    root = png(world, ROOT)
    _, changed = perform(world, edit(DEEP))
    above = {tile.above(zoom) for tile in DEEP for zoom in (8, 9, 10)}
    assert above <= changed and not any(tile.z < 8 for tile in changed)
    edited, far = explored(world, ROUND), png(world, ROOT)
    hit = {tile for tile in ROUND if edited[tile][1] != before[tile][1]}
    assert above <= hit and {*DEEP} <= hit and far != root
    # Latents above it stay as they are: only what is shown of them is another.
    assert all(edited[tile][0] == before[tile][0] for tile in ROUND if tile.z < 11)
    world.journal.undo()
    assert explored(world, ROUND) == before and png(world, ROOT) == root
    calls = world.model.calls.total()
    world.journal.redo()
    assert explored(world, ROUND) == edited and png(world, ROOT) == far
    assert world.model.calls.total() == calls


def test_coarser_tiles_show_the_mean_of_an_edits_pixels_and_fade_to_the_land_around(world):
    explored(world, ROUND)
    parent = DEEP[0].above(10)
    land = pixels(world, parent)
    perform(world, edit([*parent.children]))
    mean = pictures.halved([pixels(world, child).astype(np.uint8) for child in parent.children]).astype(int)
    shown = pixels(world, parent)
    inner, rim = slice(40, -40), (slice(0, 2), slice(None))
    assert (shown[inner, inner] == mean[inner, inner]).all()
    assert np.abs(shown[rim] - land[rim]).max() <= 0.3 * np.abs(mean[rim] - land[rim]).max() + 2
    revisions = [world.renderer.revision(tile) for tile in (parent, parent.above(9), HOME, ROOT)]
    world.journal.undo()
    assert all(
        now > then
        for now, then in zip(
            [world.renderer.revision(tile) for tile in (parent, parent.above(9), HOME, ROOT)], revisions
        )
    )


def test_a_later_edit_from_farther_away_covers_a_deep_one(world):
    explored(world, ROUND)
    perform(world, edit(DEEP))
    covered = pixels(world, HOME)
    perform(world, edit([HOME], seed=2))
    alone = world.renderer.layer_pixels(HOME, world.journal.history.over(HOME))
    assert (pixels(world, HOME) == alone).all() and not (covered == alone).all()


def test_a_mask_keeps_every_latent_outside_it_at_every_zoom(world):
    weights = np.zeros((32, 32), np.uint8)
    weights[8:24, 8:24] = 128  # a soft border of one latent
    weights[9:23, 9:23] = 255
    own, deeper = HOME, HOME.children[0]
    outside = [HOME.children[0].children[0], HOME.children[0].children[0].children[0]]
    before = explored(world, [own, deeper, *outside])
    was = {tile: np.frombuffer(before[tile][0], np.float16).reshape(4, 32, 32) for tile in before}
    perform(world, masked([own], weights))
    after = explored(world, [own, deeper, *outside])
    now = {tile: np.frombuffer(after[tile][0], np.float16).reshape(4, 32, 32) for tile in after}
    kept = weights == 0
    assert (now[own][:, kept] == was[own][:, kept]).all()
    assert (now[own][:, ~kept] != was[own][:, ~kept]).mean() > 0.9
    below = weights[:16, :16].repeat(2, 0).repeat(2, 1)
    assert (now[deeper][:, below == 0] == was[deeper][:, below == 0]).all()
    assert (now[deeper][:, below == 255] != was[deeper][:, below == 255]).mean() > 0.9
    assert all(after[tile] == before[tile] for tile in outside)
    world.journal.undo()
    assert explored(world, list(before)) == before
    world.journal.redo()
    assert explored(world, list(before)) == after


def test_a_deep_masked_edit_is_seen_in_the_shape_of_its_mask(world):
    tile = DEEP[0]
    weights = np.zeros((32, 32), np.uint8)
    weights[:, 16:] = 255
    explored(world, ROUND)
    before = pixels(world, tile.above(10))
    perform(world, masked([tile], weights))
    after = pixels(world, tile.above(10))
    x, y = (tile.x % 2) * 128, (tile.y % 2) * 128
    differ = (before != after).any(2)
    inside = np.zeros_like(differ)
    inside[y : y + 128, x + 64 : x + 128] = True
    assert not differ[~inside].any() and differ[inside].mean() > 0.9


def test_masks_do_not_depend_on_the_order_in_which_land_is_seen(world, tmp_path):
    weights = np.tri(32, dtype=np.uint8) * 255
    tiles = [HOME, *HOME.children, HOME.children[0].children[3]]
    explored(world, tiles)
    perform(world, masked([HOME, Tile(8, 129, 128)], weights))
    first = explored(world, tiles)
    atlas, other = opened(tmp_path / "other")
    perform(other, masked([HOME, Tile(8, 129, 128)], weights))
    assert explored(other, tiles[::-1]) == first
    atlas.close()


def test_a_mask_painted_by_the_real_model_keeps_what_is_outside(tmp_path, library):
    from explorer.worlds.atlas import Atlas

    atlas = Atlas(tmp_path / "real", library, 2**24)
    world = atlas.create(NewWorld("Real", "coast", seed=1))
    paint(world, around(HOME).tiles())
    was = world.canvas.snapshot().latents(world.canvas.snapshot().shown(HOME)).copy()
    weights = np.zeros((32, 32), np.uint8)
    weights[4:20, 4:20] = 255
    perform(world, masked([HOME], weights))
    now = world.canvas.snapshot().latents(world.canvas.snapshot().shown(HOME))
    assert (now[:, weights == 0] == was[:, weights == 0]).all() and not (now == was).all()
    atlas.close()
