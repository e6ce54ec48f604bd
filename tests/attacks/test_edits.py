"""Edits, strokes and pictures that ask for nonsense or for too much: a clear no, nothing changed."""

import pytest

from tests.disks import change
from tests.pictures import bomb, png, smooth

HOSTILE = [
    "<script>alert(1)</script>",
    "${7*7}{{7*7}}%s%n",
    "'; DROP TABLE cells; --",
    "../../etc/passwd",
    "🏔️ ملح 山",
]
TILE = [8, 128, 128]


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def unchanged(client, world):
    yield
    assert [entry.kind for entry in world.store.journal()] == ["prompt"]
    assert world.counts()["cells"] == 0 and not len(world.drafts)
    assert not [path for path in world.store.path.parent.parent.iterdir() if path.name.startswith(".picture")]


def no(answer, *statuses):
    assert answer.status_code in statuses, answer.text
    said = answer.json()["error"]
    assert set(said) == {"code", "message"} and 0 < len(said["message"]) < 400
    return said["message"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("route", ["edits", "variants"])
@pytest.mark.parametrize(
    ("body", "statuses"),
    [({"tiles": []}, (422,)), ({}, (422,)), ({"tiles": "all"}, (422,)), ({"tiles": [[8, 0]]}, (422,)),
     ({"tiles": [[8, 0.5, 0]]}, (422,)), ({"tiles": [[8, True, 0]]}, (422,)), ({"tiles": [["8", 0, 0]]}, (422,)),
     ({"tiles": [[23, 0, 0]]}, (404,)), ({"tiles": [[8, 10**10, 0]]}, (404,)), ({"tiles": [[-1, 0, 0]]}, (404,)),
     ({"tiles": [[8, 10**30, 0]]}, (404, 422)), ({"tiles": [[0, 0, 0]]}, (413,)),
     ({"tiles": [[8, x, 0] for x in range(257)]}, (413,)), ({"tiles": [TILE], "strength": "NaN"}, (422,)),
     ({"tiles": [TILE], "strength": 0}, (422,)), ({"tiles": [TILE], "strength": 1.01}, (422,)),
     ({"tiles": [TILE], "strength": None}, (422,)), ({"tiles": [TILE], "seed": -1}, (422,)),
     ({"tiles": [TILE], "seed": 2**53}, (422,)), ({"tiles": [TILE], "seed": 2**63}, (422,)), ({"tiles": [TILE], "seed": 1.5}, (422,)),
     ({"tiles": [TILE], "prompt": "x" * 501}, (422,)), ({"tiles": [TILE], "prompt": "a\x00b"}, (422,)),
     ({"tiles": [TILE], "negative_prompt": "x" * 501}, (422,)), ({"tiles": [TILE], "prompt": 5}, (422,)),
     ({"tiles": [TILE], "extra": 1}, (422,))],
)  # fmt: skip
def test_edits_of_nothing_too_much_or_nonsense(client, route, body, statuses):
    no(client.post(f"/worlds/test-land/{route}", json=body), *statuses)
    no(client.post(f"/worlds/nowhere/{route}", json=body), 404, 422)


@pytest.mark.usefixtures("unchanged")
def test_a_million_tiles_are_refused_unread(client):
    body = b'{"tiles": [' + b"[8,1,1]," * 10**6 + b"[8,1,1]]}"
    no(
        client.post("/worlds/test-land/edits", content=body, headers={"content-type": "application/json"}),
        413,
    )
    nan = b'{"tiles": [[8, 1, 1]], "strength": NaN}'
    no(client.post("/worlds/test-land/edits", content=nan, headers={"content-type": "application/json"}), 422)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "change",
    [{"path": []}, {"path": [[0, 0]] * 501}, {"path": [["a", 0]]}, {"path": [[1e300, 0]]}, {"radius": 0},
     {"radius": -1}, {"radius": 1e300}, {"softness": -1}, {"prompt": "x" * 501}, {"prompt": None}, {"extra": 1},
     {"path": [[0, 0], [1e9, 1e9]]}, {"radius": "NaN"}, {"softness": "Infinity"}],
)  # fmt: skip
def test_strokes_of_nonsense(client, change):
    body = {"prompt": "x", "path": [[0, 0]], "radius": 1e5, **change}
    no(client.post("/worlds/test-land/strokes", json=body), 422)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("data", "query", "statuses"),
    [(b"", "", (422,)), (b"#!/bin/sh\n", "", (422,)), (b"\x80\x04\x95pickle", "", (422,)), (bomb(60_000, 60_000), "", (413,)),
     (bomb(9_000, 9_000), "", (413,)), (bomb(9_000, 9_000), "zoom=11", (422,)), (png(smooth(64, 64))[:100], "", (422,)), (png(smooth(64, 64)), "x=nan", (422,)),
     (png(smooth(64, 64)), "x=1e300", (422,)), (png(smooth(64, 64)), "zoom=23", (422,)), (png(smooth(64, 64)), "zoom=0", (413,)),
     (png(smooth(64, 64)), "strength=2", (422,)), (png(smooth(64, 64)), "strength=nan", (422,)), (png(smooth(64, 64)), "zoom=11", (422,)),
     (png(smooth(64, 64)), "seed=-1", (422,)), (png(smooth(64, 64)), "prompt=" + "x" * 501, (422,))],
)  # fmt: skip
def test_pictures_that_lie_or_do_not_fit(client, data, query, statuses):
    no(client.post(f"/worlds/test-land/pictures?{query}", content=data), *statuses)


@pytest.mark.usefixtures("unchanged")
def test_a_picture_is_not_longer_than_allowed(client, settings):
    no(client.post("/worlds/test-land/pictures", content=bytes(settings.picture_bytes + 1)), 413)
    no(client.post("/worlds/nowhere/pictures", content=png(smooth(64, 64))), 404)


@pytest.mark.usefixtures("unchanged")
def test_another_sites_page_edits_nothing(client):
    head = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    for route in ("edits", "variants", "strokes", "pictures", "undo", "redo"):
        no(client.post(f"/worlds/test-land/{route}", json={"tiles": [TILE]}, headers=head), 403)


@pytest.mark.parametrize("prompt", HOSTILE)
def test_hostile_words_are_words(client, world, prompt):
    answer = client.post(
        "/worlds/test-land/strokes", json={"prompt": prompt, "path": [[0, 0]], "radius": 1e4}
    )
    assert answer.status_code == 201
    assert client.get("/worlds/test-land/edits").json()[-1]["prompt"] == prompt
    assert "<script>alert" not in client.get("/worlds/test-land/map").text


def test_a_damaged_edit_is_named_and_never_something_else(client, world, painter):
    import time

    job = client.post("/worlds/test-land/edits", json={"tiles": [TILE], "prompt": "desert"}).json()
    while client.get(f"/jobs/{job['job']['id']}").json()["state"] in ("waiting", "running"):
        time.sleep(0.02)
    assert client.get("/worlds/test-land/tiles/8/128/128.png").status_code == 200
    change(world.store.path, "UPDATE cells SET latents = zeroblob(8192) WHERE entry = ?", [job["revision"]])
    world.cache.drop(world.journal.history.edit(job["revision"]).cells.__iter__().__next__())
    answer = client.get("/worlds/test-land/tiles/8/128/128.png")
    assert answer.status_code == 500 and "8/128/128" in answer.json()["error"]["message"]
