"""Pictures that guide painting: laid on the map as a step of the journal, as they are or as their edges."""

from __future__ import annotations

import base64
import binascii
import math
from pathlib import Path

import numpy as np
import torch

from explorer.painting.pyramid import Pyramid
from explorer.service import placing
from explorer.service.edits import WEAKEST, tell
from explorer.service.painter import Painter
from explorer.service.placing import Limits, Sheet, Spot
from explorer.worlds.world import World
from tiles import guides
from tiles.errors import BadEdit, BadPicture, TooLarge
from tiles.grid import MAX_ZOOM, Bounds, Tile, boxed
from tiles.guides import MAX_PIXELS, MAX_RASTER, Guide

# Of Canny's detector, in shades 0..1: as most ControlNets for edges were trained (100 and 200 of 255).
WEAK, STRONG = 0.1, 0.2
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue are


def require_guided(world: World) -> str:
    """What pictures a world's model follows, in words. Raises BadEdit where it follows none."""
    if not world.model.traits.guide:
        raise BadEdit(
            f"{world.model.traits.name} follows no guide: that takes a world of a Stable Diffusion model with"
            " a ControlNet (EARTH_CONTROLNET)"
        )
    return world.model.traits.guide


def zoom_of(zoom: float | None, pyramid: Pyramid) -> float:
    """The zoom of a guide's pixels, by default the world's. Raises BadEdit."""
    zoom = pyramid.base if zoom is None else zoom
    if not pyramid.top <= zoom <= MAX_ZOOM:
        raise BadEdit(f"zoom {zoom:g}: a guide of this world may have zoom {pyramid.top} to {MAX_ZOOM}")
    return zoom


def read(path: Path, spot: Spot, world: World, limits: Limits, only_edges: bool) -> tuple[Sheet, Guide]:
    """The guide in a file, as it is or its edges, and the picture that it was read as. Raises as
    ``placing.read`` does, and BadEdit, TooLarge."""
    own = zoom_of(spot.zoom, world.pyramid)
    zoom = math.ceil(own)  # a guide is kept on the grid of a zoom: the one that loses nothing
    sheet = placing.read(path, spot._replace(zoom=own), world.home, zoom, limits)
    return sheet, guide_of(edges(sheet) if only_edges else sheet, zoom, spot.strength)


def from_base64(text: str) -> bytes:
    """A picture's file. Raises BadPicture."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadPicture("the picture is not base64") from None


def guide_of(sheet: Sheet, zoom: int, strength: float) -> Guide:
    """The guide that a picture is, followed by a ``strength``. Raises BadEdit, TooLarge."""
    if not WEAKEST <= strength <= 1:
        raise BadEdit(f"strength {strength}: it must be {WEAKEST} to 1")
    height, width = sheet.mask.shape
    if width * height > MAX_PIXELS:
        raise TooLarge(f"the guide has {width:,} x {height:,} pixels; {MAX_PIXELS:,} are allowed")
    alpha = np.where(sheet.mask, 255, 0).astype(np.uint8)
    raster = guides.written(np.dstack([sheet.pixels, alpha]))
    if len(raster) > MAX_RASTER:
        raise TooLarge(
            f"the guide takes {len(raster):,} characters of the journal; {MAX_RASTER:,} are allowed. A part"
            " of it fits, or a coarser zoom"
        )
    return Guide(zoom, sheet.left, sheet.top, width, height, strength, raster)


def edges(sheet: Sheet) -> Sheet:
    """The edges in a picture (Canny 1986, "A Computational Approach to Edge Detection"), white on black."""
    from kornia.filters import canny  # a quarter of a second to import

    grey = torch.from_numpy(sheet.pixels.astype(np.float32) @ np.array(GREY, np.float32) / 255)
    with torch.inference_mode():
        _, found = canny(grey[None, None], WEAK, STRONG)
    white = np.where(found[0, 0].numpy() > 0, 255, 0).astype(np.uint8)
    return sheet._replace(pixels=np.repeat(white[..., None], 3, -1))


def lay(world: World, painter: Painter, guide: Guide) -> int:
    """Lay a guide: land within it is painted by it from now on, and by edits. The number of its line. Raises
    BadEdit, BadBounds, TooLarge."""
    require_guided(world)
    number = world.journal.guide(guide)
    tell(painter, world)
    return number


def painted_under(world: World, bounds: Bounds, most: int) -> list[Tile]:
    """The painted cells of the base level that a guide touches, at most ``most``: they stay as they are until
    an edit paints them again."""
    painted = world.canvas.snapshot().painted
    cells = boxed(bounds, world.base_zoom).tiles()
    return [cell for cell in cells if painted(cell)][:most]
