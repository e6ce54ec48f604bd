"""Land for those who may only look: the homes of worlds are painted before anybody comes."""

from __future__ import annotations

from contextlib import suppress

from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from tiles.errors import EarthError
from tiles.grid import Box, tile_at

ACROSS, DOWN = 7, 5  # tiles of a view


def paint_homes(atlas: Atlas, painter: Painter) -> None:
    """Have a view around the home of each world painted that belongs to nobody and has no land yet."""
    for summary in atlas.summaries():
        if summary.cells or summary.readonly or atlas.owner(summary.id):
            continue
        with suppress(EarthError):  # whoever asks for that world hears of it
            world = atlas.get(summary.id)
            home = tile_at(*world.home, world.base_zoom)
            left, top = home.x - ACROSS // 2, home.y - DOWN // 2
            view = Box(home.z, left, top, left + ACROSS, top + DOWN)
            painter.paint(world, list(view.tiles()))
