"""Worlds whose deeper levels are painted by another model, of other latents."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.standin import OneModel, StandIn
from explorer import pictures
from explorer.models.library import Library
from explorer.painting.window import paint_windows
from explorer.service import edits, exports
from explorer.service.bulk import paint_all
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.diffusions import build_diffusion
from tests.edits import over
from tests.explorer.worlds.test_levels import shows_the_same
from tiles.errors import BadSetting, ModelRefused
from tiles.grid import Tile, around
from tiles.latents import LatentSpace
from tiles.mask import FULL, SIDE

HOME = Tile(8, 128, 128)
DEEP = [Tile(8 + by, 128 << by, 128 << by) for by in range(5)]


class Other(StandIn):
    """A model of other latents than the stand-in's: more numbers, or more pixels each."""

    def __init__(self, channels=16, pixels=16):
        super().__init__(pixels=pixels)
        self.traits = self.traits._replace(
            name="other", digest="1" * 32, channels=channels, halo=4, margin=3, batch=2
        )


class Several(OneModel):
    """A library of the stand-in and of others by name."""

    def __init__(self, **others):
        super().__init__(StandIn())
        self.others = others

    def get(self, name=None, recipe=None):
        if name in (None, self.default):
            return self.model
        if name not in self.others:
            raise ModelRefused(f"{name} is not on this machine: fetch it")
        return self.others[name]


def two():
    return Several(other=Other())


NEW = NewWorld("Land", "coast", seed=1, sketch=2, level_models=((10, "other"),))


def opened(folder, library=None):
    atlas = Atlas(folder, library or two(), 2**24)
    return atlas, atlas.get("land") if atlas.names() else atlas.create(NEW)


@pytest.fixture
def world(tmp_path):
    atlas, world = opened(tmp_path / "worlds")
    yield world
    atlas.close()


def paint(world, tiles, layer=None):
    cells = list(tiles)
    while nodes := (snapshot := world.canvas.snapshot()).next(cells, 1, layer):
        model = world.model_at(nodes[0].cell.z)
        (latents,) = paint_windows(model.paint, [snapshot.window(nodes[0])])
        world.canvas.commit(snapshot, nodes[0], latents)


def explored(world, tiles):
    """Latents and pixels of tiles, painted with all around them."""
    paint(world, world.pyramid.lineages(other for tile in tiles for other in around(tile).tiles()))
    return {tile: seen(world, tile) for tile in tiles}


def seen(world, tile):
    snapshot = world.canvas.snapshot()
    pixels = pictures.decode(world.renderer.tile(tile, "png").data)
    return snapshot.latents(snapshot.shown(tile)).tobytes(), pixels.tobytes()


def perform(world, request):
    number = world.journal.begin_edit(edits.checked(world, request, 9))
    paint(world, sorted(world.journal.edit(number).cells), number)
    world.journal.finish_edit(number)


def test_each_level_keeps_the_latents_of_its_model(world):
    explored(world, [DEEP[4]])
    shapes = [world.store.read(cell).latents.shape for cell in DEEP]
    assert shapes == [(4, 32, 32), (4, 32, 32), (16, 16, 16), (16, 16, 16), (16, 16, 16)]
    assert world.renderer.pixels(DEEP[4]).shape == (256, 256, 3)
    assert {cell.z for cell in world.model.calls} == {6, 8, 9}
    assert {cell.z for cell in world.others[10].calls} == {10, 11, 12}


def test_the_parent_comes_as_the_pixels_that_the_map_shows(world):
    paint(world, around(DEEP[1], 3).tiles())
    snapshot = world.canvas.snapshot()
    window = snapshot.window(snapshot.shown(DEEP[2]))
    assert window.parent.shape == (16, 24, 24) and window.parent_mask.all() and window.coarser == 1
    shown = world.renderer.pixels(DEEP[1])
    of_it = world.others[10].encode(shown)  # 16 x 16 latents, of which the cell shows a quarter, enlarged
    middle = window.parent[:, 5:19, 5:19].reshape(16, 7, 2, 7, 2).mean((2, 4))
    pairs = (of_it[:, :7, :7] + of_it[:, 1:8, :7] + of_it[:, :7, 1:8] + of_it[:, 1:8, 1:8]) / 4
    np.testing.assert_allclose(middle, pairs, atol=1e-4)


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """Tiles of every level about home, and what they are when each is the first that anybody sees."""
    rng, known = random.Random(3), {}
    for zoom in (8, 9, 10, 12):
        x, y = ((128 << (zoom - 8)) + rng.randrange(-2, 3) for _ in "xy")
        atlas, world = opened(tmp_path_factory.mktemp("alone"))
        known |= explored(world, [Tile(zoom, x, y)])
        atlas.close()
    return known


