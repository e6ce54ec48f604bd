"""Crashes, second processes, failing models: nothing is lost, nothing half-written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.disks import full_disk
from tiles import package
from tiles.entries import parse
from tiles.errors import DiskFull, PaintingFailed, WorldDamaged, WorldHeld, WorldNotFound
from tiles.grid import Box, Tile
from tiles.journal import read
from tiles.store import Store

ROOT = Path(__file__).resolve().parents[2]
KILLABLE = """
import os, sys, time
from pathlib import Path
from tiles.grid import Tile
def say(*words):  # in one piece, or a kill in the middle leaves half a line
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
def children():
    \"\"\"Yields in a child for each line of the input; all that is imported before, is so once.\"\"\"
    for line in sys.stdin:
        if child := os.fork():
            os.waitpid(child, 0)
            say("killed")
            continue
        say(os.getpid())
        yield line
"""
COMMITTING = (
    KILLABLE
    + """
import numpy as np
from tiles.store import Store
for start in children():
    store = Store.open(Path(sys.argv[1]))
    for x in range(int(start), 10**9):
        latents = np.full((4, 32, 32), x % 1000, np.float16)
        store.commit({Tile(8, x, 0): latents, Tile(8, x, 1): latents}, 1)
        say(x)
"""
)


class Parent:
    """A process whose children are killed."""

    def __init__(self, code, *words):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen([sys.executable, "-c", code, *map(str, words)], cwd=ROOT, **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with self.process:
            self.process.stdin.close()

    def child(self, word, wait, rest):
        """What a child said that was given a word, and killed ``rest`` seconds after it said ``wait`` lines."""
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        child = int(self.process.stdout.readline())
        lines = [self.process.stdout.readline() for _ in range(wait)]
        time.sleep(rest)
        os.kill(child, signal.SIGKILL)
        while (line := self.process.stdout.readline()) != "killed\n":
            lines.append(line)
        return lines


@pytest.fixture
def library(standin):
    return standin


def test_kill_at_any_moment_loses_no_committed_cell(tmp_path):
    path = tmp_path / "world.db"
    Store.create(path, {"name": "x"}).close()
    rng, start, said = np.random.default_rng(0), 0, []
    with Parent(COMMITTING, path) as parent:
        for _ in range(20):
            said += map(int, parent.child(start, 1, float(rng.random() * 0.05)))
            store = Store.open(path)
            found = store.read_many(Box(8, 0, 0, 10**9, 2))  # every digest is checked
            for x in said:
                assert (found[Tile(8, x, 0)].latents == x % 1000).all()
            rows = [{cell.x for cell in found if cell.y == y} for y in (0, 1)]
            assert rows[0] == rows[1]  # what is committed together is there together
            start = max(rows[0]) + 1
            store.close()
    assert len(said) >= 20


PAINTING = (
    KILLABLE
    + """
import torch  # which takes longer than all else that a child does
from benchmarks.standin import OneModel, StandIn
from explorer.worlds.atlas import Atlas
from explorer.service import edits
from explorer.service.jobs import Jobs
from explorer.service.painter import Painter
library = OneModel(StandIn())
for _ in children():
    world, painter = Atlas(Path(sys.argv[1]), library, 2**24).get("test-land"), Painter()
    painter.listen(lambda event: event.kind == "ready" and say(*event.tile))
    painter.want("me", world, [Tile(8, x, y) for y in range(4) for x in range(1000)])
    time.sleep(600)
