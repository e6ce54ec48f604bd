"""The end of a world, while others may be painting or looking at it."""

from __future__ import annotations

from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas


def remove(atlas: Atlas, painter: Painter, id: str) -> None:
    """Delete a world with all its land. Raises WorldNotFound, WorldHeld, NotWritten."""
    world = atlas.get(id)
    painter.forget(world)
    atlas.delete(id)
    painter.forget(world)  # by those who came meanwhile
