"""A world in a temporary folder, painted without a server around it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from explorer.models.library import Library
from explorer.settings import Settings
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from explorer.worlds.world import World
from tiles.grid import Box, Tile

HOME = 128  # the middle of zoom 8


@contextmanager
def worlds(model: str = "terra", device: str = "cpu") -> Iterator[Callable[..., World]]:
    """A function that makes worlds; they are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"model": model}  # all else is as the environment says
        library = Library(model, device, Settings(**given).model_options)
        atlas = Atlas(Path(folder), library, 2**30)
        try:
            yield lambda prompt, seed=0, sketch=None, zoom=8: atlas.create(
                NewWorld(prompt[:80], prompt, seed, base_zoom=zoom, sketch=sketch)
            )
        finally:
            atlas.close()


def paint(world: World, wanted: Iterable[Tile], layer: int | None = None) -> int:
    """Paint what is wanted on this thread, as it is shown or in a layer; returns the number of windows."""
    return world.canvas.paint(wanted, world.model.paint, world.model.traits.batch, layer)


def picture(world: World, box: Box) -> np.ndarray:
    """The tiles of ``box``, painted and side by side, uint8 (256 rows, 256 columns, 3)."""
    rows = [[Tile(box.zoom, x, y) for x in range(box.left, box.right)] for y in range(box.top, box.bottom)]
    paint(world, [tile for row in rows for tile in row])
    return np.concatenate([np.concatenate([pixels(world, tile) for tile in row], 1) for row in rows])


def pixels(world: World, tile: Tile) -> np.ndarray:
    decoded = world.renderer.pixels(tile)
    assert decoded is not None  # just painted
    return decoded


def seconds(work: Callable[[], object], times: int) -> float:
    """Median time of ``work``."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)
