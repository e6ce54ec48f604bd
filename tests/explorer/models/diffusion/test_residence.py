import threading

import numpy as np
import pytest
import torch
from torch import nn

from explorer.models.diffusion import residence
from explorer.models.diffusion.residence import Residence, fit
from explorer.models.library import Library
from tests.diffusions import build_controlnet, build_diffusion
from tests.explorer.models.diffusion.test_adapters import lora
from tests.explorer.models.diffusion.test_guiding import half
from tests.explorer.models.diffusion.test_painting import window
from tiles.errors import ModelRefused, PaintingFailed


class Part(nn.Linear):
    """Knows where it lies."""

    def __init__(self):
        super().__init__(2, 2)
        self.place = "nowhere"

    def to(self, place):
        self.place = place
        return self


def has_free(monkeypatch, memory=2**20):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (memory, 2**20))


def lying(parts):
    return [part.place for part in parts]


def test_only_the_one_that_works_is_on_the_device():
    parts = [Part(), Part(), Part()]
    home = Residence(parts, "cuda", "always")
    assert [part.place for part in parts] == ["cpu"] * 3
    for part in parts:
        with home.working(part):
            assert [other.place for other in parts].count("cuda") == 1 and part.place == "cuda"


def test_together_nobody_moves_or_waits():
    parts = [Part(), Part()]
    home = Residence(parts, "cuda", "never")
    with home.working(parts[0]):
        thread = threading.Thread(target=lambda: home.working(parts[1]).__enter__())
        thread.start()
        thread.join(20)
        assert not thread.is_alive() and [part.place for part in parts] == ["cuda"] * 2


def test_whoever_wants_another_waits():
    parts = [Part(), Part()]
    home, inside = Residence(parts, "cuda", "always"), threading.Event()

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
    has_free(monkeypatch, free)
    assert fit([Part()], "cuda", "auto") is together
    assert fit([Part()], "cuda", "never") and not fit([Part()], "cuda", "always")
    assert residence.size_of(Part()) == 6 * 4


def test_what_lies_on_the_device_already_needs_no_more_room(monkeypatch):
    has_free(monkeypatch, 30)  # of the 72 that the two need together
    here, coming = (nn.Linear(2, 2, device=device) for device in ("meta", "cpu"))
    assert not fit([coming, coming], "meta", "auto")
    assert fit([here, here], "meta", "auto") and not fit([here, coming], "meta", "auto")


class Small:
    """A device that runs out of memory until so many parts are on it at most."""

    def __init__(self, parts, most):
        self.parts, self.most, self.tries = parts, most, 0

    def compute(self, home, part):
        self.tries += 1
        with home.working(part):
            if lying(self.parts).count("cuda") > self.most:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return lying(self.parts)


def test_where_memory_runs_out_parts_take_turns_from_then_on(monkeypatch, caplog):
    has_free(monkeypatch)
    parts = [Part(), Part(), Part()]
    home, device = Residence(parts, "cuda", "auto"), Small(parts, most=1)
    assert home.together and lying(parts) == ["cuda"] * 3
    assert home.making_room(lambda: device.compute(home, parts[1])) == ["cpu", "cuda", "cpu"]
    assert home.making_room(lambda: device.compute(home, parts[2])) == ["cpu", "cpu", "cuda"]
    assert device.tries == 3 and not home.together
    (line,) = [record.message for record in caplog.records]
    assert line.startswith("out of memory: the model's parts take turns on the device from now on")


@pytest.mark.parametrize(("offload", "most", "tries"), [("never", 1, 1), ("always", 0, 1), ("auto", 0, 2)])
def test_where_turns_do_not_help_or_are_not_allowed_memory_has_run_out(monkeypatch, offload, most, tries):
    has_free(monkeypatch)
    parts = [Part(), Part()]
    home, device = Residence(parts, "cuda", offload), Small(parts, most)
    with pytest.raises(torch.OutOfMemoryError):
        home.making_room(lambda: device.compute(home, parts[0]))
    assert device.tries == tries


def test_no_part_is_taken_away_from_whoever_works_with_it(monkeypatch):
    has_free(monkeypatch)
    parts = [Part(), Part()]
    home, device, done = Residence(parts, "cuda", "auto"), Small(parts, most=1), threading.Event()

    def other():
        home.making_room(lambda: device.compute(home, parts[1]))
        done.set()

    thread = threading.Thread(target=other)
    with home.working(parts[0]):  # begun while they lay together
        thread.start()
        assert not done.wait(0.2) and lying(parts) == ["cuda"] * 2
    thread.join(20)
    assert done.is_set() and lying(parts) == ["cpu", "cuda"]


def test_parts_that_have_no_room_when_they_are_read_take_turns(monkeypatch):
    has_free(monkeypatch)

    class Large(Part):
        def to(self, place):
            if place == "cuda" and "cuda" in lying(parts):
                raise torch.OutOfMemoryError("CUDA out of memory")
            return super().to(place)

    parts = [Large(), Large()]
    home = Residence(parts, "cuda", "auto")
    assert not home.together and lying(parts) == ["cpu"] * 2
    parts = [Large(), Large()]
    with pytest.raises(torch.OutOfMemoryError):
        Residence(parts, "cuda", "never")


