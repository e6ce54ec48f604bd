"""A stand-in for a model: it paints at once what any model might, so that all the rest can be measured."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np

from explorer.models.family import PromptReport, Traits
from explorer.painting.window import Latents, Window
from tiles.errors import ModelRefused
from tiles.grid import Tile
from tiles.recipe import Recipe


class StandIn:
    """A model whose land is smoothed noise. It counts how often each cell is painted."""

    device, towers, recipe = "cpu", None, None

    def __init__(self, batch: int = 1, sketch: int = 2, pixels: int = 8) -> None:
        self.traits = Traits(
            name="stand-in",
            digest="0" * 32,
            channels=4,
            pixels=pixels,
            halo=8,
            margin=6,
            batch=batch,
            steps=1,
            sketch=sketch,
            zooms=(5, 6, 7, 8),
            base_zoom=8,
            licence="CC0-1.0",
            follow=4,
        )
        self.calls: Counter[Tile] = Counter()
        self.batches: list[list[Tile]] = []

    def paint(self, windows: Sequence[Window]) -> list[Latents]:
        """Noise, shifted by the prompts and by the mean of what is known: it depends on all that a window
        holds, and what is to be held stays."""
        if not 0 < len(windows) <= self.traits.batch:
            raise ValueError(f"{len(windows)} windows: 1 to {self.traits.batch} are allowed")
        self.calls.update(window.cell for window in windows)
        self.batches.append([window.cell for window in windows])
        return [self._land(window) for window in windows]

    def _land(self, window: Window) -> Latents:
        level = (window.known.sum((1, 2)) + window.parent.sum((1, 2))) / (1 + window.known_mask.sum())
        free = window.context_free * (window.known * window.context_mask).mean()
        asked = sum(each.weight * (_tint(each.prompt) + 0.1 * each.use_parent) for each in window.conditions)
        land = 0.5 * window.noise + 0.1 * np.tanh(level)[:, None, None] + asked + 0.1 * free
        land = land - 0.5 * _tint(window.negative_prompt)
        if window.parent_as_is is not None:
            land = land + 0.1 * np.tanh(window.parent_as_is.mean())
        return (window.known + window.hold_until * (land - window.known)).astype(np.float32)

    def decode(self, latents: Latents) -> np.ndarray:
        """Each latent as a square of one colour, to which those ``margin`` latents away add a little."""
        margin = self.traits.margin
        inside = latents[:3, margin:-margin, margin:-margin]
        near = latents[:3, : -2 * margin, margin:-margin] + latents[:3, margin:-margin, 2 * margin :]
        colours = np.clip((inside + 0.1 * near) * 60 + 128, 0, 255).astype(np.uint8).transpose(1, 2, 0)
        scale = self.traits.pixels
        return np.ascontiguousarray(colours.repeat(scale, 0).repeat(scale, 1))

    def read_prompt(self, prompt: str) -> PromptReport:
        """It knows every word, and reads to the end."""
        return PromptReport("", ())

    def encode(self, pixels: np.ndarray) -> Latents:
        """The mean colour of each square."""
        (height, width, _), scale = pixels.shape, self.traits.pixels
        squares = pixels.reshape(height // scale, scale, width // scale, scale, 3)
        means = squares.mean((1, 3)).transpose(2, 0, 1)
        return means[np.arange(self.traits.channels) % 3].astype(np.float32) / 60 - 2


class OneModel:
    """A library of models that holds a single one."""

    default = "stand-in"

    def __init__(self, model: StandIn) -> None:
        self.model = model

    def get(self, name: str | None = None, recipe: Recipe | None = None) -> StandIn:
        return self.model

    def named(self, name: str) -> str:
        if name not in self.names():
            raise ModelRefused(f"no model {name!r} here; known are {', '.join(self.names())}")
        return name

    def names(self) -> list[str]:
        return [self.default]


def _tint(prompt: str) -> float:
    """What a prompt does to land, -0.5..0.5."""
    return zlib.crc32(prompt.encode()) / 2**32 - 0.5 if prompt else 0.0
