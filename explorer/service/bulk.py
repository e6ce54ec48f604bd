"""Painting a long list of tiles to its end, while maps go on being served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

from explorer.service.executors import hands_of
from explorer.service.painter import Painter
from explorer.worlds.world import World
from tiles.grid import Tile, around

GROUP, MOST = 64, 1024  # tiles wanted at a time for each painter, and for all of them
PATIENCE = 0.2  # seconds between two looks at how far it is
LOOKED = 64  # unfinished tiles after which a look ends: those behind them are hardly done before them


def paint_all(painter: Painter, world: World, tiles: Sequence[Tile], step: Callable[[int], None]) -> None:
    """Paint ``tiles`` (base zoom) and their surroundings until all are final.

    It is one client of the painter, so a map beside it gets every other batch. ``step`` is told how
    many more are done, or 0 now and then, and may raise to end it. Raises PaintingFailed, WorldHeld,
    WorldNotFound.
    """

    def needed(group: Sequence[Tile]) -> list[Tile]:
        return list(dict.fromkeys([*group, *(other for tile in group for other in around(tile).tiles())]))

    _paint(painter, world, tiles, None, needed, step)


def paint_layer(
    painter: Painter, world: World, layer: int, tiles: Sequence[Tile], step: Callable[[int], None]
) -> None:
    """Paint ``tiles`` as an edit or a draft makes them, with all that needs. As ``paint_all``; raises
    Cancelled if the edit is given up meanwhile."""
    _paint(painter, world, tiles, layer, list, step)


def _paint(
    painter: Painter,
    world: World,
    tiles: Sequence[Tile],
    layer: int | None,
    needed: Callable[[Sequence[Tile]], list[Tile]],
    step: Callable[[int], None],
) -> None:
    world.access.require()
    size = min(MOST, GROUP * hands_of(painter.status().crew))
    for start in range(0, len(tiles), size):
        group = list(tiles[start : start + size])
        left = _missing(world, group, layer, needed)
        step(len(group) - len(left))
        if left:
            _wait(painter.paint(world, needed(left), layer), world, left, layer, needed, step)


def _wait(
    future: Future[None],
    world: World,
    left: list[Tile],
    layer: int | None,
    needed: Callable[[Sequence[Tile]], list[Tile]],
    step: Callable[[int], None],
) -> None:
    try:
        while left:
            before = len(left)
            left = [] if _over(future) else _missing(world, left, layer, needed, LOOKED)
            step(before - len(left))  # even if nothing is done: it may want to stop
    finally:
        future.cancel()


def _missing(
    world: World,
    tiles: list[Tile],
    layer: int | None,
    needed: Callable[[Sequence[Tile]], list[Tile]],
    most: int | None = None,
) -> list[Tile]:
    """The tiles that are not painted yet with all they need; behind the first ``most`` of them, all tiles."""
    painted, missing = world.canvas.snapshot().painted, list[Tile]()
    for number, tile in enumerate(tiles):
        if len(missing) == most:
            return missing + tiles[number:]
        if not all(painted(each, layer) for each in needed([tile])):
            missing.append(tile)
    return missing


def _over(future: Future[None]) -> bool:
    """Whether all is painted; False after a moment. Raises what painting raised."""
    try:
        future.result(PATIENCE)
    except TimeoutError:
        return False
    return True
