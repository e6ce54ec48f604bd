"""Strangers on a public map: a world each, within limits, and nothing of anybody else's."""

import os
import time

import pytest

from explorer.settings import Settings
from explorer.web.server import create_api
from explorer.web.visitors import COOKIE, counted_address
from explorer.worlds import owners
from tests.clients import client_from
from tests.explorer.web.test_feed import until
from tiles.grid import Tile

PAGE = "/worlds/test-land/map"
TILE = "/worlds/{}/tiles/8/128/128.png?wait=30"
AREA = [0.0, 0.0, 300_000.0, 300_000.0]  # four tiles
MINE = {"name": "Mine", "prompt": "coast", "seed": 1, "home": (0, 0)}


@pytest.fixture
def served(tmp_path, atlas, painter, world):
    """An app that strangers may visit, and a client for each of them."""
    wanted = {"others_may": "visit", "allowed_hosts": "localhost", "password": "correct horse"}

    def make(**settings):
        app = create_api(Settings(worlds=tmp_path / "worlds", **{**wanted, **settings}), atlas, painter)

        def stranger(address="198.51.100.7", browser=True):
            client = client_from(app, address)
            if browser:
                assert client.get(PAGE).status_code == 200 and COOKIE in client.cookies
            return client

        return stranger

    return make


@pytest.fixture
def stranger(served):
    return served()


