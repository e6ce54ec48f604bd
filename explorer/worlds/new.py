"""What a new world is made of, checked, with a good default for whatever is left out."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from explorer.models.family import Traits, sketch_for
from explorer.painting.pyramid import DEEPEST
from tiles.errors import BadPrompt, BadSetting
from tiles.grid import MAX_ZOOM, Tile, metres_words, tile_metres
from tiles.latents import named
from tiles.levels import MOST_MODELS, LevelModel
from tiles.recipe import Recipe
from tiles.rules import NAME_LIMIT
from tiles.strokes import Stroke
from tiles.values import HOME_LIMIT, PROMPT_LIMIT

JOINERS = "\u200c\u200d"
BLANKS = "\u034f\u115f\u1160\u2800\u3164\uffa0"  # letters and marks by their category, but nothing is drawn
COARSEST, COARSER = 2, 3  # zooms: the first where a world may begin, and how far above what its model knows
SAME_NAMES = 10_000  # worlds of one name
NEW_SEEDS = 2**53  # seeds given today: larger ones are not read exactly by every program that reads JSON


class NewWorld(NamedTuple):
    """What a world is made of; None: a good default."""

    name: str
    prompt: str
    seed: int | None = None
    model: str | None = None
    base_zoom: int | None = None
    home: tuple[float, float] | None = None  # metres
    sketch: int | None = None  # zooms; 0: no sketch
    strokes: tuple[Stroke, ...] = ()  # prompts along lines, that it begins with
    level_models: tuple[tuple[int, str], ...] = ()  # zoom from which on another model paints, and its name


def settings_of(
    new: NewWorld,
    model: str,
    traits: Traits,
    recipe: Recipe | None = None,
    levels: Sequence[LevelModel] = (),
) -> dict[str, Any]:
    """All settings of a new world that is painted by ``model``, used by a ``recipe``, and on deeper levels by
    others. Raises BadSetting."""
    zoom = checked_zoom(new.base_zoom, traits.base_zoom, traits.zooms)
    sketch = checked_sketch(new.sketch, sketch_for(zoom, traits))
    other: dict[str, Any] = {} if recipe is None else {"recipe": recipe.data()}
    if traits.follow:
        other["follow"] = traits.follow
    if levels:
        other["level_models"] = [each.data() for each in checked_levels(levels, zoom)]
    return {
        "name": clean_name(new.name),
        "seed": checked_seed(new.seed),
        "model": model,
        "digest": traits.digest,
        "base_zoom": zoom,
        "home": list(checked_home(new.home or quick_home(zoom, sketch))),
        "sketch": sketch,
        "halo": traits.halo,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **named(traits.space),
        **other,
    }


def checked_levels(levels: Sequence[LevelModel], base_zoom: int) -> list[LevelModel]:
    """The models of levels, the coarsest first. Raises BadSetting."""
    if len(levels) > MOST_MODELS:
        raise BadSetting(f"{len(levels)} models of levels; up to {MOST_MODELS} are allowed")
    for each in levels:
        if not base_zoom < each.zoom <= DEEPEST:
            raise BadSetting(
                f"zoom {each.zoom} cannot have a model of its own: it must be {base_zoom + 1} to {DEEPEST},"
                f" below the base zoom {base_zoom}, which the world's own model paints"
            )
    ordered = sorted(levels, key=lambda each: each.zoom)
    for one, other in pairwise(ordered):
        if one.zoom == other.zoom:
            raise BadSetting(f"zoom {one.zoom} has two models; one is allowed")
    return ordered


def ids_for(name: str) -> Iterator[str]:
    """Ids for a world of that name, the best first."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48] or "world"
    yield stem
    yield from (f"{stem}-{number}" for number in range(2, SAME_NAMES))


def clean_text(text: str, what: str, limit: int) -> str:
    """``text`` without surrounding space; ``what`` it is: a name or a prompt. Raises BadSetting."""
    text = unicodedata.normalize("NFC", text).strip()
    if len(text) > limit:
        words = f"the {what} has {len(text)} characters; the limit is {limit}"
        raise BadSetting(words, f"{what}-too-long", count=len(text), limit=limit)
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") for c in text):
        raise BadSetting(f"the {what} holds control characters; it must be plain text", f"{what}-not-plain")
    if hidden := next((c for c in text if _hidden(c)), None):
        words = (
            f"the {what} holds a character that cannot be seen, U+{ord(hidden):04X}; it must be plain text"
        )
        raise BadSetting(words, f"{what}-not-plain")
    return text


