import io
import time

import numpy as np
import pytest
import rasterio
from PIL import Image

from explorer import exports
from explorer.pictures import decode
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
    assert all(world.final(tile) for tile in REGION.tiles())
    if format in ("cog", "png"):
        got = raster_pixels(answer.content) if format == "cog" else picture_pixels(answer.content)
        for tile in REGION.tiles():
            y, x = (tile.y - HOME) * 256, (tile.x - HOME) * 256
            expected = decode(client.get(f"/worlds/test-land/tiles/8/{tile.x}/{tile.y}.png").content)
            assert (got[y : y + 256, x : x + 256] == expected).all()
    if format == "png":
        beside = client.get(f"/jobs/{job['id']}/file?part=pgw")
        assert beside.status_code == 200 and len(beside.text.split()) == 6


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
    assert (said["width"], said["height"], said["unpainted"]) == (1024, 1024, 4)
    assert said["tiles"] == 16 + 4 + 1 * 8 and said["bytes"] > 0 and said["seconds"] > 0


def test_a_cancelled_export_leaves_no_part_and_can_be_made_again(client, world, atlas):
    job = ask(client, bounds=bounds(REGION.grown(20)), format="xyz")
    while client.get(f"/jobs/{job['id']}").json()["done"] < 3:
        time.sleep(0.02)
    early = client.get(f"/jobs/{job['id']}/file")
    assert early.status_code == 409 and "running" in early.json()["error"]["message"]
    client.delete(f"/jobs/{job['id']}")
    assert finished(client, job)["state"] == "cancelled"
    assert not [path for path in (atlas.folder / ".exports").rglob("*") if path.is_file()]
    painted = world.counts()["cells"]
    again = finished(client, ask(client))
    assert again["state"] == "done"
    assert painted > 0


def test_a_finished_job_can_be_forgotten_with_its_files(client, world, atlas):
    job = finished(client, ask(client, format="postcard"))
    client.delete(f"/jobs/{job['id']}")
    assert client.get(f"/jobs/{job['id']}").status_code == 404
    assert not [path for path in (atlas.folder / ".exports").rglob("*") if path.is_file()]


def test_a_model_that_fails_is_said(client, world, monkeypatch):
    def fail(windows):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(world.model, "paint", fail)
    job = finished(client, ask(client))
    assert job["state"] == "failed" and "out of memory" in job["error"]["message"]
    assert client.get(f"/jobs/{job['id']}/file").status_code == 409


def test_limits_are_checked_by_the_command_line_too(world, tmp_path):
    wish = exports.Wish(Bounds(*bounds()), 8, "cog")
    with pytest.raises(exports.TooLarge, match="allowed are 100"):
        exports.check(world, wish, exports.Limits(100, 100, 0), tmp_path)
