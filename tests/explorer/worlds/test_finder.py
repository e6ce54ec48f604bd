import numpy as np
import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.worlds.atlas import Atlas
from explorer.worlds.finder import near
from explorer.worlds.new import NewWorld
from tiles.errors import BadSetting, NoSearch
from tiles.grid import Box, Tile


class Colours:
    """Towers for which a prompt names a colour, and a picture is its mean colour."""

    def prompts(self, prompts):
        return np.eye(3, dtype=np.float32)[[("red", "green", "blue").index(prompt) for prompt in prompts]]

    def pictures(self, pixels):
        means = pixels.mean((1, 2), dtype=np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


class Painting(StandIn):
    """Every cell has one colour."""

    towers = Colours()

    def _land(self, window):
        colour = window.cell.x % 3
        land = np.full(window.noise.shape, -2.0, np.float32)
        land[colour] = 2.0
        return land


@pytest.fixture
def atlas(tmp_path):
    atlas = Atlas(tmp_path / "worlds", OneModel(Painting()), 2**26)
    yield atlas
    atlas.close()


@pytest.fixture
def world(atlas):
    return atlas.create(NewWorld("Colours", "any", seed=1))


ROW = Box(8, 126, 128, 138, 129)


def shown(world, box=ROW):
    world.canvas.paint(box.tiles(), lambda windows: [world.model.paint([w])[0] for w in windows], 1)
    for tile in box.tiles():
        world.renderer.tile(tile, "webp")


def test_tiles_are_found_by_what_they_show(world):
    shown(world)
    for index, word in enumerate(("red", "green", "blue")):
        found = world.finder.search(word, 3)
        assert len(found) == 3 and {match.tile.x % 3 for match in found} == {index}
        assert found[0].agreement > 0.9


def test_of_tiles_that_touch_only_the_best_is_given(world):
    shown(world, Box(8, 126, 126, 132, 132))
    found = [match.tile for match in world.finder.search("red", 50)]
    assert len(found) > 1
    assert not any(near(a, b) for a in found for b in found if a != b)


def test_what_was_cached_before_is_looked_at_when_it_is_searched_for(atlas, world, tmp_path):
    shown(world)
    atlas.close()
    (tmp_path / "worlds" / world.id / "search.db").unlink()
    again = Atlas(tmp_path / "worlds", OneModel(Painting()), 2**26)
    assert len(again.get(world.id).finder.search("blue", 9)) == 4
    again.close()


def test_a_tile_that_changed_is_found_as_it_is_now(world, monkeypatch):
    shown(world)
    cell = Tile(8, 128, 128)
    assert cell in [match.tile for match in world.finder.search("blue", 9)]
    monkeypatch.setattr(Painting, "_land", lambda self, window: np.full(window.noise.shape, -2.0, np.float32))
    world.canvas.paint(
        Box(8, 128, 129, 129, 130).tiles(), lambda w: [world.model.paint([x])[0] for x in w], 1
    )
    world.renderer.tile(cell, "webp")  # its neighbour is painted now, so it is decoded anew
    found = {match.tile: match.revision for match in world.finder.search("blue", 9)}
    assert found[cell] == world.renderer.revision(cell)


def test_what_cannot_be_searched_for_is_said(world, tmp_path):
    for limit in (0, 51):
        with pytest.raises(BadSetting, match="1 to 50"):
            world.finder.search("red", limit)
    blind = Atlas(tmp_path / "blind", OneModel(StandIn()), 2**26)
    with pytest.raises(NoSearch, match="cannot compare"):
        blind.create(NewWorld("Blind", "any")).finder.search("red", 3)
    blind.close()


def test_a_world_that_nobody_searched_or_looked_at_has_no_file(world, tmp_path):
    assert not (tmp_path / "worlds" / world.id / "search.db").exists()
