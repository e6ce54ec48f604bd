import random

import numpy as np
import pytest

from explorer import pictures
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.disks import change
from tiles.errors import ModelRefused, WorldDamaged
from tiles.grid import Box, Tile, around

HOME = 2**7
REGION = Box(8, HOME - 2, HOME - 1, HOME + 2, HOME + 2)


@pytest.fixture
def library(library, standin, request):
    """terra, if a test does not ask for the stand-in."""
    return standin if getattr(request, "param", "") == "stand-in" else library


def paint(painter, world, tiles):
    for future in [painter.ask(world, tile) for tile in tiles]:
        future.result(120)


def land(world, box=REGION):
    return {tile: world.renderer.tile(tile, "png").data for tile in box.tiles()}


@pytest.fixture
def first(world, painter):
    """The region painted in reading order."""
    paint(painter, world, REGION.tiles())
    return land(world)


@pytest.mark.parametrize(
    ("library", "order"), [("terra", 0), *(("stand-in", n) for n in range(1, 6))], indirect=["library"]
)
def test_the_order_of_exploring_never_shows(order, first, tmp_path, library, painter):
    """Random jumps, cache deletions, restarts and another world at the same time."""
    rng = random.Random(order)
    tiles = list(REGION.tiles())
    rng.shuffle(tiles)
    atlas = Atlas(tmp_path / "again", library, 2**20)
    atlas.create(NewWorld("Same", "rocky coast", seed=1))
    other = atlas.create(NewWorld("Other", "rocky coast", seed=2))
    for tile in tiles:
        same = atlas.get("same")
        painter.want("someone else", atlas.get("other"), rng.sample(tiles, 3))
        far = Tile(8, rng.randrange(-(10**6), 10**6), rng.randrange(-(10**6), 10**6))
        paint(painter, same, [tile, far] if rng.random() < 0.15 else [tile])
        same.renderer.tile(tile, "webp")
        if rng.random() < 0.25:
            painter.drop("someone else")
            painter.forget(same)
            painter.forget(atlas.get("other"))
            atlas.close()
            (tmp_path / "again" / "same" / "tiles.mbtiles").unlink()
            atlas = Atlas(tmp_path / "again", library, 2**20)
    painter.drop("someone else")
    painter.forget(atlas.get("other"))
    assert land(atlas.get("same")) == first
    assert atlas.get("other").seed == other.seed
    atlas.close()


def test_a_far_tile_costs_no_more_windows_than_a_near_one(world, painter):
    paint(painter, world, [Tile(8, HOME, HOME)])
    near = sum(world.counts()[name] for name in ("cells", "sketch_cells"))
    paint(painter, world, [Tile(8, HOME + 10**6, -(10**6))])
    assert sum(world.counts()[name] for name in ("cells", "sketch_cells")) <= 2 * near


def test_other_seeds_and_prompts_paint_other_land(first, atlas, painter):
    for name, prompt, seed in (("Seed", "rocky coast", 2), ("Prompt", "desert", 1)):
        world = atlas.create(NewWorld(name, prompt, seed=seed))
        paint(painter, world, [Tile(8, HOME, HOME)])
        assert world.renderer.tile(Tile(8, HOME, HOME), "png").data != first[Tile(8, HOME, HOME)]


