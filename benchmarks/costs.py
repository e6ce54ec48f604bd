"""What a new tile costs, against one window sampled alone, and against two other ways to paint.

python -m benchmarks.costs [--model terra]
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import multidiffusion
from benchmarks.common import HOME, paint, pixels, seconds, worlds
from benchmarks.joins import ratio, steps
from explorer.models.terra import Terra
from explorer.painting import schedule
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from explorer.worlds.world import World
from tiles.grid import Box, Tile

VIEW = (8, 6)  # tiles, about a laptop's screen
PROMPT = "rocky coast with islands"


def windows_per_tile(world: World, pans: int = 16) -> float:
    """Windows run for each tile revealed, panning right a tile at a time from a painted view."""
    width, height = VIEW
    view = Box(8, HOME, HOME, HOME + width, HOME + height)
    paint(world, view.tiles())
    windows = 0
    for _ in range(pans):
        view = Box(8, view.left + 1, view.top, view.right + 1, view.bottom)
        windows += paint(world, view.tiles())
    return windows / (pans * height)


def tile_times(world: World) -> dict[str, float]:
    """Median seconds of one window alone, of decoding, of a whole new tile and of a cached one."""
    model, margin = world.model, world.model.traits.margin
    spec = WindowSpec(pyramid_of(8, 0, model.traits.halo, model.traits.space), 1, (Condition(PROMPT),))
    alone = assemble(Tile(8, 0, 0), spec, {})
    sheet = np.zeros((4, 32 + 2 * margin, 32 + 2 * margin), np.float32)
    # Cells of phase A whose sketch is painted: each is one window, as most cells are in panning.
    cells = [Tile(8, HOME + x, HOME) for x in range(100, 122, 2)]
    for cell in cells:
        paint(world, schedule.requires(cell, world.pyramid))
    fresh = iter(cells)

    def new() -> None:
        cell = next(fresh)
        assert paint(world, [cell]) == 1
        world.renderer.tile(cell, "webp")

    return {
        "one window alone": seconds(lambda: model.paint([alone]), 11),
        "decoding": seconds(lambda: model.decode(sheet), 11),
        "a new tile": seconds(new, 11),
        "a cached tile": seconds(lambda: world.renderer.tile(cells[0], "webp"), 200),
        "a look for search": seconds(lambda: world.finder.look(cells[0], 1, pixels(world, cells[0])), 200)
        - seconds(lambda: pixels(world, cells[0]), 200),
    }


def main(model: Annotated[str, typer.Option()] = "terra") -> None:
    """Print the table."""
    table = Table("figure", "value", "aim", title="costs, as ratios of one run")
    with worlds(model) as make:
        world = make(PROMPT)
        times = tile_times(world)
        new, alone = times["a new tile"], times["one window alone"]
        panning = windows_per_tile(make(PROMPT, 1))
        table.add_row("a new tile / one window alone", f"{new / alone:.2f}", "1.3")
        table.add_row("windows per tile revealed by panning", f"{panning:.2f}", "1.25")
        table.add_row("a cached tile / a new tile", f"{times['a cached tile'] / new:.4f}", "0.02")
        table.add_row("a look for search / a new tile", f"{times['a look for search'] / new:.3f}", "0.02")
        table.add_row("decoding / a new tile", f"{times['decoding'] / new:.2f}", "0.25")
        assert isinstance(world.model, Terra)
        independent_tiles = multidiffusion.independent(world.model, PROMPT)
        table.add_row("independent tiles: step across joins", f"{seam(independent_tiles):.2f}", "")
        lazy, per_tile = multidiffusion.lazy(world.model, PROMPT)
        table.add_row("lazy MultiDiffusion: windows per tile", f"{per_tile:.2f}", "")
        table.add_row("lazy MultiDiffusion: step across joins", f"{seam(lazy):.2f}", "")
    Console().print(table)
    Console().print({name: f"{value * 1000:.0f} ms" for name, value in times.items()})


def seam(picture: np.ndarray) -> float:
    """The ratio of joins.py for a picture of whole tiles, joins left to right."""
    joins = range(256, picture.shape[1], 256)
    rows = range(0, picture.shape[0], 256)
    return ratio([steps(picture[row : row + 256], join) for row in rows for join in joins])


if __name__ == "__main__":
    typer.run(main)
