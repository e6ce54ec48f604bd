import io
import sqlite3
import time
import zipfile
from contextlib import closing

import morecantile
import numpy as np
import pytest
import rasterio
from PIL import Image
from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import TileType

from explorer.pictures import decode
from explorer.service import estimates, exports
from tiles.errors import TooLarge
from tiles.grid import Bounds, Box, Tile

HOME = 128
REGION = Box(8, HOME, HOME, HOME + 2, HOME + 2)


def bounds(box=REGION):
    first, last = Tile(box.zoom, box.left, box.top), Tile(box.zoom, box.right - 1, box.bottom - 1)
    return [first.bounds.west, last.bounds.south, last.bounds.east, first.bounds.north]


def finished(client, job, seconds=120):
    """The job when it is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        said = client.get(f"/jobs/{job['id']}").json()
        if said["state"] not in ("waiting", "running"):
            return said
        time.sleep(0.05)
    raise AssertionError(said)


def ask(client, **body):
    answer = client.post("/worlds/test-land/exports", json={"bounds": bounds(), **body})
    assert answer.status_code == 202, answer.text
    return answer.json()


def raster_pixels(data):
    with rasterio.open(io.BytesIO(data)) as raster:
        return raster.read((1, 2, 3)).transpose(1, 2, 0)


def picture_pixels(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image)


@pytest.mark.parametrize("format", ["cog", "png", "mbtiles", "pmtiles", "xyz", "postcard"])
def test_an_export_paints_what_is_missing_and_can_be_fetched(client, world, format):
    asked = ask(client, format=format)
    assert asked["estimate"]["unpainted"] == 4 and asked["estimate"]["width"] == 512
    job = finished(client, asked)
    assert job["state"] == "done" and job["done"] == job["total"] and job["files"], job
    answer = client.get(f"/jobs/{job['id']}/file")
    assert answer.status_code == 200 and len(answer.content) == job["files"][0]["bytes"]
    assert world.id in answer.headers["content-disposition"]
    assert all(world.renderer.final(tile) for tile in REGION.tiles())
    if format in ("cog", "png"):
        got = raster_pixels(answer.content) if format == "cog" else picture_pixels(answer.content)
        for tile in REGION.tiles():
            y, x = (tile.y - HOME) * 256, (tile.x - HOME) * 256
            expected = decode(client.get(f"/worlds/test-land/tiles/8/{tile.x}/{tile.y}.png").content)
            assert (got[y : y + 256, x : x + 256] == expected).all()
    if format == "png":
        beside = client.get(f"/jobs/{job['id']}/file?part=pgw")
        assert beside.status_code == 200 and len(beside.text.split()) == 6


def tiles_in(path, format):
    """Every tile of a file, by an address counted from the top left."""
    if format == "mbtiles":
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT * FROM tiles").fetchall()
        return {(z, x, 2**z - 1 - y): data for z, x, y, data in rows}
    if format == "pmtiles":
        with open(path, "rb") as file:
            return dict(all_tiles(MmapSource(file)))
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
        return {tuple(map(int, name[:-4].split("/"))): archive.read(name) for name in names}


@pytest.mark.parametrize("format", ["mbtiles", "pmtiles", "xyz"])
def test_every_zoom_holds_the_very_tiles_of_the_map(client, world, painter, tmp_path, format):
    """Its overviews too, which show land outside the region."""
    painter.ask(world, Tile(8, HOME + 3, HOME)).result(60)
    job = finished(client, ask(client, format=format))
    path = tmp_path / "file"
    path.write_bytes(client.get(f"/jobs/{job['id']}/file").content)
    found = tiles_in(path, format)
    assert {(8, x, y) for _, x, y in REGION.tiles()} <= found.keys()
    assert {z for z, _, _ in found} == set(range(9))
    for (z, x, y), data in found.items():
        assert data == client.get(f"/worlds/test-land/tiles/{z}/{x}/{y}.png").content


@pytest.mark.parametrize("format", ["mbtiles", "pmtiles"])
def test_archives_say_all_that_readers_ask_for(client, world, tmp_path, format):
    job = finished(client, ask(client, format=format))
    path = tmp_path / "file"
    path.write_bytes(client.get(f"/jobs/{job['id']}/file").content)
    if format == "mbtiles":
        with closing(sqlite3.connect(path)) as connection:
            said = dict(connection.execute("SELECT * FROM metadata"))
    else:
        with open(path, "rb") as file:
            said, header = Reader(MmapSource(file)).metadata(), Reader(MmapSource(file)).header()
        assert (header["min_zoom"], header["max_zoom"], header["center_zoom"]) == (0, 8, 8)
        assert header["tile_type"] == TileType.PNG and header["clustered"]
    assert (
        said["name"] == world.name and said["description"] == world.journal.prompt and said["format"] == "png"
    )
    assert (said["minzoom"], said["maxzoom"], said["type"], said["version"]) == ("0", "8", "baselayer", "1")
    west, south, east, north = (float(part) for part in said["bounds"].split(","))
    corner = morecantile.tms.get("WebMercatorQuad").bounds(HOME, HOME, 8)
    assert (west, north) == pytest.approx((corner.left, corner.top), abs=1e-6)
    assert east == pytest.approx(2 * (corner.right - corner.left)) and south < corner.bottom
    lon, lat, zoom = (float(part) for part in said["center"].split(","))
    assert west < lon < east and south < lat < north and zoom == 8
    assert (said["model"], said["licence"]) == (world.model.traits.name, "CC0-1.0")
    assert "CC0-1.0" in said["attribution"] and said["seed"] == "1" and "Endless Earth" in said["generator"]


def test_the_time_left_counts_the_stages_still_to_come(client, world, monkeypatch):
    """While land is painted, it is not written yet."""
    monkeypatch.setattr(estimates, "write_seconds", lambda *of: 1000.0)
    job = ask(client, bounds=bounds(REGION.grown(6)))
    try:
        left = None
        while left is None:
            said = client.get(f"/jobs/{job['id']}").json()
            assert said["stage"] in ("", "painting"), said
            left = said["seconds_left"]
        assert left > 1000
    finally:
        client.delete(f"/jobs/{job['id']}")


def test_a_file_comes_in_parts_to_who_asks_for_parts(client, world):
    """A COG is opened over HTTP by its head."""
    job = finished(client, ask(client))
    url = f"/jobs/{job['id']}/file"
    whole, part = client.get(url), client.get(url, headers={"Range": "bytes=8-99"})
    assert part.status_code == 206 and part.content == whole.content[8:100]
    assert whole.headers["accept-ranges"] == "bytes"
    for absurd in ("bytes=5-1", "bytes=999999999-", "bytes=x-y", "pages=1-2"):
        answer = client.get(url, headers={"Range": absurd})
        assert answer.status_code in (200, 400, 416) and (
            answer.status_code > 200 or answer.content == whole.content
        )
    assert client.get(url).content == whole.content  # it is still there


def test_unpainted_land_that_is_not_to_be_painted_is_no_export(client, world):
    for path, ask_for in (("", client.post), ("/estimate", client.get)):
        query = {"bounds": ",".join(map(str, bounds())), "paint_missing": False}
        said = {"json": {"bounds": bounds(), "paint_missing": False}} if not path else {"params": query}
        answer = ask_for(f"/worlds/test-land/exports{path}", **said)
        assert answer.status_code == 422 and "nothing of this region" in answer.json()["error"]["message"]


def test_without_painting_unpainted_land_is_nodata(client, world, painter):
    painter.ask(world, Tile(8, HOME, HOME)).result(60)
    before = world.counts()["cells"]
    job = finished(client, ask(client, format="cog", paint_missing=False, bounds=bounds(REGION.grown(2))))
    assert job["state"] == "done" and world.counts()["cells"] == before
    with rasterio.open(io.BytesIO(client.get(f"/jobs/{job['id']}/file").content)) as raster:
        assert 0 < (raster.dataset_mask() > 0).mean() < 1


def test_zoomed_out_exports_are_means_of_what_is_painted(client, world):
    job = finished(client, ask(client, format="png", zoom=7))
    got = picture_pixels(client.get(f"/jobs/{job['id']}/file").content)
    assert got.shape == (256, 256, 3)
    assert (got == decode(client.get("/worlds/test-land/tiles/7/64/64.png").content)[..., :3]).all()


def test_the_estimate_says_what_it_will_be(client, world):
    query = {"bounds": ",".join(map(str, bounds())), "zoom": 9, "format": "pmtiles"}
    said = client.get("/worlds/test-land/exports/estimate", params=query).json()
    assert (said["width"], said["height"], said["unpainted"]) == (1024, 1024, 16)
    assert said["tiles"] == 16 + 4 + 1 * 8 and said["bytes"] > 0 and said["seconds"] > 0


def test_a_cancelled_export_leaves_no_part_and_can_be_made_again(client, world, atlas):
    job = ask(client, bounds=bounds(REGION.grown(20)), format="xyz")
    while client.get(f"/jobs/{job['id']}").json()["done"] < 3:
        time.sleep(0.02)
    early = client.get(f"/jobs/{job['id']}/file")
    assert early.status_code == 409 and "running" in early.json()["error"]["message"]
    client.delete(f"/jobs/{job['id']}")
    assert finished(client, job)["state"] == "cancelled"
    assert not [path for path in (atlas.scratch.folder / "jobs").rglob("*") if path.is_file()]
    painted = world.counts()["cells"]
    again = finished(client, ask(client))
    assert again["state"] == "done"
    assert painted > 0


def test_a_finished_job_can_be_forgotten_with_its_files(client, world, atlas):
    job = finished(client, ask(client, format="postcard"))
    client.delete(f"/jobs/{job['id']}")
    assert client.get(f"/jobs/{job['id']}").status_code == 404
    assert not [path for path in (atlas.scratch.folder / "jobs").rglob("*") if path.is_file()]


def test_a_model_that_fails_is_said(client, world, monkeypatch):
    def fail(windows):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(world.model, "paint", fail)
    job = finished(client, ask(client))
    assert job["state"] == "failed" and "out of memory" in job["error"]["message"]
    assert client.get(f"/jobs/{job['id']}/file").status_code == 409


def test_limits_are_checked_by_the_command_line_too(world, tmp_path):
    request = estimates.ExportRequest(Bounds(*bounds()), 8, "cog")
    with pytest.raises(TooLarge, match="the limit is 100"):
        exports.check(world, request, exports.Limits(100, 100, 0), tmp_path)
