"""The examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

MODULES = """cache entries gates grid index journal repair rules scratch store strokes world_file mosaic.area
    mosaic.archive mosaic.postcard raster.colours"""


@pytest.mark.parametrize("name", MODULES.split())
def test_the_examples_of(name, tmp_path, monkeypatch):
    """Those that use files write them in a folder of their own."""
    module = importlib.import_module(f"tiles.{name}")
    examples = doctest.DocTestFinder(exclude_empty=True).find(module, globs={**vars(module), "Path": Path})
    for number, example in enumerate(examples):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        assert doctest.DocTestRunner().run(example).failed == 0, example.name
    assert sum(len(example.examples) for example in examples)
