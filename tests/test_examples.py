"""The examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest
import rasterio

from tests.rasters import degrees, fields, tiff
from tiles.raster.opening import opened
from tiles.raster.place import find

MODULES = """tiles.cache tiles.entries tiles.gates tiles.grid tiles.index tiles.journal tiles.mask
    tiles.mosaic.archive tiles.mosaic.area tiles.mosaic.postcard tiles.raster.colours tiles.raster.opening
    tiles.raster.place tiles.raster.warp tiles.repair tiles.rules tiles.scratch tiles.store tiles.strokes
    tiles.world_file explorer.models.family explorer.models.hub explorer.painting.pyramid explorer.training.imagery
    explorer.worlds.new explorer.worlds.planet"""


@pytest.mark.parametrize("name", MODULES.split())
def test_the_examples_of(name, tmp_path, monkeypatch):
    """Those that use files have a folder of their own, with a raster ``map.tif`` in it."""
    module = importlib.import_module(name)
    names = {"Path": Path, "rasterio": rasterio, "opened": opened, "find": find, **vars(module)}
    examples = doctest.DocTestFinder(exclude_empty=True).find(module, globs=names)
    for number, example in enumerate(examples):
        folder = tmp_path / str(number)
        folder.mkdir()
        tiff(folder / "map.tif", fields(), degrees(20, 6), "EPSG:4326", photometric="RGB")
        monkeypatch.chdir(folder)
        assert doctest.DocTestRunner().run(example).failed == 0, example.name
    assert sum(len(example.examples) for example in examples)
