import errno
import shutil

import pytest
import torch
from huggingface_hub import constants

from explorer.models import hub
from explorer.models.diffusion.loading import load_parts
from explorer.models.hub import Source, cached, fetch, licence_of, parse, plan
from tests.diffusions import build_diffusion
from tests.hubs import COMMIT, serve
from tiles.errors import DiskFull, ModelRefused

TINY = Source("tiny/land")
UNET = "unet/diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return build_diffusion(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def folder(tiny, tmp_path):
    """The model as it lies on the hub, to be changed."""
    return shutil.copytree(tiny, tmp_path / "on-the-hub")


@pytest.fixture
def remote(folder, tmp_path, monkeypatch):
    served = serve({"tiny/land": folder}, tmp_path, monkeypatch)
    yield served
    served.close()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("text2earth", Source("lcybuaa/Text2Earth")),
        ("text2earth-inpainting@v1", Source("lcybuaa/Text2Earth-inpainting", "v1")),
        ("MVRL/GeoSynth", Source("MVRL/GeoSynth")),
        ("a/b@refs/pr/3", Source("a/b", "refs/pr/3")),
        ("terra", None),
        ("./folder", None),
        ("/etc/passwd", None),
        ("a/b/c", None),
        ("../x", None),
    ],
)
def test_what_a_name_stands_for(name, found):
    assert parse(name) == found


def test_a_model_is_fetched_without_what_is_not_needed(remote, folder):
    (folder / "v2-1_768.ckpt").write_bytes(b"x" * 5000)
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x" * 5000)
    wanted = plan(TINY)
    assert wanted.source == Source("tiny/land", COMMIT)
    assert wanted.licence == "apache-2.0"
    assert wanted.size == sum((folder / file).stat().st_size for file in wanted.files)
    there = fetch(wanted)
    assert (there / UNET).read_bytes() == (folder / UNET).read_bytes()
    assert {p.relative_to(there).as_posix() for p in there.rglob("*") if p.is_file()} == set(wanted.files)
    assert not any("ckpt" in path or ".bin" in path for path in remote.asked)
    assert load_parts(there, "cpu", torch.float32, "tiny/land").licence == "apache-2.0"


def test_what_is_here_is_not_fetched_again_and_needs_no_network(remote):
    assert cached(TINY) is None
    there, sent = fetch(plan(TINY)), remote.sent
    assert fetch(plan(TINY)) == there and remote.sent == sent
    remote.close()
    assert cached(Source("tiny/land", COMMIT)) == there
    assert cached(TINY) == there  # by the name it was asked for


def test_a_download_that_breaks_off_goes_on(remote, folder):
    remote.breaks[UNET] = 10_000
    there = fetch(plan(TINY))
    assert (there / UNET).read_bytes() == (folder / UNET).read_bytes()
    assert remote.asked[UNET] == 2


@pytest.mark.parametrize(
    "missing",
    [
        "model_index.json",
        "vae/config.json",
        "scheduler/scheduler_config.json",
        "text_encoder/model.safetensors",
    ],
)
def test_a_missing_file_is_named_before_anything_is_fetched(remote, folder, missing):
    (folder / missing).unlink()
    with pytest.raises(ModelRefused, match=f"tiny/land: {missing} is missing"):
        plan(TINY)
    assert not remote.asked


def test_weights_that_are_a_pickle_only_are_refused(remote, folder):
    (folder / UNET).rename(folder / "unet" / "diffusion_pytorch_model.bin")
    with pytest.raises(ModelRefused, match=r"pickle only \(unet/diffusion_pytorch_model\.bin\)"):
        plan(TINY)


def test_half_precision_is_taken_where_it_is_there(remote, folder):
    half = "unet/diffusion_pytorch_model.fp16.safetensors"
    shutil.copy(folder / UNET, folder / half)
    files = plan(TINY).files
    assert half in files and UNET not in files


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source("tiny/land", "nowhere"), "no such revision"),
        (Source("tiny/sea"), "has no such model"),
    ],
)
def test_what_the_hub_does_not_have_is_said(remote, source, words):
    with pytest.raises(ModelRefused, match=words):
        plan(source)


def test_a_hub_that_does_not_answer_is_said(remote):
    remote.close()
    with pytest.raises(ModelRefused, match="tiny/land cannot be fetched from http://127"):
        plan(TINY)


def test_offline_is_respected(remote, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelRefused, match="HF_HUB_OFFLINE is set"):
        plan(TINY)
    assert not remote.asked


def test_a_disk_without_room_is_said_before_anything_is_fetched(remote, monkeypatch):
    wanted = plan(TINY)
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(hub.shutil, "disk_usage", lambda path: usage._replace(free=10**6))
    with pytest.raises(DiskFull, match=r"needs .* are free"):
        fetch(wanted)
    assert not remote.asked


def test_a_disk_that_fills_up_meanwhile_is_said(remote, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    wanted = plan(TINY)
    monkeypatch.setattr(hub, "snapshot_download", full)
    with pytest.raises(DiskFull, match="no room left"):
        fetch(wanted)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"license": "mit"}, "mit"),
        ({"license": ["a", "b"]}, "a, b"),
        ({}, "not stated"),
        (None, "not stated"),
    ],
)
def test_licences_of_cards(card, words):
    assert licence_of(card) == words
