"""A world in a temporary folder, painted without a server around it."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from explorer.atlas import Atlas, NewWorld
from explorer.models.library import Library
from explorer.painting.window import joined
from explorer.world import World
from tiles.grid import Tile

HOME = 128  # the middle of zoom 8


@contextmanager
def worlds(model: str = "terra", device: str = "cpu") -> Iterator[Callable[..., World]]:
    """A function that makes worlds; they are gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        atlas = Atlas(Path(folder), Library(model, device), 2**30)
        try:
            yield lambda prompt, seed=0, sketch=None: atlas.create(
                NewWorld(prompt, prompt, seed, base_zoom=8, sketch=sketch)
            )
        finally:
            atlas.close()


def paint(world: World, wanted: Iterable[Tile], layer: int | None = None) -> int:
    """Paint on this thread all that is wanted, as it is shown or in a layer; how many windows it took."""
    tiles, windows = list(wanted), 0
    while nodes := world.next_nodes(tiles, world.model.traits.batch, layer):
        drawn, entries = zip(*(world.window(node) for node in nodes))
        for node, window, latents, entry in zip(nodes, drawn, world.model.paint(drawn), entries):
            world.commit(node, joined(latents, window.mask, world.layout.halo), entry)
        windows += len(nodes)
    return windows


def seconds(work: Callable[[], object], times: int) -> float:
    """Median time of ``work``."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)
