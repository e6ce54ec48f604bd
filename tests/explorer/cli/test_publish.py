"""``publish`` as it is typed."""

import json
from pathlib import Path

from tests.explorer.cli.test_commands import BOUNDS, SIDE


def test_a_world_is_published_and_its_address_is_last(run, tmp_path):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    run("paint", "bay", f"--bounds={BOUNDS}")
    said = run("publish", "bay", "site", "--zoom", "3-8")
    assert "tiles of zooms 3 to 8, about" in said and "beyond the square" not in said
    assert said.split()[-1] == str(tmp_path / "site" / "index.html")
    (described,) = Path("site").glob("*/world.json")
    assert json.loads(described.read_text())["lowest"] == 3


def test_land_beyond_the_square_is_said_before_any_work(run):
    run("worlds", "new", "Far", "rocky coast", "--seed", "5")
    run("paint", "far", f"--bounds={SIDE * 130},{-SIDE},{SIDE * 131},0")
    said = run("publish", "far", "site")
    assert "beyond the square of the Earth" in said and "tiles/1_0.pmtiles" in said


def test_what_cannot_be_published_is_one_line(run):
    run("worlds", "new", "Bay", "rocky coast", "--seed", "5")
    for words, reason in (
        (("site",), "nothing is painted here yet"),
        (("http://example.org/x",), "s3://, gs:// or az://"),
        (("site", "--zoom", "deep"), "two zooms of 0 to 22"),
        (("site", "--bounds", "here"), "west,south,east,north"),
    ):
        output = run("publish", "bay", *words, code=1)
        assert reason in output and output.startswith("error: ") and output.count("\n") == 1
