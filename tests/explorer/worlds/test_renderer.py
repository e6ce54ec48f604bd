import numpy as np
import pytest

from explorer import pictures
from explorer.worlds.renderer import surrounded
from tests.explorer.worlds.test_journal import edit, painted, put
from tiles.grid import Tile, around

CELL = Tile(8, 128, 128)


def png(world, tile):
    return pictures.decode(world.renderer.tile(tile, "png").data)


def test_a_revision_goes_up_with_every_change_and_comes_back_from_none(world):
    revisions = [world.renderer.revision(CELL)]
    put(world, [CELL])
    revisions.append(world.renderer.revision(CELL))
    put(world, [Tile(8, 129, 128)])
    revisions.append(world.renderer.revision(CELL))
    number = world.journal.begin_edit(edit([CELL]))
    painted(world, number, [CELL])
    world.journal.finish_edit(number)
    revisions.append(world.renderer.revision(CELL))
    world.journal.undo()
    revisions.append(world.renderer.revision(CELL))
    assert revisions[0] == 0 and revisions == sorted(set(revisions))


def test_a_tile_is_final_when_all_around_it_is_there(world):
    ring = list(around(CELL).tiles())
    put(world, ring[:-1])
    assert not world.renderer.final(CELL)
    put(world, ring[-1:])
    assert world.renderer.final(CELL) and not world.renderer.final(ring[0])


def test_the_cache_may_go_at_any_time(world):
    put(world, around(CELL).tiles())
    before = world.renderer.tile(CELL, "png")
    assert world.renderer.cached(CELL, "png") == before
    world.renderer.forget(CELL)
    assert world.renderer.cached(CELL, "png") is None
    assert world.renderer.tile(CELL, "png") == before


@pytest.mark.parametrize("deeper", [1, 3, 9])
def test_deeper_tiles_are_parts_of_the_painted_one(world, deeper):
    put(world, around(CELL).tiles())
    tile = Tile(8 + deeper, CELL.x << deeper, CELL.y << deeper)
    side = max(1, 256 >> deeper)
    corner = png(world, CELL)[:side, :side].astype(float).mean((0, 1))
    assert np.abs(png(world, tile).astype(float).mean((0, 1)) - corner).max() < 40
    assert world.renderer.revision(tile) == world.renderer.revision(CELL)


def test_only_a_cell_of_the_sketch_is_a_sketch(world):
    cell = Tile(6, 32, 32)
    assert world.renderer.sketch(cell) is None
    put(world, [cell, CELL])
    assert world.renderer.sketch(cell).revision == world.renderer.sketch_revision(cell) > 0
    assert world.renderer.sketch(CELL) is None


def test_what_is_not_painted_repeats_the_edge():
    cell = np.arange(2 * 32 * 32, dtype=np.float16).reshape(2, 32, 32)
    sheet = surrounded(CELL, {CELL: cell, Tile(8, 127, 128): cell + 1}, 6)
    assert sheet.shape == (2, 44, 44) and (sheet[:, 6:38, 6:38] == cell).all()
    assert (sheet[:, 6:38, :6] == cell[:, :, 26:] + 1).all()
    assert (sheet[:, 6:38, 38:] == cell[:, :, 31:]).all()
