"""Reading tiles ahead of whoever writes them, so that several painters decode side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from tiles.grid import Tile

T = TypeVar("T")
Get = Callable[[Tile], T]
MOST = 16  # tiles that are read at the same time: each needs a thread, and a connection to the world's file


@contextmanager
def read_ahead(get: Get[T], order: Iterable[Tile], hands: int) -> Iterator[Get[T]]:
    """``get`` for tiles that will be asked for in this ``order``, ``hands`` (at least 1) of them at a time.

    What comes back, or is raised, is what ``get`` gives; a tile that is not in ``order`` is got when it is
    asked for. Twice as many tiles as there are hands are kept ahead; with one hand nothing is.

    >>> with read_ahead(str, [Tile(1, 0, 0), Tile(1, 1, 0)], 2) as get:
    ...     get(Tile(1, 0, 0))
    'Tile(z=1, x=0, y=0)'
    """
    if hands == 1:
        yield get
        return
    hands, coming, begun = min(hands, MOST), iter(order), dict[Tile, Future[T]]()
    with ThreadPoolExecutor(hands, "read ahead") as threads:

        def taken(tile: Tile) -> T:
            while len(begun) < 2 * hands and (later := next(coming, None)) is not None:
                begun[later] = threads.submit(get, later)
            future = begun.pop(tile, None)
            return get(tile) if future is None else future.result()

        try:
            yield taken
        finally:
            for future in begun.values():
                future.cancel()
