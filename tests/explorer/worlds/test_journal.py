import random

import numpy as np
import pytest

from explorer.painting.layers import Node
from explorer.worlds.atlas import Atlas
from tests.disks import rows
from tiles import entries, journal, package, rules
from tiles.entries import parse
from tiles.errors import BadPackage, Cancelled, NothingToDo, TooLarge, WorldDamaged
from tiles.grid import Box, Tile, around
from tiles.strokes import Stroke

HOME = 128


def put(world, cells):
    """Paint cells without a model: what is kept of them is noise."""
    for cell in cells:
        snapshot = world.canvas.snapshot()
        latents = (
            np.random.default_rng(abs(hash(cell)) % 2**32).standard_normal((4, 32, 32)).astype(np.float32)
        )
        assert world.canvas.commit(snapshot, snapshot.shown(cell), latents)


def edit(cells, seed=1):
    return entries.Edit(
        cells=journal.outline(cells), prompt="ice", negative_prompt="", strength=1, seed=seed, picture=False
    )


def painted(world, number, cells):
    snapshot = world.canvas.snapshot()
    for cell in cells:
        assert world.canvas.commit(snapshot, Node(number, cell), np.ones((4, 32, 32), np.float32))


def outlined(world):
    """The cells that each prompt and stroke outlines."""
    steps = (line.entry for line in world.journal.lines())
    return [journal.inside(e.painted) for e in steps if isinstance(e, entries.Prompt | entries.Stroke)]


def test_a_prompt_outlines_only_what_was_painted_since_the_last_one(world):
    land = list(Box(8, HOME, HOME, HOME + 4, HOME + 4).tiles())
    put(world, land[:6])
    world.journal.set_prompt("desert")
    put(world, land[6:9])
    world.journal.set_prompt("ice")
    world.journal.set_prompt("sea")
    assert outlined(world) == [set(), set(land[:6]), set(land[6:9]), set()]
    assert [world.journal.history.era(cell).prompt for cell in (land[0], land[7], land[12])] == [
        "rocky coast", "desert", "sea",
    ]  # fmt: skip


def test_undo_of_a_prompt_lets_the_next_one_outline_anew(world):
    land = list(Box(8, HOME, HOME, HOME + 4, HOME + 1).tiles())
    put(world, land[:2])
    world.journal.set_prompt("desert")
    put(world, land[2:])
    assert world.journal.undo() == (2, set(land[2:]))
    assert not any(world.canvas.painted(cell) for cell in land[2:])
    put(world, land[2:3])
    world.journal.set_prompt("ice")
    assert outlined(world)[-1] == set(land[:3])


def test_redo_hides_what_was_painted_meanwhile(world):
    one, two = Tile(8, HOME, HOME), Tile(8, HOME + 1, HOME)
    world.journal.set_prompt("desert")
    put(world, [one])
    world.journal.undo()
    put(world, [two])
    assert world.journal.redo() == (2, {one, two})
    assert world.canvas.painted(one) and not world.canvas.painted(two)
    assert world.journal.undo() == (2, {one, two})
    assert world.canvas.painted(two) and not world.canvas.painted(one)


def test_a_stroke_outlines_and_changes_only_what_it_reaches(world):
    near, far = Tile(8, HOME, HOME), Tile(8, HOME + 60, HOME)
    put(world, [near, far])
    stroke = Stroke("forest", ((1e5, -1e5),), 1e5, 0.0)
    number = world.journal.draw(stroke)
    assert outlined(world)[-1] == {near}
    beside = Tile(8, HOME + 1, HOME)
    put(world, [beside, Tile(8, HOME + 61, HOME)])
    assert world.journal.undo() == (number, {beside})


def test_steps_of_random_lives_show_what_the_journal_says(world):
    """The reference asks about every cell that was ever painted, under every line."""
    rng, cells = random.Random(3), list(Box(8, HOME - 2, HOME - 2, HOME + 3, HOME + 3).tiles())
    for _ in range(80):
        before = {cell: world.journal.history.shown(cell) for cell in cells}
        there = {cell: world.canvas.painted(cell) for cell in cells}
        kind = rng.choice(["put", "put", "prompt", "stroke", "edit", "undo", "redo"])
        changed = set()
        if kind == "put":
            put(world, rng.sample(cells, 4))
            continue
        if kind == "prompt":
            world.journal.set_prompt(rng.choice(["coast", "desert", "ice"]))
        elif kind == "stroke":
            place = (rng.uniform(-3e5, 5e5), rng.uniform(-5e5, 3e5))
            world.journal.draw(Stroke("forest", (place,), rng.uniform(1e4, 2e5), 1e4))
        elif kind == "edit":
            chosen = rng.sample(cells, 3)
            number = world.journal.begin_edit(edit(chosen))
            painted(world, number, chosen)
            changed = world.journal.finish_edit(number)
        elif kind == "undo" and len(world.journal.history.steps) > 1:
            changed = world.journal.undo()[1]
        elif kind == "redo" and world.journal.history.undone:
            changed = world.journal.redo()[1]
        now = {cell: world.journal.history.shown(cell) for cell in cells}
        shown = {
            Tile(*row[:3]): row[3]
            for row in rows(world.store.path, "SELECT zoom, x, y, entry FROM cells WHERE shown")
        }
        every = {
            (Tile(*row[:3]), row[3]) for row in rows(world.store.path, "SELECT zoom, x, y, entry FROM cells")
        }
        for cell in cells:
            assert shown.get(cell) == (now[cell] if (cell, now[cell]) in every else None)
            if kind in ("undo", "redo") and now[cell] != before[cell] and (there[cell] or cell in shown):
                assert cell in changed