@settings(max_examples=3)
@given(data=st.data())
def test_no_order_of_pan_and_zoom_shows_whatever_is_restarted_or_lost(data, views, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explored")
    order = data.draw(st.permutations(list(views)))
    restarts = data.draw(st.sets(st.integers(0, 3)))
    shows_the_same(folder, opened, explored, views, order, restarts)


def test_a_painter_gives_each_model_its_own_cells_and_paints_the_same(world, painter, tmp_path):
    wanted = [DEEP[4], Tile(9, 257, 256)]
    painter.paint(world, world.pyramid.lineages(o for t in wanted for o in around(t).tiles())).result(60)
    for model, zooms in ((world.model, {6, 8, 9}), (world.others[10], {10, 11, 12})):
        assert {cell.z for cell in model.calls} == zooms
        assert all(len(batch) <= model.traits.batch for batch in model.batches)
    atlas, other = opened(tmp_path / "other")
    assert explored(other, wanted[::-1]) == {tile: seen(world, tile) for tile in wanted}
    atlas.close()


def test_edits_strokes_and_undo_hold_at_levels_of_another_model(world):
    tiles = [DEEP[1], DEEP[2], DEEP[3], Tile(10, 516, 516)]
    before = explored(world, tiles)
    steps = [
        edits.EditRequest([HOME], "desert", seed=1),  # refined by the other model
        edits.EditRequest([DEEP[2]], "snow", seed=2, strength=0.6),
        edits.EditRequest((), "lake", seed=3, mask={DEEP[3]: _half()}),
    ]
    states = [before]
    for request in steps:
        perform(world, request)
        states.append(explored(world, tiles))
    changed = [{tile for tile in tiles if one[tile] != other[tile]} for one, other in pairwise(states)]
    assert changed[0] == set(tiles[:3]) and {DEEP[2], DEEP[3]} <= changed[1] and DEEP[3] in changed[2]
    apart = np.frombuffer(states[2][DEEP[3]][0]) != np.frombuffer(states[3][DEEP[3]][0])
    assert apart.any() and not apart.all()
    for state in states[-2::-1]:
        world.journal.undo()
        assert explored(world, tiles) == state
    for state in states[1:]:
        world.journal.redo()
        assert explored(world, tiles) == state


def _half():
    weights = np.zeros((SIDE, SIDE), np.uint8)
    weights[:, : SIDE // 2] = FULL
    return weights


def test_a_world_is_packed_with_the_land_of_all_its_models(world, tmp_path):
    before = explored(world, DEEP[1:4])
    perform(world, edits.EditRequest([DEEP[2]], "snow", seed=2))
    world.pack(tmp_path / "land.earth", latents=True)
    atlas = Atlas(tmp_path / "elsewhere", two(), 2**24)
    copy = atlas.unpack(tmp_path / "land.earth")
    assert not copy.others[10].calls and seen(copy, DEEP[2]) == seen(world, DEEP[2])
    copy.journal.undo()
    assert explored(copy, DEEP[1:4]) == before
    atlas.close()
    weights = Several(other=Other())
    weights.others["other"].traits = weights.others["other"].traits._replace(digest="2" * 32)
    atlas = Atlas(tmp_path / "third", weights, 2**24)
    with pytest.raises(ModelRefused, match="painted by other with the weights 111111111111"):
        atlas.unpack(tmp_path / "land.earth")
    atlas.close()


def test_without_a_levels_model_what_is_above_it_is_painted_and_shown(tmp_path):
    atlas, world = opened(tmp_path / "worlds")
    explored(world, DEEP[:4])
    perform(world, edits.EditRequest([DEEP[2]], "sand", seed=3))
    before = explored(world, DEEP[:4])
    perform(world, edits.EditRequest([HOME], "snow", seed=2))
    assert seen(world, HOME) != before[HOME]
    explored(world, DEEP[:4])
    atlas.close()
    atlas, world = opened(tmp_path / "worlds", Several())
    assert not world.readonly and world.pyramid.deepest == 9
    assert {zoom: str(why) for zoom, why in world.missing_models.items()} == {
        10: "other is not on this machine: fetch it"
    }
    assert world.renderer.source(DEEP[3]) == DEEP[1] and world.renderer.pixels(DEEP[3]).shape == (256, 256, 3)
    with pytest.raises(ModelRefused, match=r"zoom 10 of world 'land' is not painted here. other is not on"):
        world.renderer.layer_pixels(DEEP[2], world.journal.history.over(DEEP[2]))
    world.journal.undo()  # holds for the levels that are not seen here, too
    far = Tile(9, 300, 300)
    explored(world, [far])
    atlas.close()
    atlas, world = opened(tmp_path / "worlds")
    assert {tile: seen(world, tile) for tile in DEEP[:4]} == before and world.canvas.painted(far)
    atlas.close()


def test_an_edit_waits_for_the_model_of_its_level(tmp_path, painter, jobs):
    atlas, world = opened(tmp_path / "worlds")
    number = world.journal.begin_edit(edits.checked(world, edits.EditRequest([DEEP[2]], "snow", seed=2), 9))
    atlas.close()
    atlas, world = opened(tmp_path / "worlds", Several())
    edits.resume(world, painter, jobs)
    assert not jobs.all() and world.journal.history.waiting == (number,)
    atlas.close()
    atlas, world = opened(tmp_path / "worlds")
    edits.resume(world, painter, jobs)
    (job,) = jobs.all()
    assert over(job).entry == number and world.journal.history.over(DEEP[2]) == number
    atlas.close()


@pytest.mark.parametrize("zoom", [8, 6, 21])
def test_only_levels_below_the_base_have_models_of_their_own(tmp_path, zoom):
    atlas = Atlas(tmp_path, two(), 2**20)
    with pytest.raises(BadSetting, match=rf"zoom {zoom} cannot have a model of its own: it must be 9 to 20"):
        atlas.create(NEW._replace(level_models=((zoom, "other"),)))
    with pytest.raises(ModelRefused, match="nowhere is not on this machine"):
        atlas.create(NEW._replace(level_models=((9, "nowhere"),)))
    assert not atlas.names()
    atlas.close()


def test_a_world_without_such_levels_remembers_nothing_of_them(tmp_path):
    atlas = Atlas(tmp_path, two(), 2**20)
    world = atlas.create(NEW._replace(level_models=()))
    assert "level_models" not in world.store.settings() and world.models == (world.model,)
    atlas.close()


@pytest.fixture(scope="module")
def diffusion(tmp_path_factory):
    """A tiny random Stable Diffusion model with latents of 16 pixels and 8 channels."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return build_diffusion(folder, side=16, space=LatentSpace(8, 16))


def test_terra_above_and_a_diffusion_model_below_make_one_land_that_joins(
    tmp_path, bundle, diffusion, painter
):
    land = []
    for folder, tiles in (("one", [(0, 0), (1, 0)]), ("other", [(1, 0), (0, 0)])):
        library = Library(str(bundle), "cpu", {"steps": 1})
        atlas = Atlas(tmp_path / folder, library, 2**24)
        new = NewWorld("Land", "coast", seed=1, base_zoom=8, sketch=0, level_models=((9, str(diffusion)),))
        world = atlas.create(new)
        for x, y in tiles:
            painter.paint(world, [Tile(9, x, y)]).result(120)
        land.append([seen(world, Tile(9, x, 0)) for x in (0, 1)])
        assert world.store.read(Tile(9, 0, 0)).latents.shape == (8, 16, 16)
        assert world.store.settings()["level_models"][0]["recipe"]["steps"] == 1
        left, right = (world.renderer.pixels(Tile(9, x, 0)).astype(float) for x in (0, 1))
        beside = np.concatenate([np.abs(np.diff(side, axis=1)) for side in (left[:, -9:], right[:, :9])], 1)
        assert np.abs(right[:, 0] - left[:, -1]).mean() < 2 * beside.mean()
        atlas.close()
    assert land[0] == land[1]


def test_an_export_across_the_levels_shows_what_the_map_shows(world, painter, tmp_path):
    for tile in (DEEP[1], DEEP[2]):
        paint_all(painter, world, [tile], lambda more: None)
        request, path = exports.ExportRequest(tile.bounds, tile.z, "png"), tmp_path / f"{tile.z}.png"
        exports.make(world, painter, request, path, lambda *step: None)
        assert (pictures.decode(path.read_bytes()) == world.renderer.pixels(tile)).all()
    assert world.credit == ("stand-in, other", "CC0-1.0")
