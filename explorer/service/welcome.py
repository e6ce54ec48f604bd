"""Land for those who may only look: the homes of worlds are painted before anybody comes."""

from __future__ import annotations

from contextlib import suppress

from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.firstlight import home_view
from tiles.errors import EarthError

ACROSS, DOWN = 3, 2  # tiles to each side of a home's that a view shows


def paint_homes(atlas: Atlas, painter: Painter) -> None:
    """Have a view around the home of each world painted that belongs to nobody and has no land yet."""
    for summary in atlas.summaries():
        if summary.cells or summary.readonly or atlas.owner(summary.id):
            continue
        with suppress(EarthError):  # whoever asks for that world hears of it
            world = atlas.get(summary.id)
            painter.paint(world, list(home_view(world, ACROSS, DOWN).tiles()))
