"""Maps of other makers laid over a world: their colours become prompts for land that is not painted yet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from explorer.service import brush
from explorer.service.painter import Painter
from explorer.worlds.new import clean_prompt
from explorer.worlds.world import World
from tiles.blueprint import Blueprint
from tiles.errors import BadBounds, BadEdit, BadSetting
from tiles.grid import Bounds, tile_metres
from tiles.strokes import Stroke

USUAL = 16  # tiles of the square that a map without a place fills
MOST = 200  # strokes of one map
MOST_NAMES = 64


def told(text: str) -> dict[str, str]:
    """Prompts by name, as JSON has them. Raises BadSetting, BadPrompt."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    if (
        not isinstance(read, dict)
        or len(read) > MOST_NAMES
        or not all(isinstance(v, str) for v in read.values())
    ):
        raise BadSetting('the prompts must be JSON such as {"#2a6f97": "open ocean"}')
    return {name: clean_prompt(prompt) for name, prompt in read.items()}


def meaning(text: str) -> tuple[str, str]:
    """``NAME=PROMPT``. Raises BadSetting, BadPrompt.

    >>> meaning("#2a6f97=open ocean")
    ('#2a6f97', 'open ocean')
    """
    name, is_there, prompt = text.partition("=")
    if not is_there or not name.strip():
        raise BadSetting(f"{text[:60]!r}: a colour and a prompt are needed, as #2a6f97=open ocean")
    return name.strip(), clean_prompt(prompt)


def place(drawn: Blueprint, world: World, around: Bounds | None) -> Bounds:
    """Where a map lies: in the middle of ``around``, else where it says, else around the world's home."""
    if around is not None:
        if not (around.west < around.east and around.south < around.north):
            raise BadBounds(
                "the bounds must be west,south,east,north, west before east and south before north"
            )
        return drawn.fitted(around)
    if drawn.own is not None:
        return drawn.own
    reach, (x, y) = USUAL / 2 * tile_metres(world.base_zoom), world.home
    return drawn.fitted(Bounds(x - reach, y - reach, x + reach, y + reach))


def planned(
    drawn: Blueprint, world: World, prompts: Mapping[str, str], around: Bounds | None, softness: float
) -> list[Stroke]:
    """The strokes that a map becomes; none are laid. Raises BadBounds, BadEdit, BadSetting."""
    if unknown := sorted(prompts.keys() - {key.name for key in drawn.legend}):
        known = ", ".join(key.name for key in drawn.legend)
        raise BadSetting(f"the map has no {unknown[0][:60]!r}; it has {known}")
    strokes = drawn.strokes(prompts, place(drawn, world, around), softness)
    if len(strokes) > MOST:
        words = f"the map has {len(strokes)} regions with prompts; up to {MOST} can be laid: simplify it"
        raise BadEdit(words, "map-too-many-regions", count=len(strokes), limit=MOST)
    return [brush.checked(world, stroke) for stroke in strokes]


def lay(world: World, painter: Painter, strokes: Sequence[Stroke]) -> int | None:
    """Lay all of them; the number of the last one's line, None if there are none."""
    number = None
    for stroke in strokes:
        number = brush.lay(world, painter, stroke)
    return number
