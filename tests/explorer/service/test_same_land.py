"""What "the same land" means: see "A world is a pure function" in docs/architecture.md."""

import numpy as np
import pytest
import torch

from explorer import pictures
from explorer.models.library import Library
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.grid import Tile

SEES_ALL = Tile(8, 129, 129)  # sees its eight neighbours, and each of these the sketch
ALLOWED = 5  # of 255, between different numbers of threads


@pytest.fixture
def paint(tmp_path):
    """Paint a tile of a new world with the shipped model and so many threads: its pixels."""
    library, threads_before = Library("terra", "cpu"), torch.get_num_threads()

    def painted(folder, threads):
        torch.set_num_threads(threads)  # counts for threads that start now, as the painter's do
        atlas, painter = Atlas(tmp_path / folder, library, 2**26), Painter()
        try:
            world = atlas.create(NewWorld("Land", "rocky coast with islands", seed=1, sketch=1))
            painter.paint(world, [SEES_ALL]).result(250)
            return pictures.decode(world.renderer.tile(SEES_ALL, "png").data).astype(int)
        finally:
            painter.close()
            atlas.close()

    yield painted
    torch.set_num_threads(threads_before)


def test_the_same_threads_paint_the_same_bytes_and_others_nearly_so(paint):
    one, again, two = paint("one", 1), paint("again", 1), paint("two", 2)
    assert one.std() > 5  # land, no empty paper
    assert (one == again).all()
    assert np.abs(one - two).max() <= ALLOWED
