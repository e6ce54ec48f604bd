import torch
from safetensors.torch import load_file

from explorer.training.kept import made
from tests.explorer.training.test_loop import together

TOGETHER = """
import sys
from pathlib import Path
import torch
from explorer.training.kept import made
from explorer.training.loop import joined
mine = []
def make(index):
    mine.append(index)
    return torch.full((2,), float(index))
work = ((str(index), lambda index=index: make(index)) for index in range(7))
found = made(Path(sys.argv[1]) / "cache.safetensors", work, "making")
print(sorted(found) == [str(i) for i in range(7)] and all(t[0] == int(n) for n, t in found.items()), mine)
"""


def test_processes_make_a_part_each_and_all_get_all(tmp_path):
    made(tmp_path / "cache.safetensors", [("2", lambda: torch.full((2,), 2.0))], "making")
    assert together(TOGETHER, tmp_path) == ["True [0, 3, 5]", "True [1, 4, 6]"]
    assert not list(tmp_path.glob("*.part"))


def test_what_several_made_is_not_made_again(tmp_path):
    together(TOGETHER, tmp_path)
    assert sorted(load_file(tmp_path / "cache-1.safetensors")) == ["1", "3", "5"]
    found = made(tmp_path / "cache.safetensors", [("5", lambda: torch.zeros(2))], "making")
    assert found["5"][0] == 5
