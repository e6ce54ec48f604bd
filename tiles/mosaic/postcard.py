"""A picture for people: the land with a caption and a scale bar."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont
from PIL.PngImagePlugin import PngInfo

from tiles.grid import metres_per_pixel
from tiles.mosaic.area import About, Area, Read, Step
from tiles.mosaic.raster import strips

MOST_PIXELS, MOST_SIDE = 4096**2, 16_384
PAPER, INK, QUIET = (247, 245, 240), (32, 40, 38), (112, 120, 116)
UNPAINTED = (226, 223, 215)
LEAST_UNITS = 24  # width of the paper: below tiny land there must still be room for the caption
FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf",
    "NotoSansCJK-Regular.ttc", "Arial Unicode.ttf", "msgothic.ttc", "simsun.ttc", "malgun.ttf",
)  # fmt: skip


def write_postcard(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """A PNG of the area on paper: name and prompt below it on the left, a scale bar on the right."""
    land = Image.new("RGB", (area.width, area.height), UNPAINTED)
    for strip in strips(area, 4, read, step):
        part = Image.fromarray(np.ascontiguousarray(strip.pixels.transpose(1, 2, 0)))
        land.paste(part, (strip.window.col_off, strip.window.row_off), part)
    unit = max(12, round(min(area.width, area.height) / 36))  # px: the caption's letters
    margin, inner = 2 * unit, max(area.width, LEAST_UNITS * unit)
    card = Image.new("RGB", (inner + 2 * margin, area.height + 2 * margin + 4 * unit), PAPER)
    card.paste(land, ((card.width - area.width) // 2, margin))
    pen, foot = ImageDraw.Draw(card), margin + area.height + unit
    bar = _scale_bar(pen, card.width - margin, foot, inner / 4, area.zoom, unit)
    room = bar - 2 * unit - margin
    _line(pen, (margin, foot), about.name, INK, round(1.3 * unit), room)
    _line(pen, (margin, foot + round(1.9 * unit)), about.prompt, QUIET, unit, room)
    card.save(path, "PNG", pnginfo=_notes(about))


def round_length(most: float) -> float:
    """The largest 1, 2 or 5 times a power of ten up to ``most`` (metres, more than 0).

    >>> round_length(730)
    500.0
    """
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def length_words(metres: float) -> str:
    """A length of the plane in words. Like the map's own scale, it holds at the equator."""
    return f"{metres / 1000:,.0f} km (Mercator)" if metres >= 1000 else f"{metres:g} m (Mercator)"


def _scale_bar(pen: ImageDraw.ImageDraw, right: int, top: int, most: float, zoom: int, unit: int) -> int:
    """A bar of up to ``most`` px that ends at ``right``; returns where it and its label begin, in px."""
    metres = metres_per_pixel(zoom)
    length = round_length(most * metres)
    left, thick = right - round(length / metres), max(2, unit // 6)
    # Pillow draws the last pixel too, so the bar goes from left to right - 1.
    pen.rectangle((left, top + unit, right - 1, top + unit + thick), INK)
    for x in (left, right - thick):
        pen.rectangle((x, top + unit // 2, x + thick - 1, top + unit + thick), INK)
    label, font = length_words(length), font_for("", unit)
    pen.text((right, top + round(1.9 * unit)), label, QUIET, font, anchor="ra")
    return min(left, right - round(font.getlength(label)))


def _line(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, ink: tuple[int, int, int], size: int, room: int
) -> None:
    """Draw one line of text, cut short with dots if it is wider than ``room`` px."""
    font = font_for(text, size)
    shown = text = readable(text, font)
    while shown and font.getlength(shown) > room:
        text = text[:-1].rstrip()
        shown = f"{text}..." if text else ""
    pen.text(at, shown, ink, font)


def font_for(text: str, size: int) -> FreeTypeFont:
    """The font that has most letters of ``text``: Pillow's own, or one of the system's."""
    best = ImageFont.load_default(size)
    assert isinstance(best, FreeTypeFont)
    for name in FONTS:
        if not (missing := missing_letters(best, text)):
            break
        try:
            candidate = ImageFont.truetype(name, size)
        except OSError:
            continue  # not on this machine
        if len(missing_letters(candidate, text)) < len(missing):
            best = candidate
    return best


def readable(text: str, font: FreeTypeFont) -> str:
    """``text`` as far as the font can draw it: accents are dropped first, then whole letters."""
    if not missing_letters(font, text):
        return text
    plain = unicodedata.normalize("NFKD", text)
    missing = missing_letters(font, plain)
    return " ".join("".join(letter for letter in plain if letter not in missing).split())


def missing_letters(font: FreeTypeFont, text: str) -> set[str]:
    """The letters of ``text`` that a font would draw as empty boxes."""
    box = bytes(font.getmask("\uffff"))
    return {letter for letter in set(text) if not letter.isspace() and bytes(font.getmask(letter)) == box}


def _notes(about: About) -> PngInfo:
    notes = PngInfo()
    fields = {"Title": about.name, "Description": about.prompt, "Software": about.software}
    for key, value in {**fields, "Copyright": about.licence}.items():
        notes.add_itxt(key, value)
    return notes
