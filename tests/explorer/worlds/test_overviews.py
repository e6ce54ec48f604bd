import random
from collections import Counter

import numpy as np
import pytest

from explorer import pictures
from explorer.worlds import overviews
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.explorer.worlds.test_journal import edit, painted, put
from tiles.grid import Box, Tile

ROOT, LEAF = Tile(0, 0, 0), Tile(7, 64, 64)
LAND = Box(8, 126, 126, 132, 131)


@pytest.fixture
def library(standin):
    return standin


@pytest.fixture
def decodes(world, monkeypatch):
    """Counts what is decoded."""
    counts, decode = Counter(), world.model.decode
    monkeypatch.setattr(world.model, "decode", lambda sheet: (counts.update(["cells"]), decode(sheet))[1])
    return counts


def by_hand(world, tile):
    """The mean of all four children, down to the base tiles."""
    if tile.z == 8:
        return world.renderer.pixels(tile)
    made = [by_hand(world, child) if world.renderer.revision(child) else None for child in tile.children]
    return pictures.halved(made)


def finished(build):
    while not build.done:
        build.step()
    return build


def total(world, tile):
    return sum(
        world.renderer.revision(cell) for cell in Box(tile.z, *tile[1:], tile.x + 1, tile.y + 1).at(8).tiles()
    )


def test_an_overview_is_the_mean_of_its_children(world):
    put(world, LAND.tiles())
    for zoom in (7, 4, 0):
        tile = LAND.at(zoom).tiles().__next__()
        assert (pictures.decode(world.renderer.tile(tile, "png").data) == by_hand(world, tile)).all()
    assert world.renderer.tile(Tile(0, 5, 5), "png") is None


def test_its_revision_is_the_sum_of_its_cells_whatever_happened_to_them(world):
    rng, cells = random.Random(3), list(LAND.tiles())
    rng.shuffle(cells)
    tiles = [Tile(6, 31, 31), Tile(6, 32, 32), Tile(7, 63, 65)]
    revisions = []
    for cell in cells:
        put(world, [cell])
        assert [world.renderer.revision(tile) for tile in tiles] == [total(world, tile) for tile in tiles]
        revisions.append(world.renderer.revision(ROOT))
    number = world.journal.begin_edit(edit(cells[:3]))
    painted(world, number, cells[:3])
    for step in (lambda: world.journal.finish_edit(number), world.journal.undo, world.journal.redo):
        step()
        assert [world.renderer.revision(tile) for tile in tiles] == [total(world, tile) for tile in tiles]
        revisions.append(world.renderer.revision(ROOT))
    assert revisions == sorted(set(revisions))


def test_a_step_decodes_one_cell_and_nothing_is_made_twice(world, decodes):
    put(world, LAND.tiles())
    build = world.renderer.build(ROOT)
    while not build.done:
        before = decodes["cells"]
        build.step()
        assert decodes["cells"] - before <= 1
    assert decodes["cells"] == build.cells == LAND.size
    assert world.renderer.is_fresh(ROOT) and world.renderer.build(ROOT).done
    finished(world.renderer.build(Tile(3, 4, 4)))
    assert decodes["cells"] == LAND.size


def test_what_is_painted_later_costs_the_same_however_large_the_world_is(world, decodes):
    costs = []
    for side in (4, 12):
        put(
            world,
            [
                cell
                for cell in Box(8, 128, 128, 128 + side, 128 + side).tiles()
                if not world.canvas.painted(cell)
            ],
        )
        finished(world.renderer.build(ROOT))
        before, steps = decodes["cells"], 0
        number = world.journal.begin_edit(edit([Tile(8, 129, 129)]))
        painted(world, number, [Tile(8, 129, 129)])
        world.journal.finish_edit(number)
        build = world.renderer.build(ROOT)
        while not build.done:
            build.step()
            steps += 1
        costs.append((decodes["cells"] - before, steps))
    assert costs[0] == costs[1] and costs[0][0] <= 16


def test_only_the_overviews_above_a_new_cell_are_summed_up_again(world, monkeypatch):
    put(world, LAND.tiles())
    world.renderer.revision(ROOT)
    read, versions = [], world.store.versions
    monkeypatch.setattr(world.store, "versions", lambda box: (read.append(box), versions(box))[1])
    put(world, [Tile(8, 1000, 1000)])
    world.renderer.revision(ROOT)
    world.renderer.revision(ROOT)
    assert len(read) <= 4 and sum(box.size for box in read) <= 64


def test_what_is_there_so_far_is_shown_while_the_rest_is_made(world, monkeypatch):
    monkeypatch.setattr(overviews, "SHOWN_AFTER", 4)
    put(world, LAND.tiles())
    build, seen = world.renderer.build(ROOT), []
    while not build.done:
        build.step()
        if (found := world.renderer.overview(ROOT, "png")) is not None:
            seen.append(found)
    revisions = list(dict.fromkeys(each.revision for each in seen))
    assert len(revisions) > 3 and revisions == sorted(revisions) and not seen[0].final
    alpha = [np.count_nonzero(pictures.decode(each.data)[..., 3]) for each in seen]
    assert alpha == sorted(alpha)  # nothing that was shown goes


def test_a_new_cell_never_hides_what_an_overview_shows(world, monkeypatch):
    put(world, LAND.tiles())
    before = pictures.decode(world.renderer.tile(ROOT, "png").data)
    monkeypatch.setattr(overviews, "SHOWN_AFTER", 1)
    put(world, [Tile(8, 10, 10)])
    build = world.renderer.build(ROOT)
    while not build.done:
        now = pictures.decode(world.renderer.overview(ROOT, "png").data)
        assert (now[..., 3] >= before[..., 3]).all()
        build.step()
    assert not (pictures.decode(world.renderer.overview(ROOT, "png").data) == before).all()


def test_overviews_need_no_cache(tmp_path, standin, world):
    put(world, LAND.tiles())
    expected = world.renderer.tile(ROOT, "png").data
    atlas = Atlas(tmp_path / "small", standin, 1)
    other = atlas.create(NewWorld("Test land", "rocky coast", seed=1))
    put(other, LAND.tiles())
    finished(other.renderer.build(ROOT))
    assert (
        pictures.decode(other.renderer.tile(ROOT, "png").data).tobytes()
        == pictures.decode(expected).tobytes()
    )
    atlas.close()


def test_an_overview_is_final_when_all_under_it_is(world):
    cells = list(Box(8, 127, 127, 131, 131).tiles())
    put(world, cells[:-1])
    assert not world.renderer.tile(LEAF, "png").final
    put(world, cells[-1:])
    assert not world.renderer.seen(LEAF)[1]  # what is at hand is older
    assert world.renderer.tile(LEAF, "png").final and world.renderer.seen(LEAF)[1]


def test_a_patch_is_the_land_at_a_place_or_the_nearest_to_it(world):
    assert world.renderer.patch(Tile(8, 128, 128)) is None
    put(world, LAND.tiles())
    put(world, [Tile(8, 240, 20)])
    for near in (Tile(8, 128, 128), Tile(8, 128, 200), Tile(8, -9000, 128)):
        patch = world.renderer.patch(near).at(8)
        assert all(patch.holds(cell) for cell in LAND.tiles()) and patch.size <= 16 * 16
    lonely = world.renderer.patch(Tile(8, 250, 10)).at(8)
    assert lonely.holds(Tile(8, 240, 20)) and lonely.size <= 16
    assert world.renderer.overview_roots() == [ROOT]
