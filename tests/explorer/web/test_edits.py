import base64
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from explorer.painting.layers import Node
from explorer.service import edits
from explorer.service.edits import EditRequest
from tests.pictures import geotiff, png, smooth
from tiles.grid import Tile

HOME = 128
TILES = [[8, HOME, HOME], [8, HOME + 1, HOME]]
EDIT = {"tiles": TILES, "prompt": "desert", "seed": 4}


def finished(client, job):
    end = time.monotonic() + 120
    while job["state"] in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.01)
        job = client.get(f"/jobs/{job['id']}").json()
    return job


def edited(client, **more):
    answer = client.post("/worlds/test-land/edits", json={**EDIT, **more})
    assert answer.status_code == 202, answer.text
    said = answer.json()
    assert finished(client, said["job"])["state"] == "done"
    return said


def shown(client, tile=TILES[0]):
    return client.get(f"/worlds/test-land/tiles/{'/'.join(map(str, tile))}.png?wait=60")


def test_an_edit_is_made_listed_taken_back_and_brought_again(client, world):
    before = shown(client)
    said = edited(client, negative_prompt="sea", strength=0.9)
    after = shown(client)
    assert after.content != before.content and after.headers["etag"] != before.headers["etag"]
    assert int(after.headers["x-revision"]) > int(before.headers["x-revision"])
    steps = client.get("/worlds/test-land/edits").json()
    assert [step["kind"] for step in steps] == ["prompt", "edit"]
    first, last = Tile(*TILES[0]).bounds, Tile(*TILES[1]).bounds
    assert steps[1] == {
        "number": said["revision"], "kind": "edit", "made": steps[1]["made"], "state": "done", "prompt": "desert",
        "negative_prompt": "sea", "strength": 0.9, "seed": 4, "picture": False, "tiles": 2, "zoom": 8,
        "masked": False,
        "bounds": [first.west, first.south, last.east, first.north],
        "pictured": list(edits.pictured([Tile(*tile) for tile in TILES])),
    }  # fmt: skip
    assert client.post("/worlds/test-land/undo").json() == {"entry": said["revision"], "tiles": 2}
    assert shown(client).content == before.content
    assert client.get("/worlds/test-land/edits").json()[1]["state"] == "undone"
    assert client.post("/worlds/test-land/redo").json()["tiles"] == 2
    assert shown(client).content == after.content


