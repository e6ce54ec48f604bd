import json
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import zipfile
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.disks import change, rows
from tiles import journal, package, rules, schema
from tiles import values as limits
from tiles.entries import parse
from tiles.errors import BadPackage, BadSetting, DiskFull, EarthError, WorldDamaged
from tiles.grid import MAX_INDEX, MAX_ZOOM, Tile
from tiles.latents import USUAL
from tiles.package import form, pack, unpack, writing
from tiles.store import Store

SETTINGS = {
    "name": "Nørth <b>", "seed": 2**62, "model": "terra", "digest": "0123456789abcdef", "base_zoom": 8,
    "home": [1.5, -2.25e6], "sketch": 2, "halo": 8, "created": "2026-01-02T03:04:05+00:00",
}  # fmt: skip
CELLS = [Tile(6, 0, -3), Tile(8, -2, 5), Tile(8, MAX_INDEX, -MAX_INDEX)]


def latents(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((4, 32, 32)).astype(np.float16)


def fill(folder: Path, settings: dict, entries: list, cells: dict) -> Store:
    """A store; entries are (number, kind, data), cells are {cell: (latents, entry, version)}."""
    folder.mkdir(parents=True)
    store = Store.create(folder / "world.db", settings)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        for number, kind, data in entries:
            text = json.dumps(data, ensure_ascii=False)
            schema.add_line(connection, kind, text, "2026-01-02T03:04:05.678+00:00", number)
    history = journal.read((number, parse(kind, data)) for number, kind, data in entries)
    for cell, (data, entry, _) in cells.items():
        store.commit({cell: data}, entry, shown=history.shown(cell) == entry)
    for cell, (_, _, version) in cells.items():
        update = "UPDATE cells SET version = ? WHERE zoom = ? AND x = ? AND y = ?"
        change(store.path, update, (version, *cell))
    return store


def small(folder: Path) -> Store:
    entries = [
        (1, "prompt", {"prompt": "rocky coast ✓", "painted": []}),
        (2, "model", {"digest": "ffffffff"}),
        (5, "prompt", {"prompt": "", "painted": [[6, -3, 0, 1], [8, 5, -2, 1]]}),
    ]
    return fill(
        folder, SETTINGS, entries, {c: (latents(i), (1, 1, 5)[i], i + 1) for i, c in enumerate(CELLS)}
    )


def contents(store: Store) -> tuple:
    """Everything that a store keeps."""
    tables = {
        "settings WHERE name != 'instance'": "*", "journal": "*", "pictures": "*",
        "cells": "zoom, x, y, entry, shown, version, digest, latents",
    }  # fmt: skip
    return tuple(sorted(rows(store.path, f"SELECT {what} FROM {table}")) for table, what in tables.items())


@contextmanager
def folder():
    memory = Path("/dev/shm")  # where syncing a thousand worlds takes no time
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A world, and it as a file without and with latents."""
    folder = tmp_path_factory.mktemp("packed")
    store = small(folder / "world")
    pack(store, folder / "bare")
    pack(store, folder / "full", latents=True)
    yield contents(store), (folder / "bare").read_bytes(), (folder / "full").read_bytes()
    store.close()


def reread(path: Path, folder: Path) -> tuple:
    unpack(path, folder)
    store = Store.open(folder / "world.db")
    found = contents(store)
    store.close()
    return found


def test_all_comes_back_and_nothing_is_left_beside_it(tmp_path, packed):
    (tmp_path / "full").write_bytes(packed[2])
    assert reread(tmp_path / "full", tmp_path / "new") == packed[0]
    (tmp_path / "bare").write_bytes(packed[1])
    assert reread(tmp_path / "bare", tmp_path / "other") == (*packed[0][:2], [], [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bare", "full", "new", "other"]
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["world.db"]


def test_the_name_is_known_before_it_is_unpacked(tmp_path, packed):
    (tmp_path / "full").write_bytes(packed[2])
    assert package.settings(tmp_path / "full")["name"] == SETTINGS["name"]
    (tmp_path / "full").write_bytes(packed[2][:-1])
    with pytest.raises(BadPackage, match="'full'"):
        package.settings(tmp_path / "full")


def test_the_journal_goes_on_after_its_last_number(tmp_path, packed):
    (tmp_path / "bare").write_bytes(packed[1])
    unpack(tmp_path / "bare", tmp_path / "new")
    store = Store.open(tmp_path / "new" / "world.db")
    assert store.append("prompt", {"prompt": "x", "painted": []}).number == 6
    store.close()


def test_the_same_world_gives_the_same_bytes(tmp_path, packed):
    (tmp_path / "full").write_bytes(packed[2])
    unpack(tmp_path / "full", tmp_path / "copy")
    store = Store.open(tmp_path / "copy" / "world.db", readonly=True)
    pack(store, tmp_path / "again", latents=True)
    store.close()
    assert (tmp_path / "again").read_bytes() == packed[2]
    assert len(packed[2]) < len(packed[1]) + 3 * form.record_bytes(USUAL) + 200
    with zipfile.ZipFile(tmp_path / "again") as archive:
        for info in archive.infolist():  # neither the day nor the system of who wrote it
            assert info.date_time == (1980, 1, 1, 0, 0, 0) and info.create_system == 3
            assert info.external_attr == 0o644 << 16


texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=80)
indices = st.integers(-MAX_INDEX, MAX_INDEX)
addresses = st.builds(Tile, st.integers(0, MAX_ZOOM), indices, indices)
counts = st.integers(1, 2**31 - 1)
runs = st.tuples(st.integers(0, MAX_ZOOM), indices, st.integers(-MAX_INDEX, 0), st.integers(1, 10_000)).map(
    list
)
prompts = st.fixed_dictionaries({"prompt": texts, "painted": st.lists(runs, max_size=3)})


@st.composite
def worlds(draw):
    places = st.floats(-limits.HOME_LIMIT, limits.HOME_LIMIT)
    changes = {
        "name": draw(texts.filter(str.strip)),
        "seed": draw(st.integers(0, 2**63 - 1)),
        "home": [draw(places), draw(places)],
        "base_zoom": draw(st.integers(3, MAX_ZOOM)),
        "sketch": draw(st.integers(0, 3)),
    }
    numbers = sorted(draw(st.sets(counts, min_size=1, max_size=4)))
    entries = [(number, "prompt", draw(prompts)) for number in numbers]
    cells = {
        cell: (latents(draw(st.integers(0, 9))), draw(st.sampled_from(numbers)), draw(counts))
        for cell in draw(st.sets(addresses, max_size=4))
    }
    return {**SETTINGS, **changes}, entries, cells


@settings(max_examples=40)
@given(world=worlds(), whole=st.booleans())
def test_any_world_survives_the_journey(world, whole):
    with folder() as here:
        store = fill(here / "world", *world)
        pack(store, here / "file", whole)
        was = contents(store)
        store.close()
        assert reread(here / "file", here / "new") == (was if whole else (*was[:2], [], []))


def damaged(data: bytes, was: tuple) -> bool:
    """Whether ``data`` is refused in one line, leaving nothing; otherwise it must be the same world."""
    with folder() as here:
        (here / "file").write_bytes(data)
        try:
            found = reread(here / "file", here / "new")
        except BadPackage as error:
            said = str(error)
        else:
            assert found == was
            return False
        assert said.startswith("'file': ") and "\n" not in said and len(said) < 400
        assert [p.name for p in here.iterdir()] == ["file"]
        return True


def test_every_flipped_byte_is_refused_or_changes_nothing(packed):
    was, data, _ = packed
    bare = (*was[:2], [], [])
    kept = 0
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 0xFF
        kept += not damaged(bytes(flipped), bare)
    assert kept <= 41 * 3  # of each member: its dates, mode, versions, of no account


@settings(max_examples=150)
@given(place=st.integers(0, 10**6), bits=st.integers(1, 255))
def test_a_flipped_byte_with_latents_is_refused_or_changes_nothing(packed, place, bits):
    flipped = bytearray(packed[2])
    flipped[place % len(flipped)] ^= bits
    damaged(bytes(flipped), packed[0])


def test_every_part_of_a_file_is_refused(packed):
    was, data, full = packed
    for end in [*range(0, len(data), 7), len(data) - 1]:
        assert damaged(data[:end], was)
    assert damaged(full[: len(full) // 2], was)
    assert damaged(full + b"\0", was) and damaged(b"\0" + full, was)


def test_an_unpacked_world_shows_and_paints_the_same_land(atlas, world, painter, bundle, tmp_path):
    home = Tile(8, 1, 1)
    painter.ask(world, home).result(120)
    world.journal.set_prompt("desert")
    painter.ask(world, Tile(8, 5, 1)).result(120)
    pictures = [world.renderer.tile(tile, "png").data for tile in (home, Tile(8, 5, 1))]
    assert world.store.settings()["model"] == str(bundle)
    for latents in (True, False):
        pack(world.store, tmp_path / "file", latents)
        copy = f"copy-{latents}".lower()
        unpack(tmp_path / "file", atlas.folder / copy, model=str(bundle))
        again = atlas.get(copy)
        assert again.counts()["cells"] == (world.counts()["cells"] if latents else 0)
        assert (again.name, again.seed, again.journal.prompt) == (world.name, world.seed, "desert")
        assert again.counts()["entries"] == 2  # it found the model that it was painted with
        if not latents:
            for tile in (Tile(8, 5, 1), home):
                painter.ask(again, tile).result(120)
        assert [again.renderer.tile(tile, "png").data for tile in (home, Tile(8, 5, 1))] == pictures


def test_a_model_in_a_folder_goes_by_its_name(tmp_path):
    for model, name in [
        ("/home/me/models/my land", "my land"), (r"C:\models\terra2", "terra2"),
        ("lcybuaa/Text2Earth", "lcybuaa/Text2Earth"), ("../x/y/", "y"),
    ]:  # fmt: skip
        store = fill(
            tmp_path / "w", {**SETTINGS, "model": model}, [(1, "prompt", {"prompt": "", "painted": []})], {}
        )
        pack(store, tmp_path / "file")
        store.close()
        unpack(tmp_path / "file", tmp_path / "new")
        again = Store.open(tmp_path / "new" / "world.db")
        assert again.settings()["model"] == name
        again.close()
        shutil.rmtree(tmp_path / "w")
        shutil.rmtree(tmp_path / "new")


def test_what_is_painted_meanwhile_is_not_half_in_it(tmp_path, monkeypatch):
    """A new entry and a cell under it, between the reading of the journal and that of the cells."""
    store = small(tmp_path / "world")
    was, lines = contents(store), store.journal

    def paint():
        data = {"prompt": "y", "painted": journal.outline(CELLS)}
        store.commit({Tile(8, 100, 0): latents(0)}, store.append("prompt", data).number)

    def read():
        found = lines()
        thread = threading.Thread(target=paint)
        thread.start()
        thread.join()
        return found

    monkeypatch.setattr(store, "journal", read)
    pack(store, tmp_path / "file", latents=True)
    assert reread(tmp_path / "file", tmp_path / "new") == was
    monkeypatch.undo()
    assert contents(store) != was  # this thread sees what is new again
    pack(store, tmp_path / "file", latents=True)
    assert reread(tmp_path / "file", tmp_path / "newer") == contents(store)
    store.close()


def test_a_world_that_fits_in_no_file_is_named_and_leaves_none(tmp_path, monkeypatch):
    store = small(tmp_path / "world")
    (tmp_path / "file").write_text("there before")
    rooms = [(writing, "MAX_CELLS"), (rules, "MAX_LINE"), (rules, "MAX_ENTRIES"), (rules, "MAX_LISTS")]
    for room, name in rooms:
        with monkeypatch.context() as patch, pytest.raises(BadPackage, match="'file'"):
            patch.setattr(room, name, 2)
            pack(store, tmp_path / "file", latents=True)
    change(store.path, "UPDATE cells SET latents = zeroblob(8192) WHERE zoom = 6")
    with pytest.raises(WorldDamaged, match="6/0/-3"):
        pack(store, tmp_path / "file", latents=True)
    assert (tmp_path / "file").read_text() == "there before"
    with pytest.raises(EarthError):
        pack(store, tmp_path / "none" / "file")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "world"]
    store.close()


def test_a_full_disk_leaves_nothing(tmp_path, packed, monkeypatch):
    (tmp_path / "full").write_bytes(packed[2])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 0}))
    with pytest.raises(DiskFull, match="bytes of free disk"):
        unpack(tmp_path / "full", tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir()] == ["full"]


def test_a_folder_that_is_there_stays_as_it_is(tmp_path, packed):
    (tmp_path / "bare").write_bytes(packed[1])
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("there", "link", "bare"):
        with pytest.raises(BadSetting, match="exists already"):
            unpack(tmp_path / "bare", tmp_path / name)
    assert not list((tmp_path / "there").iterdir())


@pytest.mark.skipif(not shutil.which("b2sum"), reason="b2sum is a part of GNU coreutils")
def test_other_tools_can_read_and_check_it(tmp_path, packed):
    (tmp_path / "full").write_bytes(packed[2])
    with zipfile.ZipFile(tmp_path / "full") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    said = subprocess.run(["b2sum", "-c", "b2sums"], cwd=tmp_path / "out", capture_output=True, text=True)
    assert said.returncode == 0 and said.stdout.count("OK") == 3
    assert json.loads((tmp_path / "out" / "world.json").read_text())["settings"] == SETTINGS
    record = (tmp_path / "out" / "cells.bin").read_bytes()[: form.record_bytes(USUAL)]
    assert np.frombuffer(record[:40], "<i8").tolist() == [6, 0, -3, 1, 1]
    assert (np.frombuffer(record[56:], "<f2").reshape(4, 32, 32) == latents(0)).all()
