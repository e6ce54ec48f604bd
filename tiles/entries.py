"""The lines of a journal as typed entries: one form in memory, one as JSON, one validator.

    entry = parse("prompt", {"prompt": "rocky coast", "painted": []})
    kind, data = entry.kind, entry.data()

An entry that was parsed holds nothing that may not be in a world, see ``values``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from tiles.grid import Tile
from tiles.guides import read_raster
from tiles.mask import read_mask
from tiles.values import (
    CHARACTERS_A_ROW,
    MAX_MASKED,
    Digest,
    Flag,
    MaskText,
    Metres,
    Number,
    Outline,
    Path,
    Pixels,
    RasterText,
    Reach,
    Runs,
    Seed,
    Strength,
    Text,
    Zoom,
    short,
)


class BadEntry(ValueError):
    """An entry that may not be in a journal."""


def cells_of(runs: Runs) -> Iterator[Tile]:
    """The cells of an outline.

    >>> list(cells_of(((8, 1, 3, 2),)))
    [Tile(z=8, x=3, y=1), Tile(z=8, x=4, y=1)]
    """
    return (Tile(z, x, y) for z, y, first, count in runs for x in range(first, first + count))


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


class Guide(_Entry):
    """A picture that land is painted by from then on."""

    kind: Literal["guide"] = "guide"
    zoom: Zoom  # of its pixels
    left: Pixels  # from the grid's origin
    top: Pixels
    width: Pixels
    height: Pixels
    strength: Strength
    raster: RasterText  # its pixels, see ``tiles.guides``
    reach: Reach  # the cells that it can matter to, as of a stroke
    painted: Outline  # as of a prompt, within the reach

    @model_validator(mode="after")
    def _is_a_picture(self) -> Guide:
        read_raster(self.raster, self.width, self.height)
        return self

    @property
    def outlined(self) -> int:
        return sum(run[3] for run in self.painted)

    @property
    def rows(self) -> int:
        return len(self.painted) + len(self.raster) // CHARACTERS_A_ROW


class Clear(_Entry):
    """The land itself is shown again: no edit beneath this step counts in these cells, nor in deeper ones."""

    kind: Literal["clear"] = "clear"
    cells: Outline

    @property
    def outlined(self) -> int:
        return sum(run[3] for run in self.cells)

    @property
    def rows(self) -> int:
        return len(self.cells)


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


Entry = Prompt | Stroke | Edit | Guide | Clear | ModelChanged | Done | Cancelled | Undone | Redone
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