def test_before_and_after_are_small_pictures(client, world):
    said = edited(client)
    pictures = []
    for side in ("before", "after"):
        answer = client.get(f"/worlds/test-land/edits/{said['revision']}/{side}.webp")
        assert answer.headers["content-type"] == "image/webp"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert max(image.size) == 384 and image.size[0] > image.size[1]
            pictures.append(np.array(image).astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() > 6
    for missing in ("99/after", f"{said['revision']}/beside"):
        assert client.get(f"/worlds/test-land/edits/{missing}.webp").status_code == 409


def test_three_variants_and_none_of_them_kept(client, world):
    said = client.post("/worlds/test-land/variants", json=EDIT).json()
    job = finished(client, said["job"])
    assert job["state"] == "done" and job["total"] == 6 and said["seeds"] == [4, 5, 6]
    images = [client.get(file["url"]).content for file in job["files"]]
    assert len(set(images)) == 3 and all(image.startswith(b"\x89PNG") for image in images)
    assert len(client.get("/worlds/test-land/edits").json()) == 1
    assert client.delete(f"/jobs/{job['id']}").status_code == 200
    assert client.get(job["files"][0]["url"]).status_code == 404


def test_a_job_in_line_is_cancelled_and_its_edit_with_it(client, world, monkeypatch):
    own = world.model.paint
    monkeypatch.setattr(world.model, "paint", lambda windows: (time.sleep(0.1), own(windows))[1])
    jobs = [client.post("/worlds/test-land/edits", json=EDIT).json()["job"] for _ in range(3)]
    for job in reversed(jobs):
        client.delete(f"/jobs/{job['id']}")
    assert all(finished(client, job)["state"] == "cancelled" for job in jobs)
    states = [step["state"] for step in client.get("/worlds/test-land/edits").json()]
    assert states == ["done", "cancelled", "cancelled", "cancelled"] and world.journal.history.waiting == ()
    assert client.post("/worlds/test-land/undo").status_code == 409


def test_a_stroke_is_laid_over_land_to_come(client, world):
    body = {"prompt": "forest", "path": [[1e5, -1e5], [3e5, -1e5]], "radius": 1e5, "softness": 5e4}
    answer = client.post("/worlds/test-land/strokes", json=body)
    assert answer.status_code == 201
    step = client.get("/worlds/test-land/edits").json()[-1]
    assert step["number"] == answer.json()["revision"] and step["path"] == body["path"]
    assert step["bounds"] == [-5e4, -2.5e5, 4.5e5, 5e4]
    conditions = world.canvas.snapshot().layers.conditions(Node(0, Tile(8, HOME + 1, HOME)))
    assert {each.prompt for each in conditions} == {"forest", "rocky coast"}


@pytest.mark.parametrize("strength", [1.0, 0.6])
def test_a_picture_is_put_on_the_map(client, world, tmp_path, strength):
    pixels = smooth(300, 300)
    answer = client.post(
        f"/worlds/test-land/pictures?x=100000&y=-100000&strength={strength}", content=png(pixels)
    )
    assert answer.status_code == 202, answer.text
    assert finished(client, answer.json()["job"])["state"] == "done"
    step = client.get("/worlds/test-land/edits").json()[-1]
    assert step["picture"] and step["strength"] == strength
    there = geotiff(tmp_path / "g", pixels, "EPSG:3857", (5e6, 5e6, 5.1e6, 5.1e6)).read_bytes()
    answer = client.post("/worlds/test-land/pictures", content=there)
    assert finished(client, answer.json()["job"])["state"] == "done"
    west, south, east, north = client.get("/worlds/test-land/edits").json()[-1]["bounds"]
    assert west < 5e6 < 5.1e6 < east and south < 5e6 < 5.1e6 < north


def test_a_new_prompt_is_heard_too(client, world):
    with client.websocket_connect("/worlds/test-land/feed") as feed:
        feed.send_json({"want": []})
        client.patch("/worlds/test-land", json={"prompt": "sand desert"})
        while feed.receive_json()["event"] != "journal":
            pass
    assert [step["prompt"] for step in client.get("/worlds/test-land/edits").json()] == [
        "rocky coast",
        "sand desert",
    ]


def heard_of(feed, event, tiles):
    """The events of messages, up to the last that says this of one of these tiles."""
    kinds, left = [], [*tiles]
    while len(kinds) < 200:  # the status alone would go on for ever
        message = feed.receive_json()
        kinds.append(message["event"])
        if kinds[-1] == event:
            left.remove(message["tile"])
        if not left:
            return kinds
    raise AssertionError(f"no {event} of {left}: {kinds}")


def test_every_tab_hears_of_an_edit_from_its_start_to_its_end(client, world, monkeypatch):
    for tile in TILES:
        shown(client, tile)  # what is around the edit is painted: two cells remain, one for each tile
    go, paint = threading.Semaphore(0), world.model.paint
    monkeypatch.setattr(world.model, "paint", lambda windows: (go.acquire(timeout=60), paint(windows))[1])
    with client.websocket_connect("/worlds/test-land/feed") as feed:
        feed.send_json({"want": []})
        while (first := feed.receive_json())["event"] != "revisions":
            pass
        assert first["editing"] == []
        job = client.post("/worlds/test-land/edits", json=EDIT).json()["job"]
        begun = heard_of(feed, "editing", TILES)
        go.release()
        half = heard_of(feed, "edited", TILES[:1])
        go.release()
        rest = heard_of(feed, "settled", TILES)
        assert finished(client, job)["state"] == "done"
    assert "edited" not in begun and "settled" not in begun + half and "journal" in begun + half + rest


def test_an_edit_that_waits_in_a_world_file_is_painted_where_that_is_opened(client, world, atlas):
    number = world.journal.begin_edit(edits.checked(world, EditRequest([Tile(*TILES[0])], "desert"), 9))
    packed = client.get("/worlds/test-land/package").content
    copy = client.post("/worlds/unpack", content=packed).json()["id"]
    end = time.monotonic() + 120
    while atlas.get(copy).journal.history.state(number) != "done":
        assert time.monotonic() < end
        time.sleep(0.02)
    assert (
        atlas.get(copy).canvas.painted(Tile(*TILES[0])) and world.journal.history.state(number) == "waiting"
    )


def test_a_history_of_pictures_is_decoded_once_and_one_picture_at_a_time(client, world, monkeypatch):
    entry = edited(client)["revision"]
    at_work, most, decoded, decode = [], [], [], world.model.decode

    def counted(sheet):
        at_work.append(None)
        most.append(len(at_work))
        decoded.append(None)
        try:
            return decode(sheet)
        finally:
            at_work.pop()

    monkeypatch.setattr(world.model, "decode", counted)
    urls = [f"/worlds/test-land/edits/{entry}/{side}.webp" for side in ("before", "after")] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(client.get, urls))
    assert {answer.status_code for answer in answers} == {200} and max(most) == 1
    assert len({answer.content for answer in answers}) == 2 and len(decoded) <= 2 * 36
    before = len(decoded)
    assert client.get(urls[0]).content == answers[0].content and len(decoded) == before
    assert client.post("/worlds/test-land/undo").status_code == 200
    assert client.get(urls[1]).status_code == 200


