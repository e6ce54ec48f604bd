"""The model that comes with the app."""

import numpy as np
import pytest

from explorer.models import bundle
from explorer.models.library import Library
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from tiles.grid import Tile
from tiles.latents import USUAL

FOLDER = bundle.SHIPPED / "terra"


@pytest.fixture(scope="module")
def terra():
    return Library("terra", "cpu").get()


def test_it_is_small_whole_and_has_a_card():
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 60e6
    assert {path.suffix for path in files} == {".json", ".md", ".safetensors"}
    assert not any("_name_or_path" in path.read_text() for path in files if path.suffix == ".json")
    card = (FOLDER / "README.md").read_text()
    assert all(f"## {part}" in card for part in ("Data", "Compute", "Scores", "Limits"))


def colour(terra, prompt: str) -> np.ndarray:
    """Mean red, green and blue of four windows at zoom 6, where a window is a landscape."""
    pyramid, margin = pyramid_of(6, 0, terra.traits.halo, USUAL), terra.traits.margin
    edge = terra.traits.halo - margin
    means = []
    for seed in range(4):
        latents = terra.paint(
            [assemble(Tile(6, 32, 32), WindowSpec(pyramid, seed, (Condition(prompt),)), {})]
        )[0]
        side = latents.shape[1]
        pixels = terra.decode(latents[:, edge : side - edge, edge : side - edge])
        means.append(pixels.mean((0, 1)))
    return np.mean(means, 0)


def test_land_follows_the_prompt(terra):
    sea, desert, forest = (
        colour(terra, prompt)
        for prompt in ("deep blue ocean", "endless sand desert", "dense green rainforest")
    )
    assert sea[2] > 1.5 * sea[0]  # blue
    assert desert[0] > 1.2 * desert[2] and desert.sum() > 1.3 * forest.sum()  # bright and red
    assert forest[1] > 1.1 * forest[2]  # green
