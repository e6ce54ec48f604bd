"""Hostile world files: refused by a line that names what is wrong, nothing changed, little memory."""

import hashlib
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tiles import entries, rules
from tiles.errors import BadPackage, EarthError
from tiles.grid import Tile
from tiles.package import form, unpack
from tiles.store import Store, cell_digest

MEBIBYTE = 2**20
SETTINGS = {
    "name": "n", "seed": 1, "model": "terra", "digest": "0123456789abcdef", "base_zoom": 8,
    "home": [0, 0.5], "sketch": 2, "halo": 8, "created": "2026-01-02T03:04:05+00:00",
}  # fmt: skip
WORLD = {"format": "endless-earth", "version": 1, "settings": SETTINGS}
ENTRY = {
    "number": 1, "kind": "prompt", "made": "2026-01-02T03:04:05+00:00", "data": {"prompt": "p", "painted": []},
}  # fmt: skip
RUN = [8, 5, -2, 3]


def record(z=8, x=0, y=0, entry=1, version=1, data=bytes(8192), digest=None):
    return form.HEAD.pack(z, x, y, entry, version, digest or cell_digest(Tile(z, x, y), entry, data)) + data


def text(value) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def members(world=WORLD, journal=(ENTRY,), cells=None) -> list:
    found = [
        ("world.json", text(world)),
        ("journal.jsonl", b"".join(text(entry) + b"\n" for entry in journal)),
    ]
    return found if cells is None else [*found, ("cells.bin", b"".join(cells))]


def summed(found: list) -> list:
    """With sums that are right: hostile in itself, not damaged."""
    lines = [f"{hashlib.blake2b(data, digest_size=32).hexdigest()}  {name}\n" for name, data in found]
    return [*found, ("b2sums", "".join(lines).encode())]


def put(path: Path, found: list, compression=zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in found:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return path


@pytest.fixture
def refused(tmp_path):
    """Checks that a file is refused with words that say why."""

    def check(path: Path, why: str, most: int = 3 * MEBIBYTE) -> None:
        before = sorted(p.name for p in tmp_path.rglob("*"))
        peaks = []
        for _ in range(2):  # a thread that another test left may allocate meanwhile: the least is unpack's
            tracemalloc.start()
            with pytest.raises(BadPackage) as error:
                unpack(path, tmp_path / "new")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        said = str(error.value)
        assert why in said and path.name in said
        assert "\n" not in said and "\x1b" not in said and len(said) < 400
        assert error.value.status == 422 and error.value.code == "bad_package"
        assert sorted(p.name for p in tmp_path.rglob("*")) == before
        assert min(peaks) < most

    return check


@pytest.fixture
def offered(tmp_path, refused):
    """Checks that a package of these members is refused."""

    def check(why: str, most: int = 3 * MEBIBYTE, **parts) -> None:
        refused(put(tmp_path / "file", summed(members(**parts))), why, most)

    return check


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
    for size in (form.record_bytes(4) * 1000, 2**31, 10):  # both sizes say the same, but the bytes do not
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


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": "  "}, {"name": 5}, {"name": "x" * 81}, {"name": "a\x00b"}, {"name": "a\nb"}, {"name": "\ud800"},
     {"name": None}, {"seed": -1}, {"seed": 2**63}, {"seed": 1.5}, {"seed": "1"}, {"seed": True}, {"seed": 10**4000},
     {"base_zoom": 23}, {"base_zoom": -1}, {"base_zoom": 8.0}, {"base_zoom": None}, {"base_zoom": False},
     {"sketch": 4}, {"sketch": -1}, {"sketch": "2"}, {"sketch": 3, "base_zoom": 2}, {"halo": 33}, {"halo": -8},
     {"halo": 10**9}, {"halo": [8]}, {"home": [1, 2, 3]}, {"home": [1]}, {"home": "here"}, {"home": ["1", 2]},
     {"home": [1e300, 0]}, {"home": [True, 0]}, {"home": {"x": 1}}, {"home": [10**400, 0]}, {"home": None},
     {"model": "../../etc"}, {"model": "/home/me/evil"}, {"model": "~/evil"}, {"model": "a/../b"}, {"model": "a/b/c"},
     {"model": "\\\\host\\share"}, {"model": "C:\\evil"}, {"model": ""}, {"model": "x" * 200}, {"model": 1}, {"model": "a\n"},
     {"digest": "nohex!!!!"}, {"digest": 5}, {"digest": "a" * 999}, {"created": "yesterday"}, {"created": 1}, {"created": "x" * 99},
     {"unknown": 1}],
)  # fmt: skip
def test_absurd_settings(offered, change):
    offered(next(iter(change)), world={**WORLD, "settings": {**SETTINGS, **change}})


