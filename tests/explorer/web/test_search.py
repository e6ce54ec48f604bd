import pytest

from benchmarks.standin import OneModel, StandIn
from tests.explorer.worlds.test_finder import Painting

MIDDLE = 128


@pytest.fixture
def library(request):
    return OneModel(getattr(request, "param", Painting)())


@pytest.fixture(autouse=True)
def _world(world):
    return world


def test_results_lead_to_places_and_pictures(client):
    for x in range(MIDDLE, MIDDLE + 6):
        assert client.get(f"/worlds/test-land/tiles/8/{x}/{MIDDLE}.webp?wait=30").status_code == 200
    answer = client.get("/worlds/test-land/search", params={"q": " green ", "limit": 2, "zoom": 8}).json()
    assert answer["prompt_report"] == {"cut": "", "unknown": []}
    assert len(answer["results"]) == 2
    for found in answer["results"]:
        z, x, y = found["tile"]
        assert z == 8 and x % 3 == 1 and found["agreement"] > 0.9
        assert client.get(found["picture"]).status_code == 200
        east, north = found["center"]
        side = 2 * 20037508.342789244 / 2**8
        assert (int(east // side) + MIDDLE, MIDDLE - 1 - int(north // side)) == (x, y)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"q": "  "}, 422, "bad_prompt"),
        ({"q": "\x07"}, 422, "bad_prompt"),
        ({"q": "x" * 5000}, 422, "bad_prompt"),
        ({"q": "red", "limit": 0}, 422, "bad_setting"),
        ({"q": "red", "limit": "many"}, 422, None),
        ({}, 422, None),
    ],
)
def test_what_cannot_be_searched_for_is_named(client, query, status, code):
    refused = client.get("/worlds/test-land/search", params=query)
    assert refused.status_code == status
    assert code is None or refused.json()["error"]["code"] == code


@pytest.mark.parametrize("library", [StandIn], indirect=True)
def test_a_model_that_cannot_compare_says_so(client):
    refused = client.get("/worlds/test-land/search?q=red")
    assert refused.status_code == 409 and refused.json()["error"]["code"] == "no_search"


def test_nothing_painted_is_no_result(client):
    assert client.get("/worlds/test-land/search?q=red").json()["results"] == []
    assert client.get("/worlds/none/search?q=red").status_code == 404
