"""Files of every format: written whole, or nothing left and the reason said."""

import pytest

from tests.mosaics import ABOUT, SOME, read, saved
from tiles.errors import BadSetting, Cancelled, DiskFull, NotWritten
from tiles.mosaic.area import FINISHING, WRITING, Area
from tiles.mosaic.formats import FORMATS, write


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize("stage", [WRITING, FINISHING])
def test_a_stopped_export_leaves_nothing(tmp_path, format, stage):
    """Also while GDAL is at work, which takes minutes for large ones."""

    def stop(now, done, total):
        if now == stage:
            raise Cancelled("stop")

    (tmp_path / "kept.txt").write_text("mine")
    kind = FORMATS[format]
    if stage == FINISHING and format not in ("cog", "png", "pmtiles"):
        return  # they have no such stage
    with pytest.raises(Cancelled):
        write(tmp_path / f"out{kind.suffix}", kind, SOME, ABOUT, False, read, stop)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize("format", ["cog", "png"])
def test_finishing_tells_how_far_it_is(tmp_path, format):
    said = []
    found, kind = Area(8, 0, 0, 1500, 1500), FORMATS[format]
    write(tmp_path / "out.tif", kind, found, ABOUT, True, read, lambda *now: said.append(now))
    done = [some for stage, some, _ in said if stage == FINISHING]
    assert done == sorted(done) and len(set(done)) > 5 and done[-1] == found.box.size


@pytest.mark.parametrize("format", sorted(FORMATS))
@pytest.mark.parametrize(
    ("error", "ours"), [(OSError(28, "No space left"), DiskFull), (OSError(5, "I/O error"), NotWritten)]
)
def test_errors_of_the_disk_are_said_in_words(tmp_path, format, error, ours):
    def failing(tile):
        raise error

    kind = FORMATS[format]
    with pytest.raises(ours, match=r"out\.\w+ could not be written"):
        write(tmp_path / f"out{kind.suffix}", kind, SOME, ABOUT, False, failing, lambda *said: None)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_export_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".out.tif.part").mkdir()
    (tmp_path / ".out.tif.part" / "sheet.tif").write_bytes(b"half")
    saved(tmp_path, "cog", SOME)


@pytest.mark.parametrize("name", ["out", "my.map.v2", "out.png.png", "-"])
def test_files_beside_others_of_any_name(tmp_path, name):
    (tmp_path / "out.wld").write_text("mine")
    paths = write(tmp_path / name, FORMATS["png"], SOME, ABOUT, False, read, lambda *said: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["out.wld", *(p.name for p in paths)])
    assert all(path.stat().st_size for path in paths) and (tmp_path / "out.wld").read_text() == "mine"


def test_a_name_that_is_a_file_beside_it_is_refused(tmp_path):
    with pytest.raises(BadSetting, match=r"out\.png is fine"):
        write(tmp_path / "out.pgw", FORMATS["png"], SOME, ABOUT, False, read, lambda *said: None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadSetting):
        write(tmp_path / "folder", FORMATS["cog"], SOME, ABOUT, False, read, lambda *said: None)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
