"""The commands as they are typed, each in this process."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

import pytest
import rasterio
from PIL import Image
from typer.testing import CliRunner

from explorer.cli import app
from tests.diffusions import build_diffusion
from tests.disks import change
from tiles.grid import Tile
from tiles.latents import LatentSpace
from tiles.store import Store

ROOT = Path(__file__).resolve().parents[3]
SIDE = Tile(8, 0, 0).bounds.east - Tile(8, 0, 0).bounds.west
BOUNDS = f"0,{-SIDE},{SIDE},0"


def test_worlds_are_made_listed_and_deleted(run):
    assert run("worlds", "new", "Blue Bay", "rocky coast", "--seed", "5").split()[-1] == "blue-bay"
    for words in (("worlds",), ("worlds", "list")):
        assert "Blue Bay" in run(*words) and "rocky coast" in run(*words)
    run("worlds", "delete", "blue-bay", "--yes")
    assert "Blue Bay" not in run("worlds")


def test_a_region_is_painted_and_exported_and_its_path_is_last(run, tmp_path):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    assert "1 tiles of bay are painted" in run("paint", "bay", f"--bounds={BOUNDS}")
    path = run("export", "bay", f"--bounds={BOUNDS}").split()[-1]
    with rasterio.open(tmp_path / path) as raster:
        assert (raster.width, raster.height) == (256, 256)
    out = run("export", "bay", f"--bounds={BOUNDS}", "--format", "png", "--zoom", "9", "--out", "a.png")
    assert out.split()[-1].endswith("a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (512, 512)


def test_a_world_goes_into_a_file_and_comes_back(run, tmp_path):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    assert run("worlds", "pack", "bay").split()[-1] == "bay.earth"
    assert run("worlds", "unpack", "bay.earth").split()[-1] == "bay-2"
    (tmp_path / "bay.earth").write_bytes(b"nonsense")
    run("worlds", "unpack", "bay.earth", code=1)
    assert "bay-3" not in run("worlds")


def test_damage_is_named_and_land_is_mended(run, tmp_path):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    run("paint", "bay", f"--bounds={BOUNDS}")
    assert "nothing is damaged" in run("worlds", "check", "bay")
    path = tmp_path / "worlds" / "bay" / "world.db"
    change(path, "UPDATE cells SET latents = zeroblob(8192) WHERE zoom = 8 AND x = 128 AND y = 128")
    assert "cell 8/128/128 of line 1" in run("worlds", "check", "bay", code=1)
    assert "cell 8/128/128 of line 1: mended" in run("worlds", "repair", "bay")
    change(path, "UPDATE settings SET value = '31' WHERE name = 'seed'")
    for command in ("check", "repair"):
        assert "setting 'seed'" in run("worlds", command, "bay", code=1)


def test_a_dataset_is_written(run, tmp_path):
    words = ("export", "--dataset", "set", "--prompt", "desert", "--zoom", "7,8", "--count", "2")
    assert run(*words).split()[-1] == "set"
    rows = (tmp_path / "set" / "train" / "metadata.jsonl").read_text().splitlines()
    assert [json.loads(row)["zoom"] for row in rows] == [7, 8]


def test_the_path_alone_is_printed_and_progress_beside_it(run, tmp_path):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    for words in (
        ("export", "bay", f"--bounds={BOUNDS}", "--format", "pmtiles", "--out", "bay.pmtiles"),
        ("export", "--dataset", "set", "--prompt", "desert", "--count", "1"),
        ("worlds", "pack", "bay"),
    ):
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == 0 and (tmp_path / result.stdout.strip()).exists(), result.output
        assert ("1/1" in result.stderr or "9/9" in result.stderr) == (words[0] == "export")


@pytest.mark.skipif(os.name == "nt", reason="signals of other systems")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_export_leaves_no_part_and_goes_on(run, tmp_path, bundle, number, code):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    words = ["export", "bay", f"--bounds=0,{-SIDE * 40},{SIDE * 40},0", "--out", "bay.tif"]
    environment = {**os.environ, "EARTH_WORLDS": str(tmp_path / "worlds"), "EARTH_MODEL": str(bundle)}
    started = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), *words],
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=heard,
    )
    world = tmp_path / "worlds" / "bay" / "tiles.mbtiles"
    deadline = time.monotonic() + 120
    while count(tmp_path) < 3 and started.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(number)
    out, said = started.communicate(timeout=300)
    assert started.returncode == code and not out and b"stopped" in said, said
    assert world.exists() and not [path for path in tmp_path.iterdir() if "bay" in path.name]
    before = count(tmp_path)
    assert run("export", "bay", f"--bounds={BOUNDS}", "--out", "bay.tif").split()[-1] == "bay.tif"
    assert count(tmp_path) >= before > 2


def heard() -> None:
    """Shells start background jobs, this suite perhaps among them, with interrupts ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def count(folder: Path) -> int:
    """Painted cells of the world called bay."""
    try:
        with closing(sqlite3.connect(f"file:{folder}/worlds/bay/world.db?mode=ro", uri=True)) as connection:
            return connection.execute("SELECT count(*) FROM cells").fetchone()[0]
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("export", "nowhere", f"--bounds={BOUNDS}"), 1),
        (("export", "../../etc", f"--bounds={BOUNDS}"), 1),
        (("export", "bay", "--bounds=1,2,3"), 1),
        (("export", "bay", "--bounds=nan,0,1,1"), 1),
        (("export", "bay", f"--bounds={BOUNDS}", "--format", "exe"), 1),
        (("export", "bay", f"--bounds={BOUNDS}", "--zoom", "22.5"), 2),
        (("export", "bay", "--bounds=-20000000,-20000000,20000000,20000000", "--zoom", "20"), 1),
        (("export", "bay", f"--bounds={BOUNDS}", "--out", "nowhere/a.tif"), 1),
        (("export", "bay", f"--bounds={BOUNDS}", "--out", "worlds"), 1),
        (("export", "bay", f"--bounds={BOUNDS}", "--out", "x" * 300), 1),
        (("export", "bay", f"--bounds={BOUNDS}", "--no-paint-missing"), 1),
        (("export", "bay", f"--bounds={BOUNDS}", "--device", "abacus"), 2),
        (("worlds", "pack", "bay", "--out", "nowhere/a.earth"), 1),
        (("export", "bay"), 2),
        (("export",), 2),
        (("export", "--dataset", "set"), 1),
        (("paint", "bay", "--bounds=5,5,1,1"), 1),
        (("worlds", "new", "", "prompt"), 1),
        (("worlds", "new", "x" * 100, "prompt"), 1),
        (("worlds", "pack", "nowhere"), 1),
        (("worlds", "unpack", "nowhere.earth"), 1),
        (("nonsense",), 2),
    ],
)
def test_bad_words_end_with_a_code_and_leave_nothing(run, tmp_path, words, code):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    run(*words, code=code)
    assert {path.name for path in tmp_path.iterdir()} <= {"worlds", "models"}
    assert "Bay" in run("worlds")


