import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.standin import StandIn
from explorer.models.library import Library
from tests.explorer.service.test_scouting import Seeing
from tiles.grid import tile_at
from tiles.recipe import Recipe

PLACE = {"prompt": "rocky coast", "seed": 5}


@pytest.fixture
def library(standin, request):
    """A model that paints at once; the one that a test names, if it does."""
    standin.model = getattr(request, "param", StandIn)()
    return standin


def picture(answer):
    assert answer.status_code == 200, answer.text
    return np.array(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(int)


def test_a_preview_is_what_the_world_will_be_like_where_it_opens(client, library):
    shown = picture(client.post("/preview", json=PLACE))
    assert client.get("/worlds").json() == []  # nothing is kept
    world = client.post("/worlds", json={"name": "Coast", **PLACE}).json()
    zoom, coarser = world["base_zoom"], world["sketch"]
    home = tile_at(*world["home"], zoom)
    assert client.get(f"/worlds/coast/tiles/{zoom}/{home.x}/{home.y}.png?wait=60").status_code == 200
    cell = home.above(zoom - coarser)
    sketch = picture(client.get(f"/worlds/coast/sketch/{cell.z}/{cell.x}/{cell.y}.webp"))
    inside = slice(64, -64)  # away from the cell's edges, whose neighbours are not painted in a preview
    other = picture(client.post("/preview", json={**PLACE, "seed": 6}))
    apart, far = (np.abs(each - sketch)[inside, inside].mean() for each in (shown, other))
    assert apart < 0.5 and far > 5


@pytest.mark.parametrize("library", [Seeing], indirect=True)
def test_a_world_opens_where_its_prompt_is_obeyed_best_unless_told_otherwise(client, library):
    found = client.post("/worlds", json={"name": "Found", **PLACE}).json()
    told = client.post("/worlds", json={"name": "Told", **PLACE, "home": [1000.0, 2000.0]}).json()
    again = client.post("/worlds", json={"name": "Again", **PLACE}).json()
    assert told["home"] == [1000.0, 2000.0]
    assert found["home"] == again["home"]
    assert len(library.model.calls) == 9


@pytest.mark.parametrize(
    ("change", "code"),
    [({"prompt": "\x00"}, "bad_prompt"), ({"base_zoom": 99}, "bad_setting")],
)
def test_what_cannot_be_previewed_is_named(client, change, code):
    refused = client.post("/preview", json={**PLACE, **change})
    assert refused.status_code == 422 and refused.json()["error"]["code"] == code


def test_a_preview_needs_a_seed(client):
    assert client.post("/preview", json={"prompt": "coast"}).status_code == 422


def test_a_world_says_what_paints_it(client, library):
    made = client.post("/worlds", json={"name": "Coast", **PLACE}).json()
    assert made["painted_by"] == {
        "model": "stand-in",
        "digest": "0" * 32,
        "licence": "CC0-1.0",
        "steps": 1,
        "batch": 1,
        "follows": "",
        "missing": None,
    }
    library.model.recipe = Recipe(source="a/b@" + "5" * 40, licence="mit", steps=30, dtype="float16", batch=4)
    said = client.get("/worlds/coast").json()["painted_by"]
    assert (said["source"], said["steps"], said["sampler"]) == ("a/b@" + "5" * 40, 30, "dpm++2m")
    assert (said["dtype"], said["batch"], said["adapters"]) == ("float16", 4, [])


def test_deeper_levels_may_have_a_model_that_is_known_by_name_here(client, bundle, monkeypatch):
    library = client.app.state.atlas.library
    monkeypatch.setattr(library, "named", Library(str(bundle), "cpu").named, raising=False)
    made = client.post("/worlds", json={"name": "Two", **PLACE, "level_models": {"12": bundle.name}})
    assert made.status_code == 201, made.text
    (level,) = made.json()["painted_by"]["levels"]
    assert level["zoom"] == 12 and level["missing"] is None
    for levels, said in (({"12": "/etc"}, "no model"), ({"3": bundle.name}, "zoom 3"), ({"a": "terra"}, "a")):
        refused = client.post("/worlds", json={"name": "Three", **PLACE, "level_models": levels})
        assert refused.status_code == 422 and said in refused.json()["error"]["message"], refused.text
