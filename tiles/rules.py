"""What may be in a world file: every rule by which settings, journal and cells of unknown origin are
checked before a world is made of them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime
from typing import Any

import numpy as np

from tiles.entries import BadEntry, parse
from tiles.entries import Entry as JournalEntry
from tiles.errors import BadPackage, TooLarge
from tiles.grid import MAX_INDEX, MAX_ZOOM, TILE_PIXELS, Tile
from tiles.journal import compacted
from tiles.latents import MAX_CHANNELS, PIXELS, space_of
from tiles.levels import are_level_models, level_models_of
from tiles.recipe import is_recipe
from tiles.store import Entry
from tiles.values import (
    COUNT_LIMIT,
    FARTHEST,
    HOME_LIMIT,
    MAX_OUTLINED,
    SEED_LIMIT,
    is_digest,
    is_place,
    is_plain,
    short,
    whole,
)

MAX_ENTRIES, MAX_LINE = 100_000, 4 * 2**20  # entries of a journal, bytes of one
MAX_JOURNAL = 2**26  # bytes
MAX_LISTS, MAX_OBJECTS = 250_000, 2_000  # in one line: parsed, they are many times their text
NAME_LIMIT = 80
MODEL = re.compile(r"[^\W_][\w .+-]{0,79}(/[^\W_][\w .+-]{0,79})?(@[\w.-]{1,99})?")


def is_model_name(value: Any) -> bool:
    """Whether a value names a model, and is no path.

    >>> is_model_name("owner/name@main"), is_model_name("/etc/model")
    (True, False)
    """
    return isinstance(value, str) and MODEL.fullmatch(value) is not None


def check_line(line: bytes, what: str) -> None:
    """Checks a line before it is parsed. Raises BadPackage.

    >>> check_line(b'{"number": 1}', "line 1")
    """
    if len(line) > MAX_LINE or line.count(b"[") > MAX_LISTS or line.count(b"{") > MAX_OBJECTS:
        raise BadPackage(f"{what} is too long: {MAX_LINE:,} bytes and {MAX_LISTS:,} rows are allowed")


def check_place(cell: Tile) -> None:
    """Whether a cell may be there. Raises BadPackage.

    >>> check_place(Tile(8, -1, 300))
    """
    if not 0 <= cell.z <= MAX_ZOOM or max(abs(cell.x), abs(cell.y)) > FARTHEST:
        where = f"cell {cell.z}/{cell.x}/{cell.y}"
        raise BadPackage(f"{where}: zooms are 0 to {MAX_ZOOM}, indices up to {MAX_INDEX}")


def check_finite(cell: Tile, data: bytes) -> None:
    """Whether latents, float16 in little-endian order, are all numbers. Raises BadPackage.

    >>> check_finite(Tile(8, 0, 0), np.ones((4, 32, 32), "<f2").tobytes())
    """
    if not np.isfinite(np.frombuffer(data, "<f2")).all():
        raise BadPackage(f"cell {cell.z}/{cell.x}/{cell.y} holds latents that are not finite numbers")


def check_cell(cell: Tile, entry: int, version: int, numbers: Container[int]) -> None:
    """Whether a painting of a cell may be there: under a line that is in ``numbers``. Raises BadPackage.

    >>> check_cell(Tile(8, 0, 0), entry=1, version=1, numbers={1})
    """
    check_place(cell)
    where = f"cell {cell.z}/{cell.x}/{cell.y}"
    if entry not in numbers:
        raise BadPackage(f"{where} is painted under entry {entry}, which the journal lacks")
    if not 0 <= version < COUNT_LIMIT:
        raise BadPackage(f"{where} has version {version}; they count from 0")


def sane_settings(settings: Any) -> dict[str, Any]:
    """``settings`` if they are all there and sane."""
    given = settings if isinstance(settings, dict) else {}
    names = [name for name in SETTINGS if name not in MAY_BE_MISSING or name in given]
    checked = keyed(settings, names, "the settings")
    for name in names:
        fits, allowed = SETTINGS[name]
        if not fits(checked[name]):
            raise BadPackage(f"setting {name} is {short(checked[name])}: it must be {allowed}")
    if checked["sketch"] > checked["base_zoom"]:
        raise BadPackage(f"base zoom {checked['base_zoom']} has no sketch {checked['sketch']} zooms above it")
    for each in level_models_of(checked.get("level_models", ())):
        if each.zoom <= checked["base_zoom"]:
            raise BadPackage(f"zoom {each.zoom} has a model of its own: it must be below the base zoom")
    if checked["halo"] > (side := space_of(checked).side):
        raise BadPackage(
            f"setting halo is {checked['halo']}: it must be at most the {side} latents of a cell"
        )
    if (follow := checked.get("follow", 0)) and (checked["halo"] % 2 or 2 * follow + checked["halo"] > side):
        raise BadPackage(f"setting follow is {follow}: the cells over a window do not reach so far around it")
    return checked


class Room:
    """How much of a world file a journal takes up, so that every journal that is written can also be
    packed."""

    ROW, LINE = 64, 400  # bytes: more than a run or a place takes, and than a line without these and prompts
    SPARE = 1_000  # lines kept for edits to end, and for changes of model

    def __init__(self, entries: Iterable[JournalEntry] = ()) -> None:
        self.lines = self.outlined = self.size = 0
        for entry in entries:
            self.add(entry)

    def add(self, entry: JournalEntry) -> None:
        """Count an entry that was written."""
        self.lines += 1
        self.outlined += entry.outlined
        self.size += self._size(entry)

    def require(self, entry: JournalEntry) -> None:
        """Raises TooLarge if a journal with this entry could not be packed any more."""
        size = self._size(entry)
        if size > MAX_LINE or entry.rows > MAX_LISTS - 10:
            raise TooLarge(
                f"this outlines land in {entry.rows:,} pieces; at most {MAX_LINE // self.ROW:,} are allowed"
            )
        full = self.lines + self.SPARE >= MAX_ENTRIES or self.size + size > MAX_JOURNAL
        if full or self.outlined + entry.outlined > MAX_OUTLINED:
            raise TooLarge("the journal of this world is full: it takes no more prompts, strokes and edits")

    def _size(self, entry: JournalEntry) -> int:
        """In bytes, or a little more."""
        texts = len(getattr(entry, "prompt", "")) + len(getattr(entry, "negative_prompt", ""))
        return self.ROW * entry.rows + self.LINE + 4 * texts


def shortened(entries: list[Entry]) -> Iterable[Entry]:
    """Lines of a store, those of a journal with too long outlines without what was outlined before."""
    try:
        lines = [(entry.number, parse(entry.kind, entry.data)) for entry in entries]
    except BadEntry:
        return entries  # whoever checks them says which line is wrong
    if sum(entry.outlined for _, entry in lines) <= MAX_OUTLINED:
        return entries
    shorter = (entry.data() for _, entry in compacted(lines))
    return [entry._replace(data=data) for entry, data in zip(entries, shorter)]


def sane_journal(entries: Iterable[Any]) -> Iterator[Entry]:
    """The entries while they are sane. A world begins with a prompt."""
    last = outlined = 0
    for place, value in enumerate(entries, 1):
        what = f"journal entry {place}"
        line = Entry(**keyed(value, Entry._fields, what))
        if place > MAX_ENTRIES:
            raise BadPackage(f"the journal has more than {MAX_ENTRIES:,} entries")
        if not whole(line.number, last + 1, COUNT_LIMIT):
            raise BadPackage(f"{what} has number {short(line.number)}, which does not follow {last}")
        if not _is_time(line.made):
            raise BadPackage(f"{what} was made at {short(line.made)}, which is not a time")
        try:
            entry = parse(line.kind, line.data)
        except BadEntry as error:
            raise BadPackage(f"{what}: {error}") from None
        if not last and line.kind != "prompt":
            raise BadPackage("the journal does not begin with a prompt")
        outlined += entry.outlined
        if outlined > MAX_OUTLINED:
            raise BadPackage(f"{what} outlines too much: at most {MAX_OUTLINED:,} cells are allowed in all")
        last = line.number
        yield line
    if not last:
        raise BadPackage("the journal is empty; a world begins with a prompt")


def _is_name(value: Any) -> bool:
    short_enough = isinstance(value, str) and len(value) <= NAME_LIMIT
    return short_enough and is_plain(value) and bool(value.strip())


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and len(value) <= 40 and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


MAX_HALO = TILE_PIXELS // min(PIXELS)  # latents
# As usual, none was made, the weights said it all, none was noted, the world's own paints all, and no picture
# of a parent is followed.
MAY_BE_MISSING = ("channels", "pixels", "bookmarks", "recipe", "painted_by", "level_models", "follow")
MAX_BOOKMARKS = 200
MAX_KINDS, KIND_LIMIT = 100, 200  # kinds of machines that painted a world, characters of one
PLACE = re.compile(r"\d{1,2}/-?\d{1,15}/-?\d{1,15}")  # zoom, x and y in metres


def is_bookmark(value: Any) -> bool:
    """A place with a name.

    >>> is_bookmark({"name": "Old harbour", "place": "8/120000/-35000"})
    True
    """
    if not isinstance(value, dict) or set(value) != {"name", "place"}:
        return False
    name, place = value["name"], value["place"]
    named = isinstance(name, str) and len(name) <= NAME_LIMIT and is_plain(name) and bool(name.strip())
    return named and isinstance(place, str) and PLACE.fullmatch(place) is not None


def _are_bookmarks(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_BOOKMARKS and all(map(is_bookmark, value))


def _are_named_models(value: Any) -> bool:
    return are_level_models(value) and all(is_model_name(each.model) for each in level_models_of(value))


def _are_kinds(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > MAX_KINDS:
        return False
    return all(isinstance(v, str) and 0 < len(v) <= KIND_LIMIT and is_plain(v) for v in value)


SETTINGS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (
        lambda v: isinstance(v, str) and len(v) <= NAME_LIMIT and is_plain(v) and bool(v.strip()),
        f"1 to {NAME_LIMIT} plain characters",
    ),
    "seed": (lambda v: whole(v, 0, SEED_LIMIT - 1), f"whole numbers from 0 to {SEED_LIMIT - 1}"),
    "model": (is_model_name, "names, not paths"),
    "digest": (is_digest, "hexadecimal digits"),
    "base_zoom": (lambda v: whole(v, 0, MAX_ZOOM), f"0 to {MAX_ZOOM}"),
    "home": (is_place, f"two numbers of metres up to {HOME_LIMIT:.0f}"),
    "sketch": (lambda v: whole(v, 0, 3), "0 to 3"),
    "halo": (lambda v: whole(v, 0, MAX_HALO), f"0 to {MAX_HALO}"),
    "follow": (lambda v: whole(v, 0, MAX_HALO), f"0 to {MAX_HALO}"),
    "channels": (lambda v: whole(v, 1, MAX_CHANNELS), f"1 to {MAX_CHANNELS}"),
    "pixels": (lambda v: type(v) is int and v in PIXELS, " or ".join(map(str, PIXELS))),
    "recipe": (is_recipe, "what a world remembers of its model"),
    "created": (_is_time, "ISO 8601 times"),
    "level_models": (_are_named_models, "models by name, each for a zoom and what is deeper"),
    "bookmarks": (_are_bookmarks, f"up to {MAX_BOOKMARKS} places with names"),
    "painted_by": (_are_kinds, f"up to {MAX_KINDS} kinds of machines"),
}


def keyed(value: Any, keys: Iterable[str], what: str) -> dict[str, Any]:
    """``value`` if it is an object with exactly these keys."""
    if not isinstance(value, dict):
        raise BadPackage(f"{what}: {short(value)} is not a JSON object")
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
        raise BadPackage(f"{what} is not plain JSON ({short(str(error))})") from None


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keyed_once = dict(pairs)
    if len(keyed_once) != len(pairs):
        raise ValueError("a key appears twice")
    return keyed_once
