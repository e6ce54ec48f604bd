"""What edits and strokes make of land, and what they leave alone."""

import random
from contextlib import suppress

import numpy as np
import pytest

from explorer import pictures
from explorer.service import brush, edits
from explorer.service.bulk import paint_all
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.edits import HOME, MIDDLE, REGION, changed_pixels, edit
from tests.explorer.worlds.test_world import land, paint
from tiles import package
from tiles.errors import NothingToDo
from tiles.grid import Box, Tile
from tiles.journal import Stroke


@pytest.mark.parametrize("more", [{}, {"strength": 0.4}, {"negative_prompt": "sea"}, {"prompt": ""}])
def test_an_edit_changes_its_tiles_and_the_decode_margin_around_and_nothing_else(
    more, seen, world, painter, jobs
):
    edit(world, painter, jobs, MIDDLE, **more)
    changed = changed_pixels(seen, land(world, REGION))
    assert set(MIDDLE) <= set(changed)
    near = 8 * world.model.traits.margin
    for tile, apart in changed.items():
        if tile in MIDDLE:
            assert apart.mean() > 0.9
            continue
        rows, columns = np.nonzero(apart)
        for y, x in {(int(y), int(x)) for y, x in zip(rows, columns)}:
            place = (tile.y * 256 + y, tile.x * 256 + x)
            away = [
                max(c.y * 256 - place[0], place[0] - c.y * 256 - 255, c.x * 256 - place[1], place[1] - c.x * 256 - 255)
                for c in MIDDLE
            ]  # fmt: skip
            assert min(away) <= near


def test_undo_and_redo_give_the_very_bytes(seen, world, painter, jobs):
    states = [seen]
    for prompt, tiles in (("desert", MIDDLE), ("snow", MIDDLE[1:]), ("", [Tile(8, HOME, HOME + 1)])):
        edit(world, painter, jobs, tiles, prompt, strength=0.7 if not prompt else 1.0)
        states.append(land(world, REGION))
    assert len({tuple(state.values()) for state in states}) == 4
    revisions = [world.renderer.revision(MIDDLE[1])]
    for state in states[-2::-1]:
        edits.undo(world, painter, jobs)
        assert land(world, REGION) == state
        revisions.append(world.renderer.revision(MIDDLE[1]))
    with pytest.raises(NothingToDo):
        edits.undo(world, painter, jobs)
    for state in states[1:]:
        edits.redo(world, painter)
        assert land(world, REGION) == state
        revisions.append(world.renderer.revision(MIDDLE[1]))
    with pytest.raises(NothingToDo):
        edits.redo(world, painter)
    assert revisions == sorted(revisions) and len(set(revisions[:3])) == 3


OTHER = Tile(8, HOME + 8, HOME)


STROKE = Stroke("dark forest", ((1.6e6, -1e5), (1.9e6, -1e5)), 2e5, 3e5)


def test_a_stroke_holds_for_land_that_is_not_painted_yet(seen, world, painter, jobs, atlas):
    plain = atlas.create(NewWorld("Plain", "rocky coast", seed=1))
    paint(painter, plain, [OTHER])
    brush.lay(world, painter, STROKE)
    assert land(world, REGION) == seen
    paint(painter, world, [OTHER])
    told = world.renderer.tile(OTHER, "png").data
    assert told != plain.renderer.tile(OTHER, "png").data
    edits.undo(world, painter, jobs)
    assert world.renderer.tile(OTHER, "png") is None and land(world, REGION) == seen
    paint(painter, world, [OTHER])
    assert world.renderer.tile(OTHER, "png").data == plain.renderer.tile(OTHER, "png").data
    edits.redo(world, painter)
    assert world.renderer.tile(OTHER, "png").data == told


