"""Tiles of 512 pixels, and documents as the standards want them."""

import io
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from lxml import etree
from PIL import Image

HERE = "/worlds/test-land/tiles/7/64/64@2x"
# TileJSON 3.0.0, section 3, as far as it concerns tiles of pixels.
LONGITUDE, LATITUDE = (
    {"type": "number", "minimum": -180, "maximum": 180},
    {"type": "number", "minimum": -90, "maximum": 90},
)
TILEJSON = {
    "type": "object",
    "required": ["tilejson", "tiles", "vector_layers"],
    "properties": {
        "tilejson": {"const": "3.0.0"},
        "tiles": {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": r"^https?://.*\{z\}/\{x\}/\{y\}"}},
        "vector_layers": {"type": "array"},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "attribution": {"type": "string"},
        "scheme": {"enum": ["xyz", "tms"]},
        "minzoom": {"type": "integer", "minimum": 0, "maximum": 30},
        "maxzoom": {"type": "integer", "minimum": 0, "maximum": 30},
        "bounds": {"type": "array", "prefixItems": [LONGITUDE, LATITUDE, LONGITUDE, LATITUDE], "minItems": 4, "maxItems": 4},
        "center": {"type": "array", "prefixItems": [LONGITUDE, LATITUDE, {"type": "integer"}], "minItems": 3, "maxItems": 3},
    },
}  # fmt: skip
# OGC's own schema files, as MapProxy brings them for its tests.
SCHEMAS = Path(find_spec("mapproxy").submodule_search_locations[0]) / "test" / "schemas"


@pytest.fixture(autouse=True)
def _world(world):
    return world


def pixels(answer):
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def test_a_double_tile_is_the_four_tiles_under_it(client):
    assert client.get(f"{HERE}.png").status_code == 204
    for down in (0, 1):
        for right in (0, 1):
            assert (
                client.get(f"/worlds/test-land/tiles/8/{128 + right}/{128 + down}.png?wait=60").status_code
                == 200
            )
    double = client.get(f"{HERE}.png")
    assert double.status_code == 200 and pixels(double).shape == (512, 512, 3)
    corner = client.get("/worlds/test-land/tiles/8/129/128.png")
    assert (pixels(double)[:256, 256:] == pixels(corner)).all()
    assert client.get(f"{HERE}.png", headers={"If-None-Match": double.headers["etag"]}).status_code == 304
    assert client.get(f"{HERE}.webp").headers["content-type"] == "image/webp"
    assert client.head(f"{HERE}.png").headers["etag"] == double.headers["etag"]


def test_a_double_tile_waits_until_all_of_it_is_painted(client, world):
    answer = client.get("/worlds/test-land/tiles/8/128/128@2x.png?wait=60")
    assert answer.status_code == 200 and Image.open(io.BytesIO(answer.content)).mode == "RGB"


@pytest.mark.parametrize("address", ["22/0/0@2x", "7/64/64@3x", "7/64@2x/64", "7/64/64@2x@2x"])
def test_there_are_no_other_scales(client, address):
    assert client.get(f"/worlds/test-land/tiles/{address}.png").status_code == 404


def test_tilejson_is_what_its_specification_says(client):
    jsonschema.validate(client.get("/worlds/test-land/tilejson.json").json(), TILEJSON)


@pytest.fixture(scope="module")
def wmts():
    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(etree.parse(SCHEMAS / "wmts/1.0/wmtsGetCapabilities_response.xsd", parser))


def test_wmts_is_what_ogcs_own_schema_says(client, world, wmts):
    world.rename("a & <b>")
    document = etree.fromstring(client.get("/worlds/test-land/wmts.xml").content)
    wmts.assertValid(document)
    finest = list(document.iter("{http://www.opengis.net/wmts/1.0}TileMatrix"))[-1]
    assert int(finest[5].text) == 2 ** int(finest[0].text)
    document.remove(document[1])
    document.insert(
        0, etree.fromstring('<Contents xmlns="http://www.opengis.net/wmts/1.0"><Layer/></Contents>')
    )
    assert not wmts.validate(document)
