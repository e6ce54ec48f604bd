"""Bookmarks are kept in the world."""

import pytest

HARBOUR = {"name": "Old harbour", "place": "8/120000/-35000"}


def test_bookmarks_are_kept_in_the_world_and_travel_in_its_file(client, world):
    assert client.get("/worlds/test-land/bookmarks").json() == []
    answer = client.put("/worlds/test-land/bookmarks", json=[HARBOUR])
    assert answer.status_code == 200 and answer.json() == [HARBOUR]
    packed = client.get("/worlds/test-land/package").content
    copy = client.post("/worlds/unpack", content=packed).json()["id"]
    assert client.get(f"/worlds/{copy}/bookmarks").json() == [HARBOUR]
    assert client.put("/worlds/test-land/bookmarks", json=[]).json() == []
    assert client.get(f"/worlds/{copy}/bookmarks").json() == [HARBOUR]


@pytest.mark.parametrize(
    "wrong",
    [
        [{"name": "", "place": "8/0/0"}],
        [{"name": "x" * 81, "place": "8/0/0"}],
        [{"name": "a", "place": "javascript:alert(1)"}],
        [{"name": "a\u0000", "place": "8/0/0"}],
        [HARBOUR] * 201,
        [{"name": "a"}],
        {"name": "a"},
    ],
)
def test_what_is_no_bookmark_is_refused_and_nothing_is_lost(client, world, wrong):
    client.put("/worlds/test-land/bookmarks", json=[HARBOUR])
    answer = client.put("/worlds/test-land/bookmarks", json=wrong)
    assert answer.status_code == 422 and answer.json()["error"]["message"]
    assert client.get("/worlds/test-land/bookmarks").json() == [HARBOUR]
