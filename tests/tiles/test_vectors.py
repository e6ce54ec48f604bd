import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tiles.grid import Tile
from tiles.vectors import Vectors


def unit(*numbers):
    vector = np.array(numbers, np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def vectors(tmp_path):
    made = Vectors(tmp_path / "search.db", "stamp")
    yield made
    made.close()


EAST, NORTH = unit(1, 0, 0), unit(0, 1, 0)
BOTH = unit(1, 1, 0)
HERE, THERE, DEEP = Tile(8, 1, 2), Tile(8, -5, 2**30), Tile(12, 7, 7)


def test_what_agrees_best_comes_first(vectors):
    for tile, vector in ((HERE, EAST), (THERE, NORTH), (DEEP, BOTH)):
        vectors.put(tile, 3, vector)
    first, second = vectors.nearest(EAST, 2)
    assert (first.tile, first.revision) == (HERE, 3) and first.agreement == pytest.approx(1, abs=0.01)
    assert second.tile == DEEP and second.agreement == pytest.approx(2**-0.5, abs=0.01)
    assert [match.tile for match in vectors.nearest(EAST, 9, zoom=8)] == [HERE, THERE]
    assert vectors.nearest(EAST, 5, zoom=3) == []


def test_a_tile_is_kept_once_as_it_was_seen_last(vectors):
    for revision in range(1, 100):  # more than are kept in memory
        vectors.put(HERE, revision, EAST if revision < 99 else NORTH)
    assert vectors.revisions() == {HERE: 99}
    assert vectors.nearest(NORTH, 5)[0].agreement == pytest.approx(1, abs=0.01)


def test_vectors_outlive_the_process_and_no_change_of_what_they_are_made_from(tmp_path):
    path = tmp_path / "search.db"
    for stamp, before in (("a", {}), ("a", {HERE: 1}), ("b", {}), ("b", {HERE: 1})):
        vectors = Vectors(path, stamp)
        assert vectors.revisions() == before
        vectors.put(HERE, 1, EAST)
        vectors.close()
        assert vectors.nearest(EAST, 3) == []


def test_nothing_is_made_before_it_is_needed(tmp_path):
    Vectors(tmp_path / "search.db").close()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_made_anew_and_one_that_cannot_be_is_no_error(tmp_path, caplog):
    path = tmp_path / "search.db"
    path.write_bytes(b"no database" * 1000)
    vectors = Vectors(path)
    vectors.put(HERE, 1, EAST)
    assert len(vectors.nearest(EAST, 3)) == 1
    vectors.close()
    folder = tmp_path / "folder.db"
    folder.mkdir()
    for other in (Vectors(folder), Vectors(tmp_path / "none.db", readonly=True)):
        other.put(HERE, 1, EAST)
        assert other.nearest(EAST, 3) == []
        other.close()
    assert "cannot be used" in caplog.text


def test_vectors_of_another_width_are_passed_over(vectors, tmp_path):
    vectors.put(HERE, 1, EAST)
    assert len(vectors.nearest(EAST, 3)) == 1
    with sqlite3.connect(tmp_path / "search.db") as connection:
        connection.execute("INSERT INTO vectors VALUES (8, 3, 3, 1, x'7f')")
    connection.close()
    assert [match.tile for match in vectors.nearest(EAST, 3)] == [HERE]


@settings(max_examples=30)
@given(st.data())
def test_the_nearest_are_those_of_a_full_comparison(tmp_path_factory, data):
    count = data.draw(st.integers(1, 60))
    found = data.draw(arrays(np.float32, (count, 8), elements=st.floats(-1, 1, width=32)))
    sheet = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-6)
    vectors = Vectors(tmp_path_factory.mktemp("v") / "search.db")
    for index, vector in enumerate(sheet):
        vectors.put(Tile(8, index, 0), 1, vector)
    wanted = unit(*data.draw(arrays(np.float32, 8, elements=st.floats(0.125, 1, width=32))))
    limit = data.draw(st.integers(1, 12))
    best = np.sort(sheet @ wanted)[::-1][:limit]
    assert [m.agreement for m in vectors.nearest(wanted, limit)] == pytest.approx(best.tolist(), abs=0.02)
    vectors.close()