def test_a_world_opened_again_has_the_same_history(world, atlas, library, tmp_path):
    put(world, around(Tile(8, HOME, HOME)).tiles())
    world.journal.set_prompt("desert")
    number = world.journal.begin_edit(edit([Tile(8, HOME, HOME)]))
    painted(world, number, [Tile(8, HOME, HOME)])
    world.journal.finish_edit(number)
    world.journal.undo()
    was = world.journal.history
    atlas.close()
    again = Atlas(tmp_path / "worlds", library, 2**20)
    now = again.get("test-land").journal.history
    assert (now.steps, now.undone, now.lines) == (was.steps, was.undone, was.lines)
    assert all(now.shown(cell) == was.shown(cell) for cell in around(Tile(8, HOME, HOME), 2).tiles())
    again.close()


def test_an_edit_ends_once(world):
    cells = [Tile(8, HOME, HOME)]
    number = world.journal.begin_edit(edit(cells))
    assert (
        world.journal.cancel_edit(number) == set(cells) and world.journal.cancel_edit(number) == frozenset()
    )
    for ended in (world.journal.finish_edit, world.journal.edit):
        with pytest.raises(Cancelled):
            ended(number)
    with pytest.raises(NothingToDo):
        world.journal.undo()


def test_a_journal_that_is_full_says_so_and_can_be_packed(world, monkeypatch, tmp_path):
    number = world.journal.begin_edit(edit([Tile(8, HOME, HOME)]))
    monkeypatch.setattr(rules, "MAX_ENTRIES", 3 + rules.Room.SPARE)
    world.journal.set_prompt("desert")
    for step in (
        lambda: world.journal.set_prompt("ice"),
        lambda: world.journal.begin_edit(edit([Tile(8, 1, 1)])),
    ):
        with pytest.raises(TooLarge, match="journal of this world is full"):
            step()
    assert world.journal.cancel_edit(number)  # what was begun can end
    package.pack(world.store, tmp_path / "file")


def test_worlds_whose_prompts_outline_all_land_each_time_can_be_packed(world, monkeypatch, tmp_path):
    """So did versions before; their journals grew past what a file may hold."""
    land = list(Box(8, HOME, HOME, HOME + 10, HOME + 10).tiles())
    put(world, land)
    for prompt in ("a", "b", "c"):
        world.store.append(
            "prompt", {"prompt": prompt, "painted": [list(run) for run in journal.outline(land)]}
        )
    monkeypatch.setattr(rules, "MAX_OUTLINED", 150)
    package.pack(world.store, tmp_path / "file")
    package.unpack(tmp_path / "file", tmp_path / "again")
    lines = rows(tmp_path / "again" / "world.db", "SELECT number, kind, data FROM journal ORDER BY number")
    import json

    short = [(number, parse(kind, json.loads(data))) for number, kind, data in lines]
    whole = [(line.number, line.entry) for line in world.journal.lines()]
    assert sum(entry.outlined for _, entry in short) == 100
    one, other = journal.read(short), journal.read(whole)
    assert all(one.shown(cell) == other.shown(cell) for cell in around(land[0], 12).tiles())


def test_a_damaged_line_is_named(world, atlas):
    world.store.append("prompt", {"prompt": "x", "painted": [[8, 0, 0]]})
    with pytest.raises(WorldDamaged, match=r"line 2 .* is not a row of cells"):
        list(world.journal.lines())
    with pytest.raises(BadPackage, match=r"journal entry 2: .* is not a row of cells"):
        world.pack(world.store.path.parent / "file")


def test_steps_are_at_hand_without_reading_the_journal_again(world, atlas, library, monkeypatch):
    put(world, [Tile(8, HOME, HOME)])
    world.journal.set_prompt("desert")
    number = world.journal.begin_edit(edit([Tile(8, 1, 1)]))
    world.journal.cancel_edit(number)
    again = Atlas(atlas.folder, library, 2**20)
    other = again.get(world.id)
    for each in (world, other):
        monkeypatch.setattr(each.store, "journal", None)
    assert [line.entry.kind for line in world.journal.steps()] == ["prompt", "prompt", "edit"]
    assert world.journal.steps() == other.journal.steps()
    assert world.journal.steps()[1].entry.painted == ()
    again.close()
