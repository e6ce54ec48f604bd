"""Training data in a folder, made up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image


def dataset(folder: Path, count: int = 20) -> Path:
    """Mosaics with nothing on them, labelled."""
    shard = folder / "bluemarble-0"
    shard.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(count):
        pixels = rng.integers(0, 256, (256, 256, 3), np.uint8)
        Image.fromarray(pixels).save(shard / f"m{index}.png")
        label = {"cls": "coast", "captions": ["a coast"], "places": ""}
        note = {"licence": "public domain", "zoom": 6 + index % 3, "tiles": [label] * 16}
        west = index * 37 % 340 - 170
        note["bbox_lonlat"] = [west, 10, west + 1, 11]
        (shard / f"m{index}.json").write_text(json.dumps(note))
    return folder
