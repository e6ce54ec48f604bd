"""The pictures of the gallery: each ready world painted by terra where it opens.

python -m benchmarks.gallery [NAME ...]
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image
from rich.progress import track

from benchmarks.common import paint, pixels
from explorer.models.library import Library
from explorer.worlds.atlas import Atlas
from explorer.worlds.gallery import Ready, ready_world, ready_worlds
from tiles.grid import Tile, tile_at

SIZE = (320, 200)  # px
WIDE = 2  # tiles that a picture is wide, at least; a planet is shown whole


def picture(atlas: Atlas, ready: Ready) -> Image.Image:
    """What a ready world shows about its home."""
    world = atlas.create(ready.new)
    side = 2**world.base_zoom if world.base_zoom < 5 else WIDE + 2
    home = tile_at(*world.home, world.base_zoom)
    left, top = (0, 0) if side > 4 else (home.x - 1, home.y - 1)
    rows = [[Tile(world.base_zoom, left + x, top + y) for x in range(side)] for y in range(side)]
    paint(world, [tile for row in rows for tile in row])
    sheet = np.concatenate([np.concatenate([pixels(world, tile) for tile in row], 1) for row in rows])
    whole = Image.fromarray(sheet)
    width = whole.width if side > 4 else 640
    height = width * SIZE[1] // SIZE[0]
    middle = (whole.width // 2, whole.height // 2) if side > 4 else (384, 384)
    x, y = middle[0] - width // 2, middle[1] - height // 2
    return whole.crop((x, y, x + width, y + height)).resize(SIZE, Image.Resampling.LANCZOS)


def main(names: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """Paint the pictures of these ready worlds, or of all."""
    chosen = [ready_world(name) for name in names or ready_worlds()]
    with tempfile.TemporaryDirectory() as folder:
        atlas = Atlas(Path(folder), Library("terra", "cpu"), 2**28)
        for ready in track(chosen, "painting"):
            picture(atlas, ready).save(ready.thumbnail, quality=82, method=6)
        atlas.close()


if __name__ == "__main__":
    typer.run(main)
