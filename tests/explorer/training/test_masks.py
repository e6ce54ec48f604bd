import numpy as np
import pytest

from explorer.painting.pyramid import pyramid_of
from explorer.painting.schedule import requires
from explorer.painting.window import WindowSpec, assemble
from explorer.training import masks
from tiles.grid import Tile
from tiles.latents import USUAL


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("A", Tile(8, 0, 0)),
        ("B horizontal", Tile(8, 1, 0)),
        ("B vertical", Tile(8, 0, 1)),
        ("D", Tile(8, 1, 1)),
    ],
)
def test_training_masks_are_those_of_painting(kind, cell):
    pyramid = pyramid_of(8, 0, 8, USUAL)
    painted = {c: np.zeros((4, 32, 32), np.float16) for c in requires(cell, pyramid)}
    painting = assemble(cell, WindowSpec(pyramid, 0, ()), painted).known_mask[0]
    assert (masks.phase_mask(kind, 48, 8) == painting).all()


def test_there_is_always_something_to_paint():
    rng = np.random.default_rng(0)
    drawn = [masks.draw(32, 8, rng) for _ in range(500)]
    assert all(mask.min() == 0 and set(np.unique(mask)) <= {0, 1} for mask in drawn)
    assert 0.2 < np.mean([mask.max() == 0 for mask in drawn]) < 0.5


def test_around_an_edit_any_neighbours_are_known_and_part_of_the_core():
    rng = np.random.default_rng(0)
    wanted = dict.fromkeys(("one corner", "one side", "some and a hole", "all"), False)
    for _ in range(500):
        ring = masks.neighbours(48, 8, rng)
        assert ring[8:40, 8:40].max() == 0
        blocks = {(r, c): ring[r, c] for r in (0, 24, 47) for c in (0, 24, 47)}
        whole = [ring[:8, :8], ring[:8, 8:40], ring[:8, 40:], ring[8:40, :8]]
        assert all(block.min() == block.max() for block in whole)
        known = sum(blocks.values())
        wanted["one corner"] |= known == 1 and blocks[0, 0] == 1
        wanted["one side"] |= known == 1 and blocks[0, 24] == 1
        wanted["all"] |= known == 8
        holed = masks.with_patches(ring.copy(), 8, rng)
        assert (holed >= ring).all() and holed[8:40, 8:40].min() == 0 < holed[8:40, 8:40].max()
        wanted["some and a hole"] |= 0 < known < 8
    assert all(wanted.values())
