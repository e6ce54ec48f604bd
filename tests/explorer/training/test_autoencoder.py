from __future__ import annotations

import torch

from explorer.models.autoencoder import Autoencoder
from explorer.training import autoencoder
from explorer.training.config import SHIPPED, AutoencoderConfig
from tests.datasets import dataset

READ = {"low_cpu_mem_usage": False}


def small() -> AutoencoderConfig:
    config = AutoencoderConfig.read(SHIPPED / "autoencoder.toml")
    return config.model_copy(update={"widths": (8, 8, 8), "blocks": (1, 1, 1), "crop": 64})


def test_a_run_writes_its_model_and_goes_on_from_its_state(tmp_path, clock):
    data, out = dataset(tmp_path / "data"), tmp_path / "run"
    autoencoder.train(data, out, 0.02, small())
    first = Autoencoder.from_pretrained(out / "model", **READ)
    assert tuple(first.config["widths"]) == (8, 8, 8)
    assert float(first.latent_std.min()) > 0 and not first.latent_mean.eq(0).all()
    autoencoder.train(data, out, 0.04, small())
    steps = [int(line.split(",")[0]) for line in (out / "scores.csv").read_text().splitlines()]
    assert len(steps) == 2 and steps[0] < steps[1]


def test_a_run_that_starts_from_weights_has_their_latents_and_pictures(tmp_path):
    torch.manual_seed(0)
    before = Autoencoder(widths=(8, 8, 8), blocks=(1, 1, 1), waves=(3.0,), last=16)
    before.latent_mean.fill_(0.3)
    before.latent_std.fill_(2.0)
    before.save_pretrained(tmp_path / "before")
    training = autoencoder.going_on(tmp_path / "before")
    picture = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        wanted = before.encode(picture)
        torch.testing.assert_close(
            training.eval().unit(training.model.encoder(picture)), wanted, atol=1e-4, rtol=1e-4
        )
        again = training.fold()
        torch.testing.assert_close(again.encode(picture), wanted, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(again.decode(wanted), before.decode(wanted))


def test_a_run_that_starts_from_weights_keeps_their_shape_and_has_its_own_rate(tmp_path, monkeypatch, clock):
    """Whatever the config says of widths."""
    data, peaks = dataset(tmp_path / "data"), []

    class Seen(autoencoder.Run):
        def __init__(self, folder, module, peak, minutes, decay):
            peaks.append(peak)
            super().__init__(folder, module, peak, minutes, decay)

    monkeypatch.setattr(autoencoder, "Run", Seen)
    Autoencoder(widths=(8, 8, 16), blocks=(1, 1, 1)).save_pretrained(tmp_path / "before")
    autoencoder.train(data, tmp_path / "run", 0.03, small(), tmp_path / "before")
    model = Autoencoder.from_pretrained(tmp_path / "run" / "model", **READ)
    assert tuple(model.config["widths"]) == (8, 8, 16) and peaks == [small().started_peak]
