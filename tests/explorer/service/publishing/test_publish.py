"""A world in a folder: what is in it, and what is there whenever somebody looks."""

import json
import subprocess
import sys

import pytest
from filelock import FileLock
from pmtiles.reader import MmapSource, Reader

from explorer.service.publishing import pages
from explorer.service.publishing import publish as publishing
from explorer.service.publishing.plan import Wanted, plan
from explorer.service.publishing.targets import WORK, Disk
from tests.explorer.worlds.test_journal import edit, painted, put
from tests.published import into
from tiles.errors import BadSetting, Busy, DiskFull
from tiles.grid import Box, Tile

LAND = Box(8, 126, 126, 130, 129)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "site"


def shown(out):
    """The version that the page shows."""
    return out / publishing.VERSION.search((out / "index.html").read_text())[1]


@pytest.mark.parametrize("format", ["webp", "png"])
def test_archives_hold_the_very_tiles_of_the_map(world, out, format):
    put(world, LAND.tiles())
    into(world, out, format=format)
    with open(shown(out) / "tiles" / "0_0.pmtiles", "rb") as file:
        reader = Reader(MmapSource(file))
        for zoom in range(9):
            for tile in LAND.at(zoom).tiles():
                assert reader.get(*tile) == world.renderer.tile(tile, format).data
        assert reader.get(8, 125, 126) is None
        header, said = reader.header(), reader.metadata()
    assert (header["min_zoom"], header["max_zoom"]) == (0, 8)
    assert said["name"] == "Test land" and said["format"] == format


