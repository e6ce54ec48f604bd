"""Worlds of models whose latents are others than terra's: painted, edited, packed."""

import numpy as np
import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.models.library import Library
from explorer.service import edits, placing
from explorer.service.placing import Spot
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.diffusions import build_diffusion
from tests.pictures import LIMITS, smooth
from tests.rasters import saved
from tiles.errors import ModelRefused
from tiles.grid import Tile, around
from tiles.latents import LatentSpace
from tiles.mask import FULL, SIDE

SPACES = [LatentSpace(16, 8), LatentSpace(4, 4), LatentSpace(8, 16)]


@pytest.fixture(params=SPACES, ids=str)
def space(request):
    return request.param


@pytest.fixture
def library(space):
    model = StandIn(pixels=space.pixels)
    model.traits = model.traits._replace(channels=space.channels)
    return OneModel(model)


def paint(world, cells, layer=None):
    world.canvas.paint(cells, world.model.paint, world.model.traits.batch, layer)


def test_a_world_is_painted_kept_and_packed_in_any_space(tmp_path, atlas, world, space, library):
    paint(world, around(Tile(8, 1, 1)).tiles())
    assert world.store.read(Tile(8, 1, 1)).latents.shape == space.shape
    pixels = world.renderer.pixels(Tile(8, 1, 1))
    assert pixels.shape == (256, 256, 3) and pixels.std() > 1
    world.pack(tmp_path / "land.earth", latents=True)
    copy = atlas.unpack(tmp_path / "land.earth")
    assert (copy.renderer.pixels(Tile(8, 1, 1)) == pixels).all()
    deep = Tile(9, 3, 3)
    for each in (world, copy):
        paint(each, around(deep).tiles())
    assert (copy.renderer.pixels(deep) == world.renderer.pixels(deep)).all()


def test_the_order_of_painting_changes_nothing(atlas, space):
    cells = [Tile(8, x, y) for x in range(3) for y in range(3)]
    one, other = (atlas.create(NewWorld("Land", "coast", seed=1)) for _ in range(2))
    paint(one, cells)
    for cell in reversed(cells):
        paint(other, [cell])
    for cell in cells:
        assert (one.store.read(cell).latents == other.store.read(cell).latents).all()


def test_a_mask_of_any_space_leaves_the_rest_as_it_was(world, space):
    tile = Tile(8, 1, 1)
    paint(world, around(tile, 2).tiles())
    before = world.store.read(tile).latents
    weights = np.zeros((SIDE, SIDE), np.uint8)
    weights[8:16, 8:24] = FULL
    request = edits.EditRequest((), "desert", seed=1, mask={tile: weights})
    number = world.journal.begin_edit(edits.checked(world, request, 9))
    paint(world, [tile], number)
    world.journal.finish_edit(number)
    changed = (world.store.read(tile).latents != before).any(0)
    side = space.side
    expected = np.zeros((side, side), bool)
    expected[side // 4 : side // 2, side // 4 : 3 * side // 4] = True
    assert (changed == expected).all()
    world.journal.undo()
    assert (world.store.read(tile).latents == before).all()


def test_a_picture_is_kept_where_it_lies(tmp_path, world, space):
    sheet = placing.read(saved(tmp_path / "p", smooth(320, 320)), Spot(0.0, 0.0), (0, 0), 8, LIMITS)
    known = placing.known(sheet, 8, world.model)
    number = world.journal.begin_edit(placing.entry(sheet, Spot(0.0, 0.0), 8), known)
    paint(world, sorted(world.journal.edit(number).cells), number)
    world.journal.finish_edit(number)
    given = world.store.picture(number, around(Tile(8, 127, 127)))
    assert given.keys() == {cell for cell in known if around(Tile(8, 127, 127)).holds(cell)}
    for cell, kept in given.items():
        assert kept.mask.shape == (space.side, space.side) and (kept.mask == known[cell].mask).all()
        assert (world.store.read(cell).latents[:, kept.mask] == kept.latents[:, kept.mask]).all()
    world.pack(tmp_path / "land.earth")


def test_a_world_is_not_painted_in_another_space(tmp_path, atlas, world, library):
    id = world.id
    atlas.close()
    library.model.traits = library.model.traits._replace(channels=5)
    with pytest.raises(ModelRefused, match=r"has latents of .*; stand-in paints 5 channels"):
        Atlas(tmp_path / "worlds", library, 2**24).get(id)


@pytest.fixture(scope="module", params=SPACES, ids=str)
def diffusion(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "tiny"
    side = 16 if request.param.side == 16 else 32
    build_diffusion(folder, side=side, space=request.param)
    return Library(str(folder), "cpu", {"steps": 2})


def test_diffusion_models_of_any_space_paint_tiles_that_join(tmp_path, diffusion):
    atlas = Atlas(tmp_path / "worlds", diffusion, 2**24)
    world = atlas.create(NewWorld("Land", "coast", seed=1, sketch=0))
    middle = Tile(15, 2, 2)
    paint(world, around(middle).tiles())
    first = world.renderer.pixels(middle)
    assert first.shape == (256, 256, 3)
    assert world.store.read(middle).latents.shape == diffusion.get().traits.space.shape
    latents = diffusion.get().encode(first)
    assert latents.shape == diffusion.get().traits.space.shape and np.isfinite(latents).all()
    atlas.close()
