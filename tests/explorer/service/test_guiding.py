"""Guides as steps: which land follows them, and how they outlive undo, packing and replay."""

import numpy as np
import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.service import edits, guiding
from explorer.service.placing import Sheet, Spot
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.edits import HOME, edit
from tests.pictures import LIMITS, png, smooth
from tiles import package
from tiles.errors import BadEdit, BadPicture, NothingToDo, TooLarge
from tiles.grid import Box, Tile

LAND = Box(8, HOME - 3, HOME - 3, HOME + 4, HOME + 4)
MIDDLE = Tile(8, HOME, HOME)


class Led(StandIn):
    """A stand-in that follows guides: land is raised by how bright they are."""

    def __init__(self, batch=1, sketch=2):
        super().__init__(batch, sketch)
        self.traits = self.traits._replace(guide="bright land")

    def _land(self, window):
        land = super()._land(window)
        if window.guide is None:
            return land
        width = land.shape[-1]
        bright = window.guide.pixels.mean(2).reshape(width, 8, width, 8).mean((1, 3)) / 255
        raised = land + 3 * window.guide.weight * bright
        return np.where(window.hold_until > 0, raised, land).astype(np.float32)


@pytest.fixture
def library():
    return OneModel(Led())


def lay(world, painter, path, strength=1.0, pixels=None, **options):
    path.write_bytes(png(smooth(280, 280) if pixels is None else pixels))
    place = MIDDLE.bounds
    spot = Spot((place.west + place.east) / 2, (place.south + place.north) / 2, strength=strength)
    _, guide = guiding.read(path, spot, world, LIMITS, options.get("edges", False))
    return guiding.lay(world, painter, guide)


def paint(world, tiles):
    world.canvas.paint(tiles, world.model.paint, world.model.traits.batch)


def latents(world, box=LAND):
    snapshot = world.canvas.snapshot()
    return {cell: snapshot.latents(snapshot.shown(cell)).copy() for cell in box.tiles()}


def changed(before, after):
    return {cell for cell in before if (before[cell] != after[cell]).any()}


def test_land_is_painted_by_a_guide_from_then_on_and_undo_and_redo_bring_the_bytes(
    world, painter, jobs, atlas, tmp_path
):
    plain = atlas.create(NewWorld("Plain", "rocky coast", seed=1))
    paint(plain, LAND.tiles())
    assert lay(world, painter, tmp_path / "g") == 2
    paint(world, LAND.tiles())
    unguided, guided = latents(plain), latents(world)
    assert MIDDLE in changed(unguided, guided)
    far = Tile(8, HOME - 3, HOME - 3)
    assert (guided[MIDDLE] - unguided[MIDDLE]).mean() > 1 > abs(guided[far] - unguided[far]).max()
    assert edits.undo(world, painter, jobs)["entry"] == 2
    paint(world, LAND.tiles())
    assert not changed(unguided, latents(world))
    edits.redo(world, painter)
    assert not changed(guided, latents(world))


