import sqlite3

import numpy as np
import pytest

from tiles.errors import DiskFull, WorldDamaged, WorldNotFound
from tiles.grid import Box, Tile
from tiles.store import Known, Store, cell_digest


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
    with store._database.write() as connection:
        connection.execute("UPDATE pictures SET mask = zeroblob(128)")
    with pytest.raises(WorldDamaged, match="8/-3/2"):
        store.picture(number, Box(8, -5, 0, 0, 5))


def test_a_world_of_the_first_format_is_brought_up_to_date(tmp_path):
    path = tmp_path / "world.db"
    Store.create(path, {"name": "Old"}).close()
    old = sqlite3.connect(path)
    for statement in (
        "DROP TABLE cells", "DROP TABLE pictures", "PRAGMA user_version = 1",
        """CREATE TABLE cells (
            zoom INTEGER, x INTEGER, y INTEGER, entry INTEGER NOT NULL, version INTEGER NOT NULL,
            digest BLOB NOT NULL, latents BLOB NOT NULL, UNIQUE (zoom, x, y))""",
        "CREATE INDEX cell_versions ON cells (zoom, x, y, version)",
    ):  # fmt: skip
        old.execute(statement)
    data = latents(1).tobytes()
    row = (8, 1, -2, 1, 1, cell_digest(Tile(8, 1, -2), 1, data), data)
    old.execute("INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    old.commit()
    old.close()
    for _ in range(2):
        store = Store.open(path)
        assert store.read(Tile(8, 1, -2)).latents.tobytes() == data
        assert store.version_sum(Box(8, 0, -3, 3, 0)) == (1, 1)
        store.close()


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
    with pytest.raises(sqlite3.OperationalError):
        reader.append("prompt", {})
    reader.close()


def test_a_full_disk_loses_nothing(store):
    with store._database.write() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    store._database._writer.execute(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(DiskFull):
        store.commit({Tile(8, x, 0): latents(x) for x in range(20)}, 1)
    assert store.count(8) == 0
    store._database._writer.execute("PRAGMA max_page_count = 100000")
    store.commit({Tile(8, 0, 0): latents(0)}, 1)
    assert store.count(8) == 1


def test_no_file_and_no_world_are_told_apart(tmp_path):
    with pytest.raises(WorldNotFound):
        Store.open(tmp_path / "no" / "world.db")
    assert not (tmp_path / "no").exists()
    other = tmp_path / "world.db"
    sqlite3.connect(other).execute("CREATE TABLE settings (a)").connection.close()
    with pytest.raises(WorldDamaged, match="no Endless Earth world"):
        Store.open(other)
    other.write_bytes(b"not a database at all" * 500)
    with pytest.raises(WorldDamaged):
        Store.open(other)
