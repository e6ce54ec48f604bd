import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.service.regions import png_mask, polygon_mask, rectangle
from tiles.errors import BadEdit, TooLarge
from tiles.grid import Tile, tile_metres

LATENT = tile_metres(8) / 32


def square(*bounds):
    return rectangle([value * LATENT for value in bounds])


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@given(st.integers(-40, 40), st.integers(-40, 40), st.integers(1, 40), st.integers(1, 40))
def test_a_rectangle_on_latents_is_just_those_latents(x, y, width, height):
    mask = polygon_mask(square(x, y - height, x + width, y), 8, 0, 9)
    total = 0
    for tile, weights in mask.items():
        rows, columns = np.nonzero(weights)
        left, top = (tile.x - 128) * 32, (tile.y - 128) * 32
        assert (columns + left >= x).all() and (columns + left < x + width).all()
        assert (rows + top >= -y).all() and (rows + top < -y + height).all()
        assert (weights[weights > 0] == 255).all()
        total += len(rows)
    assert total == width * height


def test_holes_stay_and_parts_add_up():
    outer, inner = square(0, -20, 20, 0)["coordinates"][0], square(5, -15, 15, -5)["coordinates"][0]
    ring = polygon_mask({"type": "Polygon", "coordinates": [outer, inner]}, 8, 0, 4)[Tile(8, 128, 128)]
    assert ring[2, 2] == 255 and ring[10, 10] == 0 and (ring > 0).sum() == 400 - 100
    two = {"type": "MultiPolygon", "coordinates": [[inner], square(40, -5, 45, 0)["coordinates"]]}
    assert list(polygon_mask(two, 8, 0, 4)) == [Tile(8, 128, 128), Tile(8, 129, 128)]


def test_a_soft_border_falls_evenly_over_its_width():
    mask = polygon_mask(square(0, -32, 64, 64), 8, 8 * LATENT, 60)
    row = np.concatenate([mask[Tile(8, x, 127)][16] for x in range(127, 131)]).astype(int)
    rising = row[: len(row) // 2]
    assert (np.diff(rising) >= 0).all() and abs(row[32] - 128) < 24 and row[32 + 16] == 255
    assert 8 <= ((row > 8) & (row < 247)).sum() / 2 <= 20


def test_a_picture_lies_at_its_corner_one_pixel_a_latent():
    pixels = np.arange(50 * 40, dtype=np.uint16).reshape(50, 40).astype(np.uint8) | 16
    mask = png_mask(png(pixels), 8, (3.3 * LATENT, -5.2 * LATENT), 0, 9)
    assert sorted(mask) == [Tile(8, x, y) for x in (128, 129) for y in (128, 129)]
    assert mask[Tile(8, 128, 128)][5, 3] == pixels[0, 0] and mask[Tile(8, 129, 129)][0, 0] == pixels[27, 29]


def test_a_soft_picture_fades_beyond_its_edge_as_a_polygon_does():
    text = png(np.full((64, 64), 255, np.uint8))
    soft = png_mask(text, 8, (0, 0), 8 * LATENT, 36)
    like = polygon_mask(square(0, -64, 64, 0), 8, 8 * LATENT, 36)
    assert sorted(soft) == sorted(like) and len(soft) == 16
    assert all((soft[tile] == like[tile]).all() for tile in soft)
    with pytest.raises(BadEdit, match="softness"):
        png_mask(text, 8, (0, 0), 1e9, 36)


@pytest.mark.parametrize(
    ("shape", "softness", "why"),
    [
        ({"type": "Point", "coordinates": [0, 0]}, 0, "GeoJSON Polygon"),
        ("nothing", 0, "GeoJSON Polygon"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, 0, "at least three"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, float("nan")]]]}, 0, "at least three"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1e5, 0], [2e5, 0]]]}, 0, "on a line"),
        ({"type": "Polygon", "coordinates": [[[300, 300], [301, 300], [301, 301]]]}, 0, "empty"),
        (square(0, 0, 9, 9), -1, "softness"),
        (square(0, 0, 9, 9), float("nan"), "softness"),
    ],
)
def test_what_is_no_region_is_named(shape, softness, why):
    with pytest.raises(BadEdit, match=why):
        polygon_mask(shape, 8, softness, 9)


def test_large_regions_are_refused_before_they_are_drawn():
    with pytest.raises(TooLarge, match="lies in"):
        polygon_mask(square(0, 0, 1e6, 1e6), 8, 0, 256)
    with pytest.raises(TooLarge, match="corners"):
        ring = [[float(i), float(i % 7)] for i in range(6000)]
        polygon_mask({"type": "Polygon", "coordinates": [ring]}, 8, 0, 256)
    with pytest.raises(TooLarge, match="too many tiles"):
        polygon_mask(square(0, 0, 90, 90), 8, 0, 4)
    with pytest.raises(TooLarge, match="pixels"):
        png_mask(png(np.zeros((400, 400), np.uint8)), 8, (0, 0), 0, 1)


@pytest.mark.parametrize(
    "text",
    ["", "%%%", base64.b64encode(b"GIF89a").decode(), base64.b64encode(b"\x89PNG\r\n\x1a\nxx").decode()],
)
def test_what_is_no_mask_picture_is_named(text):
    with pytest.raises(BadEdit, match="mask_png"):
        png_mask(text, 8, (0, 0), 0, 4)


def test_a_mask_picture_is_grey():
    with pytest.raises(BadEdit, match="mode RGB"):
        png_mask(png(np.zeros((4, 4, 3), np.uint8)), 8, (0, 0), 0, 4)
