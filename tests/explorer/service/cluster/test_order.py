"""The same land with 1, 2 and 4 painters of Ray's own cluster for tests, whatever happens meanwhile."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.standin import OneModel, StandIn
from explorer.service import edits
from explorer.service.edits import EditRequest
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.clusters import STARTING, Kept, crew, quick
from tiles.errors import NothingToDo
from tiles.grid import Box

LAND = Box(8, 126, 126, 130, 130)
tiles = st.sampled_from(list(LAND.tiles()))
acts = st.one_of(
    st.tuples(st.just("want"), tiles),
    st.tuples(st.just("edit"), tiles, st.sampled_from(["desert", "forest"])),
    st.tuples(st.sampled_from(["undo", "redo"])),
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module", params=[1, 2, 4])
def cluster(request, address):
    with crew(quick(request.param, address=address)) as executors:
        yield executors


def played(script, executors):
    """The tiles after wishes, edits and undos, of which none waits for wishes; and their latents."""
    with tempfile.TemporaryDirectory() as folder:
        atlas, painter = Atlas(Path(folder), OneModel(StandIn()), 2**26), Painter(executors=executors)
        world = atlas.create(NewWorld("Land", "coast", seed=1))
        wishes = []
        for what, *about in script:
            if what == "want":
                wishes.append(painter.paint(world, about))
            elif what == "edit":
                edit = edits.checked(world, EditRequest(about[:1], about[1], seed=3), 256)
                edits.perform(world, painter, world.journal.begin_edit(edit), lambda *_: None)
            else:
                with contextlib.suppress(NothingToDo):
                    _, changed = getattr(world.journal, what)()
                    painter.announce(world, changed)
                    edits.tell(painter, world)
        for wish in (*wishes, painter.paint(world, list(LAND.tiles()))):
            wish.result(STARTING)
        land = world.canvas.snapshot()
        latents = [land.latents(land.shown(tile)).tobytes() for tile in LAND.tiles()]
        shown = [world.renderer.tile(tile, "png").data for tile in LAND.tiles()]
        painter.close()
        atlas.close()
    return latents, shown


@settings(max_examples=4)
@given(script=st.lists(acts, min_size=2, max_size=6))
def test_land_is_the_same_in_any_order_with_any_number_of_painters(cluster, script):
    assert played(script, Kept(cluster)) == played(script, None)
