"""Exports that ask for too much, for nonsense, or for what is not theirs."""

import time

import pytest

from explorer.service import exports
from tiles.grid import Box, Tile

HOME = 128
REGION = Box(8, HOME, HOME, HOME + 2, HOME + 2)


def bounds(box=REGION):
    first, last = Tile(box.zoom, box.left, box.top), Tile(box.zoom, box.right - 1, box.bottom - 1)
    return [first.bounds.west, last.bounds.south, last.bounds.east, first.bounds.north]


def made(client, **body):
    """A finished export."""
    job = client.post("/worlds/test-land/exports", json={"bounds": bounds(), **body}).json()
    while job["state"] in ("waiting", "running"):
        time.sleep(0.05)
        job = client.get(f"/jobs/{job['id']}").json()
    return job


def test_too_much_is_refused_before_any_work(client, world):
    far = 2.0e7
    for body, words in (
        ({"bounds": [-far, -far, far, far], "zoom": 20}, "pixels"),
        ({"bounds": [-far * 100, -far * 100, far * 100, far * 100], "zoom": 0}, "tiles"),
        ({"bounds": [0, -1, 4.1e7, 0], "format": "png"}, "a side may have at most 65,535"),
        ({"bounds": [0, -1, 4e7, 0], "format": "postcard"}, "a side may have at most 16,384"),
    ):
        answer = client.post("/worlds/test-land/exports", json=body)
        assert answer.status_code == 413 and words in answer.json()["error"]["message"]
    assert world.counts()["cells"] == 0


def test_a_full_disk_is_said_before_any_work(client, world, monkeypatch):
    monkeypatch.setattr(exports.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**6}))
    answer = client.post("/worlds/test-land/exports", json={"bounds": bounds()})
    assert answer.status_code == 507 and "1,000,000" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"bounds": [0, 0, 0, 0]},
        {"bounds": [5, 0, 1, 9]},
        {"bounds": [0, 0, 1]},
        {"bounds": ["a", 0, 1, 1]},
        {"bounds": [0, 0, 1e300, 1e300]},
        {"format": "../../etc/passwd"},
        {"format": "exe"},
        {"zoom": 23},
        {"zoom": -1},
        {"zoom": 8.5},
        {"zoom": True},
        {"paint_missing": "yes"},
        {"extra": 1},
        {"format": "mbtiles", "bounds": [-1e9, -1e9, -1e9 + 5e5, -1e9 + 5e5]},
    ],
)
def test_bad_exports_are_refused_in_words(client, world, body):
    answer = client.post("/worlds/test-land/exports", json={"bounds": bounds(), **body})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none_are_refused(client, world, number):
    head = {"content-type": "application/json"}
    body = f'{{"bounds": [0, 0, {number}, 1]}}'
    assert client.post("/worlds/test-land/exports", content=body, headers=head).status_code == 422
    query = {"bounds": f"0,0,{number},1"}
    assert client.get("/worlds/test-land/exports/estimate", params=query).status_code == 422


def test_unknown_jobs_and_parts(client, world):
    assert client.get("/jobs/nothing").json()["error"]["code"] == "job_not_found"
    assert client.delete("/jobs/%2e%2e").status_code == 404
    job = made(client, format="cog")
    assert client.get(f"/jobs/{job['id']}/file?part=../../x").status_code == 404


def test_a_line_of_jobs_has_an_end(client, world):
    codes = [
        client.post(
            "/worlds/test-land/exports", json={"bounds": bounds(REGION.grown(20)), "format": "xyz"}
        ).status_code
        for _ in range(30)
    ]
    assert set(codes) == {202, 503}


def test_bounds_of_an_estimate_are_checked(client, world):
    for text in ("", "1,2,3", "a,b,c,d", "9" * 500):
        query = {"bounds": text}
        assert client.get("/worlds/test-land/exports/estimate", params=query).status_code == 422