def test_settings_that_are_none(offered):
    for missing in SETTINGS:
        offered(
            f"{missing} is missing",
            world={**WORLD, "settings": {k: v for k, v in SETTINGS.items() if k != missing}},
        )
    for settings in (None, [], "x", 5, [["name", "n"]]):
        offered("not a JSON object", world={**WORLD, "settings": settings})
    offered("is unknown", world={**WORLD, "more": 1})
    for change in (
        {"format": "other"},
        {"version": 3},
        {"version": True},
        {"version": "1"},
        {"format": None},
    ):
        offered("known is 'endless-earth' up to version 2", world={**WORLD, **change})


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"[]", b"{", b"\xff\xfe{}", b'{"a": NaN}', b"Infinity", b"-Infinity", b"[" * 60_000, b'{"a":' * 9_000,
     b'{"format": 1, "format": 1}', b"9" * 50_000, b"{}" + b"\n{}", b"\x80\x04K\x01."],
)  # fmt: skip
def test_json_that_is_none_or_no_object(offered, text):
    offered("world.json", world=text)
    offered("journal", journal=[text])


def test_places_beyond_all_numbers(offered):
    for number, why in [
        (b"NaN", "NaN is not a number"),
        (b"-Infinity", "is not a number"),
        (b"1e999", "setting home"),
    ]:
        world = json.dumps(WORLD).encode().replace(b"[0, 0.5]", b"[" + number + b", 0]")
        assert number in world
        offered(why, world=world)


@pytest.mark.parametrize(
    ("change", "why"),
    [({"kind": "delete"}, "kind 'delete' is unknown"), ({"kind": "__class__"}, "is unknown; known kinds are"), ({"kind": ["prompt"]}, "is unknown; known kinds are"),
     ({"kind": None}, "is unknown; known kinds are"), ({"number": 0}, "number 0"), ({"number": -1}, "number -1"), ({"number": 1.0}, "number 1.0"),
     ({"number": True}, "number True"), ({"number": "1"}, "number '1'"), ({"number": 2**63}, "number"), ({"number": None}, "number"),
     ({"made": "now"}, "not a time"), ({"made": 5}, "not a time"), ({"made": "x" * 10**6}, "not a time"), ({"data": []}, "not a JSON object"),
     ({"data": {"prompt": "p"}}, "painted is missing"), ({"extra": 1}, "'extra' is unknown"),
     ({"kind": "model", "data": {"digest": "aaaaaaaa"}}, "does not begin with a prompt")],
)  # fmt: skip
def test_absurd_journal_entries(offered, change, why):
    offered(why, most=12 * MEBIBYTE, journal=[{**ENTRY, **change}])


def test_a_journal_that_is_none(offered):
    offered("the journal is empty", journal=[])
    for numbers in ([1, 1], [2, 1], [1, 2, 2]):
        offered("does not follow", journal=[{**ENTRY, "number": number} for number in numbers])
    offered(
        "which is not a digest",
        journal=[ENTRY, {**ENTRY, "number": 2, "kind": "model", "data": {"digest": "../x"}}],
    )
    offered("number", journal=[{k: v for k, v in ENTRY.items() if k != "number"}])


@pytest.mark.parametrize(
    "prompt",
    [
        "a\x00b",
        "a\x1b[31m",
        "a\nb",
        "\x7f",
        "\x85",
        "\ud800",
        "\ue000",
        "\uffff",
        "x" * 501,
        5,
        None,
        ["p"],
        {},
    ],
)
def test_hostile_prompts(offered, prompt):
    offered("plain text", journal=[{**ENTRY, "data": {"prompt": prompt, "painted": []}}])


