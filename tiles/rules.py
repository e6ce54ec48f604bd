"""What may be in a world file: every rule by which settings, journal and cells of unknown origin are
checked before a world is made of them. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np

from tiles.errors import BadPackage
from tiles.grid import EARTH, MAX_INDEX, MAX_ZOOM, TILE_LATENTS, Tile
from tiles.store import Entry

MAX_OUTLINED = 2_000_000  # cells in all outlines of a journal: a world holds them in memory
MAX_PATH = 2_000  # places along a stroke
MAX_ENTRIES, MAX_LINE = 100_000, 4 * 2**20  # entries of a journal, bytes of one
MAX_LISTS, MAX_OBJECTS = 250_000, 2_000  # in one line: parsed, they are many times their text
NAME_LIMIT, PROMPT_LIMIT, SEED_LIMIT, HOME_LIMIT = 80, 500, 2**63, EARTH * 1000
FARTHEST = MAX_INDEX + 4  # cells at the edge are painted with some beyond it
COUNT_LIMIT = 2**31  # of numbers that count up: entries, versions
MODEL = re.compile(r"[^\W_][\w .+-]{0,79}(/[^\W_][\w .+-]{0,79})?")
DIGEST = re.compile(r"[0-9a-f]{8,128}")


def check_line(line: bytes, what: str) -> None:
    """Before it is parsed."""
    if len(line) > MAX_LINE or line.count(b"[") > MAX_LISTS or line.count(b"{") > MAX_OBJECTS:
        raise BadPackage(f"{what} is too long: {MAX_LINE:,} bytes and {MAX_LISTS:,} rows are allowed")


def check_place(cell: Tile) -> None:
    if not 0 <= cell.z <= MAX_ZOOM or max(abs(cell.x), abs(cell.y)) > FARTHEST:
        where = f"cell {cell.z}/{cell.x}/{cell.y}"
        raise BadPackage(f"{where}: zooms are 0 to {MAX_ZOOM}, indices up to {MAX_INDEX}")


def check_finite(cell: Tile, data: bytes) -> None:
    if not np.isfinite(np.frombuffer(data, "<f2")).all():
        raise BadPackage(f"cell {cell.z}/{cell.x}/{cell.y} holds latents that are no finite numbers")


def check_cell(cell: Tile, entry: int, version: int, numbers: Container[int]) -> None:
    check_place(cell)
    where = f"cell {cell.z}/{cell.x}/{cell.y}"
    if entry not in numbers:
        raise BadPackage(f"{where} is painted under entry {entry}, which the journal lacks")
    if not 0 <= version < COUNT_LIMIT:
        raise BadPackage(f"{where} has version {version}; they count from 0")


def sane_settings(settings: Any) -> dict[str, Any]:
    """``settings`` if they are all there and sane."""
    found = keyed(settings, SETTINGS, "the settings")
    for name, (fits, allowed) in SETTINGS.items():
        if not fits(found[name]):
            raise BadPackage(f"setting {name} is {short(found[name])}: allowed are {allowed}")
    if found["sketch"] > found["base_zoom"]:
        raise BadPackage(f"a sketch {found['sketch']} zooms above base zoom {found['base_zoom']} is none")
    return found


def sane_journal(entries: Iterable[Any]) -> Iterator[Entry]:
    """The entries while they are sane. A world begins with a prompt."""
    last = outlined = 0
    for place, value in enumerate(entries, 1):
        what = f"journal entry {place}"
        found = Entry(**keyed(value, Entry._fields, what))
        if place > MAX_ENTRIES:
            raise BadPackage(f"the journal has more than {MAX_ENTRIES:,} entries")
        if not whole(found.number, last + 1, COUNT_LIMIT):
            raise BadPackage(f"{what} has number {short(found.number)}, which does not follow {last}")
        if not _is_time(found.made):
            raise BadPackage(f"{what} was made at {short(found.made)}, which is no time")
        if not isinstance(found.kind, str) or found.kind not in KINDS:
            raise BadPackage(f"{what} is of kind {short(found.kind)}; known are {', '.join(KINDS)}")
        if not last and found.kind != "prompt":
            raise BadPackage("the journal does not begin with a prompt")
        outlined += KINDS[found.kind](found.data, what)
        if outlined > MAX_OUTLINED:
            raise BadPackage(f"{what} outlines too much: in all {MAX_OUTLINED:,} cells are allowed")
        last = found.number
        yield found
    if not last:
        raise BadPackage("the journal is empty; a world begins with a prompt")


def _check_prompt(data: Any, what: str) -> int:
    """Gives the number of cells in its outline."""
    found = keyed(data, ("prompt", "painted"), what)
    _check_text(found["prompt"], what)
    return _check_outline(found["painted"], what)


def _check_text(prompt: Any, what: str) -> None:
    if not _is_text(prompt, PROMPT_LIMIT):
        allowed = f"up to {PROMPT_LIMIT} characters of plain text"
        raise BadPackage(f"{what} has the prompt {short(prompt)}: allowed are {allowed}")


def _check_outline(runs: Any, what: str) -> int:
    if not isinstance(runs, list):
        raise BadPackage(f"{what} has an outline that is no list")
    for run in runs:
        if not _is_run(run):
            raise BadPackage(f"{what} outlines {short(run)}, which is no row of cells")
    return sum(run[3] for run in runs)


def _check_model(data: Any, what: str) -> int:
    if not _is_digest(keyed(data, ("digest",), what)["digest"]):
        raise BadPackage(f"{what} names the model {short(data['digest'])}, which is no digest")
    return 0


def _check_stroke(data: Any, what: str) -> int:
    found = keyed(data, ("prompt", "path", "radius", "softness", "reach", "painted"), what)
    _check_text(found["prompt"], what)
    path = found["path"]
    if not isinstance(path, list) or not 1 <= len(path) <= MAX_PATH or not all(map(_is_place, path)):
        raise BadPackage(f"{what} has a path that is no list of places")
    for name in ("radius", "softness"):
        if not _is_number(found[name], 0, EARTH):
            raise BadPackage(f"{what} has the {name} {short(found[name])}: metres are needed")
    box = found["reach"]
    if not isinstance(box, list) or len(box) != 5 or not all(whole(v, -(2**40), 2**40) for v in box):
        raise BadPackage(f"{what} reaches {short(box)}, which is no box of cells")
    return _check_outline(found["painted"], what)


def _check_edit(data: Any, what: str) -> int:
    keys = ("cells", "prompt", "negative_prompt", "strength", "seed", "picture")
    found = keyed(data, keys, what)
    for name in ("prompt", "negative_prompt"):
        _check_text(found[name], what)
    if not _is_number(found["strength"], 0, 1) or not whole(found["seed"], 0, SEED_LIMIT - 1):
        raise BadPackage(f"{what} has the strength {short(found['strength'])}, seed {short(found['seed'])}")
    if type(found["picture"]) is not bool:
        raise BadPackage(f"{what} has the picture {short(found['picture'])}: true or false is needed")
    return _check_outline(found["cells"], what)


def _check_about(data: Any, what: str) -> int:
    number = keyed(data, ("entry",), what)["entry"]
    if not whole(number, 1, COUNT_LIMIT):
        raise BadPackage(f"{what} is about entry {short(number)}, which is no number of one")
    return 0


# By kind of entry; each gives the number of cells that the entry outlines.
KINDS: dict[str, Callable[[Any, str], int]] = {
    "prompt": _check_prompt,
    "model": _check_model,
    "stroke": _check_stroke,
    "edit": _check_edit,
    "done": _check_about,
    "cancelled": _check_about,
    "undone": _check_about,
    "redone": _check_about,
}


def whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_number(value: Any, least: float, most: float) -> bool:
    """What is no number fails the type or the comparison."""
    return type(value) in (int, float) and least <= value <= most


def _is_text(value: Any, limit: int) -> bool:
    if not isinstance(value, str) or len(value) > limit:
        return False
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in value)


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) <= 40 and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def _is_place(value: Any) -> bool:
    """Metres x, y. What is no number fails the comparison or the type."""
    numbers = isinstance(value, list) and len(value) == 2 and all(type(v) in (int, float) for v in value)
    return numbers and all(abs(v) <= HOME_LIMIT for v in value)


def _is_run(value: Any) -> bool:
    """A row of cells as outlines have them: zoom, y, first x, number of cells."""
    if not isinstance(value, list) or len(value) != 4 or not all(type(v) is int for v in value):
        return False
    zoom, y, first, count = value
    fits = 0 <= zoom <= MAX_ZOOM and 1 <= count <= MAX_OUTLINED
    return fits and abs(y) <= FARTHEST and -FARTHEST <= first <= FARTHEST + 1 - count


SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda v: _is_text(v, NAME_LIMIT) and bool(v.strip()), f"1 to {NAME_LIMIT} plain characters"),
    "seed": (lambda v: whole(v, 0, SEED_LIMIT - 1), f"whole numbers from 0 to {SEED_LIMIT - 1}"),
    "model": (lambda v: isinstance(v, str) and MODEL.fullmatch(v) is not None, "names, not paths"),
    "digest": (_is_digest, "hexadecimal digits"),
    "base_zoom": (lambda v: whole(v, 0, MAX_ZOOM), f"0 to {MAX_ZOOM}"),
    "home": (_is_place, f"two numbers of metres up to {HOME_LIMIT:.0f}"),
    "sketch": (lambda v: whole(v, 0, 3), "0 to 3"),
    "halo": (lambda v: whole(v, 0, TILE_LATENTS), f"0 to {TILE_LATENTS}"),
    "created": (_is_time, "ISO 8601 times"),
}


def keyed(value: Any, keys: Iterable[str], what: str) -> dict[str, Any]:
    """``value`` if it is an object with exactly these keys."""
    if not isinstance(value, dict):
        raise BadPackage(f"{what}: {short(value)} is no JSON object")
    if missing := [key for key in keys if key not in value]:
        raise BadPackage(f"{what}: {', '.join(missing)} is missing")
    if unknown := [key for key in value if key not in keys]:
        raise BadPackage(f"{what}: {short(unknown[0])} is unknown; a newer version may know it")
    return value


def parsed(text: bytes, what: str) -> Any:
    """Plain JSON: no NaN, no key twice, nothing nested deeper than the parser goes."""
    try:
        return json.loads(text.decode(), parse_constant=_refuse_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadPackage(f"{what} is no plain JSON ({short(str(error))})") from None


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def short(value: Any) -> str:
    """For an error's one line."""
    shown = repr(value[:60] if isinstance(value, str) else value)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."
