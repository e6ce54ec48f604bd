"""What painting asks of any model, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from explorer.painting.window import Latents, Window
from tiles.errors import ModelRefused
from tiles.latents import LatentSpace
from tiles.recipe import Recipe


class Traits(NamedTuple):
    """What a model is and can do; from ``bundle.json``."""

    name: str
    digest: str  # hex, over all its files: two models with one digest paint the same land
    channels: int  # numbers a latent
    pixels: int  # along a latent: 4, 8 or 16
    halo: int  # latents seen on each side of a cell
    margin: int  # latents needed on each side of a tile to decode it exactly
    batch: int  # windows painted together, always exactly this many, so that bits never change
    steps: int
    sketch: int  # zooms by which it likes its sketch to be coarser; 0: none
    zooms: tuple[int, ...]  # the ground resolutions it knows, coarsest first
    base_zoom: int  # where it is best
    licence: str
    guide: str = ""  # what pictures it can be guided by, in words; empty: by none
    follow: int = 0  # latents of a parent around a window that it needs to follow its picture; 0: it cannot
    zoom_groups: tuple[tuple[int, ...], ...] = ()  # ``zooms`` by the kind of pictures they are from

    @property
    def space(self) -> LatentSpace:
        """That of its latents."""
        return LatentSpace(self.channels, self.pixels)


class PromptReport(NamedTuple):
    """What a model leaves out of a prompt."""

    cut: str  # the end of the prompt that is too long to be read; empty if all is read
    unknown: tuple[str, ...]  # words of the rest that the model never saw in training


def require_guides(traits: Traits, windows: Sequence[Window]) -> None:
    """Raises ModelRefused where a window has a guide and the model takes none: without it, it would paint
    another land."""
    if not traits.guide and any(window.guide is not None for window in windows):
        raise ModelRefused(
            f"a guide lies on the map here, and {traits.name} takes none: set EARTH_CONTROLNET to the"
            " ControlNet that the land was painted with, or undo the guide"
        )


def sketch_for(zoom: int, traits: Traits) -> int:
    """By how many zooms the sketch of a world at ``zoom`` is best coarser. 0: no sketch.

    A sketch has to be at a zoom that the model knows from the same kind of pictures: where it saw harbors at
    zoom 18 and 19 and other land at 17, a sketch of "harbor" at 17 is nothing that a harbor can be refined
    from.
    """
    told = nearest_zoom(zoom, traits.zooms)  # without groups all zooms are of one kind
    alike = next((group for group in traits.zoom_groups if told in group), traits.zooms)
    return next((less for less in range(traits.sketch, 0, -1) if zoom - less in alike), 0)


def nearest_zoom(zoom: int, known: Sequence[int], shown: bool = True) -> int:
    """The zoom that a model is told where it paints at ``zoom``: the nearest that it knows, of two the
    coarser. A sketch (not ``shown``) above the coarsest that it knows is told the truth, as it always was.

    >>> [nearest_zoom(zoom, (5, 8, 18)) for zoom in (4, 6, 7, 12, 13, 14, 20)]
    [5, 5, 8, 8, 8, 18, 18]
    >>> nearest_zoom(4, (5, 8, 18), shown=False)
    4
    """
    if zoom < min(known) and not shown:
        return zoom
    return min(known, key=lambda each: (abs(each - zoom), each))


class Towers(Protocol):
    """Pictures and prompts as unit vectors of one space: the product of two says how well they agree."""

    def prompts(self, prompts: list[str]) -> np.ndarray:
        """Of prompts, float32 (n, width)."""

    def pictures(self, pixels: np.ndarray) -> np.ndarray:
        """Of pictures uint8 (n, 256, 256, 3), float32 (n, width)."""


class Model(Protocol):
    """Paints windows and decodes latents. Both are pure functions of their arguments::

        (latents,) = model.paint([window])  # (channels, 48, 48) with a halo of 8
        pixels = model.decode(model.encode(picture))

    Where a world's model is not on this machine, all but ``read_prompt`` raise ModelRefused.
    """

    traits: Traits
    device: str
    towers: Towers | None  # None: it cannot compare pictures with prompts

    @property
    def recipe(self) -> Recipe | None:
        """What a world has to remember of how it is used; None: the weights say it all."""

    def paint(self, windows: Sequence[Window]) -> list[Latents]:
        """The latents (channels, width, width) float32 of each window; ``width`` is a cell's side and the
        halo on both sides; at most ``traits.batch`` windows. Raises ValueError for none or more."""

    def decode(self, latents: Latents) -> np.ndarray:
        """A tile's latents (channels, side + 2 margin, side + 2 margin) to its pixels, uint8 (256, 256,
        3)."""

    def read_prompt(self, prompt: str) -> PromptReport:
        """What of a prompt is not read, or not known."""

    def encode(self, pixels: np.ndarray) -> Latents:
        """Pixels uint8 (h * pixels, w * pixels, 3) to latents (channels, h, w), float32."""
