"""What terra paints, uncurated: the first four seeds of every example prompt, one tile each, and three
mosaics of 2048 px.

python -m benchmarks.sheet [FOLDER] [MODEL]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.common import picture, worlds
from tiles.grid import Box

PROMPTS = Path(__file__).resolve().parents[1] / "assets" / "prompts" / "examples.json"
SEEDS, COLUMNS = 4, 8
MOSAICS = (("coast", 7), ("desert mountains", 8), ("suburb", 18))
SIDE = 8  # tiles


def middle(zoom: int, side: int) -> Box:
    """A square of tiles that begins in the middle of the plane."""
    home = 2**zoom // 2
    return Box(zoom, home, home, home + side, home + side)


def main(folder: Path = Path("docs/images"), model: str = "terra") -> None:
    examples = json.loads(PROMPTS.read_text())
    with worlds(model) as make:
        tiles = []
        for example in examples:
            for seed in range(SEEDS):
                world = make(example["prompt"], seed, zoom=example["zoom"])
                tiles.append(picture(world, middle(example["zoom"], 1)))
        rows = [np.concatenate(tiles[i : i + COLUMNS], 1) for i in range(0, len(tiles), COLUMNS)]
        save(np.concatenate(rows), folder / "terra.webp")
        for prompt, zoom in MOSAICS:
            mosaic = picture(make(prompt, zoom=zoom), middle(zoom, SIDE))
            save(mosaic, folder / f"{prompt.replace(' ', '-')}.webp")
    for left, right in zip(examples[::2], examples[1::2]):
        print("| " + " | ".join(f"{each['prompt']} (zoom {each['zoom']})" for each in (left, right)) + " |")


def save(pixels: np.ndarray, path: Path) -> None:
    Image.fromarray(pixels).save(path, quality=80, method=6)
    print(path)


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((Path, str), sys.argv[1:])))
