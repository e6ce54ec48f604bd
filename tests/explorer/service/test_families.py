"""Edits, masks, pictures, undo and replay are the same promise for every family of models."""

import numpy as np
import pytest

from explorer.service import edits, placing
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.edits import HOME, edit, over
from tests.pictures import LIMITS, NOWHERE, smooth
from tests.rasters import saved
from tiles import package
from tiles.grid import Box, Tile

FAMILIES = ["terra", "diffusion", "instruction", "inpainting"]
pytestmark = pytest.mark.parametrize("each", FAMILIES, indirect=True)
LAND = Box(8, HOME, HOME, HOME + 3, HOME + 3)  # all that its middle sees
MIDDLE = Tile(8, HOME + 1, HOME + 1)


@pytest.fixture
def atlas(tmp_path, each):
    atlas = Atlas(tmp_path / "worlds", each, 2**26)
    yield atlas
    atlas.close()


@pytest.fixture
def world(atlas):
    """Without a sketch, where any of these models may begin; its middle is painted."""
    world = atlas.create(NewWorld("Land", "rocky coast", seed=1, base_zoom=8, sketch=0))
    paint(world)
    return world


def paint(world):
    world.canvas.paint(LAND.tiles(), world.model.paint, world.model.traits.batch)


def latents(world):
    snapshot = world.canvas.snapshot()
    return {cell: snapshot.latents(snapshot.shown(cell)).copy() for cell in LAND.tiles()}


def changed(before, after):
    return {cell for cell in before if (before[cell] != after[cell]).any()}


def left_half():
    mask = np.zeros((32, 32), np.uint8)
    mask[:, :16] = 255
    return {MIDDLE: mask}


def test_steps_change_what_they_say_and_undo_and_replay_bring_the_bytes(world, painter, jobs, tmp_path, each):
    states = [latents(world)]
    edit(world, painter, jobs, [MIDDLE])
    states.append(latents(world))
    assert changed(*states) == {MIDDLE}
    edit(world, painter, jobs, [], "snow", mask=left_half())
    states.append(latents(world))
    apart = (states[1][MIDDLE] != states[2][MIDDLE]).any(0)
    assert changed(*states[1:]) == {MIDDLE} and not apart[:, 16:].any() and apart[:, :16].mean() > 0.9
    for expected in states[1::-1]:
        edits.undo(world, painter, jobs)
        assert not changed(expected, latents(world))
    for expected in states[1:]:
        edits.redo(world, painter)
        assert not changed(expected, latents(world))
    package.pack(world.store, tmp_path / "bare")
    elsewhere = Atlas(tmp_path / "elsewhere", each, 2**20)
    copy = elsewhere.unpack(tmp_path / "bare")
    copy.canvas.paint(reversed(list(LAND.tiles())), copy.model.paint, copy.model.traits.batch)
    assert not changed(states[-1], latents(copy))
    elsewhere.close()


def test_a_picture_stays_as_it_is_and_the_land_around_is_joined_to_it(world, painter, jobs, tmp_path):
    before = latents(world)
    place = MIDDLE.bounds
    spot = placing.Spot((place.west + place.east) / 2, (place.south + place.north) / 2, seed=4)
    sheet = placing.read(saved(tmp_path / "p", smooth(120, 120)), spot, NOWHERE, 8, LIMITS)
    picture = placing.known(sheet, 8, world.model)
    over(edits.start(world, painter, jobs, placing.entry(sheet, spot, 8), picture))
    (given,) = picture.values()
    kept = latents(world)[MIDDLE]
    assert (kept[:, given.mask] == given.latents[:, given.mask]).all()
    assert (kept[:, ~given.mask] != before[MIDDLE][:, ~given.mask]).mean() > 0.9
    edits.undo(world, painter, jobs)
    assert not changed(before, latents(world))
