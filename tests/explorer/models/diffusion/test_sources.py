import shutil

import pytest
import torch
from safetensors.torch import save_file

from explorer.cli.session import extras_fetched
from explorer.models.diffusion.adapters import parse
from explorer.models.diffusion.layout import CONTROLNET, adapter
from explorer.models.diffusion.sources import (
    Extra,
    adapter_file,
    controlnet_folder,
    extras,
    hub_adapter,
    weighed,
)
from explorer.models.hub import Source
from explorer.settings import Settings
from tests.diffusions import build_controlnet, build_diffusion
from tests.hubs import COMMIT, serve
from tiles.errors import ModelRefused


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    home = tmp_path_factory.mktemp("models")
    return build_controlnet(home / "edges", build_diffusion(home / "tiny"))


@pytest.fixture
def remote(network, tmp_path, monkeypatch):
    """A hub with two adapters in two repositories, and a ControlNet in a folder of its repository."""
    lone, several = tmp_path / "lone", tmp_path / "several"
    for file in (lone / "roofs.safetensors", several / "a.safetensors", several / "old" / "b.safetensors"):
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file({"unet.x.lora_A.weight": torch.zeros(2, 3)}, file)
    (lone / "README.md").write_text("---\nlicense: mit\n---\n")
    shutil.copytree(network, tmp_path / "pipeline" / "controlnet")
    (tmp_path / "pipeline" / "v1.ckpt").write_bytes(b"x" * 9000)
    models = {"who/lone": lone, "who/several": several, "who/pipeline": tmp_path / "pipeline"}
    served = serve(models, tmp_path, monkeypatch)
    yield served
    served.close()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("who/lone", (Source("who/lone"), "")),
        ("who/lone@v2:0.5", (Source("who/lone", "v2"), "")),
        ("who/several/old/b.safetensors@main", (Source("who/several", "main"), "old/b.safetensors")),
        ("roofs.safetensors:0.3", None),
        ("/models/roofs.safetensors", None),
    ],
)
def test_what_an_adapter_is_called(text, found):
    extra = hub_adapter(weighed(text)[0])
    assert (extra and (extra.source, extra.need.choose)) == (found and (found[0], extra.need.choose))
    if found and found[1]:
        assert extra.need.choose([found[1]], "x") == [found[1]]


def test_adapters_and_controlnets_are_fetched_once_and_found(remote, network, capsys):
    settings = Settings(
        adapters=["who/lone:0.5", "who/several/old/b.safetensors"], controlnet=f"who/pipeline@{COMMIT}"
    )
    extras_fetched(settings)
    said = capsys.readouterr().err
    assert f"who/lone@{COMMIT}" in said and "licence: apache-2.0" in said
    assert not any("ckpt" in path for path in remote.asked)
    sent = remote.sent
    extras_fetched(settings)
    assert remote.sent == sent
    found = parse("who/lone:0.5")
    assert found.file.name == "roofs.safetensors" and found.weight == 0.5 and found.file.is_file()
    assert adapter_file("who/several/old/b.safetensors").name == "b.safetensors"
    weights = "controlnet/diffusion_pytorch_model.safetensors"
    there = controlnet_folder(f"who/pipeline@{COMMIT}")
    assert (there / weights).read_bytes() == (network / "diffusion_pytorch_model.safetensors").read_bytes()


def test_what_was_not_fetched_or_is_not_clear_is_said(remote):
    with pytest.raises(ModelRefused, match="who/lone is not on this machine: it is fetched when the app"):
        parse("who/lone")
    with pytest.raises(ModelRefused, match=r"several files: name one, as in who/several/a\.safetensors"):
        extras_fetched(Settings(adapters=["who/several"]))
    with pytest.raises(ModelRefused, match=r"no\.safetensors is missing"):
        extras_fetched(Settings(adapters=["who/several/no.safetensors"]))
    with pytest.raises(ModelRefused, match="has no such model"):
        extras_fetched(Settings(controlnet="who/nothing"))
    with pytest.raises(ModelRefused, match=r"no such file; FILE, FILE:WEIGHT or a hub's owner/name"):
        parse("roofs.safetensors")
    with pytest.raises(ModelRefused, match=r"weight 9\.0 is outside"):
        weighed("who/lone:9")


def test_a_folder_or_file_of_this_machine_comes_before_a_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "who" / "edges").mkdir(parents=True)
    save_file({"lora": torch.zeros(1)}, tmp_path / "who" / "roofs.safetensors")
    assert extras(["who/roofs.safetensors"], "who/edges") == []
    found = extras([], "who/other")
    assert found == [Extra(Source("who/other"), CONTROLNET)]


def test_pickles_are_refused():
    with pytest.raises(ModelRefused, match=r"there as a pickle only \(a\.bin\)"):
        adapter("").choose(["a.bin"], "who/lone")
    with pytest.raises(ModelRefused, match=r"pytorch_lora_weights\.safetensors is missing"):
        adapter("").choose(["README.md"], "who/lone")
    assert adapter("").choose(["b.safetensors", "pytorch_lora_weights.safetensors"], "x") == [
        "pytorch_lora_weights.safetensors"
    ]
