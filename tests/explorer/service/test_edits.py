import random
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

from explorer import pictures
from explorer.service import edits
from explorer.service.bulk import paint_all
from explorer.service.edits import EditRequest
from explorer.service.jobs import Jobs
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.explorer.worlds.test_world import land, paint
from tiles import package
from tiles.errors import BadEdit, Busy, NothingToDo, TooLarge
from tiles.grid import Box, Tile
from tiles.journal import Stroke

HOME = 2**7
REGION = Box(8, HOME - 2, HOME - 2, HOME + 4, HOME + 4)
MIDDLE = [Tile(8, HOME, HOME), Tile(8, HOME + 1, HOME), Tile(8, HOME + 1, HOME + 1)]


@pytest.fixture
def library(library, standin, request):
    """The stand-in, if a test does not ask for terra."""
    return library if getattr(request, "param", "") == "terra" else standin


def over(job, state="done"):
    end = time.monotonic() + 120
    while job.state in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.005)
    assert job.state == state, job.error
    return job


def wait_for(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def edit(world, painter, jobs, tiles, prompt="desert", **more):
    request = EditRequest(tiles, prompt, **{"seed": 3, **more})
    return over(edits.start(world, painter, jobs, edits.checked(world, request, 256)))


@pytest.fixture
def seen(world, painter):
    paint_all(painter, world, list(REGION.tiles()), lambda more: None)
    return land(world, REGION)


def changed_pixels(before, after):
    """By tile, where a tile's pixels are not what they were."""
    found = {}
    for tile in before:
        apart = (pictures.decode(before[tile]) != pictures.decode(after[tile])).any(2)
        if apart.any():
            found[tile] = apart
    return found


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


def test_what_was_done_is_heard_by_every_map(seen, world, painter, jobs):
    heard = []
    painter.listen(heard.append)
    edit(world, painter, jobs, MIDDLE)
    kinds = {
        kind: {e.tile for e in heard if e.kind == kind} for kind in ("editing", "edited", "settled", "ready")
    }
    assert kinds["editing"] == kinds["edited"] == kinds["settled"] == set(MIDDLE) <= kinds["ready"]
    order = [event.kind for event in heard]
    assert order.index("editing") < order.index("edited") < order.index("ready") < order.index("settled")
    assert order[-1] == "journal"


def test_a_cancelled_edit_leaves_the_old_tiles(seen, world, painter, jobs):
    data = edits.checked(world, EditRequest(MIDDLE, "desert"), 256)
    number = world.journal.begin_edit(data)

    def step(stage, done, total):
        if done:
            jobs.cancel(job.id)
        jobs_own(stage, done, total)  # hears of it before another cell is looked at

    job = jobs.add("edit", world.id, lambda _, own: edits.perform(world, painter, number, step), number)
    jobs_own = job.step
    over(job, "cancelled")
    assert land(world, REGION) == seen and world.journal.history.state(number) == "cancelled"
    assert world.journal.history.waiting == ()
    with pytest.raises(NothingToDo):
        edits.undo(world, painter, jobs)


def test_undo_of_an_edit_that_waits_gives_it_up(seen, world, painter, jobs, monkeypatch):
    paint_slowly = world.model.paint

    def slowly(windows):
        time.sleep(0.2)
        return paint_slowly(windows)

    monkeypatch.setattr(world.model, "paint", slowly)
    started = [
        edits.start(world, painter, jobs, edits.checked(world, EditRequest(MIDDLE, "desert", seed=n), 256))
        for n in range(2)
    ]
    for job in reversed(started):
        assert edits.undo(world, painter, jobs) == {"entry": job.entry, "tiles": 0}
    for job in started:
        over(job, "cancelled")
    assert land(world, REGION) == seen


def test_an_edit_that_is_refused_is_not_written_down(world, painter, jobs):
    go = threading.Event()
    running = jobs.add("edit", world.id, lambda folder, step: go.wait(60) and [])
    wait_for(lambda: running.state == "running")
    asked = edits.checked(world, EditRequest(MIDDLE, "desert", seed=1), 256)
    refused = 0
    for _ in range(30):
        try:
            edits.start(world, painter, jobs, asked)
        except Busy:
            refused += 1
    waiting = world.journal.history.waiting
    assert refused and world.counts()["entries"] == 1 + len(waiting) == 1 + 30 - refused
    for number in waiting:
        world.journal.cancel_edit(number)
    go.set()


def test_undo_of_an_edit_that_ends_at_this_moment_undoes_it(seen, world, painter, jobs, monkeypatch):
    number = world.journal.begin_edit(edits.checked(world, EditRequest(MIDDLE, "desert", seed=1), 256))
    edits.paint(world, painter, number, MIDDLE, lambda stage, done, total: None)
    cancel = world.journal.cancel_edit

    def late(asked):
        world.journal.finish_edit(asked)
        return cancel(asked)

    monkeypatch.setattr(world.journal, "cancel_edit", late)
    assert edits.undo(world, painter, jobs) == {"entry": number, "tiles": len(MIDDLE)}
    assert land(world, REGION) == seen and world.journal.history.state(number) == "undone"


def test_closing_the_app_keeps_an_edit_for_the_next_start(seen, world, painter, tmp_path, monkeypatch):
    jobs = Jobs(tmp_path / "first")
    own = world.model.paint
    monkeypatch.setattr(world.model, "paint", lambda windows: (time.sleep(0.1), own(windows))[1])
    job = edits.start(world, painter, jobs, edits.checked(world, EditRequest(MIDDLE, "desert", seed=3), 256))
    jobs.close()
    assert (
        job.state == "cancelled"
        and world.journal.history.waiting == (job.entry,)
        and land(world, REGION) == seen
    )
    monkeypatch.undo()
    again = Jobs(tmp_path / "second")
    edits.resume(world, painter, again)
    edits.resume(world, painter, again)
    assert len(again.all()) == 1
    over(again.all()[0])
    assert set(changed_pixels(seen, land(world, REGION))) >= set(MIDDLE)
    again.close()


def test_variants_are_what_the_edit_paints_and_keep_nothing(seen, world, painter, jobs):
    data = edits.checked(world, EditRequest(MIDDLE, "desert", seed=5), 256)
    entries, cells = world.counts()["entries"], world.store.count(8)
    seeds, work = edits.variants(world, painter, data, 3)
    files = over(jobs.add("variants", world.id, work)).files
    assert [path.name for path in files] == ["1.png", "2.png", "3.png"] and seeds == [5, 6, 7]
    shown = [path.read_bytes() for path in files]
    assert len(set(shown)) == 3
    assert (
        world.counts()["entries"] == entries and world.store.count(8) == cells and land(world, REGION) == seen
    )
    assert not len(world.drafts)
    job = edit(world, painter, jobs, MIDDLE, seed=seeds[1])
    picked = edits.small_picture(world, job.entry, False)
    assert (picked == pictures.decode(shown[1])).all()
    assert (edits.small_picture(world, job.entry, True) != picked).any()


OTHER = Tile(8, HOME + 8, HOME)
STROKE = Stroke("dark forest", ((1.6e6, -1e5), (1.9e6, -1e5)), 2e5, 3e5)


def test_a_stroke_holds_for_land_that_is_not_painted_yet(seen, world, painter, jobs, atlas):
    plain = atlas.create(NewWorld("Plain", "rocky coast", seed=1))
    paint(painter, plain, [OTHER])
    edits.draw(world, painter, STROKE)
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


def step_at_random(rng, world, painter, jobs):
    """One thing that somebody does."""
    spot = Tile(8, HOME + rng.randrange(-3, 5), HOME + rng.randrange(-3, 5))
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
        edits.draw(world, painter, Stroke(rng.choice(["forest", "lake"]), (place,), 1.5e5, 1e5))
    elif what == "prompt":
        world.journal.set_prompt(rng.choice(["coast", "desert", "ice"]))
    else:
        with suppress(NothingToDo):
            edits.undo(world, painter, jobs) if what == "undo" else edits.redo(world, painter)


@pytest.mark.parametrize(
    ("library", "order"), [*(("stand-in", n) for n in range(5)), ("terra", 5)], indirect=["library"]
)
def test_a_world_is_a_function_of_seed_and_journal(order, atlas, painter, jobs, tmp_path, library):
    """Whatever people did, and in whatever order they looked: the journal, replayed elsewhere with no
    cache and no latents, in another order, gives the same pixels; and so does this world, all its
    tiles painted anew from its own journal."""
    rng = random.Random(order)
    world = atlas.create(NewWorld("Lived in", "rocky coast", seed=order))
    for _ in range(14):
        step_at_random(rng, world, painter, jobs)
    box = Box(8, HOME - 3, HOME - 3, HOME + 5, HOME + 5)
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


def test_edits_that_cannot_be_are_named(world):
    for request, error, words in (
        (EditRequest([], "x"), BadEdit, "no tile"),
        (EditRequest(MIDDLE, "x", strength=float("nan")), BadEdit, "strength nan"),
        (EditRequest(MIDDLE, "x", strength=0.01), BadEdit, r"0\.1 to 1"),
        (EditRequest([Tile(0, 0, 0)], "x"), TooLarge, "65,536 under 0/0/0"),
        (EditRequest([Tile(8, x, 0) for x in range(300)], "x"), TooLarge, "too many tiles \\(300\\)"),
    ):
        with pytest.raises(error, match=words):
            edits.checked(world, request, 256)
    assert edits.painted_cells(world, [Tile(7, 3, 3), Tile(8, 7, 7)], 9) == {
        Tile(8, x, y) for x in (6, 7) for y in (6, 7)
    }
    assert edits.painted_cells(world, [Tile(10, 24, 24), Tile(10, 25, 24)], 9) == {
        Tile(10, 24, 24), Tile(10, 25, 24),
    }  # fmt: skip
    assert edits.painted_cells(world, [Tile(22, 4, 9)], 9) == {Tile(20, 1, 2)}
    with pytest.raises(BadEdit, match=r"tiles of zooms 8, 10: those of an edit must be of one zoom"):
        edits.painted_cells(world, [Tile(7, 3, 3), Tile(10, 24, 24)], 9)


def test_strokes_that_cannot_be_are_named(world, painter):
    for stroke, words in (
        (Stroke("x", (), 1.0, 0.0), "0 places"),
        (Stroke("x", ((float("nan"), 0.0),), 1.0, 0.0), "metres"),
        (Stroke("x", ((0.0, 0.0),), 0.0, 0.0), "radius"),
        (Stroke("x", ((0.0, 0.0),), 1.0, float("nan")), "softness"),
        (Stroke("x", ((0.0, 0.0),), 1e9, 0.0), "radius"),
        (Stroke("x", ((0.0, 0.0), (1e9, 0.0)), 1e5, 0.0), "may reach"),
    ):
        with pytest.raises(BadEdit, match=words):
            edits.draw(world, painter, stroke)
    assert world.counts()["entries"] == 1
