import torch
from safetensors import safe_open

from explorer.training import painted, polish
from explorer.training.config import PolishConfig
from explorer.training.painted import sheets
from tests.bundles import build_bundle
from tests.datasets import dataset


def test_sheets_are_painted_land_of_the_zooms_of_training_and_kept(tmp_path):
    bundle, data = build_bundle(tmp_path / "tiny", steps=1), dataset(tmp_path / "data")
    found = sheets(bundle, data, tmp_path / "cache.safetensors", count=3)
    assert [sheet.latents.shape for sheet in found] == [(4, 96, 96)] * 3
    assert {sheet.zoom for sheet in found} == {5, 6, 7}
    assert not torch.equal(found[0].latents, found[1].latents)
    assert all(sheet.latents.float().std() > 0 for sheet in found)
    again = sheets(tmp_path / "gone", data, tmp_path / "cache.safetensors", count=3)
    assert all(torch.equal(a.latents, b.latents) and a.zoom == b.zoom for a, b in zip(found, again))


def test_a_polishing_run_goes_on_with_its_critic(tmp_path, monkeypatch, clock):
    monkeypatch.setattr(painted, "COUNT", 2)
    bundle, data = build_bundle(tmp_path / "tiny", steps=1), dataset(tmp_path / "data")
    out = tmp_path / "run"
    config = PolishConfig.of_run(out, None).model_copy(update={"batch": 2})

    def run(minutes):
        polish.train(data, bundle / "autoencoder", out, minutes, config, bundle)
        with safe_open(out / "state.safetensors", "pt") as state:
            return int(state.metadata()["step"]), {k: state.get_tensor(k) for k in state.keys()}  # noqa: SIM118

    step, before = run(0.02)
    later, after = run(0.04)
    assert 0 < step < later
    critic = "module.critic.fine.look.0.weight"
    assert any(name.startswith("optimizer.0.") for name in before)
    # As far as a few small steps lead from where it was, and not as far as from a new beginning.
    assert 0 < (after[critic] - before[critic]).abs().max() < 0.05 < before[critic].abs().max()
    assert (out / "model" / "diffusion_pytorch_model.safetensors").exists()
    encoder = [k for k in before if k.startswith("average.model.encoder")]
    assert encoder and all(torch.equal(before[k], after[k]) for k in encoder)
