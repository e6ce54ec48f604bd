import base64
import io

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_bounds

from endless_earth import Bounds, EarthError, World
from endless_earth.studio import studio


@pytest.fixture
def here(tmp_path, bundle):
    """What says where worlds are, and with which model."""
    where = {"folder": tmp_path / "worlds", "model": str(bundle), "device": "cpu"}
    yield where
    at = studio(where["folder"].resolve(), where["model"], "cpu")
    at.painter.close()
    at.atlas.close()


@pytest.fixture
def world(here):
    return World.create("Fjords", "rocky coast", seed=1, **here)


def test_a_region_is_painted_and_read_with_its_place(world):
    region = world.view(2, 1)
    with world.dataset(region) as dataset:
        assert dataset.crs.to_epsg() == 3857 and dataset.shape == (256, 512)
        assert tuple(dataset.bounds) == pytest.approx(tuple(region))
        bands = dataset.read([1, 2, 3])
    pixels = world.read(region)
    assert pixels.shape == (256, 512, 3) and pixels.dtype == np.uint8 and pixels.std() > 1
    assert (pixels == bands.transpose(1, 2, 0)).all()
    x, y = world.home
    assert region.west < x < region.east and region.south < y < region.north


def test_a_world_is_opened_again_as_it_was(world, here):
    before = world.read(world.view(1, 1))
    again = World.open(world.id, **here)
    assert (again.name, again.prompt, again.seed) == ("Fjords", "rocky coast", 1)
    assert (again.read(again.view(1, 1)) == before).all()


def test_edits_are_steps_that_can_be_undone(world):
    region = world.view(1, 1)
    before = world.read(region)
    number = world.edit(region, "desert", seed=3)
    after = world.read(region)
    assert (after != before).mean() > 0.5
    assert world.undo() == number and (world.read(region) == before).all()
    assert world.redo() == number and (world.read(region) == after).all()


def test_an_edit_may_be_finer_than_a_tile_and_at_any_zoom(world):
    west, south, east, north = region = world.view(1, 1)
    before = world.read(region)
    middle, up = (west + east) / 2, (south + north) / 2
    ring = [[west, south], [middle, south], [middle, up], [west, up]]
    world.edit(None, "desert", seed=3, mask={"type": "Polygon", "coordinates": [ring]})
    after = world.read(region)
    assert (after[160:, :96] != before[160:, :96]).mean() > 0.5 and (
        after[:64, 192:] == before[:64, 192:]
    ).all()
    world.edit(world.view(1, 1, zoom=10), "desert", zoom=10)
    world.undo()
    world.undo()
    assert (world.read(region) == before).all()
    with pytest.raises(EarthError, match="no tile is selected"):
        world.edit(None)


def test_a_picture_becomes_land(world, tmp_path):
    region = world.view(1, 1)
    path = tmp_path / "red.tif"
    profile = {
        "driver": "GTiff",
        "width": 256,
        "height": 256,
        "count": 3,
        "dtype": "uint8",
        "crs": "EPSG:3857",
    }
    with rasterio.open(path, "w", transform=from_bounds(*region, 256, 256), **profile) as file:
        file.write(np.full((3, 256, 256), 90, np.uint8))
    before = world.read(region)
    world.place(path)
    assert (world.read(region) != before).mean() > 0.5
    world.undo()
    assert (world.read(region) == before).all()
    with pytest.raises(EarthError, match="follows no guide"):
        world.guide(path)


@pytest.mark.parametrize("name", ["land.tif", "land.png", "land.mbtiles"])
def test_files_are_what_their_names_say(world, tmp_path, name):
    path = world.export(tmp_path / name, world.view(1, 1))
    assert path == tmp_path / name and path.stat().st_size > 100


def test_the_map_shows_the_region_where_it_is(world):
    region = Bounds(0, 0, 156543.0, 156543.0)
    page = world.map(region).get_root().render()
    start = page.index("data:image/webp;base64,") + len("data:image/webp;base64,")
    picture = Image.open(io.BytesIO(base64.b64decode(page[start : page.index('"', start)])))
    assert picture.size == (256, 256)
    assert "1.40625" in page or "1.406" in page  # degrees east of its corner


def test_a_new_prompt_holds_for_new_land(world):
    world.prompt = "desert"
    assert world.prompt == "desert"


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda w: w.read((1, 0, 0, 1)), "west must be less"),
        (lambda w: w.read((0, 0, 1e7, 1e7), zoom=20), "limit"),
        (lambda w: w.edit(w.view(1, 1), strength=7), "strength"),
        (lambda w: w.export("land.txt", w.view(1, 1)), "ends in one of"),
        (lambda w: w.search("snow"), "cannot compare"),
        (lambda w: w.undo(), "undo"),
        (lambda w: setattr(w, "prompt", "\x00"), "control characters"),
    ],
)
def test_what_cannot_be_done_is_said_in_words(world, work, words):
    with pytest.raises(EarthError, match=words):
        work(world)


def test_worlds_that_are_not_there_are_named(here):
    with pytest.raises(EarthError, match="nowhere"):
        World.open("nowhere", **here)
    with pytest.raises(EarthError, match="base zoom"):
        World.create("X", "coast", base_zoom=25, **here)
