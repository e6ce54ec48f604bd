import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import numpy as np
import pytest

from tests.disks import change, full_disk
from tiles.database import LIMIT
from tiles.errors import DiskFull, WorldDamaged, WorldHeld, WorldNotFound
from tiles.grid import Box, Tile
from tiles.store import Known, Mark, Store


def latents(seed: int) -> np.ndarray:
    return np.random.default_rng(abs(seed)).standard_normal((4, 32, 32)).astype(np.float16)


@pytest.fixture
def store(tmp_path):
    store = Store.create(tmp_path / "world.db", {"name": "Nørth", "seed": 2**62})
    yield store
    store.close()


def test_what_is_kept_comes_back_bit_for_bit(store, tmp_path):
    cells = {Tile(8, -3, 10**10 - 1): latents(1), Tile(6, 0, 0): latents(2)}
    store.commit(cells, 7)
    store.append("prompt", {"prompt": "coast ✓", "painted": [[8, 1, 2, 3]]})
    store.close()
    again = Store.open(tmp_path / "world.db")
    for cell, put in cells.items():
        found = again.read(cell)
        assert found.entry == 7 and found.version == 1
        assert found.latents.tobytes() == put.tobytes()
    assert again.settings() == {"name": "Nørth", "seed": 2**62}
    assert [(e.number, e.kind, e.data["prompt"]) for e in again.journal()] == [(1, "prompt", "coast ✓")]
    assert {(cell, entry, shown) for cell, entry, shown in again.paintings()} == {(c, 7, True) for c in cells}
    again.close()


def test_a_painted_cell_is_never_painted_over(store):
    cell = Tile(8, 0, 0)
    store.commit({cell: latents(1)}, 1)
    store.commit({cell: latents(2)}, 1)
    assert store.read(cell).latents.tobytes() == latents(1).tobytes()


def test_every_painting_of_a_cell_stays_and_one_is_shown(store):
    cell, box = Tile(8, 0, 0), Box(8, -1, -1, 2, 2)
    store.commit({cell: latents(1)}, 1)
    store.commit({cell: latents(2)}, 4, shown=False)
    seen = [store.version_sum(box)]
    assert store.read(cell).latents.tobytes() == latents(1).tobytes()
    for entry in (4, 1, 1, 9, 4):  # 9: not painted under that line, so there is nothing to show
        store.append("undone", {"entry": 4}, {cell: entry})
        seen.append(store.version_sum(box))
        found = store.read(cell)
        assert (found and found.entry) == (None if entry == 9 else entry)
        assert found is None or found.latents.tobytes() == latents({1: 1, 4: 2}[entry]).tobytes()
    assert [count for count, _ in seen] == [1, 1, 1, 1, 0, 1]
    totals = [total for _, total in seen]
    assert totals[2] == totals[3] and totals[0] < totals[1] < totals[2]
    assert totals[3] < totals[4] < totals[5]
    assert store.read(cell, 1).latents.tobytes() == latents(1).tobytes() and store.read(cell, 2) is None


def test_a_picture_is_part_of_its_line(store):
    cell, mask = Tile(8, -3, 2), np.zeros((32, 32), bool)
    mask[3:7, 30:] = True
    number = store.append("edit", {"picture": True}, picture={cell: Known(latents(3), mask)}).number
    found = store.picture(number, Box(8, -5, 0, 0, 5))
    assert list(found) == [cell] and (found[cell].mask == mask).all()
    assert found[cell].latents.tobytes() == latents(3).tobytes()
    assert store.picture(number + 1, Box(8, -5, 0, 0, 5)) == {}
    change(store.path, "UPDATE pictures SET mask = zeroblob(128)")
    with pytest.raises(WorldDamaged, match="8/-3/2"):
        store.picture(number, Box(8, -5, 0, 0, 5))


OLD_JOURNAL = """CREATE TABLE journal (number INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
    made TEXT NOT NULL, data TEXT NOT NULL)"""
OLD_CELLS = {
    1: """CREATE TABLE cells (zoom INTEGER, x INTEGER, y INTEGER, entry INTEGER NOT NULL,
        version INTEGER NOT NULL, digest BLOB NOT NULL, latents BLOB NOT NULL, UNIQUE (zoom, x, y))""",
    2: """CREATE TABLE cells (zoom INTEGER, x INTEGER, y INTEGER, entry INTEGER NOT NULL,
        shown INTEGER NOT NULL, version INTEGER NOT NULL, digest BLOB NOT NULL, latents BLOB NOT NULL,
        UNIQUE (zoom, x, y, entry))""",
}
OLD_INDEX = {1: "(zoom, x, y, version)", 2: "(zoom, x, y, shown, version)"}
OLD_PICTURES = """CREATE TABLE pictures (entry INTEGER, zoom INTEGER, x INTEGER, y INTEGER,
    digest BLOB NOT NULL, mask BLOB NOT NULL, latents BLOB NOT NULL, UNIQUE (entry, zoom, x, y))"""


