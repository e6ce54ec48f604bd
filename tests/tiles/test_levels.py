import pytest

from tiles.errors import WorldDamaged
from tiles.latents import USUAL, LatentSpace
from tiles.levels import LevelModel, level_models, level_models_of, spaces_of

LEVEL = LevelModel(zoom=12, model="other", digest="ab" * 16, halo=8, channels=16, pixels=8)


def test_the_models_of_levels_are_kept_in_settings():
    settings = {"level_models": [LEVEL.data(), LEVEL.model_copy(update={"zoom": 15, "pixels": 16}).data()]}
    assert level_models(settings)[0] == LEVEL and level_models({}) == ()
    spaces = spaces_of(settings)
    assert [spaces.at(zoom) for zoom in (6, 11)] == [USUAL] * 2
    assert [spaces.at(zoom) for zoom in (12, 14, 15, 20)] == [LatentSpace(16, 8)] * 2 + [
        LatentSpace(16, 16)
    ] * 2
    assert spaces_of({}).all == (USUAL,)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"zoom": "12"}, "zoom"),
        ({"zoom": 99}, "zoom"),
        ({"digest": "terra"}, "digest"),
        ({"channels": 65}, "channels"),
        ({"model": ""}, "model"),
        ({"recipe": {"steps": 0}}, "recipe"),
        ({"pixels": 7}, "zoom 12: no model has such latents"),
        ({"halo": 33}, "zoom 12: no model has such latents"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_no_model_of_a_level_is_refused_by_name(changed, words):
    with pytest.raises(ValueError, match=words):
        level_models_of([{**LEVEL.data(), **changed}])
    with pytest.raises(WorldDamaged, match=words):
        level_models({"level_models": [{**LEVEL.data(), **changed}]})


@pytest.mark.parametrize("value", [None, "other", {"zoom": 12}, [LEVEL.data()] * 2, [LEVEL.data()] * 9])
def test_a_list_of_such_models_has_each_zoom_once_in_order(value):
    with pytest.raises(ValueError):
        level_models_of(value)
