"""What exported mosaics and datasets say of themselves, as STAC."""

import json

import pystac
import pystac.validation as validation
import pytest
import rasterio

from explorer.models.diffusion.licences import known_licence
from explorer.service import dataset, exports, stac
from explorer.service.estimates import ExportRequest
from explorer.service.samples import Plan
from tiles.grid import Tile


@pytest.fixture
def library(standin):
    return standin


def valid(document):
    """The object, held against the schema of STAC that pystac brings; those of extensions are on the web."""
    made = pystac.read_dict({**document, "stac_extensions": []})
    assert validation.validate_dict(made.to_dict(transform_hrefs=False), extensions=[])
    return made


def exported(world, painter, tile, tmp_path):
    request = ExportRequest(tile.bounds, 8, "cog")
    written = exports.make(world, painter, request, tmp_path / "land.tif", lambda *stage: None)
    assert [path.name for path in written] == ["land.tif", "land.stac.json"]
    return json.loads(written[1].read_text())


def test_a_geotiff_has_an_item_that_says_it_is_synthetic(world, painter, tmp_path):
    document = exported(world, painter, Tile(8, 128, 128), tmp_path)
    item = valid(document)
    said = document["properties"]
    assert said["endless_earth:synthetic"] is True and said["endless_earth:seed"] == 1
    assert said["endless_earth:prompts"] == ["rocky coast"]
    assert said["endless_earth:model_digest"] == world.model.traits.digest
    assert said["proj:shape"] == [256, 256] and "No place on Earth" in said["description"]
    assert item.bbox == pytest.approx([0, -1.406, 1.406, 0], abs=0.001)
    assert item.assets["data"].href.endswith("land.tif")
    assert str(tmp_path) not in json.dumps(document)


def test_a_licence_in_words_is_said_whole_and_other_to_catalogues(world, painter, tmp_path):
    words = known_licence("text2earth", "apache-2.0")
    world.model.traits = world.model.traits._replace(licence=words)
    document = exported(world, painter, Tile(8, 128, 128), tmp_path)
    valid(document)
    assert document["properties"]["license"] == "other"
    assert document["properties"]["endless_earth:licence"] == words and "MIT" in words
    with rasterio.open(tmp_path / "land.tif") as tags:
        assert tags.tags()["LICENCE"] == tags.tags()["TIFFTAG_COPYRIGHT"] == words


def test_land_beyond_the_square_is_nowhere_on_earth(world, painter, tmp_path):
    document = exported(world, painter, Tile(8, 300, -5), tmp_path)
    assert document["geometry"] is None and "bbox" not in document
    valid(document)


def test_a_dataset_has_a_collection(standin, painter, tmp_path):
    plan = Plan(("rocky coast", "desert"), (8,), 2, seed=4)
    for folder in ("one", "two"):
        dataset.export(standin, painter, plan, tmp_path / folder, lambda *of: None)
    documents = [(tmp_path / folder / "collection.json").read_bytes() for folder in ("one", "two")]
    assert documents[0] == documents[1]  # the same plan, the same bytes
    document = json.loads(documents[0])
    valid(document)
    assert document["endless_earth:seed"] == 4 and document["endless_earth:prompts"] == list(plan.prompts)
    assert {asset["href"] for asset in document["assets"].values()} == {
        "train/metadata.jsonl",
        "webdataset/shard-000000.tar",
    }
    assert stac.inside(Tile(0, 0, 0).bounds)
