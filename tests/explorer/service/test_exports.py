"""What an export costs is said before it is made, and nothing is done twice."""

import io
import shutil
import threading
import time
from collections import Counter

import numpy as np
import pytest
import rasterio
from PIL import Image

from explorer.service import estimates, exports
from explorer.service.estimates import ExportRequest
from explorer.service.exports import Limits
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from tiles.errors import BadBounds, Cancelled, DiskFull, TooLarge, WorldHeld, WorldNotFound
from tiles.grid import Bounds, Box, Tile
from tiles.mosaic.formats import FORMATS

HOME = 128
REGION = Box(8, HOME, HOME, HOME + 3, HOME + 2)
PLENTY = Limits(10**12, 10**9, 0)


@pytest.fixture
def library(library, standin, request):
    """The stand-in, if a test does not ask for terra."""
    return library if getattr(request, "param", "") == "terra" else standin


def bounds(box=REGION) -> Bounds:
    first, last = Tile(box.zoom, box.left, box.top), Tile(box.zoom, box.right - 1, box.bottom - 1)
    return Bounds(first.bounds.west, last.bounds.south, last.bounds.east, first.bounds.north)


def quiet(stage, done, total):
    pass


@pytest.fixture
def painted(world, monkeypatch):
    """How often each cell went through the model."""
    found, paint = Counter(), world.model.paint

    def counting(windows):
        found.update(window.cell for window in windows)
        return paint(windows)

    monkeypatch.setattr(world.model, "paint", counting)
    return found


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_stopped_export_goes_on_and_no_cell_is_painted_twice(world, painter, painted, tmp_path, format):
    def stop(stage, done, total):
        if done >= 2:
            raise Cancelled("stop")

    request, path = ExportRequest(bounds(), 8, format), tmp_path / "out"
    with pytest.raises(Cancelled):
        exports.make(world, painter, request, path, stop)
    assert not list(tmp_path.glob("*out*")) and painted
    exports.make(world, painter, request, path, quiet)
    exports.make(world, painter, request, path, quiet)
    assert max(painted.values()) == 1 and path.exists()


@pytest.mark.parametrize("format", ["mbtiles", "pmtiles", "xyz"])
def test_an_overview_is_not_one_long_step(world, painter, tmp_path, format, monkeypatch):
    """A tile at zoom 0 is made of all land: a stop is heard while it is."""
    exports.make(world, painter, ExportRequest(bounds(), 8, "png"), tmp_path / "out.png", quiet)
    world.renderer.forget(Tile(8, HOME, HOME))
    one, decoded, since = Box(8, HOME + 40, HOME, HOME + 41, HOME + 1), [], []
    exports.make(world, painter, ExportRequest(bounds(one), 8, "png"), tmp_path / "other.png", quiet)
    for box in (REGION, one, *(REGION.at(zoom) for zoom in range(8))):
        for tile in box.tiles():
            world.renderer.forget(tile)
    decode = world.model.decode

    def counting(sheet):
        since.append(sheet)
        return decode(sheet)

    def step(stage, done, total):
        decoded.append(len(since))
        since.clear()

    monkeypatch.setattr(world.model, "decode", counting)
    exports.make(world, painter, ExportRequest(bounds(one), 8, format), tmp_path / "out.zip", step)
    assert sum(decoded) >= REGION.size and max(decoded) <= 2


def test_a_coarse_export_says_how_far_its_base_tiles_are(world, painter, tmp_path):
    said = []
    request = ExportRequest(bounds(Box(8, HOME, HOME, HOME + 4, HOME + 4)), 6, "png")
    (path, *_) = exports.make(world, painter, request, tmp_path / "o.png", lambda *now: said.append(now))
    steps = [done for stage, done, total in said if stage == "decoding"]
    assert steps == sorted(steps) and steps[-1] == 16 and len(set(steps)) == 16
    with Image.open(path) as image:
        got = np.array(image)
    with Image.open(io.BytesIO(world.renderer.tile(Tile(6, 32, 32), "png").data)) as image:
        assert (got == np.array(image)[..., :3]).all()


@pytest.mark.parametrize("library", ["terra"], indirect=True)
def test_estimates_are_about_right(world, painter, tmp_path):
    """Random pixels deflate badly, so bytes are only near; tiles and pixels are exact."""
    exports.make(world, painter, ExportRequest(bounds(), 8, "xyz"), tmp_path / "before.zip", quiet)
    said: list[tuple[str, int, int]] = []
    for format, zoom in ((format, zoom) for format in FORMATS for zoom in (7, 8, 9)):
        request = ExportRequest(bounds(), zoom, format)
        guess = estimates.estimate(world, request, None)
        # Zoom 9 is a level of its own: its first export paints it.
        assert guess.base_tiles == {7: 8, 8: 6, 9: 24}[zoom]
        assert guess.unpainted == (24 if zoom == 9 and format == next(iter(FORMATS)) else 0)
        assert (guess.width, guess.height) == (768 * 2 ** (zoom - 8), 512 * 2 ** (zoom - 8))
        said.clear()
        paths = exports.make(world, painter, request, tmp_path / "out", lambda *now: said.append(now))
        assert next(total for stage, _, total in said if stage == "writing") == guess.tiles
        assert 1 / 4 < guess.bytes / paths[0].stat().st_size < 4
        assert estimates.estimate(world, request, None).seconds <= guess.seconds  # it is all at hand now


def test_seconds_go_by_what_is_missing_and_how_fast_it_was(world, painter, tmp_path):
    request = ExportRequest(bounds(), 8, "cog")
    slow, fast = (estimates.estimate(world, request, pace).seconds for pace in (2.0, 0.1))
    assert slow > fast + 6 * 1.9
    unpainted = estimates.estimate(world, request, 2.0)
    assert (unpainted.unpainted, unpainted.base_tiles) == (6, 6)
    exports.make(world, painter, request, tmp_path / "out.tif", quiet)
    assert estimates.estimate(world, request, 2.0).seconds < fast