def test_what_was_painted_before_stays_until_an_edit_paints_it_by_the_guide(world, painter, jobs, tmp_path):
    paint(world, LAND.tiles())
    before = latents(world)
    number = lay(world, painter, tmp_path / "g")
    paint(world, LAND.tiles())
    assert not changed(before, latents(world))
    bounds = world.journal.history.log.eras[number].guide.bounds
    assert guiding.painted_under(world, bounds, 99) == [
        Tile(8, HOME + x, HOME + y) for y in (-1, 0, 1) for x in (-1, 0, 1)
    ]
    assert guiding.painted_under(world, bounds, 2) == [Tile(8, HOME + x, HOME - 1) for x in (-1, 0)]
    edit(world, painter, jobs, [MIDDLE], "")
    after = latents(world)
    assert changed(before, after) == {MIDDLE} and (after[MIDDLE] - before[MIDDLE]).mean() > 1
    edits.undo(world, painter, jobs)
    edits.undo(world, painter, jobs)
    assert not changed(before, latents(world))
    with pytest.raises(NothingToDo):
        edits.undo(world, painter, jobs)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_order_of_painting_and_a_replay_elsewhere_change_no_byte(
    world, painter, jobs, library, tmp_path, backwards
):
    """At the sketch's, the base's and a deeper level."""
    deep = Box(9, 2 * HOME, 2 * HOME, 2 * HOME + 2, 2 * HOME + 2)
    paint(world, [Tile(8, HOME + 1, HOME)])  # a part of it is there before
    lay(world, painter, tmp_path / "g", 0.5)
    lay(world, painter, tmp_path / "h", pixels=smooth(100, 100, seed=3))
    edit(world, painter, jobs, [Tile(8, HOME + 1, HOME)], "sand")
    paint(world, [*LAND.tiles(), *deep.tiles()])
    package.pack(world.store, tmp_path / "bare")
    package.pack(world.store, tmp_path / "full", latents=True)
    elsewhere = Atlas(tmp_path / "elsewhere", library, 2**20)
    for name in ("bare", "full"):
        copy = elsewhere.unpack(tmp_path / name)
        tiles = [*LAND.tiles(), *deep.tiles()]
        for tile in tiles[::-1] if backwards else tiles:
            paint(copy, [tile])
        for box in (LAND, deep):
            assert not changed(latents(world, box), latents(copy, box))
        package.pack(copy.store, tmp_path / f"{name}-again", latents=name == "full")
        assert (tmp_path / f"{name}-again").read_bytes() == (tmp_path / name).read_bytes()
    elsewhere.close()


def test_a_weaker_guide_changes_less(atlas, painter, tmp_path):
    means = []
    for strength in (0.2, 0.6, 1.0):
        world = atlas.create(NewWorld("Land", "coast", seed=1))
        lay(world, painter, tmp_path / "g", strength)
        paint(world, [MIDDLE])
        means.append(float(latents(world, Box(8, HOME, HOME, HOME + 1, HOME + 1))[MIDDLE].mean()))
    assert means[0] < means[1] < means[2]


def test_the_edges_of_a_picture_are_white_where_it_changes():
    pixels = np.full((64, 96, 3), 40, np.uint8)
    pixels[16:48, 32:64] = 220
    sheet = guiding.edges(Sheet(pixels, np.ones((64, 96), bool), 0, 0))
    assert sheet.pixels.shape == pixels.shape and set(np.unique(sheet.pixels)) == {0, 255}
    rows, columns = np.nonzero(sheet.pixels[..., 0])
    assert 14 <= rows.min() <= 17 and 46 <= rows.max() <= 49
    assert 30 <= columns.min() <= 33 and 62 <= columns.max() <= 65
    assert not sheet.pixels[20:44, 36:60].any()


def test_guides_that_cannot_be_are_named(world, painter, tmp_path):
    with pytest.raises(BadEdit, match=r"strength 0\.0: it must be 0\.1 to 1"):
        lay(world, painter, tmp_path / "g", 0.0)
    with pytest.raises(BadEdit, match="zoom 3: a guide of this world may have zoom 6 to 22"):
        guiding.read(tmp_path / "g", Spot(0, 0, 3), world, LIMITS, False)
    sheet = Sheet(np.zeros((3000, 2000, 3), np.uint8), np.ones((3000, 2000), bool), 0, 0)
    with pytest.raises(TooLarge, match="2,000 x 3,000 pixels; 4,194,304 are allowed"):
        guiding.guide_of(sheet, 8, 1.0)
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), np.uint8)
    with pytest.raises(TooLarge, match="characters of the journal"):
        guiding.guide_of(Sheet(noise, np.ones((1500, 1500), bool), 0, 0), 8, 1.0)
    with pytest.raises(BadPicture, match="not base64"):
        guiding.from_base64("%%%")
    assert world.counts()["entries"] == 1


def test_a_model_that_follows_none_says_so(tmp_path, painter):
    atlas = Atlas(tmp_path / "worlds", OneModel(StandIn()), 2**20)
    world = atlas.create(NewWorld("Land", "coast", seed=1))
    with pytest.raises(BadEdit, match=r"stand-in follows no guide: .* ControlNet \(EARTH_CONTROLNET\)"):
        guiding.require_guided(world)
    with pytest.raises(BadEdit, match="follows no guide"):
        lay(world, painter, tmp_path / "g")
    assert world.counts()["entries"] == 1
    atlas.close()
