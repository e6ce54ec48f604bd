"""Back to a step and forward again, an area cleared, an edit made elsewhere."""

import numpy as np
import pytest

from explorer.service import edits, history
from explorer.service.bulk import paint_all
from explorer.worlds.atlas import Atlas
from tests.edits import edit, over
from tiles import package
from tiles.errors import BadEdit, NothingToDo
from tiles.grid import Box, Tile, tile_metres
from tiles.mask import Mask

HERE = Box(8, 126, 126, 131, 131)
SIDE = tile_metres(8)
ONE, OTHER = Tile(8, 128, 128), Tile(8, 129, 128)
DEEP = Tile(9, 256, 256)  # refined from ONE


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def painted(world, painter):
    paint_all(painter, world, [*HERE.tiles(), DEEP], lambda more: None)
    return world


def pixels(world):
    return {tile: world.renderer.tile(tile, "png").data for tile in (*HERE.tiles(), DEEP)}


def masked(world, painter, jobs, mask: Mask, prompt: str):
    request = edits.EditRequest((), prompt, seed=5, mask=mask)
    return over(edits.start(world, painter, jobs, edits.checked(world, request, 9)))


def test_a_cleared_area_shows_the_land_as_it_was_and_undo_brings_the_edits_back(painted, painter, jobs):
    land = pixels(painted)
    edit(painted, painter, jobs, [ONE, OTHER], "snow")
    paint_all(painter, painted, [DEEP], lambda more: None)
    edited = pixels(painted)
    said = history.clear(painted, painter, [DEEP], 9)  # stands for the base tile that it lies in
    assert said["tiles"] == 1
    cleared = pixels(painted)
    for tile in (Tile(8, 127, 127), DEEP):
        assert cleared[tile] == land[tile]
    now = painted.canvas.snapshot()
    assert now.shown(ONE).layer == 0 and now.shown(OTHER).layer != 0
    assert painted.renderer.tile(ONE, "png").data != edited[ONE]
    edits.undo(painted, painter, jobs)
    assert pixels(painted) == edited
    edits.redo(painted, painter)
    assert pixels(painted) == cleared
    history.clear(painted, painter, [OTHER], 9)
    assert pixels(painted) == land


def test_an_edit_over_a_cleared_area_is_made_from_the_land(painted, painter, jobs):
    plain = edit(painted, painter, jobs, [ONE], "", strength=0.5)
    want = pixels(painted)
    edits.undo(painted, painter, jobs)
    edit(painted, painter, jobs, [ONE, OTHER], "snow")
    history.clear(painted, painter, [ONE, OTHER], 9)
    again = edit(painted, painter, jobs, [ONE], "", strength=0.5)
    assert again.entry > plain.entry and pixels(painted) == want


def test_an_edit_below_the_base_is_cleared_from_the_tiles_over_it_too(painted, painter, jobs):
    land = pixels(painted)
    deep = edit(painted, painter, jobs, [DEEP], "snow")
    edited = pixels(painted)
    assert deep.entry and edited[ONE] != land[ONE]
    before = painted.renderer.seen(ONE)[0]
    history.clear(painted, painter, [ONE], 9)
    assert pixels(painted) == land and painted.renderer.seen(ONE)[0] > before
    edits.undo(painted, painter, jobs)
    assert pixels(painted) == edited


def test_what_cannot_be_cleared_is_said(painted, painter, jobs):
    with pytest.raises(NothingToDo, match="no edit is shown there"):
        history.clear(painted, painter, [ONE], 9)
    with pytest.raises(BadEdit, match="no tile"):
        history.clear(painted, painter, [], 9)


def test_a_cleared_world_is_the_same_from_its_file(painted, painter, jobs, tmp_path, library):
    edit(painted, painter, jobs, [ONE, OTHER], "snow")
    history.clear(painted, painter, [ONE], 9)
    edit(painted, painter, jobs, [Tile(8, 128, 129)], "desert", strength=0.6)
    want = pixels(painted)
    package.pack(painted.store, tmp_path / "cleared.earth")
    atlas = Atlas(tmp_path / "elsewhere", library, 2**26)
    there = atlas.unpack(tmp_path / "cleared.earth")
    waits = there.journal.history.waiting
    paint_all(painter, there, [*HERE.tiles(), DEEP], lambda more: None)
    for number in there.journal.history.edits():
        edits.paint(there, painter, number, sorted(there.journal.edit(number).cells), lambda *_: None)
    assert not waits and pixels(there) == want
    atlas.close()