def test_a_region_finer_than_a_tile_is_painted_at_any_zoom(client, world):
    latent = Tile(8, 0, 0).bounds.east - Tile(8, 0, 0).bounds.west
    latent /= 32
    before = shown(client)
    west, north = 8 * latent, -4 * latent  # in the tile of the middle
    ring = [[west, north], [west + 9 * latent, north], [west, north - 9 * latent]]
    lasso = {"type": "Polygon", "coordinates": [ring]}
    said = edited(client, tiles=[], mask=lasso, softness=latent)
    step = client.get("/worlds/test-land/edits").json()[-1]
    assert (step["tiles"], step["zoom"], step["masked"]) == (1, 8, True)
    pixels = [np.array(Image.open(io.BytesIO(each.content))).astype(int) for each in (before, shown(client))]
    differ = (pixels[0] != pixels[1]).any(2)
    assert differ[60:80, 70:90].any() and not differ[160:].any() and not differ[:, 180:].any()
    for deeper in ({"bounds": [0, -latent, latent, 0], "zoom": 10}, {"tiles": [[10, 4 * HOME, 4 * HOME]]}):
        edited(client, **{"tiles": [], **deeper})
        assert client.get("/worlds/test-land/edits").json()[-1]["zoom"] == 10
    for _ in range(3):
        client.post("/worlds/test-land/undo")
    assert shown(client).content == before.content and said["revision"] == 2


def test_a_mask_may_be_a_picture(client, world):
    file = io.BytesIO()
    Image.fromarray(np.full((40, 20), 255, np.uint8)).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    edited(client, tiles=[], mask_png=text, corner=[0, 0], zoom=9)
    step = client.get("/worlds/test-land/edits").json()[-1]
    assert (step["tiles"], step["zoom"], step["masked"]) == (2, 9, True)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"bounds": [0, 0, 1e5, 1e5]}, "give one of tiles, mask, bounds and mask_png"),
        ({"tiles": [], "bounds": [5, 0, 1, 1]}, "west less than east"),
        ({"tiles": [], "mask": {"type": "Point"}}, "GeoJSON"),
        ({"tiles": [], "mask_png": "x", "corner": [0, 0]}, "base64"),
        ({"tiles": [], "mask_png": "x"}, "needs its corner"),
        (
            {"tiles": [], "bounds": [0, 0, 1e5, 1e5], "zoom": 6},
            "zoom 6: a mask of this world may have zoom 8 to 20",
        ),
        ({"tiles": [[8, 1, 1], [9, 1, 1]]}, "of one zoom"),
    ],
)
def test_a_region_that_cannot_be_is_named_and_leaves_no_line(client, world, more, why):
    answer = client.post("/worlds/test-land/edits", json={**EDIT, **more})
    assert answer.status_code == 422 and why in answer.json()["error"]["message"]
    assert len(client.get("/worlds/test-land/edits").json()) == 1