@pytest.mark.parametrize(
    "run",
    [[8, 0, 0], [8, 0, 0, 1, 1], [8, 0, 0, 0], [8, 0, 0, -5], [8, 0, 0, 10**9], [8, 0, 0, 2**80], [23, 0, 0, 1], [-1, 0, 0, 1],
     [8, 10**11, 0, 1], [8, 0, -(10**11), 1], [8, 0, 10**10, 10], [8.0, 0, 0, 1], [8, "0", 0, 1], [8, 0, True, 1], [8, 0, None, 1],
     "8001", 5, None, {}, [[8, 0, 0, 1]], [8, 0, 1e300, 1]],
)  # fmt: skip
def test_outlines_of_what_is_no_row(offered, run):
    offered("not a row of cells", journal=[{**ENTRY, "data": {"prompt": "p", "painted": [RUN, run]}}])


def test_outlines_of_too_much(offered):
    """They would be a set of cells in the memory of whoever opens the world."""
    most = entries.MAX_OUTLINED
    offered(
        "outlines too much",
        journal=[{**ENTRY, "data": {"prompt": "p", "painted": [[8, 0, 0, most], [8, 1, 0, 1]]}}],
    )
    half = {"prompt": "p", "painted": [[8, 0, 0, most // 2 + 1]]}
    offered("outlines too much", journal=[{**ENTRY, "number": n, "data": half} for n in (1, 2)])
    for painted in (None, {}, "x" * 1000, 5):
        offered("not a list", journal=[{**ENTRY, "data": {"prompt": "p", "painted": painted}}])


def test_lines_that_are_small_but_large_once_parsed(offered):
    for line, memory in [
        (b"[" + b"[]," * 10**6 + b"[]]", 12), (b'{"a":' + b'[{"":0}' + b',{"":0}' * 10**5 + b"]}", 12),
        (b'"' + b"x" * (rules.MAX_LINE + 1) + b'"', 20),
    ]:  # fmt: skip
        offered("too long", most=memory * MEBIBYTE, journal=[ENTRY, line])


def test_entries_without_end(offered, monkeypatch):
    monkeypatch.setattr(rules, "MAX_ENTRIES", 50)
    offered("more than 50 entries", journal=[{**ENTRY, "number": n} for n in range(1, 100)])


@pytest.mark.parametrize(
    ("change", "why"),
    [({"z": 23}, "cell 23/0/0: zooms are"), ({"z": -1}, "zooms are"), ({"x": 10**11}, "indices up to"), ({"y": -(10**11)}, "indices up to"),
     ({"x": 2**63 - 1}, "indices up to"), ({"x": -(2**63)}, "indices up to"), ({"entry": 2}, "entry 2, which the journal lacks"),
     ({"entry": 0}, "which the journal lacks"), ({"entry": -1}, "lacks"),
     ({"version": -1}, "version -1"), ({"version": 2**62}, "version"), ({"digest": bytes(16)}, "digest does not match")],
)  # fmt: skip
def test_absurd_cells(offered, change, why):
    offered(why, cells=[record(**change)])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_latents_that_are_no_numbers(offered, value):
    latents = np.zeros((4, 32, 32), "<f2")
    latents[3, 31, 31] = value
    offered(
        "cell 8/5/0 holds latents that are not finite numbers",
        cells=[record(), record(x=5, data=latents.tobytes())],
    )


def test_cells_of_another_shape_twice_or_in_another_order(offered):
    for cells in ([record()[:-1]], [record(), b"\0"], [b"x"], [record(data=bytes(4 * 32 * 33 * 2))]):
        offered("not a multiple of a cell's 8248", cells=cells)
    for xs in ([1, 1], [2, 1]):
        offered("twice or out of order", cells=[record(x=x) for x in xs])


def test_many_cells_take_little_memory(tmp_path, offered):
    """The last of a thousand is wrong: all before it were written, and all is gone."""
    cells = [*(record(x=x) for x in range(1000)), record(x=999)]
    offered("twice", cells=cells)


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
