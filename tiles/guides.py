"""Guides: pictures that land is painted by, such as edges, segments or a map, on the grid of a zoom. Pure.

In a journal the pixels are text: a PNG with an alpha channel, whose transparent pixels guide nothing.
"""

from __future__ import annotations

import base64
import binascii
import io
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from tiles.grid import EARTH, Bounds, metres_per_pixel

MAX_PIXELS = 2**22  # of a guide, as many as 64 tiles have
MAX_RASTER = 3_900_000  # characters of its text: a line of a journal has room for no more


class Guide(NamedTuple):
    """A picture at its place, and how closely it is followed."""

    zoom: int  # of its pixels
    left: int  # px from the grid's origin
    top: int
    width: int  # px
    height: int
    strength: float  # 0..1
    raster: str  # its pixels as text

    @property
    def bounds(self) -> Bounds:
        """Where it lies, in metres."""
        metres = metres_per_pixel(self.zoom)
        west, north = self.left * metres - EARTH / 2, EARTH / 2 - self.top * metres
        return Bounds(west, north - self.height * metres, west + self.width * metres, north)

    @property
    def pixels(self) -> np.ndarray:
        """RGBA, uint8 (height, width, 4), read-only. Raises ValueError."""
        return read_raster(self.raster, self.width, self.height)


def written(pixels: np.ndarray) -> str:
    """RGBA pixels, uint8 (h, w, 4), as text.

    >>> read_raster(written(np.full((2, 3, 4), 255, np.uint8)), 3, 2).shape
    (2, 3, 4)
    """
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


@lru_cache(maxsize=8)
def read_raster(text: str, width: int, height: int) -> np.ndarray:
    """The pixels of a text, uint8 (height, width, 4), read-only. Raises ValueError for one that is no picture
    of that size, before it is unpacked."""
    if len(text) > MAX_RASTER or not 0 < width * height <= MAX_PIXELS:
        raise ValueError(f"a guide has up to {MAX_PIXELS:,} pixels and {MAX_RASTER:,} characters")
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",))
        if image.size != (width, height) or image.mode != "RGBA":
            found = f"{image.mode} of {image.width} x {image.height} pixels"
            raise ValueError(f"the guide's picture is {found}, not RGBA of {width} x {height}")
        pixels = np.array(image)
    except (binascii.Error, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the guide's picture cannot be read ({error})") from None
    pixels.flags.writeable = False
    return pixels
