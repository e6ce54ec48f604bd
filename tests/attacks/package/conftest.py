import tracemalloc
from pathlib import Path

import pytest

from tests.packages import MEBIBYTE
from tiles.errors import BadPackage
from tiles.package import unpack


@pytest.fixture
def refused(tmp_path):
    """Checks that a file is refused with words that say why."""

    def check(path: Path, why: str, most: int = 3 * MEBIBYTE) -> None:
        before = sorted(p.name for p in tmp_path.rglob("*"))
        peaks = []
        for _ in range(2):  # a thread that another test left may allocate meanwhile: the least is unpack's
            tracemalloc.start()
            with pytest.raises(BadPackage) as error:
                unpack(path, tmp_path / "new")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        said = str(error.value)
        assert why in said and path.name in said
        assert "\n" not in said and "\x1b" not in said and len(said) < 400
        assert error.value.status == 422 and error.value.code == "bad_package"
        assert sorted(p.name for p in tmp_path.rglob("*")) == before
        assert min(peaks) < most

    return check
