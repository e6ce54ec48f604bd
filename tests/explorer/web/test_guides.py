import base64

import gradio as gr
import numpy as np
import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.web.tools import Tools
from tests.explorer.service.test_guiding import Led
from tests.pictures import png, smooth
from tiles.grid import Tile

URL = "/worlds/test-land/guides"
HERE = Tile(8, 128, 128)


@pytest.fixture
def library(request):
    """A model that follows guides, if a test names none."""
    return OneModel(getattr(request, "param", Led)())


def middle():
    west, south, east, north = HERE.bounds
    return (west + east) / 2, (south + north) / 2


def test_a_guide_is_laid_listed_and_undone(client, world):
    world.canvas.paint([HERE], world.model.paint, world.model.traits.batch)
    x, y = middle()
    answer = client.post(f"{URL}?x={x}&y={y}&strength=0.5", content=png(smooth(200, 200)))
    assert answer.status_code == 201
    said = answer.json()
    assert said["revision"] == 2 and said["wants"] == "bright land" and said["painted"] == [[8, 128, 128]]
    step = client.get("/worlds/test-land/edits").json()[-1]
    assert (step["kind"], step["state"], step["strength"], step["prompt"]) == ("guide", "done", 0.5, "")
    assert step["bounds"] == said["bounds"] and "raster" not in step
    assert client.post("/worlds/test-land/undo").json()["entry"] == 2
    assert client.get("/worlds/test-land/edits").json()[-1]["state"] == "undone"


def test_edges_are_kept_instead_of_the_picture(client, world):
    pixels = np.full((64, 64, 3), 30, np.uint8)
    pixels[20:40, 20:40] = 220
    assert client.post(f"{URL}?edges=true", content=png(pixels)).status_code == 201
    guide = world.journal.history.log.eras[2].guide
    assert set(np.unique(guide.pixels)) == {0, 255} and guide.pixels.shape == (64, 64, 4)


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("strength=2", 422, "0.1 to 1"),
        ("zoom=1", 422, "zoom 6 to 22"),
        ("x=5", 422, "both x and y"),
        ("edges=maybe", 422, "edges"),
    ],
)
def test_guides_that_cannot_be_are_refused(client, world, query, status, words):
    answer = client.post(f"{URL}?{query}", content=png(smooth(64, 64)))
    assert answer.status_code == status and words in answer.text
    assert client.post(URL, content=b"<svg/>").status_code == 422
    assert world.counts()["entries"] == 1


@pytest.mark.parametrize("library", [StandIn], indirect=True)
def test_a_world_whose_model_follows_none_says_what_would(client, world):
    answer = client.post(URL, content=png(smooth(64, 64)))
    assert answer.status_code == 422 and "ControlNet" in answer.json()["error"]["message"]
    assert world.counts()["entries"] == 1


def test_the_tool_lays_one_too(client, world):
    picture = base64.b64encode(png(smooth(64, 64))).decode()
    tools = Tools(client.app.state)
    said = tools.guide("test-land", picture, *middle(), edges=True)
    assert said["entry"] == 2 and said["wants"] == "bright land"
    assert world.journal.history.steps == (1, 2)
    with pytest.raises(gr.Error, match="not base64"):
        tools.guide("test-land", "%%%", 0, 0)
