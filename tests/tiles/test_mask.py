import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles import entries, journal
from tiles.edits import edit_of
from tiles.entries import BadEntry
from tiles.grid import Tile
from tiles.mask import part, read_mask, written

CELLS = [Tile(8, 3, 4), Tile(8, 2, 4)]


def edit(mask, cells=CELLS):
    text = None if mask is None else written(mask)
    plain = {"prompt": "ice", "negative_prompt": "", "strength": 1, "seed": 1, "picture": False}
    return entries.Edit(cells=journal.outline(cells), mask=text, **plain)


def random_mask(seed, cells=CELLS):
    rng = np.random.default_rng(seed)
    return {cell: rng.integers(0, 256, (32, 32), np.uint8) for cell in cells}


@given(st.integers(0, 2**16))
def test_a_mask_comes_back_from_its_line(seed):
    mask = random_mask(seed)
    entry = entries.parse("edit", edit(mask).data())
    found = edit_of(2, entry)
    assert found.mask.keys() == mask.keys()
    assert all((found.weights(cell) == mask[cell]).all() for cell in CELLS)


def test_an_edit_without_a_mask_is_written_as_before():
    assert "mask" not in edit(None).data()
    assert set(edit(random_mask(1)).data()) - set(edit(None).data()) == {"mask"}


def test_of_what_lies_deeper_only_what_is_under_the_mask_belongs_to_an_edit():
    weights = np.zeros((32, 32), np.uint8)
    weights[16:, 0] = 200  # the lower half of the left column
    found = edit_of(2, edit({CELLS[1]: weights, CELLS[0]: weights}))
    own = CELLS[1]
    assert found.holds(own) and not found.holds(Tile(8, 9, 9))
    assert [found.holds(child) for child in own.children] == [False, False, True, False]
    deep = Tile(14, own.x << 6, (own.y << 6) + 40)  # half a latent
    assert found.holds(deep) and (found.weights(deep) == 200).all()
    assert not found.holds(Tile(14, deep.x + 2, deep.y)) and found.own(deep) == own
    log = journal.Reader().log
    assert part(weights, own, own.children[2])[0, :3].tolist() == [200, 200, 0] and log.edits == {}


@pytest.mark.parametrize(
    "mask",
    [
        "not base64!",
        base64.b64encode(b"not compressed").decode(),
        base64.b64encode(zlib.compress(bytes(5))).decode(),
        base64.b64encode(zlib.compress(bytes(2**24))).decode(),  # more than the cells have
        base64.b64encode(zlib.compress(bytes(2048))[:-2]).decode(),
        "A" * 600_000,
        7,
    ],
)
def test_what_is_no_mask_is_refused(mask):
    data = edit(None).data() | {"mask": mask}
    with pytest.raises(BadEntry, match="mask"):
        entries.parse("edit", data)


def test_a_mask_needs_no_more_memory_than_its_cells():
    bomb = base64.b64encode(zlib.compress(bytes(2**28))).decode()
    with pytest.raises(ValueError, match="does not hold 1024 weights for each of 2 cells"):
        read_mask(bomb[: len(bomb)], CELLS)
