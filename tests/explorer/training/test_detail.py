from __future__ import annotations

import torch

from explorer.models.autoencoder import Autoencoder
from explorer.training import detail
from explorer.training.autoencoder import loaded
from explorer.training.config import SHIPPED, DetailConfig
from tests.datasets import dataset

SMALL = {"widths": (16, 16, 16), "blocks": (1, 1, 1)}


def small() -> DetailConfig:
    config = DetailConfig.read(SHIPPED / "detail.toml")
    return config.model_copy(update={"channels": 3, "last": 24, "crop": 64, "batch": 2})


def trained_before(folder) -> Autoencoder:
    """An autoencoder whose latents have a scale of their own."""
    torch.manual_seed(0)
    before = Autoencoder(**SMALL, waves=(3.0,), grain=100.0)
    before.latent_mean.normal_()
    before.latent_std.uniform_(0.5, 2)
    before.save_pretrained(folder, safe_serialization=True)
    return before


def test_an_autoencoder_begins_with_the_same_coarse_latents_and_nearly_the_same_pictures(tmp_path):
    before = trained_before(tmp_path / "before")
    deaf = detail.begun(before, small().model_copy(update={"heard": 0.0}))
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        latents = deaf.encode(pictures)
        assert latents.shape == (2, 7, 8, 8)
        assert torch.equal(latents[:, :4], before.encode(pictures))
        torch.testing.assert_close(deaf.decode(latents), before.decode(latents[:, :4]), atol=1e-5, rtol=0)


def test_training_learns_detail_and_leaves_coarse_latents_bit_for_bit(tmp_path, clock):
    before = trained_before(tmp_path / "before")
    data, out = dataset(tmp_path / "data"), tmp_path / "run"
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    detail.train(data, tmp_path / "before", out, 0.02, small())
    first = loaded(out / "model")
    with torch.no_grad():
        assert torch.equal(first.encode(pictures)[:, :4], before.encode(pictures))
        assert not torch.equal(first.decode(first.encode(pictures))[:, :, :8], pictures[:, :, :8])
    detail.train(data, tmp_path / "before", out, 0.04, small())
    steps = [int(line.split(",")[0]) for line in (out / "scores.csv").read_text().splitlines()]
    assert len(steps) == 2 and steps[0] < steps[1]


def test_saved_detail_has_the_scale_that_training_saw(tmp_path):
    training = detail.going_on(trained_before(tmp_path / "before"), small())
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1
    for _ in range(400):  # the running mean and deviation of these pictures
        training.latents(pictures)
    with torch.no_grad():
        shown = training.fold().encode(pictures)[:, 4:]
        torch.testing.assert_close(shown, training.eval().latents(pictures)[:, 4:], atol=1e-4, rtol=1e-4)
    assert (shown.mean((0, 2, 3)).abs() < 0.02).all() and (shown.std((0, 2, 3)) > 0.8).all()


def test_what_is_decoded_inside_a_sheet_is_the_same_with_detail():
    torch.manual_seed(0)
    model = Autoencoder(**SMALL, detail=3).eval()
    latents, margin = torch.randn(1, 7, 30, 30), model.margin
    with torch.no_grad():
        whole = model.decode(latents)
        part = model.decode_inside(latents[..., 4 : 12 + 2 * margin, 2 : 10 + 2 * margin])
    top, left = (8 * (start + margin) for start in (4, 2))
    torch.testing.assert_close(part, whole[..., top : top + 64, left : left + 64], atol=1e-5, rtol=0)
