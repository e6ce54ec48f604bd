import gc
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.grid import Tile


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def atlas(tmp_path, library):
    """An atlas that keeps three worlds open."""
    atlas = Atlas(tmp_path / "worlds", library, 2**24, open_limit=3)
    yield atlas
    atlas.close()


def ids(atlas):
    gc.collect()
    return sorted(world.id for world in atlas.opened())


def make(atlas, names):
    return [atlas.create(NewWorld(name, "coast")).id for name in names]


def test_the_worlds_used_longest_ago_close(atlas):
    make(atlas, "abcde")
    assert ids(atlas) == ["c", "d", "e"]
    atlas.get("c")
    atlas.get("a")
    assert ids(atlas) == ["a", "c", "e"]


def test_a_world_that_somebody_works_with_stays_open(atlas, painter):
    held = atlas.create(NewWorld("Held", "coast"))
    make(atlas, "abcde")
    assert ids(atlas) == ["c", "d", "e", "held"] and atlas.get("held") is held
    painter.paint(held, [Tile(8, 1, 1)]).result(60)
    assert held.renderer.tile(Tile(8, 1, 1), "png") is not None
    painter.forget(held)


def test_a_world_that_closed_can_be_painted_by_another_process(atlas, library):
    atlas.create(NewWorld("Land", "coast")).journal.set_prompt("sand")
    other = Atlas(atlas.folder, library, 2**24)
    assert other.get("land").readonly
    make(atlas, "abc")
    gc.collect()
    atlas.get("a")
    again = Atlas(atlas.folder, library, 2**24)
    again.get("land").journal.set_prompt("ice")
    assert atlas.get("land").journal.prompt == "ice" and atlas.get("land").readonly
    other.close()
    again.close()


def test_many_worlds_asked_for_at_once_leave_few_descriptors_and_stay_writable(atlas):
    names = [f"w{number}" for number in range(40)]
    make(atlas, names)
    before = len(os.listdir("/dev/fd"))

    def visit(number):
        world = atlas.get(names[number * 7 % 40])
        assert not world.readonly
        return world.journal.prompt

    with ThreadPoolExecutor(12) as threads:
        assert set(threads.map(visit, range(400))) == {"coast"}
    assert len(ids(atlas)) <= 3
    atlas.get(names[0])  # closes what threads left at the end
    assert len(os.listdir("/dev/fd")) <= before + 40  # of 40 worlds that stay open it would be over 100