def test_land_is_painted_anew_and_taken_back(run, tmp_path):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    assert run("edit", "bay", "--bounds", BOUNDS, "--prompt", "desert", "--seed", "1").split()[-1] == "2"
    assert (
        run("edit", "bay", "--tile", "8/128/128", "--tile", "8/129/128", "--strength", "0.5").split()[-1]
        == "4"
    )
    assert run("undo", "bay").split()[-1] == "4" and run("undo", "bay").split()[-1] == "2"
    assert run("redo", "bay").split()[-1] == "2"
    Image.new("RGB", (64, 64), "green").save(tmp_path / "green.png")
    number = run("place", "bay", "green.png", "--at=100000,-100000").split()[-1]
    assert run("undo", "bay").split()[-1] == number
    for words, said in (
        (("undo", "nowhere"), "no world"),
        (("redo", "bay", "--worlds", "elsewhere"), "no world"),
        (("edit", "bay", "--prompt", "x"), "no tile"),
        (("edit", "bay", "--tile", "8/1"), "whole number"),
        (("edit", "bay", "--bounds=-2e7,-2e7,2e7,2e7"), "too many tiles (257)"),
        (("place", "bay", "missing.tif"), "no file"),
    ):
        assert said in run(*words, code=1)
    run("undo", "bay")
    assert "nothing to undo" in run("undo", "bay", code=1)


def test_one_prompt_is_painted_at_several_ground_resolutions(run, tmp_path):
    run("worlds", "new", "Land", "rocky coast", "--seed", "2")
    printed = run("paint", "land", "--levels", "levels.png")
    assert printed.strip().endswith("levels.png")
    with Image.open(tmp_path / "levels.png") as picture:
        assert picture.format == "PNG" and picture.width == 4 * 264 + 8  # the model knows four zooms
    assert "--bounds" in run("paint", "land", code=2)
    assert "no folder" in run("paint", "land", "--levels", "nowhere/x.png", code=1)


def test_a_world_whose_deeper_levels_another_model_paints(run, tmp_path):
    build_diffusion(tmp_path / "tiny", side=16, space=LatentSpace(8, 16))
    said = run("worlds", "new", "Bay", "rocky coast", "--seed", "5", "--level-model", "12=tiny")
    assert said.strip().endswith("bay")  # after what is said while weights are read
    settings = Store.open(tmp_path / "worlds" / "bay" / "world.db").settings()
    (level,) = settings["level_models"]
    assert (level["zoom"], level["model"], level["channels"]) == (12, str(tmp_path / "tiny"), 8)
    assert "ZOOM=MODEL is needed" in run("worlds", "new", "No", "coast", "--level-model", "tiny", code=2)
    refused = run("worlds", "new", "No", "coast", "--level-model", "8=tiny", code=1)
    assert "it must be 9 to 20" in " ".join(refused.split())
    run("worlds", "pack", "bay")
    assert run("worlds", "unpack", "bay.earth", "--level-model", "12=tiny").strip().endswith("bay-2")
    assert Store.open(tmp_path / "worlds" / "bay-2" / "world.db").settings()["level_models"] == [level]
    refused = run("worlds", "unpack", "bay.earth", "--level-model", "13=tiny", code=1)
    assert "one does at: 12" in " ".join(refused.split())
