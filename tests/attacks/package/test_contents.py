"""Settings, journals and cells of hostile world files: refused by a line that names what is wrong."""

import json

import numpy as np
import pytest

from tests.packages import ENTRY, MEBIBYTE, RUN, SETTINGS, WORLD, members, put, record, summed
from tiles import rules, values


@pytest.fixture
def offered(tmp_path, refused):
    """Checks that a package of these members is refused."""

    def check(why: str, most: int = 3 * MEBIBYTE, **parts) -> None:
        refused(put(tmp_path / "file", summed(members(**parts))), why, most)

    return check


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
     {"recipe": None}, {"recipe": {}}, {"recipe": {"source": "../../etc", "licence": ""}}, {"recipe": 5},
     {"recipe": {"source": "", "licence": "", "batch": 10**9}}, {"follow": -1}, {"follow": 13}, {"follow": "11"}, {"unknown": 1}],
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
    most = values.MAX_OUTLINED
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