def _hidden(character: str) -> bool:
    """Whether a character is invisible or turns the direction of writing: two texts that look the same
    would be different. Joiners are not, which some scripts and emoji need."""
    if character in JOINERS:
        return False
    return unicodedata.category(character) in ("Cf", "Zl", "Zp") or character in BLANKS


def clean_name(name: str) -> str:
    name = clean_text(name, "name", NAME_LIMIT)
    if not any(unicodedata.category(c)[0] in "LNPS" for c in name):
        raise BadSetting("the name is empty", "name-empty")
    return name


def clean_prompt(prompt: str) -> str:
    """Raises BadPrompt."""
    try:
        return clean_text(prompt, "prompt", PROMPT_LIMIT)
    except BadSetting as error:
        raise BadPrompt(str(error), error.reason, **error.values) from None


def checked_seed(seed: int | None) -> int:
    """A seed for something new, random if none is given. Raises BadSetting."""
    if seed is None:
        return secrets.randbelow(2**31)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < NEW_SEEDS:
        raise BadSetting(f"seed {seed!s:.40}: it must be a whole number from 0 to {NEW_SEEDS - 1}")
    return seed


def checked_zoom(zoom: int | None, best: int, known: tuple[int, ...]) -> int:
    zoom = best if zoom is None else zoom
    if not 0 <= zoom <= MAX_ZOOM:
        raise BadSetting(f"base zoom {zoom}: it must be 0 to {MAX_ZOOM}")
    if not may_begin(zoom, known):
        words = ", ".join(f"{each} ({metres_words(each)} per pixel)" for each in beginnings(known))
        raise BadSetting(f"base zoom {zoom}: with this model it may be {words}")
    return zoom


def may_begin(zoom: int, known: tuple[int, ...]) -> bool:
    """Whether a world may begin at a zoom: one that the model knows, or a little coarser than all of them."""
    return zoom in known or max(COARSEST, min(known) - COARSER) <= zoom < min(known)


def beginnings(known: tuple[int, ...]) -> tuple[int, ...]:
    """The zooms where a world may begin, coarsest first.

    >>> beginnings((5, 6, 18))
    (2, 3, 4, 5, 6, 18)
    """
    return tuple(zoom for zoom in range(MAX_ZOOM + 1) if may_begin(zoom, known))


def quick_home(zoom: int, sketch: int) -> tuple[float, float]:
    """The place next to the middle of the square where the first tile is there soonest: the
    middle of a cell of phase A that lies inside a sketch cell of phase A, so two windows."""
    return place_in(Tile(zoom - sketch, 2 ** (zoom - sketch) // 2, 2 ** (zoom - sketch) // 2), sketch)


def place_in(cell: Tile, sketch: int) -> tuple[float, float]:
    """The middle, in metres, of a tile of phase A near the middle of ``cell``, ``sketch`` zooms below it."""
    inside, half = 2**sketch // 2 // 2 * 2 + 0.5, 2 ** (cell.z + sketch) / 2
    side = tile_metres(cell.z + sketch)
    return (cell.x * 2**sketch + inside - half) * side, -(cell.y * 2**sketch + inside - half) * side


def checked_home(home: tuple[float, float]) -> tuple[float, float]:
    x, y = home
    if not (abs(x) <= HOME_LIMIT and abs(y) <= HOME_LIMIT):
        raise BadSetting(f"home {x}, {y}: it must lie within {HOME_LIMIT:.0f} metres of the middle each way")
    return float(x), float(y)


def checked_sketch(sketch: int | None, best: int) -> int:
    sketch = best if sketch is None else sketch
    if not 0 <= sketch <= 3:
        raise BadSetting(f"sketch {sketch}: it must be 0 (none) to 3 zooms coarser")
    return sketch
