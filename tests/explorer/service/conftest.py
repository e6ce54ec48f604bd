"""What painting promises of any family of models is tested with each that a test names."""

import pytest

from benchmarks.standin import OneModel
from explorer.models.library import Library
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.diffusions import build_diffusion

INPUTS = {"diffusion": 4, "instruction": 8, "inpainting": 9}


@pytest.fixture(scope="session")
def diffusions(tmp_path_factory):
    """Tiny Stable Diffusion models: one that holds what is known, one that is shown it as the picture to be
    edited, and one that is shown a mask."""
    home = tmp_path_factory.mktemp("diffusions")
    return {
        kind: Library(str(build_diffusion(home / kind, inputs)), "cpu", {"steps": 2})
        for kind, inputs in INPUTS.items()
    }


@pytest.fixture
def each(request, library, diffusions):
    """The library of a family: "terra", "diffusion", "instruction" or "inpainting"."""
    return library if request.param == "terra" else diffusions[request.param]


@pytest.fixture
def make(tmp_path):
    """A world of a model, and a painter."""
    open = []

    def made(model, executors=None, **options):
        atlas = Atlas(tmp_path / f"worlds{len(open)}", OneModel(model), 2**26)
        painter = Painter(executors=executors, **options)
        open.append((painter, atlas))
        return atlas.create(NewWorld("Test land", "coast", seed=1)), painter

    yield made
    for painter, atlas in open:
        painter.close()
        atlas.close()