def old_world(path, format):
    """A world.db as the first versions of the app wrote it: one line, one cell."""
    data = latents(1).tobytes()
    digest = hashlib.blake2b(b"8/1/-2/1:" + data, digest_size=16).digest()
    with closing(sqlite3.connect(path)) as old, old:
        for statement in (
            f"PRAGMA application_id = {0x45415254}", f"PRAGMA user_version = {format}",
            "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
            OLD_JOURNAL, OLD_CELLS[format], f"CREATE INDEX cell_versions ON cells {OLD_INDEX[format]}",
            *([OLD_PICTURES] if format == 2 else []),
        ):  # fmt: skip
            old.execute(statement)
        old.execute("INSERT INTO settings VALUES ('name', '\"Old\"')")
        line = ("prompt", "2026-01-02T03:04:05+00:00", '{"prompt": "coast", "painted": []}')
        old.execute("INSERT INTO journal (kind, made, data) VALUES (?, ?, ?)", line)
        shown = (1,) if format == 2 else ()
        row = (8, 1, -2, 1, *shown, 1, digest, data)
        old.execute(f"INSERT INTO cells VALUES ({', '.join('?' * len(row))})", row)
    return data


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("format", [1, 2])
def test_worlds_of_older_formats_open(tmp_path, format, readonly):
    path = tmp_path / "world.db"
    data = old_world(path, format)
    before = path.read_bytes()
    instances = set()
    for _ in range(2):
        store = Store.open(path, readonly)
        assert store.settings() == {"name": "Old"}
        assert [(line.kind, line.data["prompt"]) for line in store.journal()] == [("prompt", "coast")]
        assert store.read(Tile(8, 1, -2)).latents.tobytes() == data
        assert store.version_sum(Box(8, 0, -3, 3, 0)) == (1, 1)
        instances.add(store.instance)
        store.close()
    assert readonly or len(instances) == 1
    assert not readonly or path.read_bytes() == before, "a reader leaves the file as it is"


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE settings SET value = '31' WHERE name = 'seed'", "'seed'"),
        ("UPDATE journal SET data = replace(data, 'coast', 'toast') WHERE number = 1", "line 1"),
        ("UPDATE journal SET made = '2001' WHERE number = 2", "line 2"),
        ("DELETE FROM journal WHERE number = 2", "end of the journal"),
        ("DELETE FROM journal WHERE number = 1", "line 2"),
    ],
)
def test_what_changed_on_disk_is_named_and_never_taken(tmp_path, statement, named):
    store = Store.create(tmp_path / "world.db", {"seed": 11})
    store.append("prompt", {"prompt": "coast", "painted": []})
    store.append("prompt", {"prompt": "desert", "painted": []})
    change(store.path, statement)
    with pytest.raises(WorldDamaged, match=named):
        store.settings(), store.journal()
    store.close()