"""
)


def test_a_painter_killed_twenty_times_goes_on_where_it_was(atlas, world, painter, tmp_path):
    tiles = [Tile(8, x, y) for y in range(2) for x in range(4)]
    for future in [painter.ask(world, tile) for tile in tiles]:
        future.result(120)
    expected = [world.renderer.tile(tile, "png").data for tile in tiles]
    other = Atlas(tmp_path / "killed", atlas.library, 2**24)
    other.create(NewWorld("Test land", "rocky coast", seed=1))
    other.close()
    rng, told = np.random.default_rng(0), set()
    with Parent(PAINTING, tmp_path / "killed") as parent:
        for _ in range(20):  # after its first line a child is in the middle of painting
            lines = parent.child("paint", 1, float(rng.random() * 0.3))
            told |= {Tile(*map(int, line.split())) for line in lines}
            store = Store.open(tmp_path / "killed" / "test-land" / "world.db")
            assert told <= set(store.read_many(Box(8, 0, 0, 1000, 5)))  # every digest is checked
            store.close()
    other = Atlas(tmp_path / "killed", atlas.library, 2**24)
    again = other.get("test-land")
    for future in [painter.ask(again, tile) for tile in tiles]:
        future.result(120)
    assert [again.renderer.tile(tile, "png").data for tile in tiles] == expected
    painter.forget(again)
    other.close()


LISTENING = '    painter.listen(lambda event: event.kind == "ready" and say(*event.tile))\n'
EDITING = PAINTING.replace(LISTENING, "").replace(  # only what it does itself is of interest
    'painter.want("me", world, [Tile(8, x, y) for y in range(4) for x in range(1000)])',
    """jobs = Jobs(Path(sys.argv[1]) / ".jobs")
    say("begins")
    edits.resume(world, painter, jobs)
    while True:
        if not world.journal.history.waiting:
            tiles = [Tile(8, x, 0) for x in range(3)]
            request = edits.EditRequest(tiles, "desert", seed=len(world.journal.history.steps))
            number = edits.start(world, painter, jobs, edits.checked(world, request, 99)).entry
            say("written", number)
        while world.journal.history.waiting:
            time.sleep(0.001)
        say("done", world.journal.history.steps[-1])""",
)


def test_edits_killed_twenty_times_are_whole_or_waiting_and_never_lost(atlas, world, painter, tmp_path):
    """Whatever was said to be written or done is so after the kill, what is shown of an edit is all of
    it, and at the end the world is what its journal makes elsewhere."""
    other = Atlas(tmp_path / "killed", atlas.library, 2**24)
    other.create(NewWorld("Test land", "rocky coast", seed=1))
    other.close()
    rng, cells = np.random.default_rng(1), [Tile(8, x, 0) for x in range(3)]
    with Parent(EDITING, tmp_path / "killed") as parent:
        for _ in range(20):
            lines = parent.child("edit", rng.integers(1, 5), float(rng.random() * 0.3))
            store = Store.open(tmp_path / "killed" / "test-land" / "world.db")
            history = read((e.number, parse(e.kind, e.data)) for e in store.journal())
            for line in lines:
                what, *number = line.split()
                if what in ("written", "done"):
                    state = history.state(int(number[0]))
                    assert state == "done" if what == "done" else state in ("waiting", "done")
            shown = {store.read(cell).entry for cell in cells if store.read(cell)}  # digests are checked
            top = [n for n in history.steps if n in history.edits()][-1:]
            assert not top or shown == set(top)
            store.close()
    assert len(history.steps) > 2
    other, elsewhere = (Atlas(tmp_path / name, atlas.library, 2**24) for name in ("killed", "elsewhere"))
    again = other.get("test-land")
    for number in again.journal.history.waiting:
        again.journal.cancel_edit(number)
    package.pack(again.store, tmp_path / "file")
    copy = elsewhere.unpack(tmp_path / "file")
    for each in (again, copy):
        for future in [painter.ask(each, cell) for cell in cells]:
            future.result(120)
    assert [again.renderer.tile(c, "png").data for c in cells] == [
        copy.renderer.tile(c, "png").data for c in cells
    ]
    painter.forget(again)
    painter.forget(copy)
    other.close()
    elsewhere.close()


def test_a_second_process_reads_and_says_who_paints(atlas, world, painter, library):
    painter.ask(world, Tile(8, 1, 1)).result(120)
    second = Atlas(atlas.folder, library, 2**24)  # a lock of its own, as another process would have
    seen = second.get("test-land")
    assert seen.readonly and f"process {os.getpid()}" in seen.access.reason
    assert seen.renderer.tile(Tile(8, 1, 1), "png").data == world.renderer.tile(Tile(8, 1, 1), "png").data
    for change in (
        lambda: seen.journal.set_prompt("x"),
        lambda: seen.rename("x"),
        lambda: second.delete("test-land"),
    ):
        with pytest.raises(WorldHeld, match="is being painted by"):
            change()
    second.close()
    assert not Atlas(atlas.folder, library, 2**24).get("test-land").renderer.disk_full


class Failing:
    """A model that raises, or runs out of memory, until told otherwise."""

    def __init__(self, model, error):
        self.traits, self.device, self.decode = model.traits, model.device, model.decode
        self.error, self.model = error, model

    def paint(self, windows):
        if self.error:
            raise self.error
        return self.model.paint(windows)


def test_a_model_that_raises_is_reported_and_nothing_is_cached(world, painter):
    model = world.model
    world.model = Failing(model, RuntimeError("out of memory\nand more"))
    with pytest.raises(PaintingFailed, match=r"out of memory$"):
        painter.ask(world, Tile(8, 0, 0)).result(60)
    assert world.counts()["cells"] == 0 and world.renderer.tile(Tile(8, 0, 0), "png") is None
    status = painter.status()
    assert status.alive and "out of memory" in str(status.error)
    world.model = model
    painter.ask(world, Tile(8, 40, 40)).result(120)
    assert painter.status().error is None


def test_a_full_disk_refuses_painting_and_still_serves(world, painter):
    painter.ask(world, Tile(8, 1, 1)).result(120)
    before = world.renderer.tile(Tile(8, 1, 1), "png").data
    with full_disk(world.store.path.parent):
        with pytest.raises(DiskFull):
            for x in range(10, 400, 10):
                painter.ask(world, Tile(8, x, 1)).result(120)
        assert world.renderer.tile(Tile(8, 1, 1), "png").data == before


def test_painting_goes_on_soon_after_room_is_made(world, painter, monkeypatch):
    """However often it failed before: a full disk is no fault of the cell, which other failures let rest for up
    to a minute."""
    monkeypatch.setattr("explorer.service.painter.FULL_DISK_PAUSE", 0.05)
    heard = []
    stop = painter.listen(lambda event: heard.append((event.kind, event.tile)))

    def wait_for(times, kind, tile):
        end = time.monotonic() + 15
        while heard.count((kind, tile)) < times:
            assert time.monotonic() < end, heard[-9:]
            time.sleep(0.02)

    with full_disk(world.store.path.parent):
        for x in range(10, 400, 10):
            try:
                painter.ask(world, Tile(8, x, 1)).result(120)
            except DiskFull:
                break
        heard.clear()
        painter.want("map", world, [Tile(8, x, 1)])
        wait_for(5, "failed", Tile(8, x, 1))
    wait_for(1, "ready", Tile(8, x, 1))
    stop()


@pytest.mark.parametrize("damage", [b"", b"no database" * 1000])
def test_a_damaged_world_is_named_and_the_others_go_on(atlas, world, damage):
    other = atlas.create(NewWorld("Other", "coast"))
    atlas.close()
    for suffix in ("-wal", "-shm"):
        (atlas.folder / "other" / f"world.db{suffix}").unlink(missing_ok=True)
    (atlas.folder / "other" / "world.db").write_bytes(damage)
    with pytest.raises(WorldDamaged, match="other"):
        atlas.get(other.id)
    assert [found.id for found in atlas.summaries()] == ["test-land"]


def test_a_half_made_world_is_none(atlas):
    (atlas.folder / "half").mkdir()
    (atlas.folder / ".crashed.1.part").mkdir()
    assert "half" not in atlas.names()
    with pytest.raises(WorldNotFound):
        atlas.get("half")
