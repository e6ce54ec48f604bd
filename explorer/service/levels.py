"""One prompt and seed at several ground resolutions, side by side: what a model makes of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from explorer.models.family import Model
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from explorer.service.jobs import Step, Work
from explorer.service.scouting import Sample, decoded_alone
from tiles.grid import TILE_PIXELS, Tile, metres_words
from tiles.mosaic.postcard import INK, PAPER, font_for

MOST = 6
LETTERS, GAP = 14, 8  # px


class LevelPicture(NamedTuple):
    """A cell painted at one zoom."""

    zoom: int
    pixels: np.ndarray  # uint8 (256, 256, 3)


def chosen_zooms(known: Sequence[int], most: int = MOST) -> list[int]:
    """At most ``most`` of the known zooms, evenly spread from the coarsest to the finest.

    >>> chosen_zooms(range(10, 19)), chosen_zooms([5, 8])
    ([10, 12, 13, 15, 16, 18], [5, 8])
    """
    every = sorted(known)
    places = np.linspace(0, len(every) - 1, min(most, len(every)))
    return [every[round(place)] for place in places]


def at_levels(model: Model, prompt: str, seed: int, sample: Sample) -> Iterator[LevelPicture]:
    """A cell of the same prompt and seed at each of six zooms that the model knows, the coarsest first, each
    when it is asked for. Each is painted for itself, without a coarser level over it."""
    for zoom in chosen_zooms(model.traits.zooms):
        pyramid = pyramid_of(zoom, 0, model.traits.halo, model.traits.space)
        middle = 2**zoom // 4 * 2  # even: a cell that sees no neighbour
        spec = WindowSpec(pyramid, seed, (Condition(prompt, use_parent=False),))
        (cell,) = sample(model, [assemble(Tile(zoom, middle, middle), spec, {})])
        yield LevelPicture(zoom, decoded_alone(model, cell))


def work(model: Model, prompt: str, seed: int, sample: Sample) -> Work:
    """The work of a job that paints them into files, each named by its zoom: ``15.png``."""

    def paint(folder: Path, step: Step) -> list[Path]:
        found: list[Path] = []
        total = len(chosen_zooms(model.traits.zooms))
        step("painting", 0, total)
        for level in at_levels(model, prompt, seed, sample):
            found.append(folder / f"{level.zoom}.png")
            Image.fromarray(level.pixels).save(found[-1])
            step("painting", len(found), total)
        return found

    return paint


def strip(levels: Sequence[LevelPicture]) -> Image.Image:
    """The pictures side by side, each with its ground resolution below it."""
    step, below = TILE_PIXELS + GAP, LETTERS + 2 * GAP
    sheet = Image.new("RGB", (len(levels) * step + GAP, TILE_PIXELS + GAP + below), PAPER)
    pen, font = ImageDraw.Draw(sheet), font_for("", LETTERS)
    for index, level in enumerate(levels):
        left = GAP + index * step
        sheet.paste(Image.fromarray(level.pixels), (left, GAP))
        words = f"zoom {level.zoom}: {metres_words(level.zoom)} per pixel"
        pen.text((left, 2 * GAP + TILE_PIXELS), words, INK, font)
    return sheet
