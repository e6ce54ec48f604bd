"""Painting a long list of tiles to its end, while maps go on being served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial

from explorer.service.executors import hands_of
from explorer.service.painter import Painter
from explorer.worlds.world import World
from tiles.grid import Tile, around

GROUP, MOST = 64, 4096  # tiles wanted at a time for each painter, and for all of them
AHEAD = 2  # groups of them: painters begin the next one when they would have to wait for cells of the first
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
    look = partial(_missing, world, layer, needed)
    size = min(MOST, GROUP * hands_of(painter.status().crew)) // AHEAD
    client, groups = object(), deque[tuple[Future[None], list[Tile]]]()
    try:
        for start in range(0, len(tiles), size):
            group = list(tiles[start : start + size])
            left = look(group)
            step(len(group) - len(left))
            if left:
                groups.append((painter.paint(world, needed(left), layer, client), left))
            if len(groups) == AHEAD:
                _wait(groups, look, step)
        while groups:
            _wait(groups, look, step)
    finally:
        for future, _ in groups:
            future.cancel()


def _wait(
    groups: deque[tuple[Future[None], list[Tile]]],
    look: Callable[[list[Tile], int], list[Tile]],
    step: Callable[[int], None],
) -> None:
    """Until the first of the groups is painted."""
    future, left = groups[0]
    while left:
        before = len(left)
        left = [] if _over(future) else look(left, LOOKED)
        step(before - len(left))  # even if nothing is done: it may want to stop
    groups.popleft()[0].cancel()


def _missing(
    world: World,
    layer: int | None,
    needed: Callable[[Sequence[Tile]], list[Tile]],
    tiles: list[Tile],
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
