import os
import subprocess
import sys
import time

import pytest

from tiles import scratch
from tiles.errors import Busy
from tiles.scratch import NAME, STALE, Scratch

KILLED = """
import os, signal, sys
from pathlib import Path
from tiles.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]))
scratch.new("half").write_text("half a file")
os.kill(os.getpid(), signal.SIGKILL)
"""


def folders(parent):
    return sorted(path for path in (parent / NAME).iterdir() if path.is_dir())


def test_paths_are_new_each_time_and_end_in_the_name(tmp_path):
    scratch = Scratch(tmp_path)
    paths = {scratch.new("bay.earth") for _ in range(100)}
    assert len(paths) == 100 and all(path.name.endswith("-bay.earth") for path in paths)
    scratch.close()
    assert folders(tmp_path) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_has_is_not(tmp_path):
    alive = Scratch(tmp_path)
    kept = alive.new("kept")
    kept.write_text("in use")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert [[each.read_text() for each in folder.iterdir()] for folder in folders(tmp_path)].count(
        ["half a file"]
    ) == 1
    next_one = Scratch(tmp_path)
    assert folders(tmp_path) == sorted([alive.folder, next_one.folder])
    assert kept.read_text() == "in use"
    alive.close()
    next_one.close()


def test_what_earlier_versions_left_is_removed_once_it_is_old(tmp_path):
    old = [".bay.123.part", ".bay.123.0a1b2c3d.gone", ".file-x1", ".exports", ".picture-ab"]
    for name in [*old, ".git", "bay", ".bay.77.part"]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "inside").write_text("x")
    for name in [*old, ".git", "bay"]:
        os.utime(tmp_path / name, (time.time() - 2 * STALE,) * 2)
    Scratch(tmp_path).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([".git", "bay", ".bay.77.part", NAME])


def test_where_nothing_can_be_written_files_go_to_the_systems_folder(tmp_path):
    (tmp_path / NAME).write_text("in the way")
    scratch = Scratch(tmp_path)
    scratch.new("x").write_text("y")
    assert tmp_path not in scratch.folder.parents
    scratch.close()
    assert not scratch.folder.exists()


def test_another_process_that_takes_long_to_start_is_named_and_nothing_is_put_elsewhere(
    tmp_path, monkeypatch
):
    first = Scratch(tmp_path)
    monkeypatch.setattr(scratch, "PATIENCE", 0.1)
    with first.alone(), pytest.raises(Busy, match="is starting on this folder"):
        Scratch(tmp_path)
    first.close()
