import numpy as np
import pytest

from explorer.models.decoders import FeatheredDecoder, corner_weights, margin_of
from tiles.latents import USUAL, LatentSpace

SPACES = [USUAL, LatentSpace(16, 8), LatentSpace(4, 4), LatentSpace(8, 16)]
SIDE, SCALE, REACH = USUAL.side, USUAL.pixels, margin_of(USUAL)


def pixels_of(latents, scale=SCALE):
    """What a decoder without any reach would draw: each latent a square of its own colour."""
    return latents[:3].transpose(1, 2, 0).repeat(scale, 0).repeat(scale, 1).astype(np.float32)


def seeing_all(latents):
    """A decoder that adds something to every pixel that depends on all it sees."""
    return pixels_of(latents) + latents.mean() * 10


def around(sheet, x, y, space=USUAL):
    """A tile of a sheet of latents with its margin."""
    side, margin = space.side, margin_of(space)
    top, left = y * side + side - margin, x * side + side - margin
    return sheet[:, top : top + side + 2 * margin, left : left + side + 2 * margin]


@pytest.fixture
def sheet():
    return np.random.default_rng(0).normal(size=(4, 6 * SIDE, 6 * SIDE)).astype(np.float32)


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_corners_share_a_tile_out(space):
    far = corner_weights(space)
    assert far.shape == (256,)
    assert far + far[::-1] == pytest.approx(1)
    assert (np.diff(far) >= 0).all() and far[0] == 0 and far[-1] == 1


@pytest.mark.parametrize("space", SPACES, ids=str)
def test_a_decoder_without_reach_is_left_as_it_is(space):
    side, scale = space.side, space.pixels
    sheet = np.random.default_rng(0).normal(size=(space.channels, 6 * side, 6 * side)).astype(np.float32)
    decoder = FeatheredDecoder(lambda latents: pixels_of(latents, scale), space)
    drawn = decoder.tile(around(sheet, 1, 2, space))
    wanted = pixels_of(sheet[:, 3 * side : 4 * side, 2 * side : 3 * side], scale)
    assert drawn == pytest.approx(wanted, abs=1e-5)


def test_tiles_join_though_the_decoder_sees_everything(sheet):
    flat = np.zeros_like(sheet)
    flat[:, :, : 3 * SIDE] += 0.3  # what it sees differs from window to window; what it draws is smooth
    decoder = FeatheredDecoder(lambda latents: np.full((384, 384, 3), latents.mean() * 10, np.float32), USUAL)
    row = np.concatenate([decoder.tile(around(flat, x, 1)) for x in range(4)], 1)
    steps = np.abs(np.diff(row[:, :, 0], axis=1)).max(0)
    joins = steps[[256 * i - 1 for i in (1, 2, 3)]]
    assert joins.max() <= steps.max() < 0.05


def test_the_order_of_decoding_changes_nothing(sheet):
    places = [(x, y) for x in range(4) for y in range(4)]
    first, second = FeatheredDecoder(seeing_all, USUAL), FeatheredDecoder(seeing_all, USUAL)
    one = {place: first.tile(around(sheet, *place)) for place in places}
    for place in reversed(places):
        assert (second.tile(around(sheet, *place)) == one[place]).all()


def test_each_window_is_drawn_once_while_it_is_kept(sheet):
    drawn = []

    def counted(latents):
        drawn.append(1)
        return pixels_of(latents)

    decoder = FeatheredDecoder(counted, USUAL)
    for y in range(3):
        for x in range(3):
            decoder.tile(around(sheet, x, y))
    assert len(drawn) == 16
