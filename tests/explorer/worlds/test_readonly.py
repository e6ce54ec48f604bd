"""Folders of worlds that this user cannot write, or not even read."""

from pathlib import Path

import pytest

from explorer.service import exports
from explorer.service.estimates import ExportRequest
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.users import forbid_writing, open_folder, unprivileged
from tiles.errors import NotWritten, WorldDamaged, WorldHeld
from tiles.grid import Box, Tile

HOME = Tile(8, 128, 128)


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def folder(library, painter):
    """Worlds of another user: a painted one, and one that is nobody's business."""
    with open_folder() as folder:
        atlas = Atlas(folder / "worlds", library, 2**24)
        world = atlas.create(NewWorld("Land", "coast", seed=1))
        painter.paint(world, list(Box(8, 127, 127, 130, 130).tiles())).result(60)
        world.renderer.tile(HOME, "png")
        painter.forget(world)
        atlas.create(NewWorld("Private", "coast"))
        atlas.close()
        (folder / "worlds" / "private" / "world.db").chmod(0)
        forbid_writing(folder / "worlds")
        yield folder / "worlds"


@pytest.fixture
def atlas(folder, library):
    with unprivileged():
        atlas = Atlas(folder, library, 2**24)
        yield atlas
        atlas.close()


def test_a_world_that_cannot_be_written_is_shown_and_refuses_changes(atlas):
    (listed,) = atlas.summaries()
    assert listed.id == "land" and listed.readonly and listed.cells >= 9
    world = atlas.get("land")
    assert world.readonly and world.counts()["cells"] == listed.cells
    assert world.renderer.tile(HOME, "png").data and world.renderer.tile(Tile(7, 64, 64), "png").data
    for change in (
        lambda: world.journal.set_prompt("x"),
        lambda: world.rename("x"),
        lambda: atlas.delete("land"),
    ):
        with pytest.raises(WorldHeld, match="lies in a folder that cannot be written"):
            change()


def test_it_is_packed_and_exported(atlas, painter, folder):
    world = atlas.get("land")
    out = Path(atlas.scratch.folder)
    assert folder not in out.parents
    world.pack(out / "land.earth", latents=True)
    exports.make(world, painter, ExportRequest(HOME.bounds, 8, "xyz"), out / "land.zip", lambda *step: None)
    assert (out / "land.zip").stat().st_size > 1000


def test_no_world_is_made_there_and_the_reason_is_said(atlas):
    with pytest.raises(NotWritten, match="read-only"):
        atlas.create(NewWorld("New", "coast"))


def test_one_that_cannot_be_read_is_named(atlas):
    with pytest.raises(WorldDamaged, match="'private' cannot be read"):
        atlas.get("private")
