"""Two atlases of one folder stand for two processes: each has locks of its own."""

import os

import pytest

from explorer.worlds import access
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.errors import WorldHeld, WorldNotFound
from tiles.grid import Tile


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def other(atlas, library, monkeypatch):
    monkeypatch.setattr(access, "RETRY", 0.0)
    monkeypatch.setattr("explorer.worlds.world.REFRESH", 0.0)
    other = Atlas(atlas.folder, library, 2**24)
    yield other
    other.close()


def test_whoever_only_reads_takes_no_lock(atlas, world, other):
    assert other.get(world.id).journal.prompt == "rocky coast"
    other.get(world.id).pack(other.scratch.new("x.earth"))
    world.journal.set_prompt("sand")  # would fail if the reader had the lock
    assert not world.readonly


def test_a_reader_sees_what_the_painter_writes(atlas, world, other):
    seen = other.get(world.id)
    world.journal.set_prompt("sand desert")
    world.rename("Sahara")
    assert other.get(world.id) is seen
    assert (seen.journal.prompt, seen.name) == ("sand desert", "Sahara")


def test_a_reader_takes_over_when_the_painter_has_ended(atlas, world, other):
    seen = other.get(world.id)
    world.journal.set_prompt("sand")
    with pytest.raises(WorldHeld, match=f"is being painted by process {os.getpid()}"):
        seen.journal.undo()
    atlas.close()
    seen.journal.undo()
    assert seen.journal.prompt == "rocky coast" and not seen.readonly


def test_a_world_that_another_process_deleted_is_gone(atlas, world, other):
    other.get(world.id)
    atlas.delete(world.id)
    with pytest.raises(WorldNotFound):
        other.get(world.id)
    assert other.names() == []


def test_a_world_that_another_process_replaced_is_read_anew(atlas, world, other, painter):
    painter.paint(world, [Tile(8, 1, 1)]).result(60)
    assert other.get(world.id).counts()["cells"] > 0
    painter.forget(world)
    atlas.delete(world.id)
    atlas.create(NewWorld("Test land", "ocean", seed=2))
    again = other.get(world.id)
    assert (again.seed, again.counts()["cells"]) == (2, 0)


def test_a_link_in_place_of_the_holders_name_is_not_followed(atlas, world, tmp_path):
    target = tmp_path / "precious"
    target.write_text("mine")
    (atlas.folder / world.id / "holder").symlink_to(target)
    world.journal.set_prompt("sand")
    assert target.read_text() == "mine"


def test_a_folder_in_place_of_the_lock_leaves_a_world_to_be_read(atlas, world, other):
    (atlas.folder / world.id / "lock").mkdir()
    seen = other.get(world.id)
    with pytest.raises(WorldHeld, match="cannot be locked"):
        seen.journal.set_prompt("sand")
    assert seen.journal.prompt == "rocky coast"
