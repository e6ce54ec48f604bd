"""Zooming in: whether each level is the land of the level above, with more in it.

python -m benchmarks.zoom [--places 7] [--side 4] [--deepest 20] [--pictures docs/images/zoom]

Each place is followed down from zoom 8: a block of 4 x 4 tiles, then that in the middle of their children,
and so on. At each step each tile is compared with the mean of its four children (PSNR; at least 24 dB is
wanted), and the joins between the children are measured (1: no seam).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import typer
from PIL import Image

from benchmarks.common import HOME, paint, picture, pixels, worlds
from benchmarks.joins import ratio, steps
from explorer import pictures
from explorer.painting.pyramid import DEEPEST
from explorer.worlds.world import World
from tiles.grid import Box, Tile, metres_words

PROMPTS = (
    "forested mountains with snow and rivers",
    "farmland with fields and a river",
    "rocky coast with islands",
)
BASE = 8  # the zoom where it begins


class Step(NamedTuple):
    """One step down from a block of painted tiles."""

    psnrs: list[float]  # dB, of each tile's children's mean against it
    joins: list[tuple[float, float]]  # the steps at the children's joins, and beside them
    block: Box  # of the children, to go on with
    mosaic: np.ndarray  # its pixels


def follow(world: World, block: Box) -> Step:
    """Paint the children of a block of tiles, with all around them, and measure them."""
    below = block.at(block.zoom + 1)
    paint(world, below.grown(1).tiles())
    psnrs = []
    for tile in block.tiles():
        error = pictures.halved([pixels(world, child) for child in tile.children]).astype(float)
        error -= pixels(world, tile)
        psnrs.append(float(10 * np.log10(255**2 / max(np.mean(error**2), 1e-9))))
    sheet = np.concatenate(
        [
            np.concatenate([pixels(world, Tile(below.zoom, x, y)) for x in range(below.left, below.right)], 1)
            for y in range(below.top, below.bottom)
        ]
    )
    lines = range(256, len(sheet), 256)
    joins = [steps(rows, line) for rows in (sheet, sheet.transpose(1, 0, 2)) for line in lines]
    side = block.width // 2  # about the middle: from there on it goes down
    middle = Box(below.zoom, below.left + side, below.top + side, below.left + 3 * side, below.top + 3 * side)
    inner = slice(256 * side, 256 * 3 * side)
    return Step(psnrs, joins, middle, sheet[inner, inner])


def main(
    model: Annotated[str, typer.Option()] = "terra",
    places: int = 7,
    side: int = 4,
    deepest: int = DEEPEST,
    folder: Annotated[Path | None, typer.Option("--pictures")] = None,
) -> None:
    """Print one row a step of zoom, each as soon as it is known; with ``--pictures`` also write a folder of
    the first place's mosaics."""
    print(f"{places * side**2} parents a step\n")
    print("| step | ground | PSNR of the mean of four children, dB | lowest | seams |")
    print("| --- | --- | --- | --- | --- |")
    start = Box(BASE, HOME, HOME, HOME + side, HOME + side)
    with worlds(model) as make:
        followed = [(make(PROMPTS[place % len(PROMPTS)], place + 2), start) for place in range(places)]
        for world, block in followed:
            paint(world, block.grown(1).tiles())
        if folder is not None:
            save(picture(followed[0][0], start), folder, BASE)
        for zoom in range(BASE + 1, deepest + 1):
            found = [follow(world, block) for world, block in followed]
            psnrs = [psnr for step in found for psnr in step.psnrs]
            seams = ratio([join for step in found for join in step.joins])
            figures = f"{np.mean(psnrs):.1f} | {min(psnrs):.1f} | {seams:.3f}"
            print(f"| {zoom - 1} to {zoom} | {metres_words(zoom)} | {figures} |", flush=True)
            if folder is not None:
                save(found[0].mosaic, folder, zoom)
            followed = [(world, step.block) for (world, _), step in zip(followed, found)]


def save(mosaic: np.ndarray, folder: Path, zoom: int) -> None:
    """Write the mosaic of one zoom."""
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mosaic).save(folder / f"{zoom}.webp", quality=80, method=6)


if __name__ == "__main__":
    typer.run(main)
