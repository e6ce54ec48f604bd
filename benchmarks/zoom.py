"""Zooming in: whether each level is the land of the level above, with more in it.

python -m benchmarks.zoom [--model terra] [--places 3] [--deepest 20] [--picture docs/images/zoom.webp]

Each place is followed down from zoom 8. At each step its tile is compared with the mean of its four children
(PSNR; at least 24 dB is wanted), and the joins between the children are measured (1: no seam).
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.common import HOME, paint, pixels, worlds
from benchmarks.joins import ratio, steps
from explorer import pictures
from explorer.painting.pyramid import DEEPEST
from explorer.worlds.world import World
from tiles.grid import Tile, around, metres_words

PROMPTS = (
    "forested mountains with snow and rivers",
    "farmland with fields and a river",
    "rocky coast with islands",
)
BASE = 8  # the zoom where it begins


def follow(world: World, tile: Tile) -> tuple[float, list[tuple[float, float]], Tile]:
    """One step down from a painted tile: PSNR in dB of its children's mean against it, the steps at their
    joins, and the child to go on with."""
    children = tile.children
    paint(world, {other for child in children for other in around(child).tiles()})
    parts = [pixels(world, child) for child in children]
    error = pictures.halved(parts).astype(float) - pixels(world, tile)
    psnr = float(10 * np.log10(255**2 / max(np.mean(error**2), 1e-9)))
    rows = [np.concatenate(parts[i : i + 2], 1) for i in (0, 2)]
    columns = [np.concatenate(parts[i::2], 0).transpose(1, 0, 2) for i in (0, 1)]
    return psnr, [steps(pair, 256) for pair in (*rows, *columns)], children[3 if tile.z % 2 else 0]


def main(
    model: Annotated[str, typer.Option()] = "terra",
    places: int = 3,
    deepest: int = DEEPEST,
    picture: Path | None = None,
) -> None:
    """Print one row a step of zoom; with ``--picture`` also write each place's tiles side by side."""
    psnrs: defaultdict[int, list[float]] = defaultdict(list)
    joins: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    strips = []
    with worlds(model) as make:
        for place in range(places):
            world, tile = make(PROMPTS[place % len(PROMPTS)], place + 2), Tile(BASE, HOME + 1, HOME + 1)
            paint(world, around(tile).tiles())
            strip = [pixels(world, tile)]
            while tile.z < deepest:
                psnr, steps_here, tile = follow(world, tile)
                psnrs[tile.z].append(psnr)
                joins[tile.z] += steps_here
                strip.append(pixels(world, tile))
            strips.append(np.concatenate(strip, 1))
    table = Table("step", "ground", "PSNR of the mean, dB", "lowest", "seams", title=f"{places} places")
    for zoom, found in psnrs.items():
        figures = f"{np.mean(found):.1f}", f"{min(found):.1f}", f"{ratio(joins[zoom]):.3f}"
        table.add_row(f"{zoom - 1} to {zoom}", metres_words(zoom), *figures)
    Console().print(table)
    if picture is not None:
        Image.fromarray(np.concatenate(strips)).save(picture, quality=80, method=6)


if __name__ == "__main__":
    typer.run(main)