def test_nothing_painted_is_said_before_any_work(world, tmp_path):
    for format in FORMATS:
        request = ExportRequest(bounds(), 8, format, paint_missing=False)
        with pytest.raises(BadBounds, match="nothing of this region is painted"):
            exports.check(world, request, PLENTY, tmp_path)


@pytest.mark.parametrize(("format", "width"), [("png", 65_536), ("postcard", 16_385)])
def test_a_row_of_pixels_without_end_is_refused(world, tmp_path, format, width):
    metres = Tile(8, 0, 0).bounds
    pixel = (metres.east - metres.west) / 256
    request = ExportRequest(Bounds(0, -pixel, width * pixel, 0), 8, format)
    with pytest.raises(TooLarge, match=f"{width:,} x 1 pixels"):
        exports.check(world, request, PLENTY, tmp_path)
    assert exports.check(world, request._replace(format="cog"), PLENTY, tmp_path).width == width


def test_what_another_process_paints_can_be_taken_home_where_it_is_painted(
    atlas, world, painter, library, tmp_path
):
    request = ExportRequest(bounds(), 8, "cog")
    exports.make(world, painter, request, tmp_path / "mine.tif", quiet)
    other, painter = Atlas(atlas.folder, library, 2**26), Painter()
    try:
        held = other.get(world.id)
        assert held.readonly
        exports.check(held, request, PLENTY, tmp_path)
        exports.make(held, painter, request, tmp_path / "theirs.tif", quiet)
        with rasterio.open(tmp_path / "mine.tif") as mine, rasterio.open(tmp_path / "theirs.tif") as theirs:
            assert (mine.read() == theirs.read()).all()
        more = ExportRequest(bounds(REGION.grown(4)), 8, "cog")
        for refused in (
            lambda: exports.check(held, more, PLENTY, tmp_path),
            lambda: exports.make(held, painter, more, tmp_path / "more.tif", quiet),
        ):
            with pytest.raises(WorldHeld, match="is being painted by"):
                refused()
    finally:
        painter.close()
        other.close()


@pytest.mark.parametrize("stage", ["painting", "writing"])
def test_a_world_deleted_meanwhile_is_said(atlas, world, painter, tmp_path, stage):
    def delete(now, done, total):
        if now == stage and world.id in atlas.names():
            painter.forget(world)
            atlas.delete(world.id)

    with pytest.raises(WorldNotFound, match="deleted meanwhile"):
        exports.make(world, painter, ExportRequest(bounds(), 8, "cog"), tmp_path / "out.tif", delete)
    assert not list(tmp_path.glob("*out*"))


def test_the_disk_must_hold_all_that_is_written_meanwhile(world, tmp_path, monkeypatch):
    request = ExportRequest(bounds(), 8, "cog")
    guess = exports.check(world, request, PLENTY, tmp_path)
    free = estimates.room(world, request, guess)
    assert free > 2 * guess.bytes
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": free}))
    exports.check(world, request, PLENTY, tmp_path)
    with pytest.raises(DiskFull, match=f"{free:,} are free"):
        exports.check(world, request, PLENTY._replace(free_bytes=1), tmp_path)


def test_a_deep_zoom_is_estimated_first_and_then_painted_level_by_level(world, painter, tmp_path):
    tile = Tile(12, (130 << 4) + 3, (130 << 4) + 5)
    west, _, _, north = tile.bounds
    side = tile.bounds.east - west
    wanted = ExportRequest(Bounds(west, north - 2 * side, west + 3 * side, north), 12, "png")
    guess = estimates.estimate(world, wanted)
    assert (guess.base_tiles, guess.unpainted, guess.width) == (6, 6, 768)
    before = world.model.calls.total()
    windows = estimates.windows_to_paint(world, estimates.checked(wanted)[0])
    exports.make(world, painter, wanted, tmp_path / "deep.png", quiet)
    painted = world.model.calls.total() - before
    assert windows / 2 < painted < windows * 2
    assert estimates.estimate(world, wanted).unpainted == 0
    with Image.open(tmp_path / "deep.png") as image:
        shown = np.asarray(image)[:256, :256]
    with Image.open(io.BytesIO(world.renderer.tile(tile, "png").data)) as image:
        assert (shown == np.asarray(image)).all()


@pytest.mark.parametrize(("format", "zoom"), [("cog", 8), ("pmtiles", 8), ("png", 6)])
def test_several_painters_decode_side_by_side_and_the_file_is_the_same(
    world, painter, tmp_path, monkeypatch, format, zoom
):
    box = REGION.at(zoom) if zoom >= 8 else Box(zoom, 32, 32, 34, 33)
    request, cache = ExportRequest(bounds(box), zoom, format), world.renderer._cache
    exports.make(world, painter, request, tmp_path / "alone", quiet)
    for tile in {tile.above(z) for tile in REGION.at(8).grown(8).tiles() for z in range(9)}:
        cache.drop(tile)
    decode, inside, most = world.renderer._decode_by, threading.Semaphore(0), []

    def watched(*of):
        inside.release()
        time.sleep(0.01)
        most.append(inside._value)
        inside.acquire()
        return decode(*of)

    monkeypatch.setattr(world.renderer, "_decode_by", watched)
    monkeypatch.setattr(exports, "hands_of", lambda crew: 3)
    exports.make(world, painter, request, tmp_path / "together", quiet)
    assert (tmp_path / "alone").read_bytes() == (tmp_path / "together").read_bytes()
    assert max(most) > 1
