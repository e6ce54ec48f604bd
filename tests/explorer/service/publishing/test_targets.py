"""Object stores, by some on this machine that speak as they do."""

import sys

import pytest

pytest.importorskip("obstore")

from explorer.service.publishing.targets import Bucket, target_of
from tests.explorer.worlds.test_journal import put
from tests.published import published
from tests.stores import store_of
from tiles.errors import BadSetting, NotWritten
from tiles.grid import Box, Tile


@pytest.fixture(scope="module", params=["s3", "gs", "az"])
def running(request):
    with store_of(request.param) as store:
        yield store


@pytest.fixture
def store(running, monkeypatch):
    """A store whose address and keys are in the environment."""
    running.reached(monkeypatch)
    yield running
    running.clear()


@pytest.fixture
def land(store):
    """Where a world is published."""
    return f"{store.scheme}://maps/land"


def test_a_world_in_a_bucket_has_the_files_of_one_in_a_folder(world, store, land, tmp_path):
    put(world, Box(8, 126, 126, 130, 129).tiles())
    done = published(world, target_of(f"{land}/"), tmp_path / "work")
    assert done.address == f"{land}/index.html"
    site = tmp_path / "site"
    folder = published(world, target_of(str(site)), site / ".publishing")
    assert folder.version == done.version
    files = {f"land/{path.relative_to(site).as_posix()}": path for path in site.rglob("*") if path.is_file()}
    objects = store.objects()
    assert objects.keys() == files.keys()
    for name, path in files.items():
        assert objects[name].data == path.read_bytes()
        assert ("immutable" in objects[name].cache) == (path.name != "index.html")
    assert objects["land/index.html"].kind.startswith("text/html")
    assert not (tmp_path / "work").exists()


def test_versions_are_kept_and_dropped_as_in_a_folder(world, store, land, tmp_path):
    versions = []
    for number in range(3):
        put(world, [Tile(8, 120 + number, 120)])
        versions.append(published(world, target_of(land), tmp_path / "work").version)
    assert {name.split("/")[1] for name in store.objects()} == {"index.html", *versions[1:]}
    assert versions[2] in target_of(land).index()


def test_what_was_sent_before_is_not_sent_again(world, store, land, tmp_path, monkeypatch):
    put(world, [Tile(8, 128, 128)])
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(Bucket, "show", lambda *given: 1 / 0)
        published(world, target_of(land), tmp_path / "work")
    assert "land/index.html" not in store.objects() and len(store.objects()) > 10
    sent, put_object = [], Bucket._put
    monkeypatch.setattr(
        Bucket, "_put", lambda self, place, *rest: (sent.append(place), put_object(self, place, *rest))[1]
    )
    published(world, target_of(land), tmp_path / "work")
    assert sent == ["index.html"]


def test_a_large_file_is_sent_in_parts(store, land, tmp_path):
    archive = tmp_path / "0_0.pmtiles"
    archive.write_bytes(bytes(range(256)) * 2**16 + b"end")  # more than 16 MiB
    sent = []
    target_of(land).send("0" * 16, {"tiles/0_0.pmtiles": archive}, sent.append)
    assert store.objects()[f"land/{'0' * 16}/tiles/0_0.pmtiles"].data == archive.read_bytes()
    assert len(sent) > 1 and sum(sent) == archive.stat().st_size


def test_a_page_of_somebody_else_stays(world, store, tmp_path):
    put(world, [Tile(8, 128, 128)])
    store.put("index.html", b"<h1>My garden</h1>")
    with pytest.raises(BadSetting, match="did not make"):
        published(world, target_of(f"{store.scheme}://maps"), tmp_path / "work")
    assert store.objects().keys() == {"index.html"}


def test_a_bucket_that_is_not_there_is_said(world, store, tmp_path):
    put(world, [Tile(8, 128, 128)])
    with pytest.raises(NotWritten, match=f"{store.scheme}://elsewhere/land could not be written"):
        published(world, target_of(f"{store.scheme}://elsewhere/land"), tmp_path / "work")


@pytest.mark.parametrize("text", ["http://x/y", "ftp://x", "s4://x"])
def test_other_addresses_are_refused(text):
    with pytest.raises(BadSetting, match="s3://, gs:// or az://"):
        target_of(text)


def test_without_its_library_a_url_is_refused_and_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(BadSetting, match=r"endless-earth\[publish\]"):
        target_of("s3://maps/land")
