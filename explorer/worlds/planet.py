"""Climates of a planet: what its prompt says of poles and tropics, as strokes by latitude. Pure."""

from __future__ import annotations

import re

from tiles.grid import EARTH
from tiles.strokes import Stroke

PLANET = 5  # the deepest base zoom of a world that is a planet
MEGAMETRES = 1e6
SAID = r"(?:,\s*(?:with |and )?|\s+(?:with|and)\s+)(?:{})\b"  # after what the rest is
ICE = re.compile(
    SAID.format(
        r"(?:polar (?:ice(?: ?caps?| sheets?)?|caps?)|ice ?caps?|icy poles|(?:ice|snow) at the poles)"
        r"(?: and snow)?"
    ),
    re.I,
)
DESERTS = re.compile(
    SAID.format(r"desert belts?|deserts? (?:along|in|at) the tropics|tropical deserts?"), re.I
)
ICE_PROMPT, DESERT_PROMPT = "polar ice sheet and snow", "sand desert, golden dunes"


def climates(prompt: str, base_zoom: int) -> tuple[str, tuple[Stroke, ...]]:
    """A planet's prompt without what it says of poles and tropics, and that as strokes along latitudes. Any
    other world's prompt stays whole.

    >>> rest, strokes = climates("green coast, polar ice and desert belts", 5)
    >>> rest, [stroke.prompt for stroke in strokes][::2]
    ('green coast', ['polar ice sheet and snow', 'sand desert, golden dunes'])
    """
    if base_zoom > PLANET:
        return prompt, ()
    rest, strokes = prompt, []
    for pattern, climate, latitude, radius in (
        (ICE, ICE_PROMPT, 19.0, 2.5),
        (DESERTS, DESERT_PROMPT, 2.8, 0.9),  # the tropics, 25 degrees
    ):
        if pattern.search(rest):
            rest = pattern.sub("", rest)
            strokes += [_along(climate, side * latitude, radius) for side in (1, -1)]
    rest = rest.strip(" ,.;")
    return (rest, tuple(strokes)) if rest else (prompt, ())


def _along(prompt: str, latitude: float, radius: float) -> Stroke:
    """All around the planet; lengths in thousands of kilometres on the plane."""
    y, half = latitude * MEGAMETRES, EARTH / 2
    return Stroke(prompt, ((-half, y), (half, y)), radius * MEGAMETRES, 1.5 * MEGAMETRES)
