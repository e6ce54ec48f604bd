"""The latent space of a tile's model: how many numbers stand for how many pixels. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tiles.grid import TILE_PIXELS

MAX_CHANNELS = 64  # of latents
PIXELS = (4, 8, 16)  # along a latent, in spaces that are known; a tile is whole latents in each


class LatentSpace(NamedTuple):
    """What the latents of a cell look like.

    >>> space = LatentSpace(channels=16, pixels=8)
    >>> space.side, space.shape, space.cell_bytes
    (32, (16, 32, 32), 32768)
    """

    channels: int  # numbers a latent
    pixels: int  # along a latent

    @property
    def side(self) -> int:
        """Latents along a cell."""
        return TILE_PIXELS // self.pixels

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the latents of a cell."""
        return self.channels, self.side, self.side

    @property
    def cell_bytes(self) -> int:
        """Of the latents of a cell as they are kept: float16."""
        return 2 * self.channels * self.side**2

    def __str__(self) -> str:
        return f"{self.channels} channels and {self.pixels} pixels a latent"


USUAL = LatentSpace(channels=4, pixels=8)  # that of worlds whose settings name none


def space_of(settings: Mapping[str, Any]) -> LatentSpace:
    """The space that a world's settings name.

    >>> space_of({"channels": 16})
    LatentSpace(channels=16, pixels=8)
    """
    return LatentSpace(
        int(settings.get("channels", USUAL.channels)), int(settings.get("pixels", USUAL.pixels))
    )


def named(space: LatentSpace) -> dict[str, int]:
    """The settings of a world by which a space is named: those that are not as usual."""
    usual = USUAL._asdict()
    return {name: value for name, value in space._asdict().items() if value != usual[name]}
