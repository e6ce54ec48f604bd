"""What answers say of prompts that the model does not read to their end."""

import pytest

from tests.pictures import png, smooth

TILES = [[8, 128, 128]]
EDIT = {"tiles": TILES, "seed": 4}
LONG = " ".join(["rocky"] * 20)  # the model of the tests reads 14 words


@pytest.fixture
def library(tiny):
    return tiny


def test_answers_say_what_of_a_prompt_is_not_read(client, world):
    made = client.post("/worlds", json={"name": "Long", "prompt": LONG}).json()
    assert made["prompt_report"] == {"cut": " ".join(["rocky"] * 6), "unknown": []}
    assert client.patch(f"/worlds/{made['id']}", json={"prompt": LONG}).json()["prompt_report"]["cut"]
    assert "prompt_report" not in client.patch(f"/worlds/{made['id']}", json={"name": "Other"}).json()
    url, stroke = "/worlds/test-land", {"path": [[1e5, -1e5]], "radius": 1e5}
    for path, body in (("edits", EDIT), ("variants", EDIT), ("strokes", stroke)):
        answer = client.post(f"{url}/{path}", json={**body, "prompt": LONG})
        assert answer.json()["prompt_report"]["cut"] == " ".join(["rocky"] * 6), path
    answer = client.post(f"{url}/pictures?x=0&y=0&prompt=desert", content=png(smooth(64, 64)))
    assert answer.json()["prompt_report"] == {"cut": "", "unknown": []}
