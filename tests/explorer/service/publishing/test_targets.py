"""Object stores, by one on this machine that speaks S3."""

import sys

import pytest

pytest.importorskip("obstore")

import boto3

from explorer.service.publishing.targets import Bucket, target_of
from tests.explorer.worlds.test_journal import put
from tests.published import ENVIRONMENT, object_store, published
from tiles.errors import BadSetting, NotWritten
from tiles.grid import Box, Tile


@pytest.fixture(scope="module")
def store():
    with object_store() as url:
        yield url


@pytest.fixture
def objects(store, monkeypatch):
    """A client of the store, whose address and keys are in the environment."""
    for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": store}).items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    yield client
    for each in client.list_objects_v2(Bucket="maps").get("Contents", []):
        client.delete_object(Bucket="maps", Key=each["Key"])


def keys(objects):
    return {each["Key"] for each in objects.list_objects_v2(Bucket="maps").get("Contents", [])}


def test_a_world_in_a_bucket_has_the_files_of_one_in_a_folder(world, objects, tmp_path):
    put(world, Box(8, 126, 126, 130, 129).tiles())
    done = published(world, target_of("s3://maps/land/"), tmp_path / "work")
    assert done.address == "s3://maps/land/index.html"
    folder = published(world, target_of(str(tmp_path / "site")), tmp_path / "site" / ".publishing")
    assert folder.version == done.version
    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert keys(objects) == {f"land/{path.relative_to(tmp_path / 'site').as_posix()}" for path in files}
    for path in files:
        key = f"land/{path.relative_to(tmp_path / 'site').as_posix()}"
        got = objects.get_object(Bucket="maps", Key=key)
        assert got["Body"].read() == path.read_bytes()
        assert ("immutable" in got["CacheControl"]) == (path.name != "index.html")
    page = objects.head_object(Bucket="maps", Key="land/index.html")
    assert page["ContentType"].startswith("text/html")
    assert not (tmp_path / "work").exists()


def test_versions_are_kept_and_dropped_as_in_a_folder(world, objects, tmp_path):
    versions = []
    for number in range(3):
        put(world, [Tile(8, 120 + number, 120)])
        versions.append(published(world, target_of("s3://maps/land"), tmp_path / "work").version)
    assert {key.split("/")[1] for key in keys(objects)} == {"index.html", *versions[1:]}
    assert versions[2] in target_of("s3://maps/land").index()


def test_what_was_sent_before_is_not_sent_again(world, objects, tmp_path, monkeypatch):
    put(world, [Tile(8, 128, 128)])
    monkeypatch.setattr(Bucket, "show", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        published(world, target_of("s3://maps/land"), tmp_path / "work")
    assert "land/index.html" not in keys(objects) and len(keys(objects)) > 10
    monkeypatch.undo()
    for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": objects.meta.endpoint_url}).items():
        monkeypatch.setenv(name, value)
    sent, put_object = [], Bucket._put
    monkeypatch.setattr(
        Bucket, "_put", lambda self, place, *rest: (sent.append(place), put_object(self, place, *rest))[1]
    )
    published(world, target_of("s3://maps/land"), tmp_path / "work")
    assert sent == ["index.html"]


def test_a_page_of_somebody_else_stays(world, objects, tmp_path):
    put(world, [Tile(8, 128, 128)])
    objects.put_object(Bucket="maps", Key="index.html", Body=b"<h1>My garden</h1>")
    with pytest.raises(BadSetting, match="did not make"):
        published(world, target_of("s3://maps"), tmp_path / "work")
    assert keys(objects) == {"index.html"}


def test_a_bucket_that_is_not_there_is_said(world, objects, tmp_path):
    put(world, [Tile(8, 128, 128)])
    with pytest.raises(NotWritten, match="s3://elsewhere/land could not be written"):
        published(world, target_of("s3://elsewhere/land"), tmp_path / "work")


@pytest.mark.parametrize("text", ["http://x/y", "ftp://x", "s4://x"])
def test_other_addresses_are_refused(text):
    with pytest.raises(BadSetting, match="s3://, gs:// or az://"):
        target_of(text)


def test_without_its_library_a_url_is_refused_and_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(BadSetting, match=r"endless-earth\[publish\]"):
        target_of("s3://maps/land")
