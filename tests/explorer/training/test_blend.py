from __future__ import annotations

from pathlib import Path

import pytest
import torch

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.training.blend import blend
from explorer.training.config import SHIPPED, PolishConfig
from explorer.training.polish import widened
from tiles.errors import BadSetting

SMALL = {"widths": (8, 8, 8), "blocks": (1, 1, 1)}
READ = {"low_cpu_mem_usage": False}


def kept(folder: Path, name: str, seed: int, encoder: Autoencoder | None = None) -> Path:
    torch.manual_seed(seed)
    model = Autoencoder(**SMALL)
    if encoder:
        model.encoder.load_state_dict(encoder.encoder.state_dict())
    model.save_pretrained(folder / name, safe_serialization=True)
    return folder / name


def test_a_blend_has_the_latents_of_both_and_pictures_between(tmp_path):
    first = kept(tmp_path, "first", 1)
    one = Autoencoder.from_pretrained(first, **READ)
    second = kept(tmp_path, "second", 2, one)
    other = Autoencoder.from_pretrained(second, **READ)
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    for share, like in ((0.0, one), (1.0, other)):
        found = Autoencoder.from_pretrained(blend(first, second, tmp_path / "out", share), **READ)
        with torch.no_grad():
            assert found.encode(picture).equal(one.encode(picture))
            torch.testing.assert_close(found.decode(found.encode(picture)), like.decode(like.encode(picture)))
    found = Autoencoder.from_pretrained(blend(first, second, tmp_path / "out"), **READ)
    torch.testing.assert_close(
        found.levels[0][0].weight, (one.levels[0][0].weight + other.levels[0][0].weight) / 2
    )


def test_a_polished_decoder_is_blended_with_the_one_it_was_polished_from(tmp_path):
    first = kept(tmp_path, "first", 1)
    one = Autoencoder.from_pretrained(first, **READ)
    polished = widened(one, PolishConfig.read(SHIPPED / "polish.toml"))
    polished.save_pretrained(tmp_path / "polished", safe_serialization=True)
    latents, pictures = torch.randn(1, 4, 8, 8), []
    for share in (0.0, 0.5, 1.0):
        out = blend(first, tmp_path / "polished", tmp_path / "out", share)
        pictures.append(Autoencoder.from_pretrained(out, **READ).decode(latents).detach())
    torch.testing.assert_close(pictures[0], one.decode(latents).detach(), atol=1e-5, rtol=0)
    torch.testing.assert_close(pictures[2], polished.decode(latents).detach())
    assert 0 < (pictures[1] - pictures[0]).std() < (pictures[2] - pictures[0]).std()


def test_what_cannot_be_blended_is_refused(tmp_path):
    first, stranger = kept(tmp_path, "first", 1), kept(tmp_path, "stranger", 2)
    with pytest.raises(BadSetting, match="latents"):
        blend(first, stranger, tmp_path / "out")
    with pytest.raises(BadSetting, match="share"):
        blend(first, first, tmp_path / "out", 1.5)
    Autoencoder(widths=(8, 8, 16), blocks=(1, 1, 1)).save_pretrained(tmp_path / "wide")
    with pytest.raises(BadSetting, match="shape"):
        blend(first, tmp_path / "wide", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_denoisers_are_blended_too(tmp_path):
    models = [Denoiser(widths=[32, 32, 32]) for _ in range(2)]
    for name, model in zip(("one", "other"), models):
        model.save_pretrained(tmp_path / name, safe_serialization=True)
    out = blend(tmp_path / "one", tmp_path / "other", tmp_path / "out", 0.25)
    found = Denoiser.from_pretrained(out, **READ)
    for one, other, between in zip(*(model.parameters() for model in (*models, found))):
        torch.testing.assert_close(between, one * 0.75 + other * 0.25)
    wider = Denoiser(widths=[32, 32, 64])
    wider.save_pretrained(tmp_path / "wider", safe_serialization=True)
    with pytest.raises(BadSetting, match="another shape"):
        blend(tmp_path / "one", tmp_path / "wider", tmp_path / "none")
    with pytest.raises(BadSetting, match=r"kind Denoiser, .* of kind Autoencoder"):
        blend(tmp_path / "one", kept(tmp_path, "decoder", 1), tmp_path / "none")
    assert not (tmp_path / "none").exists()
