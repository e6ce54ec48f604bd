import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles import entries
from tiles.entries import BadEntry, parse
from tiles.grid import MAX_INDEX, MAX_ZOOM

texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=40)
indices = st.integers(-MAX_INDEX, MAX_INDEX)
runs = st.lists(
    st.tuples(st.integers(0, MAX_ZOOM), indices, st.integers(-99, 99), st.integers(1, 99)), max_size=4
)
metres = st.floats(0, 1e6)
places = st.tuples(st.floats(-1e7, 1e7), st.floats(-1e7, 1e7))
seeds = st.integers(0, 2**63 - 1)
numbers = st.integers(1, 2**31)
every = st.one_of(
    st.builds(entries.Prompt, prompt=texts, painted=runs),
    st.builds(
        entries.Stroke, prompt=texts, path=st.lists(places, min_size=1, max_size=4), radius=metres, softness=metres,
        reach=st.tuples(*[st.integers(-(2**40), 2**40)] * 5), painted=runs,
    ),
    st.builds(
        entries.Edit, cells=runs, prompt=texts, negative_prompt=texts, strength=st.floats(0, 1), seed=seeds,
        picture=st.booleans(),
    ),
    st.builds(entries.ModelChanged, digest=st.text("0123456789abcdef", min_size=8, max_size=64)),
    *(st.builds(kind, entry=numbers) for kind in (entries.Done, entries.Cancelled, entries.Undone, entries.Redone)),
)  # fmt: skip
EDIT = {
    "cells": [[8, 5, 5, 2]], "prompt": "desert", "negative_prompt": "", "strength": 1.0, "seed": 1, "picture": False,
}  # fmt: skip


@given(every)
def test_an_entry_comes_back_from_its_json(entry):
    text = json.dumps(entry.data(), ensure_ascii=False, allow_nan=False)
    again = parse(entry.kind, json.loads(text))
    assert again == entry and type(again) is type(entry)
    assert json.dumps(again.data(), ensure_ascii=False) == text


@pytest.mark.parametrize(
    ("kind", "data"),
    [("prompt", {"prompt": "coast", "painted": [[8, 0, 0, 3]]}), ("model", {"digest": "0123abcd"}), ("done", {"entry": 2}),
     ("stroke", {"prompt": "sea", "path": [[0, 1.5]], "radius": 2, "softness": 0, "reach": [6, 1, 2, 3, 4], "painted": []}),
     ("edit", EDIT)],
)  # fmt: skip
def test_lines_of_worlds_made_before_are_read(kind, data):
    assert json.loads(json.dumps(parse(kind, data).data())) == data


def test_an_entry_cannot_be_changed():
    entry = parse("edit", EDIT)
    with pytest.raises(ValueError, match="frozen"):
        entry.seed = 2
    assert entry.outlined == 2 and entry.cells == ((8, 5, 5, 2),)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"strength": 1.01}, "strength 1.01"), ({"strength": float("nan")}, "strength nan"), ({"strength": True}, "strength True"),
     ({"strength": "1"}, "strength '1'"), ({"seed": -1}, "seed -1"), ({"seed": 2**63}, "seed 9"), ({"seed": 1.0}, r"seed 1\.0"),
     ({"picture": 1}, "picture 1"), ({"prompt": "a\nb"}, "plain text"), ({"negative_prompt": "x" * 501}, "plain text"),
     ({"cells": "8"}, "not a list"), ({"cells": [[8, 0, 0, 0]]}, "not a row"), ({"more": 1}, "'more' is unknown"),
     ({"kind": "edit"}, "'kind' is unknown")],
)  # fmt: skip
def test_what_no_edit_has_is_refused_in_one_line(change, words):
    with pytest.raises(BadEntry, match=words) as refused:
        parse("edit", {**EDIT, **change})
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 300


def test_what_is_missing_and_what_is_no_entry():
    with pytest.raises(BadEntry, match="seed is missing"):
        parse("edit", {k: v for k, v in EDIT.items() if k != "seed"})
    for kind in ("", "__class__", None, ["prompt"]):
        with pytest.raises(BadEntry, match="is unknown; known kinds are"):
            parse(kind, {})
    with pytest.raises(BadEntry, match="not a JSON object"):
        parse("prompt", [])


def test_a_stroke_is_a_line_of_places_within_limits():
    good = {
        "prompt": "",
        "path": [[0, 0]],
        "radius": 1,
        "softness": 0,
        "reach": [6, 0, 0, 1, 1],
        "painted": [],
    }
    parse("stroke", good)
    for change in (
        {"path": []}, {"path": [[0, 0]] * 2001}, {"path": [[0]]}, {"path": [[0, 1e12]]}, {"path": [[0, float("inf")]]},
        {"radius": -1}, {"softness": 1e9}, {"reach": [6, 0, 0, 1]}, {"reach": [6, 0, 0, 1, 2**41]}, {"reach": None},
    ):  # fmt: skip
        with pytest.raises(BadEntry):
            parse("stroke", {**good, **change})
