import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld, beginnings, may_begin
from explorer.worlds.planet import climates
from tiles.errors import BadSetting
from tiles.grid import Tile


@pytest.mark.parametrize(
    ("prompt", "rest", "strokes"),
    [
        ("open ocean, polar ice", "open ocean", 2),
        ("green coast with ice caps and desert belts", "green coast", 4),
        ("continents, deserts along the tropics", "continents", 2),
        ("polar ice sheet and snow", "polar ice sheet and snow", 0),  # nothing else is said: it is everywhere
        ("sand desert", "sand desert", 0),
    ],
)
def test_what_a_planets_prompt_says_of_poles_and_tropics_is_painted_there(prompt, rest, strokes):
    told, found = climates(prompt, 3)
    assert (told, len(found)) == (rest, strokes)
    assert climates(prompt, 8) == (prompt, ())
    assert {stroke.path[0][1] for stroke in found} == {-stroke.path[0][1] for stroke in found}


def test_a_world_may_begin_a_little_above_what_its_model_knows():
    known = (5, 6, 7, 8, 18, 19)
    assert beginnings(known) == (2, 3, 4, *known)
    assert may_begin(7, (10, 11)) and not may_begin(6, (10, 11)) and not may_begin(12, (5, 20))


@pytest.fixture
def atlas(tmp_path):
    atlas = Atlas(tmp_path / "planets", OneModel(StandIn()), 2**24)
    yield atlas
    atlas.close()


def test_a_planet_begins_with_its_climates_and_goes_down_to_any_place(atlas):
    world = atlas.create(NewWorld("Planet", "open ocean, polar ice", seed=1, base_zoom=3))
    assert world.journal.prompt == "open ocean" and world.base_zoom == 3
    layers = world.canvas.snapshot().layers
    north, middle = (layers.conditions(layers.shown(Tile(3, 4, y))) for y in (0, 4))
    assert north[0].prompt == "polar ice sheet and snow" and {each.prompt for each in middle} == {
        "open ocean"
    }
    deep = Tile(12, 4 << 9, 4 << 9)
    world.canvas.paint(world.pyramid.lineages([deep]), world.model.paint, 1)
    assert world.canvas.painted(deep) and world.pyramid.zooms == tuple(range(3, 21))
    world.journal.undo()  # the strokes are steps like any others
    assert len(world.journal.steps()) == 3
    with pytest.raises(BadSetting, match="base zoom 1: with this model it may be 2 "):
        atlas.create(NewWorld("Too far", "sea", base_zoom=1))
