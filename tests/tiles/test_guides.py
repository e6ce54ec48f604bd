import base64
import io

import numpy as np
import pytest
from PIL import Image

from tiles.entries import BadEntry, parse
from tiles.grid import EARTH, Tile
from tiles.guides import MAX_PIXELS, Guide, read_raster, written
from tiles.journal import Reader, guide


def picture(width=30, height=20):
    return np.random.default_rng(0).integers(0, 255, (height, width, 4), np.uint8)


def line(pixels, **other):
    height, width = pixels.shape[:2]
    place = {"zoom": 8, "left": 128 * 256, "top": 128 * 256, "width": width, "height": height}
    rest = {"strength": 0.5, "raster": written(pixels), "reach": [6, 30, 30, 35, 35], "painted": []}
    return {**place, **rest, **other}


def test_pixels_come_back_as_they_were():
    pixels = picture()
    found = read_raster(written(pixels), 30, 20)
    assert (found == pixels).all() and not found.flags.writeable


def png(image, **options):
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"raster": "no base64!"}, "cannot be read"),
        ({"raster": base64.b64encode(b"hello").decode()}, "cannot be read"),
        ({"raster": written(picture())[:-100]}, "cannot be read"),
        ({"raster": png(Image.new("RGB", (30, 20)))}, "RGB of 30 x 20 pixels, not RGBA of 30 x 20"),
        ({"width": 31}, "RGBA of 30 x 20 pixels, not RGBA of 31 x 20"),
        ({"width": MAX_PIXELS, "height": 2}, "up to 4,194,304 pixels"),
        ({"width": -30, "height": -20}, "RGBA of 30 x 20"),
        ({"raster": 7}, "raster 7"),
        ({"strength": 2}, "strength 2"),
        ({"zoom": 99}, "zoom 99"),
        ({"left": 0.5}, "0.5 is not a number of pixels"),
        ({"reach": [1]}, "not a box"),
    ],
)
def test_lines_that_are_no_guide_are_refused(change, words):
    with pytest.raises(BadEntry, match=words):
        parse("guide", line(picture(), **change))


def test_a_guide_lies_where_its_pixels_do():
    laid = guide(parse("guide", line(picture())))
    west, south, east, north = laid.bounds
    metres = EARTH / 256 / 256
    assert (west, north) == (0, 0) and east == pytest.approx(30 * metres)
    assert south == pytest.approx(-20 * metres)


def history(*entries):
    reader = Reader()
    for number, (kind, data) in enumerate(entries, 1):
        reader.add(number, parse(kind, data))
    return reader.history()


def test_a_guide_holds_for_land_that_is_painted_after_it_until_it_is_undone():
    first = ("prompt", {"prompt": "coast", "painted": []})
    here, painted, away = Tile(8, 128, 128), Tile(8, 129, 128), Tile(8, 200, 200)
    laid = ("guide", line(picture(), painted=[[8, 128, 129, 1]]))
    now = history(first, laid)
    assert now.era(here).entry == 2 and now.era(here).prompt == "coast"
    assert [each.strength for each in now.guides(here)] == [0.5]
    assert now.era(painted).entry == now.era(away).entry == 1
    assert not list(now.guides(painted)) and not list(now.guides(away))
    assert now.prompt == "coast" and now.steps == (1, 2)
    undone = history(first, laid, ("undone", {"entry": 2}))
    assert undone.era(here).entry == 1 and not list(undone.guides(here))


def test_an_edit_follows_the_guides_beneath_it_wherever_land_was_painted():
    first = ("prompt", {"prompt": "coast", "painted": []})
    edit = {"cells": [[8, 128, 129, 1]], "prompt": "", "negative_prompt": "", "strength": 1, "seed": 1}
    before, after = ({**edit, "picture": False} for _ in range(2))
    laid = ("guide", line(picture(), painted=[[8, 128, 129, 1]]))
    done = ("done", {"entry": 2}), ("done", {"entry": 5})
    now = history(first, ("edit", before), done[0], laid, ("edit", after), done[1])
    cell = Tile(8, 129, 128)
    assert not list(now.guides(cell, now.edit(2))) and len(list(now.guides(cell, now.edit(5)))) == 1


def test_a_guide_before_any_prompt_is_no_journal():
    with pytest.raises(ValueError, match="line 1 is a guide before any prompt"):
        history(("guide", line(picture())))


def test_guides_are_equal_by_what_they_hold():
    laid = guide(parse("guide", line(picture())))
    assert isinstance(laid, Guide) and laid == guide(parse("guide", line(picture())))
