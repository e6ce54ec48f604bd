"""The place of a model that is not on this machine: its worlds can be looked at, and nothing is painted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from explorer.models.family import PromptReport, Towers, Traits
from explorer.painting.window import Latents, Window
from tiles.errors import ModelRefused
from tiles.latents import space_of
from tiles.recipe import remembered


class Absent:
    """What a world knows of its model. What needs the model itself raises ModelRefused, as ``why`` says."""

    device = "cpu"
    towers: Towers | None = None

    def __init__(self, settings: Mapping[str, Any], why: ModelRefused) -> None:
        self.why = why  # what is missing, and where to get it
        self.recipe, space = remembered(settings), space_of(settings)
        self.traits = Traits(
            name=settings["model"],
            digest=settings["digest"],
            channels=space.channels,
            pixels=space.pixels,
            halo=settings["halo"],
            margin=1,
            batch=1,
            steps=0,
            sketch=settings["sketch"],
            zooms=(settings["base_zoom"],),
            base_zoom=settings["base_zoom"],
            licence=self.recipe.licence if self.recipe else "not known here",
        )

    def _refused(self) -> ModelRefused:
        return ModelRefused(str(self.why), self.why.reason, **self.why.values)

    def paint(self, windows: Sequence[Window]) -> NoReturn:
        raise self._refused()

    def decode(self, latents: Latents) -> NoReturn:
        raise self._refused()

    def encode(self, pixels: np.ndarray) -> NoReturn:
        raise self._refused()

    def read_prompt(self, prompt: str) -> PromptReport:
        """Nothing is left out, as far as one knows."""
        return PromptReport("", ())
