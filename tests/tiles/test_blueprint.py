import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tiles.blueprint import SIDE, read
from tiles.errors import BadPicture, TooLarge
from tiles.grid import Bounds
from tiles.strokes import prompt_weights

SEA, LAND, ICE = (42, 111, 151), (60, 160, 70), (250, 250, 250)
PLACE = Bounds(0, 0, 64_000, 32_000)
MOST = 10**7


@pytest.fixture
def drawn(tmp_path):
    """An island with an ice cap in a sea, 640 x 320 px, its edges blurred as drawings are."""
    picture = np.full((320, 640, 3), SEA, np.uint8)
    picture[80:240, 160:480] = LAND
    picture[120:200, 240:320] = ICE
    path = tmp_path / "island.png"
    Image.fromarray(picture).filter(ImageFilter.GaussianBlur(1)).save(path)
    return path


def square(west: float, south: float, east: float, north: float, **properties: object) -> dict:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def saved(tmp_path, *features: dict):
    path = tmp_path / "map.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_the_colours_of_a_drawing_are_its_legend_and_blurs_are_none(drawn):
    plan = read(drawn, MOST)
    assert [key.name for key in plan.legend] == ["#2a6f97", "#3ca046", "#fafafa"]
    assert [round(key.share, 2) for key in plan.legend] == [0.75, 0.22, 0.03]
    assert [key.prompt for key in plan.legend] == [
        "open ocean, deep blue sea", "green forest", "polar ice sheet and snow",
    ]  # fmt: skip
    assert plan.cells.shape == (32, 64) and plan.own is None and max(plan.cells.shape) == SIDE


def test_strokes_lie_where_the_colours_do(drawn):
    plan = read(drawn, MOST)
    prompts = {"#2a6f97": "sea", "#3ca046": "land", "#fafafa": " "}
    strokes = plan.strokes(prompts, PLACE, 0)
    assert [stroke.prompt for stroke in strokes] == ["sea", "land"]
    columns, rows = np.meshgrid(np.arange(64), np.arange(32))
    x, y = (columns + 0.5) * 1000.0, (31.5 - rows) * 1000.0
    weights = prompt_weights("other", strokes[::-1], x, y)
    wanted = np.where(plan.cells == 0, "sea", np.where(plan.cells == 1, "land", "other"))
    for prompt, weight in weights.items():
        assert (weight[wanted == prompt] == 1).all(), prompt


def test_a_border_is_as_soft_as_one_likes(drawn):
    plan = read(drawn, MOST)
    (land,) = plan.strokes({"#3ca046": "land"}, PLACE, 4000)
    assert land.softness == 4000
    outside = land.weight(np.array([14_000.0]), np.array([16_000.0]))
    assert 0 < outside[0] < 1


def test_a_part_that_is_many_lines_long_becomes_several_strokes(tmp_path):
    cells = np.zeros((64, 64, 3), np.uint8)
    cells[::2, ::2] = cells[1::2] = (200, 30, 30)
    Image.fromarray(cells).save(tmp_path / "net.png")
    strokes = read(tmp_path / "net.png", MOST).strokes({"#c81e1e": "land"}, PLACE, 0)
    assert max(len(stroke.path) for stroke in strokes) <= 400 and len(strokes) < 12


def test_a_map_keeps_its_shape_in_the_middle_of_the_bounds(drawn):
    assert read(drawn, MOST).fitted(Bounds(0, 0, 100, 100)) == Bounds(0, 25, 100, 75)


def test_areas_of_geojson_lie_where_they_say(tmp_path):
    plan = read(saved(tmp_path, square(-2, -1, 2, 1, biome=0), square(0, -1, 2, 1, biome=6)), MOST)
    assert [(key.name, key.prompt) for key in plan.legend] == [("0", "open ocean"), ("6", "temperate forest")]
    red, green, blue = ([int(key.colour[at : at + 2], 16) for key in plan.legend] for at in (1, 3, 5))
    assert blue[0] > max(red[0], green[0]) and green[1] > max(red[1], blue[1])  # as maps show them
    assert (plan.cells[:, 32:] == 1).all() and (plan.cells[:, :32] == 0).all()
    assert [round(side) for side in plan.own] == [-222639, -111325, 222639, 111325]


def test_places_that_are_no_degrees_lie_nowhere(tmp_path):
    plan = read(saved(tmp_path, square(0, 0, 1900, 900, type="island")), MOST)
    assert plan.own is None and [key.name for key in plan.legend] == ["island"]


@pytest.mark.parametrize(
    "text",
    ["{", '{"features": []}', '{"features": [1]}', '{"features": [{"geometry": null}]}', "[" * 100_000, "[]",
     '{"features": [{"geometry": {"type": "Polygon", "coordinates": [[["a", "b"]]]}}]}',
     '{"features": [{"geometry": {"type": "Polygon", "coordinates": []}}]}',
     '{"features": [{"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}]}'],
)  # fmt: skip
def test_what_is_no_map_is_said_to_be_none(tmp_path, text):
    path = tmp_path / "map.geojson"
    path.write_text(text)
    with pytest.raises(BadPicture):
        read(path, MOST)


def test_other_files_and_empty_or_huge_pictures_are_refused(tmp_path, drawn):
    path = tmp_path / "map.png"
    path.write_bytes(b"%PDF-1.7 no picture")
    with pytest.raises(BadPicture, match="PNG, WebP, GIF and GeoJSON"):
        read(path, MOST)
    Image.new("RGBA", (9, 9)).save(path)
    with pytest.raises(BadPicture, match="transparent"):
        read(path, MOST)
    path.write_bytes(drawn.read_bytes()[:200])
    with pytest.raises(BadPicture):
        read(path, MOST)
    with pytest.raises(TooLarge, match="640 x 320"):
        read(drawn, 10_000)