def error(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_visitor_makes_a_world_and_does_with_it_as_they_like(stranger, atlas):
    client = stranger()
    made = client.post("/worlds", json=MINE)
    assert made.status_code == 201 and made.json()["id"] == "mine"
    assert client.get(TILE.format("mine")).status_code == 200
    edit = client.post("/worlds/mine/edits", json={"tiles": [[8, 128, 128]], "prompt": "sand"})
    assert edit.status_code == 202
    assert client.patch("/worlds/mine", json={"prompt": "sand"}).status_code == 200
    assert client.delete("/worlds/mine").status_code == 204
    assert client.post("/gallery/fjords").status_code == 201
    assert atlas.owner("test-land") == ""


def test_one_world_each_and_nobody_elses(stranger, atlas):
    mine, theirs = stranger(), stranger()  # neighbours behind one address
    assert mine.post("/worlds", json=MINE).status_code == 201
    again = mine.post("/gallery/fjords")
    assert error(again) == (403, "no_room") and "delete one first" in again.text
    assert error(mine.post("/worlds/mine/branch", json={})) == (403, "no_room")
    assert theirs.post("/worlds", json={**MINE, "name": "Theirs"}).status_code == 201
    for path in ("/worlds/mine", "/worlds/test-land"):
        for answer in (
            theirs.delete(path),
            theirs.patch(path, json={"name": "x"}),
            theirs.post(f"{path}/undo"),
            theirs.post(f"{path}/strokes", json={"prompt": "x", "path": [[0, 0]], "radius": 1.0}),
            theirs.put(f"{path}/bookmarks", json=[]),
        ):
            assert error(answer) == (403, "not_yours"), answer.request.url
    assert [each["id"] for each in theirs.get("/worlds").json()] == ["test-land", "theirs"]
    assert theirs.get("/worlds/mine").json()["name"] == "Mine"  # by its link
    assert theirs.get("/whoami").json()["worlds"] == ["theirs"]


def test_an_editor_is_bound_by_nothing(stranger, atlas):
    stranger().post("/worlds", json=MINE)
    editor = stranger(browser=False)
    editor.auth = ("", "correct horse")
    assert [each["id"] for each in editor.get("/worlds").json()] == ["mine", "test-land"]
    assert editor.get("/whoami").json() == {"role": "edit"}
    assert editor.patch("/worlds/mine", json={"name": "x"}).status_code == 200
    assert editor.post("/worlds", json=MINE).status_code == 201 and atlas.owner("mine-2") == ""


def test_the_world_stays_theirs_elsewhere_and_after_a_restart(served):
    at_home = served()()
    at_home.post("/worlds", json=MINE)
    elsewhere = served()("203.0.113.5", browser=False)
    elsewhere.cookies = at_home.cookies
    assert elsewhere.patch("/worlds/mine", json={"name": "Still mine"}).status_code == 200


def test_a_program_without_cookies_is_known_by_its_address(stranger):
    program, other = stranger(browser=False), stranger("203.0.113.5", browser=False)
    assert program.post("/worlds", json=MINE).status_code == 201
    assert program.patch("/worlds/mine", json={"name": "x"}).status_code == 200
    assert error(other.patch("/worlds/mine", json={"name": "x"})) == (403, "not_yours")
    forged = stranger(browser=False)
    forged.cookies.set(COOKIE, "mine")
    assert "set-cookie" in forged.get(PAGE).headers


def test_what_is_painted_is_counted_and_ends(served, atlas):
    stranger = served(visitor_tiles=12)
    client = stranger()
    client.post("/worlds", json=MINE)
    used = 12 - client.get("/whoami").json()["left"]["tiles"]
    assert client.get(TILE.format("mine")).status_code == 200
    counts = atlas.get("mine").counts()
    report = client.get("/whoami").json()
    painted = counts["cells"] + counts["sketch_cells"]
    assert painted > 9 and report["left"]["tiles"] == max(0, 12 - used - painted)
    late = client.get("/worlds/mine/tiles/8/140/140.png?wait=30")
    assert error(late) == (429, "quota_used_up")
    assert int(late.headers["retry-after"]) > 80_000 and "begins anew in 24 hours" in late.text
    large = {"tiles": [[8, x, 128] for x in range(13)], "prompt": "sand"}
    assert error(client.post("/worlds/mine/edits", json=large)) == (413, "too_large")
    assert client.get(TILE.format("mine")).status_code == 200  # what is there can be seen
    neighbour = stranger()  # a fresh cookie helps nobody
    neighbour.post("/worlds", json={**MINE, "name": "Theirs"})
    assert error(neighbour.get(TILE.format("theirs"))) == (429, "quota_used_up")
    assert stranger("203.0.113.5").get("/whoami").json()["left"]["tiles"] == 12


def test_at_other_worlds_visitors_look(stranger, world, painter):
    client = stranger()
    assert client.get(TILE.format("test-land")).status_code == 204 and world.counts()["cells"] == 0
    painter.paint(world, [Tile(8, 128, 127)]).result(30)
    assert client.get("/worlds/test-land/tiles/8/128/127.png").status_code == 200
    refused = client.post("/worlds/test-land/exports", json={"bounds": AREA})
    assert error(refused) == (403, "not_yours") and "are not painted" in refused.text
    job = client.post("/worlds/test-land/exports", json={"bounds": AREA, "paint_missing": False})
    assert job.status_code == 202, job.text


def test_the_feed_paints_their_own_world_and_says_why_not(served, world):
    client = served(visitor_tiles=30)()
    client.post("/worlds", json=MINE)
    with client.websocket_connect("/worlds/test-land/feed") as socket:
        socket.send_json({"want": [[8, 128, 128]]})
        status = until(socket, lambda m: m["event"] == "status" and m["limit"])[-1]
        assert status["limit"] == "theirs" and status["waiting"] == 0
    assert world.counts()["cells"] == 0
    with client.websocket_connect("/worlds/mine/feed") as socket:
        socket.send_json({"want": [[8, x, 128] for x in range(0, 400, 2)]})
        seen = until(socket, lambda m: m["event"] == "status" and m["limit"])
    assert any(m["event"] == "ready" for m in seen)
    assert seen[-1]["limit"] == "used-up"
    assert client.get("/whoami").json()["left"]["tiles"] == 0
    assert client.get("/worlds/mine").json()["cells"] < 60


def test_exports_and_files_are_counted(served):
    client = served(visitor_exports=2, visitor_upload_mb=1, visitor_export_pixels=300_000)()
    client.post("/worlds", json=MINE)
    large = client.post("/worlds/mine/exports", json={"bounds": AREA, "zoom": 10})
    assert error(large) == (413, "too_large") and "300,000" in large.text
    for _ in range(2):
        assert client.post("/worlds/mine/exports", json={"bounds": AREA}).status_code == 202
    assert error(client.post("/worlds/mine/exports", json={"bounds": AREA})) == (429, "quota_used_up")
    assert error(client.post("/worlds/mine/package")) == (429, "quota_used_up")
    picture = client.post("/worlds/mine/pictures?x=0&y=0", content=b"x" * 700_000)
    assert error(picture) == (422, "bad_picture")
    again = client.post("/worlds/mine/pictures?x=0&y=0", content=b"x" * 700_000)
    assert error(again) == (429, "quota_used_up") and "bytes of files" in again.text
    unsaid = client.post("/worlds/mine/pictures?x=0&y=0", content=iter([b"x" * 400_000]))
    assert error(unsaid) == (429, "quota_used_up")


def test_jobs_are_seen_and_cancelled_by_who_asked_for_them(stranger):
    client, other = stranger(), stranger()
    client.post("/worlds", json=MINE)
    job = client.post("/worlds/mine/exports", json={"bounds": AREA}).json()["id"]
    assert [each["id"] for each in client.get("/jobs").json()] == [job]
    assert other.get("/jobs").json() == []
    assert error(other.delete(f"/jobs/{job}")) == (403, "not_yours")
    assert client.delete(f"/jobs/{job}").status_code == 200


def test_only_so_many_worlds_a_day_and_in_all(served):
    stranger = served(visitor_new_worlds=1)
    client = stranger()
    assert client.post("/gallery/fjords").status_code == 201
    client.delete("/worlds/fjords")
    assert error(client.post("/gallery/fjords")) == (429, "quota_used_up")
    stranger = served(visitors=1)
    assert stranger("203.0.113.5").post("/gallery/fjords").status_code == 201
    full = stranger("203.0.113.6").post("/gallery/fjords")
    assert error(full) == (403, "no_room") and "Come back later" in full.text


def test_a_world_whose_visitor_stays_away_makes_room(served, atlas):
    stranger = served(visitors=1, visitor_days=7)
    stranger("203.0.113.5").post("/worlds", json=MINE)
    folder = atlas.folder / "mine"
    before = time.time() - 6.9 * 24 * 3600
    os.utime(folder / owners.FILE, (before, before))
    late = stranger("203.0.113.6")
    assert error(late.post("/gallery/fjords")) == (403, "no_room")
    before -= 0.2 * 24 * 3600
    os.utime(folder / owners.FILE, (before, before))
    assert late.post("/gallery/fjords").status_code == 201
    assert not folder.exists() and (atlas.folder / "test-land").exists()


def test_a_visit_is_remembered_and_a_packed_world_is_nobodys(stranger, atlas, tmp_path):
    client = stranger()
    client.post("/worlds", json=MINE)
    owner = atlas.folder / "mine" / owners.FILE
    os.utime(owner, (1000, 1000))
    client.patch("/worlds/mine", json={"name": "Again"})
    assert time.time() - owner.stat().st_mtime < 60
    packed = client.get("/worlds/mine/package").content
    assert atlas.owner("mine").encode() not in packed
    client.delete("/worlds/mine")
    unpacked = client.post("/worlds/unpack", content=packed)
    assert unpacked.status_code == 201 and client.get("/whoami").json()["worlds"] == [unpacked.json()["id"]]
    assert error(client.post("/worlds/unpack", content=packed)) == (403, "no_room")


def test_a_home_is_painted_before_anybody_comes(served, world, painter):
    with served()(browser=False) as client:
        home = world.renderer.patch(Tile(8, 128, 128))
        deadline = time.monotonic() + 60
        while world.counts()["cells"] < 35 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert client.get("/worlds/test-land/tiles/8/128/128.png").status_code == 200
    assert home is None or home.size


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_household_counts_as_one_address(address, counted):
    assert counted_address(address) == counted