def test_the_page_brings_all_that_it_refers_to_and_names_no_other_host(world, out):
    world.rename('<script>alert("x")</script> & more')
    put(world, LAND.tiles())
    into(world, out)
    page = (out / "index.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    assert "://" not in page
    for name in pages.files():
        assert (shown(out) / name).is_file()
    modules = list((shown(out) / "earth").rglob("*.js"))
    for module in modules:
        for line in module.read_text().splitlines():
            if line.startswith("import "):
                assert (module.parent / line.split('"')[1]).resolve() in modules
    said = json.loads((shown(out) / "world.json").read_text())
    assert said["name"] == world.name and said["seed"] == 1 and said["licence"] == "CC0-1.0"
    assert said["attribution"].startswith("Synthetic")
    assert not (out / WORK).exists()


def test_land_beyond_the_square_has_archives_of_its_own(world, out):
    put(world, [Tile(8, -1, 100), Tile(8, 0, 100)])
    into(world, out)
    said = json.loads((shown(out) / "world.json").read_text())["archives"]
    assert said == [
        {"square": [-1, 0], "file": "tiles/-1_0.pmtiles"},
        {"square": [0, 0], "file": "tiles/0_0.pmtiles"},
    ]
    with open(shown(out) / "tiles" / "-1_0.pmtiles", "rb") as file:
        assert Reader(MmapSource(file)).get(8, 255, 100) == world.renderer.tile(Tile(8, -1, 100), "webp").data


def test_the_same_land_is_the_same_version(world, out, tmp_path):
    put(world, LAND.tiles())
    first, again = into(world, out), into(world, out)
    elsewhere = into(world, tmp_path / "other")
    assert first.version == again.version == elsewhere.version
    assert [path.name for path in out.iterdir() if path.is_dir()] == [first.version]


def test_the_version_before_stays_and_older_ones_go(world, out):
    versions = []
    for number in range(3):
        put(world, [Tile(8, 120 + number, 120)])
        versions.append(into(world, out).version)
    assert len(set(versions)) == 3 and shown(out).name == versions[2]
    assert {path.name for path in out.iterdir() if path.is_dir()} == set(versions[1:])


def test_until_all_is_there_people_see_what_was_there_before(world, out):
    put(world, LAND.tiles())
    before = into(world, out)
    put(world, [Tile(8, 120, 120)])
    seen = []

    def look(stage, done, total):
        seen.append((stage, shown(out).name))
        for version in {path for path in out.iterdir() if path.is_dir()} - {out / WORK}:
            assert {"world.json", "tiles", "earth", "leaflet"} == {path.name for path in version.iterdir()}
            assert all((version / name).is_file() for name in pages.files())

    into(world, out, step=look)
    assert {stage for stage, _ in seen} == {"reading tiles", "packing archives", "sending MB"}
    assert {version for _, version in seen} == {before.version}


def test_an_edit_made_while_it_was_stopped_is_in_it(world, out):
    put(world, LAND.tiles())

    class Stopped(Exception):
        pass

    def stop(stage, done, total):
        if stage == "packing archives" and done == 5:
            raise Stopped

    with pytest.raises(Stopped):
        into(world, out, step=stop)
    assert not (out / "index.html").exists()
    number = world.journal.begin_edit(edit([Tile(8, 128, 128)]))
    painted(world, number, [Tile(8, 128, 128)])
    world.journal.finish_edit(number)
    into(world, out)
    with open(shown(out) / "tiles" / "0_0.pmtiles", "rb") as file:
        reader = Reader(MmapSource(file))
        for zoom in (8, 7, 0):
            tile = Tile(8, 128, 128).above(zoom)
            assert reader.get(*tile) == world.renderer.tile(tile, "webp").data


KILLED = """
import os, signal, sys
from pathlib import Path
from benchmarks.standin import OneModel, StandIn
from explorer.worlds.atlas import Atlas
from tests.published import into

def step(stage, done, total):
    if (stage, done) == (sys.argv[3], int(sys.argv[4])):
        os.kill(os.getpid(), signal.SIGKILL)

into(Atlas(Path(sys.argv[1]), OneModel(StandIn()), 2**26).get("test-land"), Path(sys.argv[2]), step=step)
"""


@pytest.mark.parametrize(("stage", "at"), [("reading tiles", 150), ("sending MB", 0)])
def test_after_a_kill_it_goes_on_and_reads_no_tile_twice(world, out, tmp_path, stage, at, monkeypatch):
    put(world, Box(8, 122, 122, 134, 134).tiles())
    words = [sys.executable, "-c", KILLED, str(tmp_path / "worlds"), str(out), stage, str(at)]
    assert subprocess.run(words, timeout=120).returncode == -9
    assert not (out / "index.html").exists()
    read, tile = [], world.renderer.tile
    monkeypatch.setattr(world.renderer, "tile", lambda *asked: (read.append(asked), tile(*asked))[1])
    planned = plan(world, Wanted(None, None))
    into(world, out)
    most = planned.size - at + 64 if stage == "reading tiles" else 64
    assert len(read) <= most
    monkeypatch.undo()
    with open(shown(out) / "tiles" / "0_0.pmtiles", "rb") as file:
        reader = Reader(MmapSource(file))
        for each in planned.tiles[(0, 0)]:
            assert reader.get(*each) == world.renderer.tile(each, "webp").data


def test_two_at_once_are_refused_and_so_is_a_page_of_somebody_else(world, out):
    put(world, LAND.tiles())
    (out / WORK).mkdir(parents=True)
    with FileLock(out / WORK / "lock"), pytest.raises(Busy, match="by another process"):
        into(world, out)
    (out / "index.html").write_text("<h1>My garden</h1>")
    with pytest.raises(BadSetting, match="did not make"):
        into(world, out)
    assert (out / "index.html").read_text() == "<h1>My garden</h1>"


def test_what_does_not_fit_is_refused_before_any_work(world, tmp_path):
    put(world, LAND.tiles())
    planned = plan(world, Wanted(None, None))
    with pytest.raises(DiskFull, match="bytes of free disk are needed"):
        publishing.check(world, planned, "webp", tmp_path, Disk(tmp_path), 2**62)
    with pytest.raises(BadSetting, match="known are webp and png"):
        publishing.check(world, planned, "jpeg", tmp_path, Disk(tmp_path), 0)
