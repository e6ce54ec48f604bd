"""Postcards: the land, a caption and a scale bar."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.mosaics import ABOUT, read, saved, sheet
from tiles.grid import metres_per_pixel
from tiles.mosaic import postcard
from tiles.mosaic.area import Area
from tiles.mosaic.formats import FORMATS, write
from tiles.mosaic.postcard import length_words, round_length


def test_a_postcard_shows_the_land(tmp_path):
    found = Area(8, 0, 0, 600, 400)
    (path,), _ = saved(tmp_path, "postcard", found, whole=True)
    with Image.open(path) as image:
        card = np.array(image.convert("RGB"))
    land = sheet(found)
    places = [
        (y, x)
        for y in range(card.shape[0] - 399)
        for x in range(card.shape[1] - 599)
        if (card[y, x] == land[0, 0]).all() and (card[y + 399, x + 599] == land[-1, -1]).all()
    ]
    assert any((card[y : y + 400, x : x + 600] == land).all() for y, x in places)
    assert card.shape[0] > 430  # room for the caption


def card(tmp_path, about, found):
    (path,) = write(tmp_path / "card.png", FORMATS["postcard"], found, about, True, read, lambda *said: None)
    with Image.open(path) as image:
        return np.array(image.convert("RGB")), image.info


def test_a_scale_bar_is_as_long_as_it_says(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(postcard, "length_words", lambda metres: said.append(metres) or "x")
    for found in (Area(8, 0, 0, 600, 400), Area(19, 5, 5, 900, 30), Area(8, 0, 0, 3, 3)):
        shown, _ = card(tmp_path, ABOUT._replace(name=" ", prompt=""), found)
        ink = (shown == postcard.INK).all(2)
        ink[: found.height + 30] = False
        row = ink[ink.sum(1).argmax()]
        assert abs(row.sum() * metres_per_pixel(found.zoom) / said[-1] - 1) < 0.02
        assert row.nonzero()[0].max() < shown.shape[1] - 20 and row.nonzero()[0].min() > 20


@pytest.mark.parametrize("text", ["Ünï", "тундра", "日本", "a\u0301 ✓", "\U0001f30d", "x" * 500])
def test_captions_are_never_empty_boxes(tmp_path, text):
    font = postcard.font_for(text, 20)
    shown = postcard.readable(text, font)
    assert not postcard.missing_letters(font, shown)
    monochrome, info = card(tmp_path, ABOUT._replace(name=text, prompt=text), Area(8, 0, 0, 300, 200))
    assert info["Title"] == text and info["Copyright"] == "CC0-1.0" and monochrome.shape[1] < 400


def test_accents_are_dropped_where_no_font_has_them(monkeypatch):
    monkeypatch.setattr(postcard, "FONTS", ())
    assert postcard.readable("Ünï 日本 land", postcard.font_for("Ü", 20)) == "Uni land"


@given(st.floats(0.01, 1e8))
def test_scale_bars_have_round_lengths(most):
    length = round_length(most)
    assert most / 2.6 < length <= most * 1.0001 and length_words(length)