def test_land_is_the_same_where_components_take_turns(tmp_path):
    folder = str(build_diffusion(tmp_path / "tiny"))
    one, other = (
        Library(folder, "cpu", {"steps": 2, "offload": offload}).get() for offload in ("never", "always")
    )
    assert not other.parts.residence.together and one.traits.digest == other.traits.digest
    assert all((first == second).all() for first, second in zip(land(one), land(other), strict=True))


def land(model, guide=None):
    """Latents of a window, its pixels, and latents of these."""
    (painted,) = model.paint([window(model, 0.1, 0.5)._replace(guide=guide)])
    pixels = model.decode(np.pad(painted, ((0, 0), (16, 16), (16, 16))))
    return painted, pixels, model.encode(pixels)


def runs_out(model, *modules, always=False):
    """As on a GPU where some modules have no room beside the others, or not even alone."""

    def look(module, _):
        if always or model.parts.residence.together:
            raise torch.OutOfMemoryError("CUDA out of memory")

    for module in modules:
        module.register_forward_pre_hook(look)


def modules_of(parts):
    """What computes, by what is done with it."""
    found = {"paint a window": parts.unet, "read a prompt": parts.text_encoder}
    return found | {"decode a tile": parts.vae.decoder, "encode a picture": parts.vae.encoder}


DOINGS = ("paint a window", "read a prompt", "decode a tile", "encode a picture")


@pytest.fixture(scope="module")
def guided(tmp_path_factory):
    """A model with an adapter and a ControlNet, and how it is used."""
    home = tmp_path_factory.mktemp("models")
    folder = build_diffusion(home / "tiny")
    lora(home / "roofs.safetensors")
    network = build_controlnet(home / "edges", folder)
    return str(folder), {
        "steps": 2,
        "controlnet": str(network),
        "adapters": [f"{home / 'roofs.safetensors'}:0.5"],
    }


@pytest.mark.parametrize("doing", [*DOINGS, "follow a guide"])
def test_land_is_the_same_where_memory_runs_out(guided, doing, caplog):
    folder, options = guided
    wanted = land(Library(folder, "cpu", options).get(), half(1.0))
    model = Library(folder, "cpu", options).get()
    runs_out(model, {**modules_of(model.parts), "follow a guide": model.parts.controlnet}[doing])
    found = land(model, half(1.0))
    assert all((one == other).all() for one, other in zip(wanted, found, strict=True))
    assert not model.parts.residence.together and model.traits.batch == 1
    assert sum("take turns on the device from now on" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("doing", DOINGS)
@pytest.mark.parametrize("offload", ["auto", "never"])
def test_where_memory_runs_out_for_good_it_is_said_what_helps(guided, doing, offload):
    folder, options = guided
    model = Library(folder, "cpu", {**options, "offload": offload, "batch": 2}).get()
    runs_out(model, modules_of(model.parts)[doing], always=True)
    with pytest.raises(PaintingFailed) as failed:
        land(model)
    words = str(failed.value)
    assert f"out of memory: tiny has no room to {doing}" in words and "EARTH_DTYPE=float16" in words
    assert ("EARTH_OFFLOAD=auto" in words) == (offload == "never")
    assert ("EARTH_BATCH below 2" in words) == (offload == "never" and doing != "paint a window")


def test_fewer_windows_come_before_turns(guided):
    folder, options = guided
    model = Library(folder, "cpu", {**options, "batch": 4}).get()

    def look(_, args):
        if len(args[0]) > 1 or model.parts.residence.together:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model.parts.unet.register_forward_pre_hook(look)
    windows = [window(model, 0.1 * i, 0.5) for i in range(3)]
    found = model.paint(windows)
    alone = Library(folder, "cpu", {**options, "batch": 1}).get()
    assert all((one == alone.paint([each])[0]).all() for one, each in zip(found, windows, strict=True))
    assert model.recipe.batch == 1 and not model.parts.residence.together


def test_a_model_that_has_no_room_at_all_is_refused(guided, monkeypatch):
    from diffusers import UNet2DConditionModel  # not before the models, see torchvision_cure

    folder, options = guided
    move = UNet2DConditionModel.to

    def full(self, where, *more, **named):
        if where == "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return move(self, where, *more, **named)

    monkeypatch.setattr(UNet2DConditionModel, "to", full)
    with pytest.raises(ModelRefused, match=r"out of memory: tiny has no room\. What helps: free memory"):
        Library(folder, "cpu", options).get()


def test_a_compiled_model_is_the_same_model(tmp_path, monkeypatch):
    compiled = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(type(self).__name__))
    folder = str(build_diffusion(tmp_path / "tiny"))
    one, other = (Library(folder, "cpu", {"steps": 2, "compile": compile}).get() for compile in (False, True))
    assert compiled == ["UNet2DConditionModel"] and one.traits.digest == other.traits.digest
