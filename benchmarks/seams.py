"""Seams: the step across tile joins over the step beside them, by the phases that meet there.

python -m benchmarks.seams [--model terra] [--side 16] [--zoom 8]

A folder of diffusers is measured at a zoom that it knows. Random weights show whether the tiles of a decoder
join, and nothing of how land painted by trained weights does.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.common import paint, worlds
from benchmarks.joins import ratio, steps
from explorer import pictures
from explorer.painting.schedule import phase
from explorer.worlds.world import World
from tiles.grid import Box, Tile

PROMPTS = ("rocky coast with islands", "sand desert", "forested mountains")
Joins = dict[str, list[tuple[float, float]]]


def measure(world: World, box: Box) -> Joins:
    """Steps at every inner join of a painted box, by the phases that meet: "A|B", "B|D"."""
    joins_by_phase: Joins = defaultdict(list)
    pixels = {}
    for tile in box.tiles():
        encoded = world.renderer.tile(tile, "png")
        assert encoded is not None
        pixels[tile] = pictures.decode(encoded.data)
    for tile in box.tiles():
        right, below = Tile(tile.z, tile.x + 1, tile.y), Tile(tile.z, tile.x, tile.y + 1)
        if right in pixels:
            pair = np.concatenate([pixels[tile], pixels[right]], 1)
            joins_by_phase[_name(tile, right)].append(steps(pair, 256))
        if below in pixels:
            pair = np.concatenate([pixels[tile], pixels[below]], 0).transpose(1, 0, 2)
            joins_by_phase[_name(tile, below)].append(steps(pair, 256))
    return joins_by_phase


def _name(one: Tile, other: Tile) -> str:
    return "|".join(sorted((phase(one).name, phase(other).name)))


def main(model: Annotated[str, typer.Option()] = "terra", side: int = 16, zoom: int = 8) -> None:
    """Print one row a kind of join, one column a prompt."""
    table = Table("join", *PROMPTS, "joins", title="step across / step beside (1: no seam)")
    middle = 2**zoom // 2
    box = Box(zoom, middle, middle, middle + side, middle + side)
    columns = []
    with worlds(model) as make:
        for prompt in PROMPTS:
            world = make(prompt, zoom=zoom)
            paint(world, box.grown(1).tiles())
            columns.append(measure(world, box))
    for name in sorted(columns[0]):
        figures = [f"{ratio(joins[name]):.3f}" for joins in columns]
        table.add_row(name, *figures, str(len(columns[0][name])))
    every = [[step for steps in joins.values() for step in steps] for joins in columns]
    table.add_row("all", *(f"{ratio(joins):.3f}" for joins in every), str(len(every[0])))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
