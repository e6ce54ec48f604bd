"""Hostile archives: refused by a line that names what is wrong, nothing changed, little memory."""

import os
import pickle
import struct
import zipfile

import pytest

from tests.packages import ENTRY, MEBIBYTE, RUN, SETTINGS, members, put, record, summed
from tiles.errors import BadPackage, EarthError
from tiles.grid import Tile
from tiles.latents import USUAL
from tiles.package import form, unpack
from tiles.store import Store


def test_what_is_built_here_is_read_where_nothing_is_wrong(tmp_path):
    later = {**ENTRY, "number": 7, "data": {"prompt": "{[", "painted": [RUN]}}
    cells = [record(), record(x=1, entry=7, version=3)]
    unpack(put(tmp_path / "file", summed(members(journal=[ENTRY, later], cells=cells))), tmp_path / "new")
    store = Store.open(tmp_path / "new" / "world.db")
    assert store.read(Tile(8, 1, 0)).version == 3 and store.settings() == SETTINGS
    store.close()


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "it begins differently"), (b"PK", "begins differently"), (b"\x7fELF" + bytes(500), "begins differently"),
     (pickle.dumps({"a": 1}) + bytes(100), "begins differently"), (b"SQLite format 3\0" * 50, "begins differently"),
     (b"PK\3\4" + bytes(500), "its end is missing"), (b"PK\3\4", "its end is missing"),
     (b"PK\5\6" + bytes(18), "begins differently")],
)  # fmt: skip
def test_other_files_are_none(tmp_path, refused, data, why):
    (tmp_path / "file").write_bytes(data)
    refused(tmp_path / "file", why)


def test_what_is_no_file_is_none(tmp_path, refused):
    os.mkfifo(tmp_path / "pipe")
    for name in ("none", "pipe", "."):
        with pytest.raises(BadPackage, match="does not exist"):
            unpack(tmp_path / name, tmp_path / "new")
    with pytest.raises(EarthError):
        unpack(put(tmp_path / "file", summed(members())), tmp_path / "no" / "folder" / "new")


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/passwd", "..\\evil", "C:\\evil", "world.json/../../evil", "readme.txt", "WORLD.JSON", "", "a" * 3000,
     "x\n\x1b[31mred", "world.json\0", "lock", "world.db", "cells.bin/"],
)  # fmt: skip
def test_members_that_no_world_has(tmp_path, refused, name):
    put(tmp_path / "file", summed(members()))
    with zipfile.ZipFile(tmp_path / "file", "a") as archive:
        info = zipfile.ZipInfo("x")
        info.filename = name  # as it is, for ZipInfo's own cleaning would spoil it
        archive.writestr(info, b"evil")
    refused(tmp_path / "file", "does not belong in a world file")


def test_members_twice_missing_or_in_another_order(tmp_path, refused):
    good = summed(members(cells=[record()]))
    for found, why in [
        (good[:3], "lacks b2sums"), (good[1:], "lacks world.json"), (good[:1] + good[3:], "lacks journal.jsonl"),
        ([good[1], good[0], *good[2:]], "not in order"), (good[:2] + good[3:], "b2sums has 3 lines"),
    ]:  # fmt: skip
        refused(put(tmp_path / "file", found), why)
    with pytest.warns(UserWarning, match="Duplicate"):
        put(tmp_path / "file", [*good, good[0]])
    refused(tmp_path / "file", "holds world.json twice")


def test_sums_that_are_wrong_name_the_member(tmp_path, refused):
    for place, name in enumerate(("world.json", "journal.jsonl", "cells.bin")):
        found = summed(members(cells=[record()]))
        found[place] = (name, found[place][1][:-1] + b" ")
        refused(put(tmp_path / "file", found), f"{name} is damaged: its digest")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members_are_never_opened(tmp_path, refused, compression):
    bomb = [("world.json", bytes(64 * MEBIBYTE)), *members()[1:]]
    refused(put(tmp_path / "file", summed(bomb), compression), "world.json is compressed")


def test_members_that_are_too_large(tmp_path, refused):
    for name, size in [("world.json", 2**16), ("b2sums", 2**10)]:
        found = [(n, bytes(size + 1) if n == name else data) for n, data in summed(members())]
        refused(put(tmp_path / "file", found), f"{name} claims {size + 1} bytes; at most {size}")


@pytest.mark.parametrize(("field", "at"), [("compressed", 20), ("real", 24)])
def test_sizes_that_are_not_so(tmp_path, refused, field, at):
    """Sizes in the list of members that are not those of the bytes."""
    found = summed(members(cells=[record()]))
    for sizes, why in [((2**30,), "claims"), ((1,), "claims"), ((2**32 - 1,), "")]:
        data = bytearray(put(tmp_path / "file", found).read_bytes())
        struct.pack_into("<L", data, data.rindex(b"PK\1\2", 0, data.rindex(b"b2sums")) + at, sizes[0])
        (tmp_path / "file").write_bytes(data)
        refused(tmp_path / "file", why)
    for size in (form.record_bytes(USUAL) * 1000, 2**31, 10):  # both sizes say the same, but the bytes do not
        data = bytearray(put(tmp_path / "file", found).read_bytes())
        struct.pack_into("<2L", data, data.rindex(b"PK\1\2", 0, data.rindex(b"cells.bin")) + 20, size, size)
        (tmp_path / "file").write_bytes(data)
        refused(tmp_path / "file", "")


def test_a_list_of_members_that_is_huge_or_elsewhere(tmp_path, refused):
    good = put(tmp_path / "file", summed(members())).read_bytes()
    start = good.index(b"PK\1\2")
    for count, length, body in [
        (50_000, 46 * 50_000, b"PK\1\2" + bytes(42)), (60_000, len(good) - 22 - start, b""), (3, 9000, bytes(9000)),
    ]:  # fmt: skip
        listed = body * (length // len(body)) if body else good[start:-22]
        end = form.END.pack(b"PK\5\6", 0, 0, count, count, len(listed), start, 0)
        (tmp_path / "file").write_bytes(good[:start] + listed[: length or None] + end)
        refused(tmp_path / "file", "at most 5 are allowed")
    locator = b"PK\6\7" + struct.pack("<LQL", 0, 0, 1)
    listed = good[start:-22] + locator  # which leads zipfile to another, larger list
    end = form.END.pack(b"PK\5\6", 0, 0, 3, 3, len(listed), start, 0)
    for changed in (good[:start] + listed + end, good + b"more", good[:-2] + b"\4\0more", b"#!" + good):
        (tmp_path / "file").write_bytes(changed)
        refused(
            tmp_path / "file", "not a world file" if changed[:2] == b"#!" else "not a complete world file"
        )


def test_links_and_devices_are_not_followed_into(tmp_path, refused):
    put(tmp_path / "file", summed(members()))
    with zipfile.ZipFile(tmp_path / "file") as archive:
        infos = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(tmp_path / "file", "w") as archive:
        for name, data in infos.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o120777 << 16  # says it is a symbolic link
            archive.writestr(info, data)
    unpack(tmp_path / "file", tmp_path / "new")  # nothing is ever extracted by name
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["world.db"]
    assert not any(p.is_symlink() for p in tmp_path.rglob("*"))
