import pytest

from explorer.service.bulk import paint_all
from tests.edits import REGION
from tests.explorer.worlds.test_world import land


@pytest.fixture
def library(library, standin, request):
    """The stand-in, if a test does not ask for terra."""
    return library if getattr(request, "param", "") == "terra" else standin


@pytest.fixture
def seen(world, painter):
    paint_all(painter, world, list(REGION.tiles()), lambda more: None)
    return land(world, REGION)
