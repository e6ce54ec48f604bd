import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.service import edits
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tiles.errors import ModelRefused, WorldHeld
from tiles.grid import Tile, around

HERE, THERE = Tile(8, 128, 128), Tile(8, 130, 130)


class Elsewhere(OneModel):
    """A library that has another model only."""

    def get(self, name=None, recipe=None):
        if name == self.default or name is None:
            raise ModelRefused(f"{name} is not on this machine: fetch it")
        return self.model


@pytest.fixture
def folder(tmp_path):
    """Worlds of a model; one tile is in the cache and one is not."""
    atlas = Atlas(tmp_path / "worlds", OneModel(StandIn()), 2**26)
    world = atlas.create(NewWorld("Land", "coast", seed=1))
    cells = [*around(HERE).tiles(), *around(THERE).tiles()]
    world.canvas.paint(cells, lambda windows: [world.model.paint([w])[0] for w in windows], 1)
    world.renderer.tile(HERE, "webp")
    atlas.close()
    return tmp_path / "worlds"


@pytest.fixture
def world(folder):
    atlas = Atlas(folder, Elsewhere(StandIn()), 2**26)
    yield atlas.get("land")
    atlas.close()


def test_what_is_cached_is_shown_and_the_rest_is_not(folder, world):
    assert world.renderer.tile(THERE, "webp") is None
    with_model = Atlas(folder, OneModel(StandIn()), 2**26)
    assert world.renderer.tile(HERE, "webp").data == with_model.get("land").renderer.tile(HERE, "webp").data
    with_model.close()


def test_nothing_is_changed_and_the_reason_is_said(world, jobs):
    assert world.readonly and "stand-in is not on this machine: fetch it" in world.access.reason
    painter = Painter()
    request = edits.EditRequest([HERE], "desert", "", 1.0, 1)
    for change in (
        lambda: world.rename("Other"),
        lambda: world.journal.set_prompt("desert"),
        lambda: edits.start(world, painter, jobs, edits.checked(world, request, 9)),
    ):
        with pytest.raises(WorldHeld, match="needs its model"):
            change()
    painter.want("map", world, [Tile(8, 140, 140)])
    assert painter.ask(world, HERE).result(timeout=30) is None  # it is painted already
    assert not world.canvas.painted(Tile(8, 140, 140))
    painter.close()


def test_where_the_model_comes_back_the_world_goes_on(folder, world, jobs):
    again = Atlas(folder, OneModel(StandIn()), 2**26)
    back = again.get("land")
    back.rename("Back")
    assert not back.readonly and back.renderer.tile(THERE, "webp") is not None
    again.close()
