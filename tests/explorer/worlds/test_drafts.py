import numpy as np
import pytest

from explorer.painting.layers import Node
from tests.explorer.worlds.test_journal import edit, painted, put
from tiles.errors import Cancelled
from tiles.grid import Tile, around

CELL = Tile(8, 128, 128)
LATENTS = np.ones((4, 32, 32), np.float32)


def test_a_draft_leaves_nothing_behind(world):
    put(world, around(CELL).tiles())
    entries, cells = world.counts()["entries"], world.counts()["cells"]
    draft = world.drafts.add(edit([CELL]))
    snapshot = world.canvas.snapshot()
    assert world.canvas.commit(snapshot, Node(draft, CELL), LATENTS)
    assert world.canvas.snapshot().painted(CELL, draft) and world.canvas.snapshot().shown(CELL).layer == 0
    assert world.renderer.layer_pixels(CELL, draft).shape == (256, 256, 3)
    world.drafts.discard(draft)
    assert not len(world.drafts) and world.drafts.latents(Node(draft, CELL)) is None
    assert (world.counts()["entries"], world.counts()["cells"]) == (entries, cells)
    assert not world.canvas.commit(snapshot, Node(draft, CELL), LATENTS)
    with pytest.raises(Cancelled):
        world.canvas.snapshot().painted(CELL, draft)
    with pytest.raises(Cancelled):
        snapshot.latents(Node(draft, CELL))


def test_numbers_of_drafts_are_never_given_twice(world):
    first = world.drafts.add(edit([CELL]))
    world.drafts.discard(first)
    assert world.drafts.add(edit([CELL])) < first < 0


def test_a_draft_lies_over_what_was_shown_when_it_was_made(world):
    put(world, around(CELL).tiles())
    number = world.journal.begin_edit(edit([CELL]))
    painted(world, number, [CELL])
    world.journal.finish_edit(number)
    draft = world.drafts.add(edit([Tile(8, 129, 128)]))
    assert world.canvas.snapshot().layers.at(CELL, draft) == Node(number, CELL)
    world.journal.undo()
    assert world.canvas.snapshot().layers.at(CELL, draft) == Node(number, CELL)
