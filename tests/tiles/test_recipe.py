import pytest

from tiles.errors import WorldDamaged
from tiles.recipe import Recipe, is_recipe, recipe_of, remembered

GOOD = {"source": "a/b@" + "5" * 40, "licence": "mit", "steps": 30, "dtype": "float16", "batch": 4}
ADAPTER = {"file": "roofs.safetensors", "digest": "0123456789abcdef", "weight": 0.5}


def test_a_recipe_is_the_same_after_it_was_written():
    recipe = recipe_of({**GOOD, "adapters": [ADAPTER]})
    assert recipe_of(recipe.data()) == recipe and hash(recipe) == hash(recipe_of(recipe.data()))
    assert remembered({"recipe": recipe.data()}) == recipe and remembered({}) is None
    assert Recipe(source="", licence="").sampler == "dpm++2m"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "steps: it must be 1 to 999"),
        ({"steps": True}, "steps: it must be"),
        ({"guidance_scale": float("nan")}, "guidance_scale: it must be 0 to 30"),
        ({"sampler": "magic"}, "sampler"),
        ({"dtype": "int8"}, "dtype"),
        ({"batch": 1000}, "batch: it must be 1 to 64"),
        ({"source": "x" * 300}, "source: it must be owner/name@commit"),
        ({"source": "../../etc"}, "source: it must be owner/name@commit"),
        ({"source": "a/b@../c"}, "source: it must be owner/name@commit"),
        ({"licence": "a\x00b"}, "licence: it must be"),
        ({"adapters": [{**ADAPTER, "weight": 9}]}, r"adapters.0.weight: it must be -4.0 to 4.0"),
        ({"adapters": [{**ADAPTER, "digest": "no"}]}, "adapters.0.digest"),
        ({"adapters": [ADAPTER] * 17}, "17 adapters; up to 16"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_none_is_refused_by_name(change, words):
    with pytest.raises(ValueError, match=words):
        recipe_of({**GOOD, **change})
    assert not is_recipe({**GOOD, **change})
    with pytest.raises(WorldDamaged, match="how the world's model paints"):
        remembered({"recipe": {**GOOD, **change}})
