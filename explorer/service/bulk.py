"""Painting a long list of tiles to its end, while maps go on being served."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence

from explorer.service.painter import Event, Painter
from explorer.worlds.world import World
from tiles.errors import PaintingFailed, WorldHeld
from tiles.grid import Tile, around

GROUP = 64  # tiles wanted at a time
PATIENCE = 0.5  # seconds between two looks at whether to go on


def paint_all(painter: Painter, world: World, tiles: Sequence[Tile], step: Callable[[int], None]) -> None:
    """Paint ``tiles`` (base zoom) and their surroundings until all are final.

    It is one client of the painter, so a map beside it gets every other batch. ``step`` is told how
    many more are done, or 0 now and then, and may raise to end it. Raises PaintingFailed, WorldHeld.
    """

    def wanted(left: list[Tile]) -> list[Tile]:
        return [*left, *dict.fromkeys(other for tile in left for other in around(tile).tiles())]

    _until(painter, world, tiles, None, wanted, world.final, step)


def paint_layer(
    painter: Painter, world: World, layer: int, tiles: Sequence[Tile], step: Callable[[int], None]
) -> None:
    """Paint ``tiles`` as an edit or a draft makes them, with all that needs. As ``paint_all``."""
    _until(
        painter, world, tiles, layer, list, lambda tile: world.canvas.snapshot().painted(tile, layer), step
    )


def _until(
    painter: Painter,
    world: World,
    tiles: Sequence[Tile],
    layer: int | None,
    wanted: Callable[[list[Tile]], list[Tile]],
    there: Callable[[Tile], bool],
    step: Callable[[int], None],
) -> None:
    if world.readonly:
        raise WorldHeld(f"world {world.id!r} is being painted by {world.holder}; it can be read here")
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    client = object()
    stop = painter.listen(lambda event: events.put(event) if event.world == world.id else None)
    try:
        for start in range(0, len(tiles), GROUP):
            left = [tile for tile in tiles[start : start + GROUP] if not there(tile)]
            step(len(tiles[start : start + GROUP]) - len(left))
            painter.want(client, world, wanted(left), layer)
            while left:
                _wait(events, painter, client)
                done = {tile for tile in left if there(tile)}
                left = [tile for tile in left if tile not in done]
                step(len(done))  # even if there are none: it may want to stop
    finally:
        stop()
        painter.drop(client)


def _wait(events: queue.SimpleQueue[Event], painter: Painter, client: object) -> None:
    """Until something happens, or a moment passes. Raises PaintingFailed."""
    try:
        event = events.get(timeout=PATIENCE)
    except queue.Empty:
        status = painter.status()
        if not status.alive or not painter.wants(client):
            raise PaintingFailed(status.error or "the painter has stopped") from None
        return
    if event.kind == "failed":
        raise PaintingFailed(event.message)