def test_one_goes_back_to_any_step_and_forward_again(painted, painter, jobs):
    shown = [pixels(painted)]
    numbers = [painted.journal.history.steps[-1]]
    for prompt, tile in (("snow", ONE), ("desert", OTHER), ("lake", ONE)):
        numbers.append(edit(painted, painter, jobs, [tile], prompt).entry)
        shown.append(pixels(painted))
    history.back_to(painted, painter, jobs, numbers[1])
    assert painted.journal.history.steps[-1] == numbers[1] and pixels(painted) == shown[1]
    history.forward_to(painted, painter, numbers[3])
    assert pixels(painted) == shown[3]
    history.back_to(painted, painter, jobs, numbers[0])
    assert pixels(painted) == shown[0]
    for wrong in (numbers[2], 99):
        with pytest.raises(NothingToDo, match="not in force"):
            history.back_to(painted, painter, jobs, wrong)
    with pytest.raises(NothingToDo, match="already"):
        history.back_to(painted, painter, jobs, numbers[0])
    with pytest.raises(NothingToDo, match="not undone"):
        history.forward_to(painted, painter, numbers[0])


def test_an_edit_is_stamped_elsewhere_with_all_its_settings(painted, painter, jobs):
    first = edit(painted, painter, jobs, [ONE, OTHER], "snow", strength=0.7, negative_prompt="sea")
    middle = (-0.9 * SIDE, 1.6 * SIDE)  # of two tiles: those are whole again
    job = over(edits.start(painted, painter, jobs, history.stamped(painted, first.entry, middle, 9)))
    one, other = (painted.journal.edit(number) for number in (first.entry, job.entry))
    assert other.cells == {Tile(8, 126, 126), Tile(8, 127, 126)}
    assert one[3:8] == other[3:8]  # prompts, strength, seed, no picture


def test_a_stamped_mask_keeps_its_shape(painted, painter, jobs):
    weights = np.zeros((32, 32), np.uint8)
    weights[4:20, 8:12], weights[5, 8] = 255, 77
    first = masked(painted, painter, jobs, {ONE: weights}, "snow")
    latent = SIDE / 32
    at = (SIDE / 2 + 27 * latent, -SIDE / 2 - 3 * latent)  # 27 latents to the right, 3 down
    job = over(edits.start(painted, painter, jobs, history.stamped(painted, first.entry, at, 9)))
    edit_ = painted.journal.edit(job.entry)
    sheet = np.concatenate([edit_.weights(ONE), edit_.weights(OTHER)], 1)
    assert (sheet[7:23, 35:39] == weights[4:20, 8:12]).all() and np.count_nonzero(sheet) == 64


def test_what_cannot_be_stamped_is_said(painted, painter, jobs):
    with pytest.raises(NothingToDo, match="no edit"):
        history.stamped(painted, 1, (0, 0), 9)
    first = edit(painted, painter, jobs, [ONE], "snow")
    with pytest.raises(BadEdit, match="two numbers"):
        history.stamped(painted, first.entry, (float("nan"), 0), 9)


def test_a_copy_opens_with_the_same_land_at_a_step(painted, painter, jobs, atlas):
    shown = [pixels(painted)]
    first = edit(painted, painter, jobs, [ONE], "snow").entry
    shown.append(pixels(painted))
    edit(painted, painter, jobs, [OTHER], "desert")
    copied = atlas.branch(painted.id, "Another way", first)
    assert (copied.id, copied.name) == ("another-way", "Another way") and copied.stamp != painted.stamp
    assert all(copied.canvas.painted(tile) for tile in HERE.tiles())  # nothing is painted anew
    assert pixels(copied) == shown[1]
    edits.undo(copied, painter, jobs)
    assert pixels(copied) == shown[0] and painted.journal.history.steps[-1] != first
    with pytest.raises(NothingToDo, match="not in force"):
        atlas.branch(painted.id, "x", 99)
