"""A level that shows what the level above it shows, with the model that comes with the app."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from explorer.models import following
from explorer.models.library import Library
from explorer.models.samplers import Held, last_step_again
from explorer.painting.pyramid import pyramid_of
from explorer.painting.schedule import under
from explorer.painting.window import Condition, WindowSpec, assemble_from, finished
from tiles.grid import Tile
from tiles.latents import USUAL

HERE = Tile(6, 40, 40)  # of phase A: it sees no neighbour


@pytest.fixture(scope="module")
def terra():
    return Library("terra", "cpu").get()


@pytest.fixture(scope="module")
def coast(terra):
    """Latents (1, 4, 96, 96) of a broken coast: smooth noise as land and sea, and grain on both."""
    draw = torch.Generator().manual_seed(3)
    height = F.interpolate(torch.randn(1, 1, 24, 24, generator=draw), size=(768, 768), mode="bicubic")
    grain = 0.1 * torch.randn(1, 3, 768, 768, generator=draw)
    land = torch.tensor([0.1, 0.0, -0.3])[None, :, None, None]
    sea = torch.tensor([-0.8, -0.7, -0.4])[None, :, None, None]
    picture = torch.where(height > 0, land + 0.2 * height, sea) + grain
    with torch.inference_mode():
        return terra.autoencoder.encode(picture.clamp(-1, 1))


def test_land_lacks_nothing_of_its_own_picture(terra, coast):
    """Its parent is its picture, made half as large."""
    with torch.inference_mode():
        picture = terra.autoencoder.decode(coast).clamp(-1, 1)
        parent = terra.autoencoder.encode(F.avg_pool2d(picture, 2))
        other = parent.flip(3)
        painted, rim = coast[:, :, 24:72, 24:72], following.rim_of(terra.autoencoder)
        under = slice(12 - rim, 36 + rim)
        own, strange = (
            following.correction(terra.autoencoder, painted, each[:, :, under, under]).square().mean()
            for each in (parent, other)
        )
    assert own < 0.1 * strange


def test_what_holds_stays_when_the_last_step_is_taken_again():
    ones = torch.ones(1, 4, 6, 6)
    until = ones[:, :1].clone()
    until[..., :3] = 0
    held = Held(noise=2 * ones, known=5 * ones, hold_until=until)
    seen = []

    def velocity(x, time):
        seen.append((x.clone(), time))
        return x

    land = last_step_again(velocity, 3 * ones, held, 0.25)
    (x, time) = seen[0]
    assert time == 0.25 and torch.allclose(x[..., 3:], 0.75 * 3 * ones[..., 3:] + 0.25 * 2)
    assert torch.allclose(x[..., :3], 0.75 * 5 * ones[..., :3] + 0.25 * 2)  # what is known, as noisy
    assert (land[..., :3] == 5).all() and torch.allclose(land[..., 3:], 0.75 * x[..., 3:])


def nearness(terra, coast, follow):
    """How far the halved picture of a painted cell is from its parent's picture, as dB."""
    pyramid = pyramid_of(5, 0, terra.traits.halo, USUAL, 6, follow=follow)
    spec = WindowSpec(pyramid, 7, (Condition("rocky coast with islands"),), follow=follow)
    box = under(HERE, pyramid)
    sheet = coast[0].numpy()
    above = {
        other: sheet[:, 32 * (other.y - box.top) :, 32 * (other.x - box.left) :][:, :32, :32]
        for other in box.tiles()
    }
    window = assemble_from(HERE, spec, {}, above)
    cell = finished(window, terra.paint([window])[0])
    assert cell.shape == (4, 32, 32)
    with torch.inference_mode():
        drawn = terra.autoencoder.decode(torch.from_numpy(cell)[None])
        halved = F.avg_pool2d(drawn, 2)[..., 32:-32, 32:-32]
        parent = terra.autoencoder.decode(coast)[0]
    top, left = (HERE.y * 16 - box.top * 32) * 8, (HERE.x * 16 - box.left * 32) * 8
    wanted = parent[:, top + 32 : top + 96, left + 32 : left + 96]
    return -10 * np.log10(((halved[0] - wanted) ** 2).mean().item() / 4)


def test_a_level_that_follows_its_parents_picture_is_much_nearer_to_it(terra, coast):
    assert terra.traits.follow == 6
    assert nearness(terra, coast, terra.traits.follow) > nearness(terra, coast, 0) + 2


def test_a_window_without_a_parent_is_painted_as_ever(terra):
    pyramid = pyramid_of(6, 0, terra.traits.halo, USUAL, follow=terra.traits.follow)
    spec = WindowSpec(pyramid, 7, (Condition("snow"),))
    one = assemble_from(HERE, spec, {}, {})
    other = assemble_from(HERE, spec._replace(follow=6), {}, {})
    assert (terra.paint([one])[0] == terra.paint([other])[0]).all()