def test_tiles_join_as_if_they_were_one_sheet(first, world):
    """The reference decodes all latents at once."""
    import torch

    box = REGION.grown(1)
    cells = world.store.read_many(box)
    rows = [
        np.concatenate([cells[Tile(8, x, y)].latents for x in range(box.left, box.right)], 2)
        for y in range(box.top, box.bottom)
    ]
    sheet = torch.from_numpy(np.concatenate(rows, 1).astype(np.float32))[None]
    with torch.inference_mode():
        whole = world.model.autoencoder.decode(sheet)[0]
    whole = ((whole.clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 0).numpy()
    for tile, data in first.items():
        y, x = (tile.y - box.top) * 256, (tile.x - box.left) * 256
        apart = np.abs(pictures.decode(data) - whole[y : y + 256, x : x + 256])
        assert apart.max() <= 1  # a rounding at most


def test_a_prompt_holds_for_land_painted_from_then_on(world, painter, tmp_path, library):
    seen, later = Tile(8, HOME, HOME), Tile(8, HOME + 6, HOME)
    paint(painter, world, [seen])
    before = world.renderer.tile(seen, "png").data
    world.journal.set_prompt("sand desert")
    paint(painter, world, [later])
    assert world.renderer.tile(seen, "png").data == before
    settings, entries = world.store.settings(), world.store.journal()
    expected = {tile: world.renderer.tile(tile, "png").data for tile in (seen, later)}
    # Replayed elsewhere from settings and journal alone, in the other order.
    atlas = Atlas(tmp_path / "elsewhere", library, 2**20)
    copy = atlas.create(NewWorld("Copy", "rocky coast", seed=settings["seed"]))
    for entry in entries[1:]:
        copy.store.append(entry.kind, entry.data)
    atlas.close()
    atlas = Atlas(tmp_path / "elsewhere", library, 2**20)
    copy = atlas.get(copy.id)
    paint(painter, copy, [later, seen])
    assert {tile: copy.renderer.tile(tile, "png").data for tile in (seen, later)} == expected
    painter.forget(copy)
    atlas.close()


def test_nothing_shows_where_nothing_is_painted(world):
    for zoom in (3, 8, 11):
        assert (
            world.renderer.tile(Tile(zoom, 1, 1), "png") is None
            and world.renderer.revision(Tile(zoom, 1, 1)) == 0
        )


def test_overviews_are_the_mean_of_what_is_painted(first, world):
    tile = Tile(7, HOME // 2, HOME // 2)
    mean = pictures.decode(world.renderer.tile(tile, "png").data)
    quarter = pictures.decode(first[Tile(8, HOME, HOME)]).astype(float)
    expected = quarter.reshape(128, 2, 128, 2, 3).mean((1, 3))
    assert np.abs(mean[:128, :128, :3] - expected).max() <= 0.51
    partly = pictures.decode(world.renderer.tile(Tile(6, HOME // 4, HOME // 4), "png").data)
    assert partly.shape[2] == 4 and {0, 255} <= set(np.unique(partly[..., 3]))


def test_zoomed_in_the_base_tile_is_enlarged_without_a_seam(first, world):
    left, right = (
        pictures.decode(world.renderer.tile(Tile(10, 4 * HOME + x, 4 * HOME), "png").data).astype(float)
        for x in (-1, 0)
    )
    across = np.abs(left[:, -1] - right[:, 0]).mean()
    beside = np.abs(np.diff(np.concatenate([left[:, -24:], right[:, :24]], 1), axis=1)).mean()
    assert across < 2 * beside
    base = pictures.decode(first[Tile(8, HOME, HOME)]).astype(float)
    assert abs(right.mean() - base[:64, :64].mean()) < 1


def test_revisions_go_up_and_end_final(world, painter):
    tile, seen = Tile(8, HOME, HOME), []
    painter.listen(lambda event: seen.append(event) if event.tile == tile and event.kind == "ready" else None)
    paint(painter, world, [tile])
    assert [event.final for event in seen] == [False, True]
    assert seen[0].revision < seen[1].revision == world.renderer.revision(tile)
    assert world.renderer.tile(tile, "webp").final


def test_an_evicted_tile_comes_back_as_the_same_bytes(first, world):
    for tile in REGION.tiles():
        world.cache.drop(tile)
    assert land(world) == first


def test_damaged_latents_are_named_and_never_shown(first, world):
    cell = Tile(8, HOME, HOME)
    update = "UPDATE cells SET latents = zeroblob(8192) WHERE zoom = 8 AND x = ? AND y = ?"
    change(world.store.path, update, cell[1:])
    for tile in around(cell).tiles():
        world.cache.drop(tile)
    with pytest.raises(WorldDamaged, match=f"8/{HOME}/{HOME}"):
        world.renderer.tile(cell, "png")


def test_a_model_of_more_channels_paints_a_world_that_travels(tmp_path, painter, standin):
    """As many numbers a latent as its model has, in world.db and in a world file."""
    standin.model.traits = standin.model.traits._replace(channels=6)
    atlas, elsewhere = (Atlas(tmp_path / name, standin, 2**24) for name in ("here", "elsewhere"))
    world, home = atlas.create(NewWorld("Land", "coast", seed=1)), Tile(8, 1, 1)
    painter.ask(world, home).result(60)
    assert world.store.read(home).latents.shape == (6, 32, 32)
    world.pack(tmp_path / "land.earth", latents=True)
    copy = elsewhere.unpack(tmp_path / "land.earth")
    assert copy.renderer.tile(home, "png").data == world.renderer.tile(home, "png").data
    painter.forget(world)
    atlas.close()
    standin.model.traits = standin.model.traits._replace(channels=4)
    with pytest.raises(ModelRefused, match="6 channels"):
        Atlas(tmp_path / "here", standin, 2**24).get("land")
    elsewhere.close()
