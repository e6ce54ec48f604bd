"""The first world comes with its land painted."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from explorer.models.kinds import kind_here
from explorer.models.library import Library
from explorer.worlds.atlas import Atlas
from explorer.worlds.firstlight import FILE, NEW, decode_view, home_view, make_first
from tiles import package
from tiles.grid import tile_at

AGAIN = "python -m benchmarks.firstlight writes it anew"


@pytest.fixture(scope="module")
def terra():
    return Library("terra", "cpu")


def opened(folder, library) -> Atlas:
    return Atlas(folder / "worlds", library, 2**24)


def test_it_shows_the_very_land_that_painting_gives(tmp_path, terra):
    assert FILE.stat().st_size < 450_000
    settings = package.settings(FILE)
    assert settings["digest"] == terra.get().traits.digest, f"terra has other weights: {AGAIN}"
    atlas = opened(tmp_path, terra)
    world = make_first(atlas)
    assert world is not None and world is atlas.get("first-light")
    decode_view(world)
    assert (world.name, world.seed, world.journal.prompt) == (NEW.name, NEW.seed, NEW.prompt)
    assert world.first_painter is None  # whoever paints on here is the first
    canvas, view = world.canvas.snapshot(), list(home_view(world).tiles())
    assert all(map(canvas.painted, view))
    for tile in view:
        assert world.renderer.cached(tile, "webp") is not None

    anew = atlas.create(NEW._replace(name="Anew"))
    home = tile_at(*anew.home, anew.base_zoom)
    phases = [home, home._replace(x=home.x + 1), home._replace(x=home.x + 1, y=home.y + 1)]
    anew.canvas.paint(phases, anew.model.paint, anew.model.traits.batch)
    same = settings["painted_by"] == [kind_here("cpu")]
    for cell in phases:
        shipped, painted = (
            each.canvas.snapshot().latents(each.canvas.snapshot().shown(cell)) for each in (world, anew)
        )
        if same:
            assert shipped.tobytes() == painted.tobytes(), AGAIN
        np.testing.assert_allclose(shipped, painted, atol=0.05, err_msg=AGAIN)
    atlas.close()


def test_another_model_begins_the_same_world_without_land(tmp_path, standin):
    atlas = opened(tmp_path, standin)
    assert make_first(atlas) is None
    world = atlas.get("first-light")
    assert (world.seed, world.journal.prompt, world.model) == (NEW.seed, NEW.prompt, standin.model)
    assert world.counts()["cells"] == 0
    atlas.close()


def test_two_apps_started_together_make_one_first_world(tmp_path, standin):
    """Each has locks of its own, as two processes have."""
    atlases = [opened(tmp_path, standin) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(make_first, atlases))
    assert [atlas.names() for atlas in atlases] == [["first-light"]] * 4
    for atlas in atlases:
        atlas.close()
