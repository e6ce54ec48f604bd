import numpy as np
import pytest
import torch

from explorer.models.diffusion.squares import corners, squares_of, tent
from explorer.models.library import Library
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.diffusions import build_diffusion
from tests.explorer.models.diffusion.test_painting import BLOCK, latents, paint
from tiles.grid import Tile

FEW = {"steps": 2}


def test_squares_cover_a_window():
    for width, native in ((48, 32), (48, 48), (48, 64), (80, 32), (64, 64)):
        side, places, share = squares_of(width, native, "cpu")
        covered = np.zeros((width, width))
        for top, left in places:
            covered[top : top + side, left : left + side] += 1
        assert covered.min() >= 1 and share.shape == (side, side)
    assert corners(64, 64) == [(0, 0)]
    weights = tent(32)
    assert weights.min() > 0 and torch.equal(weights, weights.flip(0)) and weights.argmax() in (15 * 32 + 15,)


def looked_at(model):
    """The sides of what the UNet is shown from now on."""
    sides = set()
    model.parts.unet.register_forward_pre_hook(lambda _, args: sides.add(args[0].shape[-1]))
    return sides


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A model of 512 px: 64 latents."""
    return str(build_diffusion(tmp_path_factory.mktemp("models") / "large", side=64))


@pytest.fixture
def atlas(tmp_path, large):
    atlas = Atlas(tmp_path / "worlds", Library(large, "cpu", FEW), 2**26)
    yield atlas
    atlas.close()


def test_a_model_of_512_px_is_shown_windows_of_its_size(atlas):
    world = atlas.create(NewWorld("Land", "rocky coast", seed=1, sketch=0))
    assert world.pyramid.level(15).sight.halo == world.model.traits.halo == 16
    sides = looked_at(world.model)
    paint(world, BLOCK.tiles())
    assert sides == {64}
    other = atlas.create(NewWorld("Other", "rocky coast", seed=1, sketch=0))
    for tile in reversed(list(BLOCK.tiles())):
        paint(other, [tile])
    one, two = latents(world), latents(other)
    assert all((one[tile] == two[tile]).all() for tile in one)
    assert world.renderer.pixels(Tile(15, BLOCK.left, BLOCK.top)).shape == (256, 256, 3)


def test_a_world_made_with_narrower_windows_keeps_them(atlas):
    world = atlas.create(NewWorld("Land", "rocky coast", seed=1, sketch=0))
    world.store.change_settings(halo=8)
    atlas.close()
    again = Atlas(atlas.folder, atlas.library, 2**26).get("land")
    sides = looked_at(again.model)
    paint(again, [Tile(15, BLOCK.left, BLOCK.top)])
    assert sides == {48}
    again.files.close()
