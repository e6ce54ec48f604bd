"""The lines of a journal as typed entries: one form in memory, one as JSON, one validator.

    entry = parse("prompt", {"prompt": "rocky coast", "painted": []})
    kind, data = entry.kind, entry.data()

An entry that was parsed holds nothing that may not be in a world. Lengths and counts are limited, because
entries come from files of unknown origin too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from tiles.grid import EARTH, MAX_INDEX, MAX_ZOOM, Tile
from tiles.mask import MAX_TEXT, read_mask

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


class BadEntry(ValueError):
    """An entry that may not be in a journal."""


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


def cells_of(runs: Runs) -> Iterator[Tile]:
    """The cells of an outline.

    >>> list(cells_of(((8, 1, 3, 2),)))
    [Tile(z=8, x=3, y=1), Tile(z=8, x=4, y=1)]
    """
    return (Tile(z, x, y) for z, y, first, count in runs for x in range(first, first + count))


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


class _Entry(BaseModel):
    """One line's content. Frozen; equal to another of the same kind and data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def data(self) -> dict[str, Any]:
        """As it is kept in a world's file, in plain JSON types."""
        return self.model_dump(mode="json", exclude={"kind"})

    @property
    def outlined(self) -> int:
        """How many cells the entry outlines."""
        return 0

    @property
    def rows(self) -> int:
        """How many runs and places its line lists."""
        return 0


class Prompt(_Entry):
    """A prompt for land that is painted from then on."""

    kind: Literal["prompt"] = "prompt"
    prompt: Text
    painted: Outline  # land that was painted by then, and that no step in force had outlined

    @property
    def outlined(self) -> int:
        return sum(run[3] for run in self.painted)

    @property
    def rows(self) -> int:
        return len(self.painted)


class Stroke(_Entry):
    """A prompt for land along a line that is painted from then on."""

    kind: Literal["stroke"] = "stroke"
    prompt: Text
    path: Path  # metres
    radius: Metres  # around the line, where the prompt holds whole
    softness: Metres  # beyond that, over which it fades
    reach: Reach  # the cells that it can matter to: zoom, left, top, right, bottom
    painted: Outline  # as of a prompt, within the reach

    @property
    def outlined(self) -> int:
        return sum(run[3] for run in self.painted)

    @property
    def rows(self) -> int:
        return len(self.painted) + len(self.path)


class Edit(_Entry):
    """Land to be painted again; a step once ``Done`` follows."""

    kind: Literal["edit"] = "edit"
    cells: Outline
    prompt: Text  # empty: what the land there is painted under anyway
    negative_prompt: Text
    strength: Strength  # 1: nothing of what is there stays
    seed: Seed
    picture: Flag  # whether latents of a picture are kept with the line
    mask: MaskText | None = None  # which latents of the cells: all of them where there is none

    @model_validator(mode="after")
    def _mask_fits(self) -> Edit:
        if self.mask is not None:
            if self.outlined > MAX_MASKED or self.picture:
                raise ValueError(f"an edit with a mask has up to {MAX_MASKED:,} cells and no picture")
            read_mask(self.mask, cells_of(self.cells))
        return self

    def data(self) -> dict[str, Any]:
        """As it is kept in a world's file; without a mask as before there were masks."""
        fields = super().data()
        if self.mask is None:
            del fields["mask"]
        return fields

    @property
    def outlined(self) -> int:
        return sum(run[3] for run in self.cells)

    @property
    def rows(self) -> int:
        return len(self.cells) + len(self.mask or "") // CHARACTERS_A_ROW


class ModelChanged(_Entry):
    """From here on cells are painted by other weights."""

    kind: Literal["model"] = "model"
    digest: Digest


class Done(_Entry):
    """An edit is painted whole and shown."""

    kind: Literal["done"] = "done"
    entry: Number


class Cancelled(_Entry):
    """A waiting edit was given up."""

    kind: Literal["cancelled"] = "cancelled"
    entry: Number


class Undone(_Entry):
    """The last step in force was undone."""

    kind: Literal["undone"] = "undone"
    entry: Number


class Redone(_Entry):
    """The step that was undone last is in force again."""

    kind: Literal["redone"] = "redone"
    entry: Number


Entry = Prompt | Stroke | Edit | ModelChanged | Done | Cancelled | Undone | Redone
KINDS = tuple(kind.model_fields["kind"].default for kind in Entry.__args__)
_ANY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


class Line(NamedTuple):
    """An entry in its place in the journal."""

    number: int
    made: str  # UTC, ISO 8601
    entry: Entry


def parse(kind: str, data: Any) -> Entry:
    """The entry that a line holds. Raises BadEntry with what is wrong.

    >>> parse("done", {"entry": 2})
    Done(kind='done', entry=2)
    """
    if not isinstance(kind, str) or kind not in KINDS:
        raise BadEntry(f"kind {short(kind)} is unknown; known kinds are {', '.join(KINDS)}")
    if not isinstance(data, Mapping):
        raise BadEntry(f"{short(data)} is not a JSON object")
    if "kind" in data:
        raise BadEntry("'kind' is unknown; a newer version may know it")
    try:
        return _ANY.validate_python({**data, "kind": kind})
    except ValidationError as error:
        raise BadEntry(_words(error)) from None


def _words(error: ValidationError) -> str:
    """The first fault, in one line."""
    fault = error.errors(include_url=False, include_context=False)[0]
    name = str(fault["loc"][-1])
    if fault["type"] == "missing":
        return f"{name} is missing"
    if fault["type"] == "extra_forbidden":
        return f"{short(name)} is unknown; a newer version may know it"
    return str(fault["msg"]).removeprefix("Value error, ")


def short(value: Any) -> str:
    """A value for an error's one line.

    >>> short("x" * 100) == repr("x" * 60), short(7)
    (True, '7')
    """
    shown = repr(value[:60] if isinstance(value, str) else value)
    return shown if len(shown) <= 80 else f"{shown[:80]}..."
