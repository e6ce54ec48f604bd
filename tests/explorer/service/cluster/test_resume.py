"""Commands that paint by Ray, killed in the middle and given again: they end as without Ray, with nothing done twice."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.clusters import STARTING, kept
from tiles.grid import tile_metres

ROOT = Path(__file__).resolve().parents[4]
SIDE = tile_metres(8)
WEST_TO_EAST = f"--bounds=0,{-5 * SIDE},{9 * SIDE},0"  # 45 tiles, which need 77 and 20 of the sketch

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def folders(tmp_path, tiny):
    """Two folders with the same world, of which nothing is painted."""
    atlas = Atlas(tmp_path / "here" / "worlds", tiny, 2**26)
    atlas.create(NewWorld("Land", "rocky coast", seed=1))
    atlas.close()
    shutil.copytree(tmp_path / "here", tmp_path / "there")
    return tmp_path / "here", tmp_path / "there"


@pytest.fixture
def begin(tmp_path, bundle):
    """Starts a command in a folder, in a group of processes of its own."""
    begun = []

    def started(folder, *words):
        ours = {"EARTH_WORLDS": "worlds", "EARTH_MODEL": str(bundle), "EARTH_DEVICE": "cpu"}
        # One thread, as painters have then too; and painters that do not come last on a busy machine.
        threads = {"OMP_NUM_THREADS": "1", "RAY_worker_niceness": "0", "EARTH_PAINTERS": "1"}
        with open(tmp_path / "said", "w") as said:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py"), *words],
                cwd=folder,
                env=os.environ | ours | threads,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        begun.append(process)
        return process

    yield started
    for process in begun:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def run(tmp_path, begin):
    """Runs a command in a folder to its end."""

    def ended(folder, *words):
        assert begin(folder, *words).wait(STARTING) == 0, (tmp_path / "said").read_text()

    return ended


@pytest.fixture
def kill(tmp_path, begin):
    """Runs a command in a folder until something is there, and kills it; waits until all is gone that it started."""

    def killed(there, folder, *words):
        process = begin(folder, *words)
        while not there():
            assert process.poll() is None, (tmp_path / "said").read_text()
            time.sleep(0.005)
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert len(family) > 1 and psutil.wait_procs(family, STARTING)[1] == []

    return killed


def painted(folder):
    """The cells in the file of the folder's world, if there are any yet."""
    return kept(folder / "worlds" / "land" / "world.db")[0]


def files(folder):
    """All files of a folder, by name, but those of its worlds."""
    found = (path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
    return {name: data for name, data in names.items() if not name.startswith("worlds/")}


def test_painting_goes_on_where_it_was_killed(folders, run, kill):
    here, there = folders
    paint = ("paint", "land", WEST_TO_EAST)
    shared = (*paint, "--executor", "ray", "--painters", "2")
    run(here, *paint)
    kill(lambda: len(painted(there)) > 9, there, *shared)
    before = painted(there)
    assert 9 < len(before) < len(painted(here))
    run(there, *shared)
    assert kept(there / "worlds" / "land" / "world.db") == kept(here / "worlds" / "land" / "world.db")
    assert set(before) < set(painted(there))


def test_an_export_killed_while_it_writes_is_the_same_file(folders, run, kill, address):
    here, there = folders
    export = ("export", "land", WEST_TO_EAST)
    joined = (*export, "--executor", "ray", "--ray-address", address)
    run(here, *export)
    assert set(files(here)) == {"land-z8.tif", "land-z8.stac.json"}
    kill((there / ".land-z8.tif.part").exists, there, *joined)
    assert painted(there) and not set(files(there)) & set(files(here))
    run(there, *joined)
    assert files(there) == files(here)


def test_a_dataset_that_was_killed_is_the_same_folder(tmp_path, run, kill, address):
    here, there = tmp_path / "here", tmp_path / "there"
    export = ("export", "--dataset", "set", "--prompt", "coast", "--prompt", "desert", "--count", "12")
    joined = (*export, "--executor", "ray", "--ray-address", address)
    for folder in (here, there):
        folder.mkdir()
    run(here, *export)
    kill(lambda: len(list(there.glob("set/train/*.png"))) > 2, there, *joined)
    whole = {name: data for name, data in files(there).items() if name.endswith(".png")}
    assert len(whole) > 2 and whole.items() < files(here).items()
    run(there, *joined)
    assert files(there) == files(here)
