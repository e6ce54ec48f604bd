"""Painters, machines and heads that are killed while they paint: nothing is lost, and nothing is kept twice.

``KILLS=20 pytest ...`` kills 20 of each; without it the suite kills a few, since each head takes seconds to start.
"""

import itertools
import os
import signal

import numpy as np
import psutil
import pytest

from benchmarks.standin import OneModel, StandIn
from explorer.service import edits
from explorer.service.edits import EditRequest
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.clusters import STARTING, Kept, crew, kept, quick, until
from tiles.grid import Box, Tile

KILLS = int(os.environ.get("KILLS", "2"))
pytestmark = pytest.mark.timeout(300 * max(2, KILLS))


@pytest.fixture(scope="module")
def cluster():
    """Two quick painters on a cluster of their own."""
    with crew(quick(2)) as executors:
        yield executors


@pytest.fixture
def studio(tmp_path, cluster):
    """What makes a world and a painter for it: in this process, or on the cluster."""
    open = []

    def made(folder, there):
        executors = Kept(cluster) if there else None
        atlas = Atlas(tmp_path / folder, OneModel(StandIn()), 2**26)
        painter = Painter(executors=executors)
        open.append((painter, atlas))
        return atlas.create(NewWorld("Land", "coast", seed=1)), painter

    yield made
    for painter, atlas in open:
        painter.close()
        atlas.close()


def processes(cluster, name):
    """Those of a cluster on this machine, by what they are called."""
    office = psutil.Process(cluster.office)
    return [each for each in office.children(recursive=True) if name in " ".join(each.cmdline()[:1])]


def kill(cluster, what):
    """A painter, its machine with all painters, the head, or what speaks with it; and wait until it is noticed."""
    name = {"painter": "ray::Quick", "machine": "raylet", "head": "gcs_server"}.get(what)
    victim = processes(cluster, name)[0] if name else psutil.Process(cluster.office)
    before = cluster.crew().lost
    until(cluster, lambda: cluster.crew().lost > before, after=victim.kill)
    until(cluster, lambda: len(cluster.crew().kinds) == 2)


def work(world, painter, between):
    """Land, an edit that is undone, and more land; ``between`` runs while each is painted."""
    for step, x in enumerate((128, 140)):
        done = painter.paint(world, list(Box(8, x, 128, x + 6, 132).tiles()))
        between()
        done.result(STARTING)
        if not step:
            edit = edits.checked(world, EditRequest([Tile(8, 129, 129)], "desert", seed=3), 256)
            edits.perform(world, painter, world.journal.begin_edit(edit), lambda *_: None)
            edits.perform(world, painter, world.journal.begin_edit(edit), lambda *_: None)
            world.journal.undo()


def test_a_cluster_of_this_machine_listens_on_loopback_only(cluster):
    office = psutil.Process(cluster.office)
    listening = [
        socket.laddr.ip.removeprefix("::ffff:")
        for process in [office, *office.children(recursive=True)]
        for socket in process.net_connections("inet")
        if socket.status == psutil.CONN_LISTEN
    ]
    assert len(listening) > 3 and set(listening) == {"127.0.0.1"}


def test_whatever_is_killed_the_world_is_the_same(studio, cluster):
    here, painter = studio("here", there=False)
    work(here, painter, lambda: None)
    for number, what in zip(range(2 * KILLS), itertools.cycle(["painter", "office", "machine", "head"])):
        there, painter = studio(f"there{number}", there=True)
        work(there, painter, lambda what=what: kill(cluster, what))
        assert kept(there.store.path) == kept(here.store.path), f"after {what} {number} was killed"


def test_what_is_cancelled_while_no_painter_is_there_is_not_painted(studio, cluster):
    world, painter = studio("there", there=True)
    os.kill(cluster.office, signal.SIGKILL)
    until(cluster, lambda: not cluster.crew().kinds)
    latents = np.full((4, 44, 44), 0.5, np.float32)
    assert (cluster.decode(world.model, latents) == world.model.decode(latents)).all()  # by this process
    wish = painter.paint(world, [Tile(8, 128, 128)])
    wish.cancel()
    painter.paint(world, [Tile(8, 999, 999)]).result(STARTING)
    assert not world.canvas.painted(Tile(8, 128, 128))


def test_a_machine_of_another_kind_does_not_paint_a_world_unless_it_may(studio, cluster):
    world, painter = studio("there", there=True)
    world.note_painter("another kind")
    wish = painter.paint(world, [Tile(8, 128, 128)])
    other, _ = studio("other", there=True)
    painter.paint(other, [Tile(8, 128, 128)]).result(STARTING)  # later in line, and painted
    assert not wish.done() and not world.canvas.count(6)
    executors = Kept(cluster)
    assert executors.of(world.model, "another kind").capacity == 0
    assert executors.of(world.model, cluster.crew().kinds[0]).capacity == 4
