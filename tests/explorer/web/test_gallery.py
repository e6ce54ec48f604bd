import io

import numpy as np
import pytest
from PIL import Image

from explorer.models.library import Library
from explorer.worlds.gallery import FOLDER, ready_worlds


@pytest.fixture
def library():
    return Library("terra", "cpu")


def test_each_ready_world_is_a_small_file_with_a_picture(client):
    told = client.get("/gallery").json()
    assert len(told) >= 8 and [each["id"] for each in told] == list(ready_worlds())
    assert told[0]["id"] == "planet" and told[0]["base_zoom"] <= 5
    for each in told:
        assert (FOLDER / f"{each['id']}.json").stat().st_size < 1000
        answer = client.get(each["thumbnail"])
        assert answer.headers["content-type"] == "image/webp" and len(answer.content) < 40_000
        image = Image.open(io.BytesIO(answer.content)).convert("RGB")
        assert image.size == (320, 200) and len(np.unique(np.array(image).reshape(-1, 3), axis=0)) > 500
        assert each["about"] and each["name"] and each["prompt"]


def test_a_ready_world_is_made_by_one_request_as_often_as_one_likes(client):
    for name in ready_worlds():
        made = client.post(f"/gallery/{name}")
        assert made.status_code == 201 and made.json()["prompt"] in ready_worlds()[name].new.prompt
        assert made.json()["seed"] == ready_worlds()[name].new.seed
    again = client.post("/gallery/planet").json()
    assert again["id"] == "planet-2" and len(client.get("/worlds").json()) == len(ready_worlds()) + 1
    steps = client.get("/worlds/planet/edits").json()
    assert [step["kind"] for step in steps].count("stroke") == 8
    assert client.get("/worlds/planet/tiles/3/4/3.webp").status_code == 204


def test_a_ready_world_has_the_name_that_the_page_showed(client):
    made = client.post("/gallery/harbour", headers={"Earth-Language": "de"}).json()
    assert (made["id"], made["name"]) == ("hafen", "Hafen")


@pytest.mark.parametrize("name", ["nowhere", "..", "%2e%2e%2fweb%2ficon"])
def test_what_is_not_in_the_gallery_is_named(client, name):
    assert client.post(f"/gallery/{name}").status_code in (404, 405)
    answer = client.get(f"/gallery/{name}.webp")
    assert answer.status_code == 404 and answer.json()["error"]["code"]
