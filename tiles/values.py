"""What the values in a world's file may be, and the types of the fields of a journal's entries. Pure.

Lengths and counts are limited, because entries come from files of unknown origin too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator

from tiles.grid import EARTH, MAX_INDEX, MAX_ZOOM
from tiles.guides import MAX_RASTER
from tiles.mask import MAX_TEXT

PROMPT_LIMIT, SEED_LIMIT = 500, 2**63
HOME_LIMIT = EARTH * 1000  # metres from the middle of the square
MAX_OUTLINED = 2_000_000  # cells in all outlines of a journal: a world holds them in memory
MAX_PATH = 2_000  # places along a stroke
FARTHEST = MAX_INDEX + 4  # cells at the edge are painted with some beyond it
MAX_MASKED = 4096  # cells of an edit with a mask
CHARACTERS_A_ROW = 64  # of a mask, that take up as much room in a line as a run of cells
COUNT_LIMIT = 2**31  # of numbers that count up: lines, versions
DIGEST = re.compile(r"[0-9a-f]{8,128}")

Run = tuple[int, int, int, int]  # a row of cells: zoom, y, first x, number of cells
Runs = tuple[Run, ...]


def whole(value: Any, least: int, most: int) -> bool:
    """Whether a value is an integer (no bool, no float) between two limits.

    >>> whole(3, 0, 5), whole(True, 0, 5)
    (True, False)
    """
    return type(value) is int and least <= value <= most


def is_number(value: Any, least: float, most: float) -> bool:
    """Whether a value is a number between two limits. NaN is not.

    >>> is_number(0.5, 0, 1), is_number(float("nan"), 0, 1)
    (True, False)
    """
    return type(value) in (int, float) and least <= value <= most


def is_plain(text: str) -> bool:
    """Whether a text has no control characters, nor any that are not assigned.

    >>> is_plain("Zürich"), is_plain("a\\tb")
    (True, False)
    """
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text)


def is_place(value: Any) -> bool:
    """Whether a value is a pair of finite metres, x and y, within reach.

    >>> is_place([0, -5e6]), is_place([0, float("nan")])
    (True, False)
    """
    pair = isinstance(value, list | tuple) and len(value) == 2
    return pair and all(is_number(v, -HOME_LIMIT, HOME_LIMIT) for v in value)


def is_digest(value: Any) -> bool:
    """Whether a value is a digest in hexadecimal digits.

    >>> is_digest("0123abcd"), is_digest("terra")
    (True, False)
    """
    return isinstance(value, str) and DIGEST.fullmatch(value) is not None


def short(value: Any) -> str:
    """A value for an error's one line.

    >>> short("x" * 100) == repr("x" * 60), short(7)
    (True, '7')
    """
    shown = repr(value[:60] if isinstance(value, str) else value)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."


def _plain_text(text: Any) -> Any:
    if not isinstance(text, str) or len(text) > PROMPT_LIMIT or not is_plain(text):
        allowed = f"up to {PROMPT_LIMIT} characters of plain text"
        raise ValueError(f"prompt {short(text)}: it must be {allowed}")
    return text


def _checked(true: Callable[[Any], bool], why: str) -> BeforeValidator:
    """Refuses a value that is not ``true``; ``why`` is the message, with {} for the value."""

    def check(value: Any) -> Any:
        if not true(value):
            raise ValueError(why.format(short(value)))
        return value

    return BeforeValidator(check)


def _outline(runs: Any) -> Any:
    if not isinstance(runs, list | tuple):
        raise ValueError("the outline is not a list")
    for run in runs:
        if not _is_run(run):
            raise ValueError(f"{short(run)} is not a row of cells")
    return tuple(tuple(run) for run in runs)


def _path(path: Any) -> Any:
    if not isinstance(path, list | tuple) or not 1 <= len(path) <= MAX_PATH or not all(map(is_place, path)):
        raise ValueError("the path is not a list of places")
    return tuple((x, y) for x, y in path)


def _is_run(value: Any) -> bool:
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(type(v) is int for v in value):
        return False
    zoom, y, first, count = value
    fits = 0 <= zoom <= MAX_ZOOM and 1 <= count <= MAX_OUTLINED
    return fits and abs(y) <= FARTHEST and -FARTHEST <= first <= FARTHEST + 1 - count


def _is_box(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and len(value) == 5 and all(whole(v, -(2**40), 2**40) for v in value)
    )


Text = Annotated[str, BeforeValidator(_plain_text)]
Outline = Annotated[Runs, BeforeValidator(_outline)]
Path = Annotated[tuple[tuple[float, float], ...], BeforeValidator(_path)]
Metres = Annotated[
    float, _checked(lambda v: is_number(v, 0, EARTH), "length {}: it must be a number of metres")
]
Strength = Annotated[float, _checked(lambda v: is_number(v, 0, 1), "strength {}: it must be 0 to 1")]
Seed = Annotated[
    int, _checked(lambda v: whole(v, 0, SEED_LIMIT - 1), "seed {} is not a whole number from 0 to 2^63 - 1")
]
Flag = Annotated[bool, _checked(lambda v: type(v) is bool, "picture {}: it must be true or false")]
Digest = Annotated[str, _checked(is_digest, "it names the model {}, which is not a digest")]
MaskText = Annotated[
    str, _checked(lambda v: isinstance(v, str) and len(v) <= MAX_TEXT, "mask {}: it is no mask, or too long")
]
Reach = Annotated[tuple[int, int, int, int, int], _checked(_is_box, "{} is not a box of cells")]
Number = Annotated[
    int, _checked(lambda v: whole(v, 1, COUNT_LIMIT), "it is about entry {}, which is not a line number")
]
Zoom = Annotated[int, _checked(lambda v: whole(v, 0, MAX_ZOOM), f"zoom {{}}: it must be 0 to {MAX_ZOOM}")]
Pixels = Annotated[int, _checked(lambda v: whole(v, -(2**40), 2**40), "{} is not a number of pixels")]
RasterText = Annotated[
    str,
    _checked(lambda v: isinstance(v, str) and len(v) <= MAX_RASTER, "raster {}: it is none, or too long"),
]
