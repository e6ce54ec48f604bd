from contextlib import closing

import numpy as np
import pytest

from tests.disks import change, rows
from tiles.errors import WorldDamaged
from tiles.grid import Tile
from tiles.repair import check, repair
from tiles.store import Known, Store
from tiles.world_file import WorldFile

SETTINGS = {
    "name": "Land", "seed": 11, "model": "terra", "digest": "0" * 16, "base_zoom": 8, "home": [0, 0],
    "sketch": 0, "halo": 8, "created": "2026-01-02T03:04:05+00:00",
}  # fmt: skip
LAND, EDITED = Tile(8, 1, 2), Tile(8, 3, 4)
LATENTS = np.ones((4, 32, 32), np.float16)
EDIT = {
    "cells": [[8, 4, 3, 1]], "prompt": "ice", "negative_prompt": "", "strength": 1.0, "seed": 1,
    "picture": True,
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    """A world of two lines: land, and an edit with a picture."""
    path = tmp_path / "world.db"
    store = Store.create(path, SETTINGS)
    store.append("prompt", {"prompt": "coast", "painted": []})
    store.append("edit", EDIT, picture={EDITED: Known(LATENTS, np.ones((32, 32), bool))})
    store.commit({LAND: LATENTS, EDITED: LATENTS}, 1)
    store.commit({EDITED: LATENTS}, 2, shown=False)
    store.close()
    return path


def found(path, look=check):
    with closing(WorldFile.open(path, readonly=look is check)) as file:
        return [(damage.place, damage.mendable) for damage in look(file)]


def test_a_whole_world_has_no_damage(path):
    before = rows(path, "SELECT * FROM settings")
    assert found(path) == found(path, repair) == []
    assert rows(path, "SELECT * FROM settings") == before


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("UPDATE settings SET value = '31' WHERE name = 'seed'", "setting 'seed'"),
        ("UPDATE settings SET value = CAST(x'ff' AS TEXT) WHERE name = 'name'", "setting 'name'"),
        ("DELETE FROM settings WHERE name = 'halo'", "setting 'halo'"),
        ("UPDATE journal SET data = replace(data, 'coast', 'toast')", "line 1 of the journal"),
        ("UPDATE journal SET data = CAST(x'fe' AS TEXT) WHERE number = 2", "line 2 of the journal"),
        ("DELETE FROM journal WHERE number = 1", "line 2 of the journal"),
        ("DELETE FROM journal WHERE number = 2", "the journal"),
        ("UPDATE cells SET latents = zeroblob(8192) WHERE entry = 2", "cell 8/3/4 of line 2"),
        ("UPDATE pictures SET mask = zeroblob(128)", "the picture of line 2 at cell 8/3/4"),
    ],
)
def test_what_only_people_know_is_named_and_left_as_it_is(path, statement, place):
    change(path, statement)
    tables = ("settings", "journal", "cells", "pictures")
    before = (
        [rows(path, f"SELECT *, typeof(digest) FROM {t}") for t in tables] if "x'f" not in statement else 0
    )
    assert found(path) == [(place, False)]
    assert found(path, repair) == []
    if before:
        assert [rows(path, f"SELECT *, typeof(digest) FROM {t}") for t in tables] == before
    assert found(path) == [(place, False)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cells SET latents = zeroblob(8192)",
        "UPDATE cells SET latents = 7",
        "UPDATE cells SET digest = x'00'",
    ],
)
def test_damaged_land_is_removed_and_no_picture_from_before_is_shown(path, statement):
    instance = Store.open(path).instance
    change(path, f"{statement} WHERE zoom = 8 AND x = 1 AND entry = 1")
    assert found(path) == found(path, repair) == [("cell 8/1/2 of line 1", True)]
    store = Store.open(path)
    assert (
        store.read(LAND) is None and store.read(EDITED, 1) is not None and store.read(EDITED, 2) is not None
    )
    assert store.instance != instance
    store.close()
    assert found(path) == []


def test_a_damaged_instance_is_made_anew(path):
    change(path, "UPDATE settings SET value = 'x' WHERE name = 'instance'")
    with pytest.raises(WorldDamaged):
        Store.open(path).settings()
    assert found(path, repair) == [("setting 'instance'", True)]
    assert len(Store.open(path).instance) == 16


def test_a_file_that_is_no_database_is_said_to_be_none(path):
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(WorldDamaged):
        found(path)
