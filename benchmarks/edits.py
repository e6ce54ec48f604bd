"""Seams of edits: the step across the border of repainted tiles / the step beside it.

python -m benchmarks.edits [--model terra] [--edits 24]
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.common import HOME, paint, worlds
from benchmarks.joins import ratio, steps
from explorer import pictures
from explorer.service.edits import EditRequest, checked
from explorer.worlds.world import World
from tiles import entries, journal
from tiles.grid import Box, Tile

PROMPTS = ("sand desert", "snowy mountains", "deep blue ocean", "dense green forest")
SHAPES = ((1, 1), (2, 1), (2, 2), (3, 2))  # tiles
APART = 8  # tiles from one edit to the next


def edited(world: World, edit: entries.Edit) -> None:
    """Make an edit on this thread."""
    number = world.journal.begin_edit(edit)
    cells = journal.inside(edit.cells)
    paint(world, cells, number)
    world.journal.finish_edit(number)


def border(world: World, cells: set[Tile]) -> list[tuple[float, float]]:
    """Steps across every join between a cell of an edit and one that is none."""
    joins = []
    for cell in cells:
        for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            other = Tile(cell.z, cell.x + x, cell.y + y)
            if other not in cells:
                first, second = sorted((cell, other))
                pair = np.concatenate([_pixels(world, first), _pixels(world, second)], 1 if x else 0)
                joins.append(steps(pair if x else pair.transpose(1, 0, 2), 256))
    return joins


def _pixels(world: World, tile: Tile) -> np.ndarray:
    encoded = world.renderer.tile(tile, "png")
    assert encoded is not None
    return pictures.decode(encoded.data)


def main(model: Annotated[str, typer.Option()] = "terra", edits: int = 24) -> None:
    """Print one row a strength, one column a prompt."""
    table = Table("strength", *PROMPTS, "all", "joins", title="step across / step beside (1: no seam)")
    with worlds(model) as make:
        for strength in (1.0, 0.5):
            world, columns = make("rocky coast with islands"), []
            for row, prompt in enumerate(PROMPTS):
                joins = []
                for i in range(edits):
                    width, height = SHAPES[i % len(SHAPES)]
                    left, top = HOME + i * APART, HOME + row * APART
                    box = Box(8, left, top, left + width, top + height)
                    paint(world, box.grown(2).tiles())
                    edited(world, checked(world, EditRequest(list(box.tiles()), prompt, "", strength, i), 99))
                    joins += border(world, set(box.tiles()))
                columns.append(joins)
            every = [join for joins in columns for join in joins]
            figures = [f"{ratio(joins):.3f}" for joins in (*columns, every)]
            table.add_row(f"{strength:g}", *figures, str(len(every)))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
