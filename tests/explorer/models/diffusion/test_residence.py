import threading

import numpy as np
import pytest
import torch
from torch import nn

from explorer.models.diffusion import residence
from explorer.models.diffusion.residence import Residence, fit
from explorer.models.library import Library
from tests.diffusions import build_diffusion
from tests.explorer.models.diffusion.test_painting import window


class Part(nn.Linear):
    """Knows where it lies."""

    def __init__(self):
        super().__init__(2, 2)
        self.place = "nowhere"

    def to(self, place):
        self.place = place
        return self


def test_only_the_one_that_works_is_on_the_device():
    parts = [Part(), Part(), Part()]
    home = Residence(parts, "cuda", together=False)
    assert [part.place for part in parts] == ["cpu"] * 3
    for part in parts:
        with home.working(part):
            assert [other.place for other in parts].count("cuda") == 1 and part.place == "cuda"


def test_together_nobody_moves_or_waits():
    parts = [Part(), Part()]
    home = Residence(parts, "cuda", together=True)
    with home.working(parts[0]):
        thread = threading.Thread(target=lambda: home.working(parts[1]).__enter__())
        thread.start()
        thread.join(20)
        assert not thread.is_alive() and [part.place for part in parts] == ["cuda"] * 2


def test_whoever_wants_another_waits():
    parts = [Part(), Part()]
    home, inside = Residence(parts, "cuda", together=False), threading.Event()

    def other():
        with home.working(parts[1]):
            inside.set()

    thread = threading.Thread(target=other)
    with home.working(parts[0]):
        thread.start()
        assert not inside.wait(0.2) and parts[0].place == "cuda"
    thread.join(20)
    assert inside.is_set() and [part.place for part in parts] == ["cpu", "cuda"]


@pytest.mark.parametrize(("free", "together"), [(2**20, True), (10, False)])
def test_components_take_turns_where_they_must(monkeypatch, free, together):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, 2**20))
    assert fit([Part()], "cuda", "auto") is together
    assert fit([Part()], "cuda", "never") and not fit([Part()], "cuda", "always")
    assert residence.size_of(Part()) == 6 * 4


def test_land_is_the_same_where_components_take_turns(tmp_path):
    folder = str(build_diffusion(tmp_path / "tiny"))
    one, other = (
        Library(folder, "cpu", {"steps": 2, "offload": offload}).get() for offload in ("never", "always")
    )
    assert not other.parts.residence.together and one.traits.digest == other.traits.digest
    (first,), (second,) = one.paint([window(one, 0.1, 0.5)]), other.paint([window(other, 0.1, 0.5)])
    assert (first == second).all()
    tile = np.pad(first, ((0, 0), (16, 16), (16, 16)))
    assert (one.decode(tile) == other.decode(tile)).all()


def test_a_compiled_model_is_the_same_model(tmp_path, monkeypatch):
    compiled = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(type(self).__name__))
    folder = str(build_diffusion(tmp_path / "tiny"))
    one, other = (Library(folder, "cpu", {"steps": 2, "compile": compile}).get() for compile in (False, True))
    assert compiled == ["UNet2DConditionModel"] and one.traits.digest == other.traits.digest
