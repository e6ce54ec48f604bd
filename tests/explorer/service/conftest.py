"""What painting promises of any family of models is tested with each that a test names."""

import pytest

from explorer.models.library import Library
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
