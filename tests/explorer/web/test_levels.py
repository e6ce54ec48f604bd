import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.standin import OneModel, StandIn
from explorer.service.levels import at_levels
from tests.explorer.service.test_scouting import one_by_one
from tests.explorer.web.test_exports import finished

URL = "/worlds/test-land/levels"


@pytest.fixture
def library():
    return OneModel(StandIn())


@pytest.mark.parametrize(
    ("body", "prompt", "seed"), [({}, "rocky coast", 1), ({"prompt": "ice", "seed": 7}, "ice", 7)]
)
def test_each_level_is_a_picture_of_a_job_and_the_world_stays(client, world, body, prompt, seed):
    answer = client.post(URL, json=body)
    assert answer.status_code == 202
    said = answer.json()
    assert (said["prompt"], said["seed"]) == (prompt, seed)
    assert [level["zoom"] for level in said["levels"]] == [5, 6, 7, 8]
    assert said["levels"][-1]["metres_per_pixel"] == pytest.approx(611.5, abs=0.1)
    job = finished(client, said["job"])
    assert job["state"] == "done" and job["kind"] == "levels"
    expected = at_levels(StandIn(), prompt, seed, one_by_one)
    for file, level in zip(job["files"], expected, strict=True):
        assert file["name"] == f"{level.zoom}.png"
        shown = np.array(Image.open(io.BytesIO(client.get(file["url"]).content)))
        assert (shown == level.pixels).all()
    counts = client.get("/worlds/test-land").json()
    assert counts["cells"] == 0 and counts["entries"] == 1


@pytest.mark.parametrize("body", [{"seed": -1}, {"seed": "x"}, {"prompt": "a\x00b"}, {"more": 1}])
def test_what_cannot_be_painted_is_refused(client, world, body):
    assert client.post(URL, json=body).status_code == 422
