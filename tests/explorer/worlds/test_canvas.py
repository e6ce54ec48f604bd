from collections import Counter

import numpy as np
import pytest
from filelock import FileLock

from explorer.painting.layers import Node
from explorer.worlds.canvas import Painting
from tests.explorer.worlds.test_journal import edit, painted, put
from tiles.errors import Cancelled, WorldHeld
from tiles.grid import Tile, around
from tiles.store import Store

HOME = 128
CELL = Tile(8, HOME, HOME)  # of phase A: it sees no neighbour
LATENTS = np.ones((4, 32, 32), np.float32)


def ready(world, cell=CELL):
    """Paint, without a model, all that a cell waits for."""
    while nodes := world.canvas.snapshot().next([cell], 64):
        if nodes == [Node(0, cell)]:
            return
        put(world, [node.cell for node in nodes])


def test_an_undo_between_choosing_and_assembling_takes_nothing_from_under_it(world):
    """What is chosen is assembled from the same snapshot; it is found stale only when it would be kept."""
    world.journal.set_prompt("desert")
    ready(world)
    snapshot = world.canvas.snapshot()
    (node,) = snapshot.next([CELL], 1)
    world.journal.undo()
    window = snapshot.window(node)
    assert [each.prompt for each in window.conditions] == ["desert"]
    assert not world.canvas.commit(snapshot, node, LATENTS) and not world.canvas.painted(CELL)
    world.journal.redo()
    assert world.canvas.commit(snapshot, node, LATENTS) and world.canvas.painted(CELL)


def test_a_given_up_edit_is_not_kept(world):
    ready(world)
    number = world.journal.begin_edit(edit([CELL]))
    snapshot = world.canvas.snapshot()
    world.journal.cancel_edit(number)
    assert not world.canvas.commit(snapshot, Node(number, CELL), LATENTS)
    with pytest.raises(Cancelled):
        world.canvas.snapshot().painted(CELL, number)


def test_what_is_there_stays_whoever_comes_later(world):
    put(world, [CELL])
    snapshot = world.canvas.snapshot()
    first = snapshot.latents(Node(0, CELL)).copy()
    revision = world.renderer.revision(CELL)
    assert world.canvas.commit(snapshot, Node(0, CELL), LATENTS)
    assert (world.canvas.snapshot().latents(Node(0, CELL)) == first).all()
    assert world.renderer.revision(CELL) == revision


def test_of_what_is_kept_together_nothing_is_kept_if_one_cannot_be(world):
    """It is not taken for painted either, and may be kept by itself."""
    cells = [Tile(8, HOME + 2 * x, HOME) for x in range(3)]
    put(world, [node.cell for node in world.canvas.snapshot().missing(cells) if node.cell not in cells])
    snapshot = world.canvas.snapshot()
    paintings = [Painting(snapshot, Node(0, cell), LATENTS) for cell in cells]
    paintings[1] = paintings[1]._replace(latents=LATENTS * np.nan)
    with pytest.raises(ValueError, match="finite"):
        world.canvas.commit_all(paintings)
    assert not any(world.canvas.painted(cell) for cell in cells)
    assert world.canvas.commit_all([paintings[0], paintings[2]]) == [True, True]
    assert [world.canvas.painted(cell) for cell in cells] == [True, False, True]


def test_what_rests_is_passed_over_and_so_is_what_waits_for_it(world):
    far = Tile(8, HOME + 40, HOME)
    snapshot = world.canvas.snapshot()
    everything = snapshot.missing([CELL, far])
    assert {Node(0, CELL), Node(0, far)} <= everything
    behind = snapshot.missing([CELL]) - snapshot.missing([far])
    nodes = snapshot.next([CELL, far], 64, resting=behind)
    assert nodes and not behind & set(nodes) and set(nodes) <= snapshot.missing([far])
    assert snapshot.next([CELL], 64, resting=snapshot.missing([CELL])) == []


def test_an_old_snapshot_goes_on_to_show_what_it_showed(world):
    put(world, around(CELL).tiles())
    number = world.journal.begin_edit(edit([CELL]))
    painted(world, number, [CELL])
    before = world.canvas.snapshot()
    world.journal.finish_edit(number)
    after = world.canvas.snapshot()
    assert (before.shown(CELL).layer, after.shown(CELL).layer) == (0, number)
    assert (before.latents(before.shown(CELL)) != after.latents(after.shown(CELL))).any()


def test_a_reader_keeps_nothing(atlas, world):
    snapshot = world.canvas.snapshot()
    lock = FileLock(atlas.folder / world.id / "lock")  # as another process would have it
    lock.acquire()
    with pytest.raises(WorldHeld, match="painted by another process"):
        world.canvas.commit(snapshot, Node(0, CELL), LATENTS)
    assert not world.canvas.painted(CELL)


def test_the_disk_is_asked_once_about_what_is_not_painted(world, monkeypatch):
    asked, has = Counter(), Store.has
    monkeypatch.setattr(Store, "has", lambda store, *of: asked.update([of]) or has(store, *of))
    put(world, [Tile(8, 0, 0)])  # from here on no other process can paint
    cell = Tile(8, HOME + 1, HOME + 1)  # of phase D: eight others are painted first
    ready(world, cell)
    assert len(asked) > 9 and set(asked.values()) == {1}
    put(world, [cell])
    assert world.canvas.painted(cell)


def test_what_windows_put_together_at_once_share_is_read_once(world, monkeypatch):
    tiles = [
        Tile(8, HOME + 1, HOME + 1),
        Tile(8, HOME + 3, HOME + 1),
    ]  # of phase D: three neighbours are both's
    for tile in tiles:
        ready(world, tile)
    snapshot, asked, read = world.canvas.snapshot(), Counter(), Store.read
    alone = [snapshot.window(Node(0, tile)) for tile in tiles]
    monkeypatch.setattr(Store, "read", lambda *about: asked.update([about[1:]]) or read(*about))
    with snapshot.at_once() as now:
        together = [now.window(Node(0, tile)) for tile in tiles]
    assert asked and set(asked.values()) == {1}
    for one, other in zip(alone, together):
        assert one.known.any() and all(np.array_equal(a, b) for a, b in zip(one[1:5], other[1:5]))


def test_counts_are_of_what_is_shown(world):
    put(world, [*around(CELL).tiles(), Tile(6, 32, 32)])
    assert world.canvas.count(8) == 9 and world.canvas.count(6) == 1
    assert world.canvas.painted_in(around(CELL, 5)) == 9
    assert world.counts() == {"cells": 9, "sketch_cells": 1, "entries": 1, "cache_bytes": 0}
