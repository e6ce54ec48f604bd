import errno
import json
import time

import pytest

from explorer.service import packing
from explorer.web import uploads
from explorer.web.server import create_api
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.clients import local_client
from tiles import package
from tiles.errors import Cancelled
from tiles.grid import Tile

HOME = Tile(8, 128, 128)


@pytest.fixture
def packed(client, world, painter):
    """A painted world as files: without and with its latents."""
    painter.ask(world, HOME).result(60)
    return [
        client.get(f"/worlds/test-land/package?latents={latents}").content for latents in ("false", "true")
    ]


def unpack(client, data):
    return client.post("/worlds/unpack", content=data, headers={"content-type": "application/octet-stream"})


@pytest.mark.parametrize("latents", [0, 1])
def test_a_world_comes_back_from_its_file_as_the_same_bytes(client, world, painter, atlas, packed, latents):
    answer = unpack(client, packed[latents])
    assert answer.status_code == 201, answer.text
    said = answer.json()
    assert said["id"] == "test-land-2" and said["name"] == "Test land" and said["seed"] == world.seed
    again = atlas.get("test-land-2")
    assert (again.counts()["cells"] > 0) == bool(latents)
    painter.ask(again, HOME).result(60)
    assert again.renderer.tile(HOME, "png").data == world.renderer.tile(HOME, "png").data
    painter.forget(again)


def test_the_file_is_named_and_nothing_is_left_behind(client, world, atlas, packed):
    answer = client.get("/worlds/test-land/package")
    assert 'filename="test-land.earth"' in answer.headers["content-disposition"]
    assert len(packed[0]) < 4000 < len(packed[1])
    unpack(client, packed[1])
    unpack(client, b"nonsense")
    left = {path.name for path in atlas.folder.iterdir()} - {".work"}
    assert left == {"test-land", "test-land-2"}


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"x" * 10_000, b'{"format": "endless-earth"}'])
def test_what_is_no_world_is_refused(client, world, atlas, data):
    answer = unpack(client, data)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "bad_package"
    assert atlas.names() == ["test-land"]


def test_a_world_of_a_model_that_is_not_here_is_refused(settings, packed, painter, tiny, tmp_path):
    atlas = Atlas(tmp_path / "others", tiny, 2**24)
    with local_client(create_api(settings, atlas, painter)) as client:
        answer = unpack(client, packed[0])
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "model_refused"
    assert atlas.names() == []
    atlas.close()


def test_files_may_be_larger_than_other_bodies(client, world, packed, settings):
    assert len(packed[1]) > settings.body_bytes
    assert unpack(client, packed[1]).status_code == 201
    long = json.dumps({"name": "x" * settings.body_bytes, "prompt": ""})
    assert client.post("/worlds", content=long).status_code == 413


def test_files_have_a_limit_too(client, settings):
    assert unpack(client, b"x" * (settings.upload_bytes + 1)).status_code == 413


def test_a_world_of_other_weights_needs_leave(settings, standin, painter, tmp_path):
    atlas = Atlas(tmp_path / "standin", standin, 2**24)
    atlas.create(NewWorld("Land", "coast")).pack(tmp_path / "land.earth")
    data = (tmp_path / "land.earth").read_bytes()
    standin.model.traits = standin.model.traits._replace(digest="ab" * 16)
    with local_client(create_api(settings, atlas, painter)) as client:
        answer = unpack(client, data)
        assert answer.status_code == 422 and "here stand-in has the weights abab" in answer.text
        assert client.post("/worlds/unpack?other_weights=true", content=data).status_code == 201
    atlas.close()


def finished(client, job):
    end = time.monotonic() + 120
    while job["state"] in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.01)
        job = client.get(f"/jobs/{job['id']}").json()
    return job


@pytest.mark.parametrize("body", [None, {"latents": False}, {"latents": True}])
def test_a_world_file_is_written_by_a_job(client, world, packed, body):
    answer = client.post("/worlds/test-land/package", json=body)
    assert answer.status_code == 202, answer.text
    job = finished(client, answer.json())
    assert (job["state"], job["kind"]) == ("done", "package")
    file = client.get(f"/jobs/{job['id']}/file")
    assert file.content == packed[bool(body and body["latents"])]
    assert len(file.content) <= package.size(world.store, bool(body and body["latents"]))
    assert file.headers["content-type"] == "application/zip"
    assert 'filename="test-land.earth"' in file.headers["content-disposition"]
    part = client.get(f"/jobs/{job['id']}/file", headers={"Range": "bytes=4-9"})
    assert part.status_code == 206 and part.content == file.content[4:10]


@pytest.mark.parametrize("spans", ["bytes=5-1", "bytes=999999999-", "nonsense", "bytes=0-1"])
def test_a_file_in_one_request_is_gone_when_that_is_answered(client, atlas, world, spans):
    for _ in range(3):
        client.get("/worlds/test-land/package", headers={"Range": spans})
    assert not list(atlas.folder.rglob("*.earth"))


def test_a_world_file_without_room_is_refused_before_it_is_written(client, atlas, world, monkeypatch):
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**6}))
    for answer in (client.post("/worlds/test-land/package"), client.get("/worlds/test-land/package")):
        assert answer.status_code == 507 and "1,000,000" in answer.json()["error"]["message"]
    assert not list(atlas.folder.rglob("*.earth"))


def test_pages_of_other_sites_get_no_world_file(client, atlas, world):
    answer = client.get("/worlds/test-land/package", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403 and not list(atlas.folder.rglob("*.earth"))


def test_a_cancelled_world_file_leaves_nothing(atlas, world, painter, tmp_path):
    painter.ask(world, HOME).result(60)

    def step(stage, done, total):
        if done > 20_000:
            raise Cancelled("the job was cancelled")

    with pytest.raises(Cancelled):
        packing.work(world, True, atlas.folder, 0)(tmp_path, step)
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


@pytest.mark.parametrize("path", ["/worlds/unpack", "/worlds/test-land/pictures"])
def test_a_file_that_finds_no_room_is_507(client, atlas, world, packed, monkeypatch, path):
    """Before it is written where it says its length; else when the disk is full."""
    monkeypatch.setattr(packing.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**6}))
    answer = client.post(path, content=packed[0])
    assert answer.status_code == 507 and "1,000,000" in answer.json()["error"]["message"]
    monkeypatch.setattr(packing, "require_room", lambda *room: None)
    monkeypatch.setattr(uploads, "require_room", lambda *room: None)
    monkeypatch.setattr(uploads, "open", lambda *at: FullFile(), raising=False)
    answer = client.post(path, content=packed[0])
    assert answer.status_code == 507 and answer.json()["error"]["code"] == "disk_full"


class FullFile:
    """A file on a disk that is full."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")