def test_many_short_threads_leave_few_descriptors(tmp_path):
    stores = [
        Store.create(tmp_path / str(i) / "world.db", {}) for i in range(12) if not (tmp_path / str(i)).mkdir()
    ]
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        threads = [threading.Thread(target=store.count, args=(8,)) for store in stores for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(os.listdir("/proc/self/fd")) <= before + 3 * LIMIT
    for store in stores:
        store.close()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_closing_a_world_that_is_read_from_many_threads_ends_them_in_words(tmp_path):
    """In a process of its own: what goes wrong here ends the process."""
    script = f"""
import threading
from pathlib import Path
from tiles.errors import WorldNotFound
from tiles.grid import Box
from tiles.store import Store
for round in range(40):
    folder = Path({str(tmp_path)!r}) / str(round)
    folder.mkdir()
    store, ends = Store.create(folder / "world.db", {{}}), []
    def read():
        try:
            while True:
                store.read_many(Box(8, 0, 0, 4, 4))
        except WorldNotFound as error:
            ends.append(error)
    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    store.close()
    for thread in threads:
        thread.join()
    assert len(ends) == 8, ends
print("well")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "well", (done.returncode, done.stderr[-2000:])


def test_revisions_come_from_counts_and_sums(store):
    box = Box(8, -2, -2, 2, 2)
    assert store.version_sum(box) == (0, 0) and store.extent(8) is None
    store.commit({Tile(8, x, 0): latents(x) for x in range(-1, 3)}, 1)
    assert store.version_sum(box) == (3, 3)
    assert store.extent(8) == Box(8, -1, 0, 3, 1) and store.count(8) == 4 and store.count(7) == 0


@pytest.mark.parametrize("bad", [np.zeros((4, 32, 31), np.float16), np.zeros((4, 32, 32), np.float32),
                                 np.full((4, 32, 32), np.nan, np.float16)])  # fmt: skip
def test_what_is_no_cell_is_refused_with_all_that_came_with_it(store, bad):
    with pytest.raises(ValueError, match="float16"):
        store.commit({Tile(8, 0, 0): latents(1), Tile(8, 1, 0): bad}, 1)
    assert store.count(8) == 0


def test_a_second_process_reads_while_one_writes(store):
    reader = Store.open(store.path, readonly=True)
    store.commit({Tile(8, 0, 0): latents(1)}, 1)
    assert reader.read(Tile(8, 0, 0)) is not None
    with pytest.raises(WorldHeld):
        reader.append("prompt", {})
    reader.close()


def test_a_full_disk_loses_nothing(store):
    with full_disk(store.path.parent, room=50_000), pytest.raises(DiskFull):
        store.commit({Tile(8, x, 0): latents(x) for x in range(40)}, 1)
    assert store.count(8) == 0
    store.commit({Tile(8, 0, 0): latents(0)}, 1)
    assert store.count(8) == 1


def test_no_file_and_no_world_are_told_apart(tmp_path):
    with pytest.raises(WorldNotFound):
        Store.open(tmp_path / "no" / "world.db")
    assert not (tmp_path / "no").exists()
    other = tmp_path / "world.db"
    sqlite3.connect(other).execute("CREATE TABLE settings (a)").connection.close()
    with pytest.raises(WorldDamaged, match="not an Endless Earth world"):
        Store.open(other)
    other.write_bytes(b"not a database at all" * 500)
    with pytest.raises(WorldDamaged):
        Store.open(other)


def test_boxes_of_any_width_hold_the_same_cells(store):
    cells = {Tile(8, x, y): latents(x * 31 + y) for x in range(-6, 6) for y in range(4)}
    store.commit(cells, 1)
    for box in (
        Box(8, -2, 1, 1, 3),
        Box(8, -5, 0, 5, 2),
        Box(8, 3, 3, 4, 9),
        Box(8, 0, 0, 0, 4),
        Box(7, 0, 0, 3, 3),
    ):
        inside = {cell for cell in cells if box.holds(cell)}
        assert set(store.read_many(box)) == set(store.versions(box)) == inside
        assert {cell for cell, _ in store.painted_in(box)} == inside
        assert store.version_sum(box) == (len(inside), len(inside))


def test_a_look_at_a_few_cells_costs_the_same_in_a_large_world(tmp_path, monkeypatch):
    steps, connect = [], sqlite3.connect

    def counted(*args, **options):
        connection = connect(*args, **options)
        connection.set_progress_handler(lambda: steps.append(None), 10)  # each ten steps of SQLite's machine
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    store, box, costs = (
        Store.create(tmp_path / "world.db", {"name": "Long", "seed": 1}),
        Box(8, 0, 5, 3, 8),
        [],
    )
    for height in (20, 400):
        store.commit({Tile(8, x, y): latents(0) for x in range(3) for y in range(height)}, 1)
        store.version_sum(box)
        steps.clear()
        assert store.version_sum(box) == (9, 9)
        costs.append(len(steps))
    assert costs[1] <= costs[0] + 1
    store.close()


def test_changes_since_a_mark_are_the_new_cells_or_after_a_step_any(store):
    store.append("prompt", {"prompt": "coast", "painted": []})
    mark, cells = store.changes(8, Mark())
    assert cells is None
    store.commit({Tile(8, 1, 2): latents(1), Tile(6, 0, 0): latents(2)}, 1)
    mark, cells = store.changes(8, mark)
    assert cells == [Tile(8, 1, 2)] and store.changes(8, mark) == (mark, [])
    store.append("prompt", {"prompt": "ice", "painted": []})
    mark, cells = store.changes(8, mark)
    assert cells == []
    store.append("undone", {"entry": 2})
    assert store.changes(8, mark)[1] is None
