"""Edits as steps: begun, heard of, cancelled, undone, refused."""

import threading
import time

import pytest

from explorer import pictures
from explorer.service import brush, edits
from explorer.service.edits import EditRequest
from explorer.service.jobs import Jobs
from tests.edits import MIDDLE, REGION, changed_pixels, edit, over
from tests.explorer.worlds.test_world import land
from tiles.errors import BadEdit, Busy, NothingToDo, TooLarge
from tiles.grid import Tile
from tiles.journal import Stroke


def wait_for(true):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


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


def test_edits_that_cannot_be_are_named(world):
    for request, error, words in (
        (EditRequest([], "x"), BadEdit, "no tile"),
        (EditRequest(MIDDLE, "x", strength=float("nan")), BadEdit, "strength nan"),
        (EditRequest(MIDDLE, "x", strength=0.01), BadEdit, r"0\.1 to 1"),
        (EditRequest([Tile(0, 0, 0)], "x"), TooLarge, r"65,536\) under 0/0/0"),
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


def test_strokes_that_cannot_be_are_named(world):
    for stroke, words in (
        (Stroke("x", (), 1.0, 0.0), "0 places"),
        (Stroke("x", ((float("nan"), 0.0),), 1.0, 0.0), "metres"),
        (Stroke("x", ((0.0, 0.0),), 0.0, 0.0), "radius"),
        (Stroke("x", ((0.0, 0.0),), 1.0, float("nan")), "softness"),
        (Stroke("x", ((0.0, 0.0),), 1e9, 0.0), "radius"),
        (Stroke("x", ((0.0, 0.0), (1e9, 0.0)), 1e5, 0.0), "may reach"),
    ):
        with pytest.raises(BadEdit, match=words):
            brush.checked(world, stroke)
