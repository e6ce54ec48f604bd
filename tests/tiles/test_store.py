import sqlite3

import numpy as np
import pytest

from tiles.errors import DiskFull, WorldDamaged, WorldNotFound
from tiles.grid import Box, Tile
from tiles.store import Store


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
    assert set(again.cells()) == set(cells)
    again.close()


def test_a_painted_cell_is_never_painted_over(store):
    cell = Tile(8, 0, 0)
    store.commit({cell: latents(1)}, 1)
    store.commit({cell: latents(2)}, 2)
    assert store.read(cell).latents.tobytes() == latents(1).tobytes()
    assert store.read(cell).entry == 1


def test_revisions_come_from_counts_and_sums(store):
    box = Box(8, -2, -2, 2, 2)
    assert store.version_sum(box) == (0, 0) and store.extent(8) is None
    store.commit({Tile(8, x, 0): latents(x) for x in range(-1, 3)}, 1)
    assert store.version_sum(box) == (3, 3)
    assert store.versions(box) == {Tile(8, x, 0): 1 for x in (-1, 0, 1)}
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
