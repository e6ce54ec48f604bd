"""What terra paints, uncurated: the first four seeds of every example prompt, one tile each.

python -m benchmarks.sheet [FILE] [MODEL]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import HOME, paint, worlds
from tiles.grid import TILE_PIXELS, Tile

PROMPTS = Path(__file__).resolve().parents[1] / "assets" / "prompts" / "examples.json"
SEEDS, COLUMNS = 4, 8


def main(out: Path = Path("docs/images/terra.webp"), model: str = "terra") -> None:
    prompts = [example["prompt"] for example in json.loads(PROMPTS.read_text())]
    side = TILE_PIXELS
    sheet = np.zeros((len(prompts) * SEEDS // COLUMNS * side, COLUMNS * side, 3), np.uint8)
    tile = Tile(8, HOME, HOME)
    with worlds(model) as make:
        for index, (prompt, seed) in enumerate((p, s) for p in prompts for s in range(SEEDS)):
            world = make(prompt, seed)
            paint(world, [tile])
            y, x = index // COLUMNS * side, index % COLUMNS * side
            pixels = world.pixels(tile)
            assert pixels is not None  # just painted
            sheet[y : y + side, x : x + side] = pixels
    Image.fromarray(sheet).save(out, quality=80, method=6)
    print(f"{out}: each row holds seeds 0 to 3 of two prompts:")
    for left, right in zip(prompts[::2], prompts[1::2]):
        print(f"- {left}; {right}")


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((Path, str), sys.argv[1:])))
