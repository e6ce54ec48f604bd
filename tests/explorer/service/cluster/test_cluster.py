"""Worlds painted by a Ray cluster are the worlds that this process paints."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.cli.session import opened, settings_with
from explorer.service.cluster.plan import Plan, Source
from explorer.service.executors import LocalExecutors
from explorer.service.painter import Painter
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.clusters import STARTING, Kept, crew
from tiles.errors import BadSetting, PaintingFailed
from tiles.grid import Tile, around

ROOT = Path(__file__).resolve().parents[4]
SEES_ALL = Tile(8, 129, 129)  # sees its eight neighbours, and each of these the sketch

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def cluster(library):
    """Two painters with the tiny model, of one thread each."""
    with crew(Plan(painters=2, cpus=1, device="cpu"), library) as executors:
        yield executors


def painted(atlas, painter):
    world = atlas.create(NewWorld("Land", "rocky coast with islands", seed=1))
    painter.paint(world, [SEES_ALL]).result(STARTING)
    tiles = {tile: world.renderer.tile(tile, "png").data for tile in around(SEES_ALL).tiles()}
    return tiles, world.painted_by


@pytest.fixture
def one_thread():
    """Painters of this process with as many threads as those of the cluster."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_two_painters_of_a_cluster_paint_the_very_bytes_of_this_process(
    tmp_path, library, cluster, one_thread
):
    found = []
    for folder, executors in (("here", LocalExecutors()), ("there", Kept(cluster))):
        atlas = Atlas(tmp_path / folder, library, 2**26, decode=executors.decode)
        painter = Painter(executors=executors)
        found.append(painted(atlas, painter))
        painter.close()
        atlas.close()
    assert found[0] == found[1]
    (kind,) = found[1][1]
    assert kind == cluster.crew().kinds[0] and "1 thread, torch" in kind


def test_a_machine_without_the_model_is_sent_its_files_and_takes_no_others(library, address, one_thread):
    plan = Plan(address, painters=1, cpus=1, device="cpu", worker="tests.clusters:Elsewhere")
    model = library.get()
    latents = np.full((4, 44, 44), 0.5, np.float32)
    with crew(plan, library) as executors:
        assert (executors.decode(model, latents) == model.decode(latents)).all()
        other = Source(str(library.folder_of(model)), "0" * 32, library.options)
        with pytest.raises(PaintingFailed, match=r"has the digest .*, and the world needs 000000000000"):
            executors.order(other, "paint", pickle.dumps([]), None).result(STARTING)


def test_nothing_of_ray_is_imported_without_it(tmp_path, bundle):
    script = """
import sys
from explorer.cli.session import opened, settings_with
from tiles.grid import Tile
from explorer.worlds.new import NewWorld
with opened(settings_with(worlds=sys.argv[1], model=sys.argv[2], device="cpu")) as (atlas, painter):
    painter.paint(atlas.create(NewWorld("Land", "coast", seed=1)), [Tile(8, 128, 128)]).result(120)
print([name for name in sys.modules if name.split(".")[0] == "ray" or "cluster" in name and "explorer" in name])
"""
    command = [sys.executable, "-c", script, str(tmp_path / "worlds"), str(bundle)]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert ended.stdout.strip() == "[]", ended.stderr


def test_an_executor_that_is_not_installed_says_how_to_have_it(tmp_path, bundle, monkeypatch):
    monkeypatch.setattr("explorer.service.cluster.find_spec", lambda name: None)
    settings = settings_with(worlds=tmp_path, model=str(bundle), device="cpu", executor="ray")
    with pytest.raises(BadSetting, match=r"pip install 'endless-earth\[ray\]'"), opened(settings):
        pass


def test_a_cluster_that_is_not_there_is_named(tmp_path, bundle):
    settings = settings_with(
        worlds=tmp_path, model=str(bundle), device="cpu", executor="ray", ray_address="127.0.0.1:1"
    )
    with (
        pytest.raises(BadSetting, match=r"the Ray cluster at 127.0.0.1:1 cannot be used: .*refused"),
        opened(settings),
    ):
        pass
