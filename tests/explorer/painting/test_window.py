import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from explorer.painting.noise import Area, noise
from explorer.painting.pyramid import pyramid_of
from explorer.painting.schedule import parents, requires, sees
from explorer.painting.window import Condition, WindowSpec, assemble, core, joined
from tiles.grid import Tile
from tiles.latents import USUAL, LatentSpace

PYRAMID = pyramid_of(8, 2, 8, USUAL)


def land(cells):
    return {
        c: np.random.default_rng(hash(c) % 2**32).standard_normal((4, 32, 32)).astype(np.float16)
        for c in cells
    }


@pytest.mark.parametrize(
    ("cell", "known"),
    [(Tile(8, 0, 0), 0), (Tile(8, 1, 0), 512), (Tile(8, 0, -1), 512), (Tile(8, -1, 3), 1280)],
)
def test_each_phase_knows_its_share_and_no_more(cell, known):
    window = assemble(cell, WindowSpec(PYRAMID, 1, (Condition("coast"),)), land(requires(cell, PYRAMID)))
    assert window.known_mask.sum() == known and not core(window.known_mask, 8).any()
    assert (window.known[:, window.known_mask[0] == 0] == 0).all()
    assert window.coarser == 2 and window.parent_mask.all()


def test_neighbours_it_must_not_see_change_nothing():
    cell = Tile(8, 1, 0)
    needed = land(requires(cell, PYRAMID))
    everything = {**land(Tile(8, x, y) for x in range(4) for y in range(-2, 3)), **needed}
    for one, other in zip(
        assemble(cell, WindowSpec(PYRAMID, 1, (Condition(""),)), needed),
        assemble(cell, WindowSpec(PYRAMID, 1, (Condition(""),)), everything),
    ):
        np.testing.assert_array_equal(one, other)


def test_known_latents_lie_where_the_neighbours_are():
    cell = Tile(8, 1, 1)
    painted = land(requires(cell, PYRAMID))
    window = assemble(cell, WindowSpec(PYRAMID, 1, (Condition(""),)), painted)
    assert (window.known[:, :8, :8] == painted[Tile(8, 0, 0)][:, 24:, 24:]).all()
    assert (window.known[:, 8:40, 40:] == painted[Tile(8, 2, 1)][:, :, :8]).all()
    assert (window.noise == noise(1, Area(8, 24, 24, 48, 48), 4, 32)).all()


@pytest.mark.parametrize("spot", [(0, 0), (5, -7), (-3, 2), (2**20 + 1, -(2**20))])
def test_the_sketch_is_enlarged_like_in_training(spot):
    """The independent reference is torch's own bilinear enlargement of a larger sheet."""
    cell = Tile(8, *spot)
    painted = land(requires(cell, PYRAMID))
    window = assemble(cell, WindowSpec(PYRAMID, 1, (Condition(""),)), painted)
    box = parents(cell, PYRAMID)
    rows = [
        np.concatenate([painted[Tile(6, x, y)] for x in range(box.left, box.right)], 2)
        for y in range(box.top, box.bottom)
    ]
    sheet = torch.from_numpy(np.concatenate(rows, 1).astype(np.float32))[None]
    large = F.interpolate(sheet, scale_factor=4, mode="bilinear")[0].numpy()
    top, left = cell.y * 32 - 8 - box.top * 128, cell.x * 32 - 8 - box.left * 128
    np.testing.assert_allclose(window.parent, large[:, top : top + 48, left : left + 48], atol=1e-5)


def test_missing_latents_are_an_error_not_a_guess():
    with pytest.raises(KeyError):
        assemble(
            Tile(8, 1, 1),
            WindowSpec(pyramid_of(8, 0, 8, USUAL), 1, (Condition(""),)),
            land(sees(Tile(8, 1, 1))[:7]),
        )


def test_a_cell_is_drawn_to_what_is_known_beside_it_and_nowhere_else():
    halo, side = 8, 48
    painted = np.zeros((4, side, side), np.float32)
    painted[:, :, side - halo :] = 1.0  # known land on the right lies higher
    painted[:, :halo] = 5.0  # what is above is not known
    mask = np.zeros((1, side, side), np.float32)
    mask[:, halo : side - halo, side - halo :] = 1
    cell = joined(painted, mask, halo)
    assert cell.shape == (4, 32, 32) and cell.dtype == np.float32
    np.testing.assert_allclose(cell[:, :, -1], 0.125, atol=1e-6)
    assert (np.diff(cell, axis=2) >= 0).all() and (cell[:, :, :-6] == 0).all()
    nothing = joined(painted, np.zeros_like(mask), halo)
    assert (nothing == painted[:, halo:-halo, halo:-halo]).all()


def test_known_latents_of_the_cell_itself_are_not_moved():
    painted = np.zeros((4, 48, 48), np.float32)
    painted[:, :, 40:] = 1.0
    mask = np.zeros((1, 48, 48), np.float32)
    mask[:, 8:40, 40:] = 1
    mask[:, 8:24, 30:40] = 1  # part of a picture, up to the border
    cell = joined(painted, mask, 8)
    assert (cell[:, :16, 22:] == 0).all() and (cell[:, 20:, -1] > 0.1).all()


def test_joining_knows_no_direction():
    rng = np.random.default_rng(0)
    painted = rng.standard_normal((4, 48, 48)).astype(np.float32)
    mask = np.zeros((1, 48, 48), np.float32)
    mask[:, 8:40, :8] = mask[:, :8, 8:40] = 1
    turned = joined(np.rot90(painted, axes=(1, 2)), np.rot90(mask, axes=(1, 2)), 8)
    np.testing.assert_allclose(turned, np.rot90(joined(painted, mask, 8), axes=(1, 2)), atol=1e-5)


@given(
    st.integers(-(2**20), 2**20),
    st.integers(-(2**20), 2**20),
    st.sampled_from([(8, 8, 11), (16, 4, 6), (8, 2, 0)]),
)
def test_a_window_sees_its_parent_as_it_is_in_place_and_around(x, y, kind):
    pixels, halo, follow = kind
    space = LatentSpace(4, pixels)
    pyramid, side = pyramid_of(8, 2, halo, space, 22, follow=follow), space.side
    cell = Tile(22, x, y)
    painted = {
        other: np.random.default_rng(hash(other) % 2**32).standard_normal(space.shape).astype(np.float16)
        for other in requires(cell, pyramid)
    }
    window = assemble(cell, WindowSpec(pyramid, 1, (Condition(""),), follow=follow), painted)
    if not follow:
        assert window.parent_as_is is None
        return
    seen = window.parent_as_is
    width = (side + 2 * halo) // 2 + 2 * follow
    assert seen.shape == (4, width, width)
    top, left = ((i * side - halo) // 2 - follow for i in (y, x))
    for j, i in ((0, 0), (0, width - 1), (width - 1, 0), (width // 2, width // 3)):
        v, u = top + j, left + i
        other = painted[Tile(21, u // side, v // side)]
        assert (seen[:, j, i] == other[:, v % side, u % side]).all()


def test_a_window_that_follows_no_parent_has_none_as_it_is():
    cell = Tile(9, 1, 1)
    pyramid = pyramid_of(8, 2, 8, USUAL, 9, follow=11)
    spec = WindowSpec(pyramid, 1, (Condition("", use_parent=False),), follow=11)
    assert assemble(cell, spec, land(sees(cell))).parent_as_is is None