def step_at_random(rng, world, painter, jobs, reach):
    """One thing that somebody does, within ``reach`` tiles of the two in the middle."""
    spot = Tile(8, *(HOME + rng.randrange(-reach, reach + 2) for _ in "xy"))
    what = rng.choice(["paint", "paint", "edit", "edit", "stroke", "prompt", "undo", "undo", "redo"])
    if what == "paint":
        paint(painter, world, [spot])
    elif what == "edit":
        tiles = [
            Tile(8, spot.x + x, spot.y + y)
            for x in range(rng.randint(1, 2))
            for y in range(rng.randint(1, 2))
        ]
        edit(
            world,
            painter,
            jobs,
            tiles,
            rng.choice(["snow", ""]),
            strength=rng.choice([1.0, 0.5]),
            seed=rng.randrange(9),
        )
    elif what == "stroke":
        place = (rng.uniform(-5e5, 9e5), rng.uniform(-9e5, 5e5))
        brush.lay(world, painter, Stroke(rng.choice(["forest", "lake"]), (place,), 1.5e5, 1e5))
    elif what == "prompt":
        world.journal.set_prompt(rng.choice(["coast", "desert", "ice"]))
    else:
        with suppress(NothingToDo):
            edits.undo(world, painter, jobs) if what == "undo" else edits.redo(world, painter)


@pytest.mark.parametrize(
    ("library", "order", "reach"),
    [*(("stand-in", n, 3) for n in range(5)), ("terra", 5, 1)],
    indirect=["library"],
)
def test_a_world_is_a_function_of_seed_and_journal(order, reach, atlas, painter, jobs, tmp_path, library):
    """Whatever people did, and in whatever order they looked: the journal, replayed elsewhere with no
    cache and no latents, in another order, gives the same pixels; and so does this world, all its
    tiles painted anew from its own journal."""
    rng = random.Random(order)
    world = atlas.create(NewWorld("Lived in", "rocky coast", seed=order))
    for _ in range(14):
        step_at_random(rng, world, painter, jobs, reach)
    box = Box(8, HOME - reach, HOME - reach, HOME + reach + 2, HOME + reach + 2)
    paint_all(painter, world, list(box.tiles()), lambda more: None)
    expected = land(world, box)
    package.pack(world.store, tmp_path / "bare")
    package.pack(world.store, tmp_path / "full", latents=True)
    elsewhere = Atlas(tmp_path / "elsewhere", library, 2**20)
    for name in ("bare", "full"):
        copy = elsewhere.unpack(tmp_path / name)
        tiles = list(box.tiles())
        rng.shuffle(tiles)
        if name == "full":  # nothing is left to paint
            assert all(copy.renderer.final(tile) for tile in tiles)
        paint_all(painter, copy, tiles, lambda more: None)
        assert land(copy, box) == expected
        assert copy.journal.history.steps == world.journal.history.steps
        painter.forget(copy)
    elsewhere.close()


def test_the_lower_the_strength_the_more_of_the_land_stays(seen, world, painter, jobs):
    before = pictures.decode(seen[MIDDLE[0]]).astype(int)
    changes = []
    for strength in (0.2, 0.6, 1.0):
        edit(world, painter, jobs, MIDDLE, strength=strength)
        after = pictures.decode(world.renderer.tile(MIDDLE[0], "png").data)
        changes.append(np.abs(after - before).mean())
        edits.undo(world, painter, jobs)
    assert 0 < changes[0] < 0.6 * changes[1] < 0.6 * changes[2]


def test_land_painted_later_does_not_depend_on_edits(world, painter, jobs, atlas):
    """Cells outside an edit are those of the world without it, whether they were seen before or not."""
    twin = atlas.create(NewWorld("Twin", "rocky coast", seed=1))
    paint(painter, world, MIDDLE[:1])
    edit(world, painter, jobs, MIDDLE)
    box = Box(8, HOME - 4, HOME - 4, HOME + 6, HOME + 6)
    for each in (world, twin):
        paint_all(painter, each, list(box.tiles()), lambda more: None)
    apart = set(changed_pixels(land(twin, box), land(world, box)))
    near = {Tile(8, c.x + x, c.y + y) for c in MIDDLE for x in (-1, 0, 1) for y in (-1, 0, 1)}
    assert set(MIDDLE) <= apart <= near
