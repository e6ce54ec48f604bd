import numpy as np
import pytest

from explorer.painting.guides import cut
from explorer.painting.pyramid import pyramid_of
from tiles.grid import Tile
from tiles.guides import Guide, written
from tiles.latents import USUAL

HOME = 128
PYRAMID = pyramid_of(8, 2, 8, USUAL, deepest=10)
EDGE = 8 * 8  # px of the halo


def laid(pixels, left, top, zoom=8, strength=1.0):
    """A guide whose corner lies ``left``, ``top`` px from that of the tile 8/128/128."""
    height, width = pixels.shape[:2]
    corner = (HOME * 256 << zoom) >> 8
    return Guide(zoom, corner + left, corner + top, width, height, strength, written(pixels))


def plain(width, height, colour, alpha=255):
    return np.tile(np.array([*colour, alpha], np.uint8), (height, width, 1))


def test_a_window_sees_what_lies_in_it_at_its_place():
    noise = np.random.default_rng(0).integers(0, 255, (256, 256, 4), np.uint8)
    noise[..., 3] = 255
    seen = cut([laid(noise, 0, 0, strength=0.5)], Tile(8, HOME, HOME), PYRAMID)
    assert seen.pixels.shape == (384, 384, 3) and seen.weight.shape == (1, 48, 48)
    assert (seen.pixels[EDGE:-EDGE, EDGE:-EDGE] == noise[..., :3]).all()
    assert not seen.pixels[:EDGE].any()
    assert (seen.weight[0, 8:-8, 8:-8] == 0.5).all() and not seen.weight[0, :8].any()


def test_neighbours_see_the_same_where_they_overlap():
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 4), np.uint8)
    one, other = (cut([laid(noise, 37, -21)], Tile(8, HOME + x, HOME), PYRAMID) for x in (0, 1))
    assert (one.pixels[:, 256:] == other.pixels[:, :128]).all()
    assert (one.weight[..., 32:] == other.weight[..., :16]).all()


def test_coarser_levels_see_means_and_deeper_ones_see_it_enlarged():
    board = plain(256, 256, (0, 0, 0))
    board[::2, ::2, :3] = 200
    coarse = cut([laid(board, 0, 0)], Tile(6, HOME >> 2, HOME >> 2), PYRAMID)
    assert (coarse.pixels[EDGE : EDGE + 64, EDGE : EDGE + 64] == 50).all()
    assert not coarse.pixels[EDGE + 64 :].any() and coarse.weight[0, 8:16, 8:16].min() == 1
    deep = cut([laid(board, 0, 0)], Tile(10, HOME * 4, HOME * 4), PYRAMID)
    inside = deep.pixels[EDGE:-EDGE, EDGE:-EDGE, 0]
    assert (inside == np.kron(board[:64, :64, 0], np.ones((4, 4)))).all()


@pytest.mark.parametrize(("left", "top"), [(3, 5), (-3, -250), (1, 1)])
def test_what_does_not_lie_on_the_coarser_grid_is_still_at_its_place(left, top):
    red = laid(plain(8 * 30, 8 * 20, (240, 10, 10)), left, top)
    coarse = cut([red], Tile(6, HOME >> 2, HOME >> 2), PYRAMID)
    rows, columns = np.nonzero(coarse.pixels[..., 0])
    assert abs(rows.min() - EDGE - max(top / 4, -EDGE)) <= 1 and abs(columns.min() - EDGE - left / 4) <= 1
    assert set(np.unique(coarse.pixels[..., 0])) == {0, 240}


def test_the_newest_lies_uppermost_and_what_is_transparent_guides_nothing():
    red, blue = plain(256, 256, (255, 0, 0)), plain(256, 256, (0, 0, 255))
    blue[:, 128:, 3] = 0
    seen = cut([laid(blue, 0, 0, strength=0.3), laid(red, 0, 0)], Tile(8, HOME, HOME), PYRAMID)
    row = seen.pixels[200, EDGE:-EDGE]
    assert (row[:128, 2] == 255).all() and (row[128:, 0] == 255).all()
    assert seen.weight[0, 20, 8] == pytest.approx(0.3) and seen.weight[0, 20, 30] == 1


def test_where_no_guide_lies_there_is_none():
    assert cut([], Tile(8, HOME, HOME), PYRAMID) is None
    assert cut([laid(plain(64, 64, (9, 9, 9)), 500, 0)], Tile(8, HOME, HOME), PYRAMID) is None
    assert cut([laid(plain(64, 64, (9, 9, 9), 0), 0, 0)], Tile(8, HOME, HOME), PYRAMID) is None
