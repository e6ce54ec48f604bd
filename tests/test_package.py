"""What ``pip install .`` gives."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from explorer.version import VERSION

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def listed(name):
    lines = (ROOT / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


def test_it_needs_what_the_app_was_tested_with():
    assert PROJECT["dependencies"] == listed("requirements.txt")
    assert PROJECT["optional-dependencies"]["test"] == listed("requirements-test.txt")


def test_what_the_extras_bring_is_tested_too():
    extras = dict(PROJECT["optional-dependencies"])
    tested = extras.pop("test")
    assert set(extras) == {"gpu", "publish", "ray", "train"}
    assert set().union(*extras.values()) <= set(tested)


def test_the_locked_versions_are_ones_that_are_asked_for():
    locked = dict(line.split("==") for line in listed("requirements.lock"))
    for line in listed("requirements.txt"):
        asked = Requirement(line)
        assert asked.specifier.contains(locked[canonicalize_name(asked.name)]), line


def test_the_version_is_that_of_the_newest_release_in_the_list_of_changes():
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    releases = [re.fullmatch(r"(\d+\.\d+\.\d+) - (\d{4}-\d\d-\d\d)", each) for each in headings[1:]]
    assert all(releases) and releases[0][1] == VERSION
    for order in ([Version(each[1]) for each in releases], [each[2] for each in releases]):
        assert order == sorted(order, reverse=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=250)
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_code_models_and_page_and_nothing_else(wheel):
    assert Path(wheel.filename).name.startswith(f"endless_earth-{VERSION}-")
    names = set(wheel.namelist())
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [Path(line) for line in tracked.stdout.splitlines()]
    for file in files:
        if file.parts[0] in ("explorer", "tiles", "endless_earth") and file.suffix == ".py":
            assert file.as_posix() in names
        if file.parts[0] == "assets":
            assert f"explorer/{file.as_posix()}" in names
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"explorer", "tiles", "endless_earth"}


def test_the_wheel_has_the_command_and_the_licence(wheel):
    info = next(name.split("/")[0] for name in wheel.namelist() if ".dist-info" in name)
    assert "endless-earth = explorer.cli:app" in wheel.read(f"{info}/entry_points.txt").decode()
    assert "Apache License" in wheel.read(f"{info}/licenses/LICENSE").decode()
