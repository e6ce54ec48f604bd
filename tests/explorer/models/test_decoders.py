import numpy as np
import pytest

from explorer.models.decoders import REACH, FeatheredDecoder, corner_weights

SIDE, SCALE = 32, 8


def pixels_of(latents):
    """What a decoder without any reach would draw: each latent a square of its own colour."""
    return latents[:3].transpose(1, 2, 0).repeat(SCALE, 0).repeat(SCALE, 1).astype(np.float32)


def seeing_all(latents):
    """A decoder that adds something to every pixel that depends on all it sees."""
    return pixels_of(latents) + latents.mean() * 10


def around(sheet, x, y):
    """A tile of a sheet of latents with its margin."""
    top, left = y * SIDE + SIDE - REACH, x * SIDE + SIDE - REACH
    return sheet[:, top : top + SIDE + 2 * REACH, left : left + SIDE + 2 * REACH]


@pytest.fixture
def sheet():
    return np.random.default_rng(0).normal(size=(4, 6 * SIDE, 6 * SIDE)).astype(np.float32)


def test_corners_share_a_tile_out():
    far = corner_weights(SIDE, SCALE)
    assert far + far[::-1] == pytest.approx(1)
    assert (np.diff(far) >= 0).all() and far[0] == 0 and far[-1] == 1


def test_a_decoder_without_reach_is_left_as_it_is(sheet):
    drawn = FeatheredDecoder(pixels_of, SIDE, SCALE).tile(around(sheet, 1, 2))
    wanted = pixels_of(sheet[:, 3 * SIDE : 4 * SIDE, 2 * SIDE : 3 * SIDE])
    assert drawn == pytest.approx(wanted, abs=1e-5)


def test_tiles_join_though_the_decoder_sees_everything(sheet):
    flat = np.zeros_like(sheet)
    flat[:, :, : 3 * SIDE] += 0.3  # what it sees differs from window to window; what it draws is smooth
    decoder = FeatheredDecoder(
        lambda latents: np.full((384, 384, 3), latents.mean() * 10, np.float32), SIDE, SCALE
    )
    row = np.concatenate([decoder.tile(around(flat, x, 1)) for x in range(4)], 1)
    steps = np.abs(np.diff(row[:, :, 0], axis=1)).max(0)
    joins = steps[[256 * i - 1 for i in (1, 2, 3)]]
    assert joins.max() <= steps.max() < 0.05


def test_the_order_of_decoding_changes_nothing(sheet):
    places = [(x, y) for x in range(4) for y in range(4)]
    first, second = FeatheredDecoder(seeing_all, SIDE, SCALE), FeatheredDecoder(seeing_all, SIDE, SCALE)
    one = {place: first.tile(around(sheet, *place)) for place in places}
    for place in reversed(places):
        assert (second.tile(around(sheet, *place)) == one[place]).all()


def test_each_window_is_drawn_once_while_it_is_kept(sheet):
    drawn = []

    def counted(latents):
        drawn.append(1)
        return pixels_of(latents)

    decoder = FeatheredDecoder(counted, SIDE, SCALE)
    for y in range(3):
        for x in range(3):
            decoder.tile(around(sheet, x, y))
    assert len(drawn) == 16
