import json

import numpy as np
import pytest

from explorer.training import captions
from explorer.training.text import PARAPHRASES

SCENES = sorted(captions.grammar()["scenes"])


@pytest.mark.parametrize("cls", SCENES)
def test_every_scene_is_said_in_many_short_ways(cls):
    rng = np.random.default_rng(0)
    said = {
        captions.caption(cls, "crossed by a river with lakes", "Alps; Austria", 8, rng) for _ in range(200)
    }
    assert len(said) > 100 and all(0 < len(text) < 160 for text in said)
    assert any("Alps" in text or "alps" in text for text in said)


def test_it_is_a_function_of_the_generator():
    once, again = (
        [captions.caption("coast", "", "", 8, np.random.default_rng(seed)) for seed in range(20)]
        for _ in range(2)
    )
    assert once == again


def test_nothing_untrue_is_said():
    rng = np.random.default_rng(0)
    said = " ".join(captions.caption("desert", "sandy desert", "", 8, rng).lower() for _ in range(500))
    assert "river" not in said and "lake" not in said and "snow" not in said
    said = " ".join(captions.caption("golfcourse", "", "", 19, rng) for _ in range(500))
    assert "km per pixel" not in said and "500 m per pixel" not in said


def test_paraphrases_are_never_said_by_the_grammar():
    asked = {row["prompt"].lower() for row in json.loads(PARAPHRASES.read_text())}
    rng = np.random.default_rng(1)
    said = {captions.caption(cls, "", "", 8, rng).lower() for cls in SCENES for _ in range(300)}
    assert not asked & said
    assert {row["scene"] for row in json.loads(PARAPHRASES.read_text())} <= set(SCENES)
