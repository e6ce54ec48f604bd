"""A picture for people: the land with a caption and a scale bar."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont
from PIL.PngImagePlugin import PngInfo

from tiles.grid import metres_per_pixel
from tiles.mosaic.area import About, Area, Read, Step
from tiles.mosaic.raster import strips

MOST_PIXELS = 4096**2
PAPER, INK, QUIET = (247, 245, 240), (32, 40, 38), (112, 120, 116)
UNPAINTED = (226, 223, 215)


def write_postcard(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """PNG: the area on paper, its name and prompt below on the left, a scale bar on the right."""
    land = Image.new("RGB", (area.width, area.height), UNPAINTED)
    for strip, top in strips(area, 4, read, step):
        part = Image.fromarray(np.ascontiguousarray(strip.transpose(1, 2, 0)))
        land.paste(part, (0, top - area.top), part)
    unit = max(12, round(min(area.width, area.height) / 36))  # px: the caption's letters
    margin = 2 * unit
    card = Image.new("RGB", (area.width + 2 * margin, area.height + 2 * margin + 4 * unit), PAPER)
    card.paste(land, (margin, margin))
    pen, foot = ImageDraw.Draw(card), margin + area.height + unit
    bar = _scale_bar(pen, card.width - margin, foot, area, unit)
    room = bar - 2 * unit - margin
    _line(pen, (margin, foot), about.name, INK, round(1.3 * unit), room)
    _line(pen, (margin, foot + round(1.9 * unit)), about.prompt, QUIET, unit, room)
    card.save(path, "PNG", pnginfo=_notes(about))


def round_length(most: float) -> float:
    """The largest 1, 2 or 5 times a power of ten up to ``most`` (metres)."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def length_words(metres: float) -> str:
    return f"{metres / 1000:,.0f} km" if metres >= 1000 else f"{metres:g} m"


def _scale_bar(pen: ImageDraw.ImageDraw, right: int, top: int, area: Area, unit: int) -> int:
    """A bar that ends at ``right``; gives its left end in px."""
    metres = metres_per_pixel(area.zoom)
    length = round_length(area.width / 4 * metres)
    left, thick = right - round(length / metres), max(2, unit // 6)
    pen.rectangle((left, top + unit, right, top + unit + thick), INK)
    for x in (left, right - thick):
        pen.rectangle((x, top + unit // 2, x + thick, top + unit + thick), INK)
    words, font = length_words(length), _font(unit)
    pen.text((right, top + round(1.9 * unit)), words, QUIET, font, anchor="ra")
    return min(left, right - round(font.getlength(words)))


def _line(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, ink: tuple[int, int, int], size: int, room: int
) -> None:
    """One line, ended with dots where it is wider than ``room`` px."""
    font, shown = _font(size), text
    while shown and font.getlength(shown) > room:
        shown = shown.removesuffix("…")[:-1].rstrip() + "…" if len(shown) > 1 else ""
    pen.text(at, shown, ink, font)


def _font(size: int) -> FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, FreeTypeFont)
    return font


def _notes(about: About) -> PngInfo:
    notes = PngInfo()
    for key, value in (("Title", about.name), ("Description", about.prompt), ("Software", about.software)):
        notes.add_itxt(key, value)
    return notes
