import pytest
import torch
from safetensors import safe_open

from explorer.models.autoencoder import Autoencoder
from explorer.models.detail import DetailPainter
from explorer.models.library import Library
from explorer.training import painted, polish
from explorer.training.config import PolishConfig
from explorer.training.painted import sheets
from tests.bundles import build_bundle
from tests.datasets import dataset
from tiles.errors import BadSetting


def test_sheets_are_painted_land_of_the_zooms_of_training_and_kept(tmp_path):
    bundle, data = build_bundle(tmp_path / "tiny", steps=1), dataset(tmp_path / "data")
    found = sheets(bundle, data, tmp_path / "cache.safetensors", count=3)
    assert [sheet.latents.shape for sheet in found] == [(4, 96, 96)] * 3
    assert {sheet.zoom for sheet in found} == {5, 6, 7}
    assert not torch.equal(found[0].latents, found[1].latents)
    assert all(sheet.latents.float().std() > 0 for sheet in found)
    again = sheets(tmp_path / "gone", data, tmp_path / "cache.safetensors", count=3)
    sheets(bundle, data, tmp_path / "begun.safetensors", count=1)
    gone_on = sheets(bundle, data, tmp_path / "begun.safetensors", count=3)
    for same in (again, gone_on):
        assert all(torch.equal(a.latents, b.latents) and a.zoom == b.zoom for a, b in zip(found, same))


def with_detail(bundle):
    """A bundle whose autoencoder has 6 channels of detail, and a detail painter for them."""
    torch.manual_seed(0)
    autoencoder = Autoencoder(widths=(16, 16, 16), blocks=(1, 1, 1), detail=6)
    autoencoder.save_pretrained(bundle / "autoencoder")
    DetailPainter(detail=6, width=16, blocks=2).save_pretrained(bundle / "detail")
    return bundle


def test_land_of_a_bundle_with_a_detail_painter_has_its_detail(tmp_path):
    bundle, data = with_detail(build_bundle(tmp_path / "tiny", steps=1)), dataset(tmp_path / "data")
    (sheet,) = sheets(bundle, data, tmp_path / "cache.safetensors", count=1)
    model = Library(str(bundle), "cpu").get()
    assert sheet.latents.shape == (10, 96, 96)
    inside = 32 + 2 * model.traits.margin
    coarse = sheet.latents[:4, :inside, :inside]
    with torch.inference_mode():
        drawn = model.autoencoder.decode_inside(sheet.latents[None, :, :inside, :inside].float())
        drawn = (drawn.clamp(-1, 1) + 1)[0].permute(1, 2, 0) * 127.5
    tile = torch.from_numpy(model.decode(coarse.float().numpy())).float()
    reach = 8 * model.decoder.painter.reach  # the tile is that far inside what the autoencoder alone draws
    assert (tile - drawn[reach:-reach, reach:-reach]).abs().max() < 1  # stored as fp16, shown as bytes


def test_land_must_have_the_channels_that_the_decoder_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(painted, "COUNT", 1)
    plain, data = build_bundle(tmp_path / "plain", steps=1), dataset(tmp_path / "data")
    detailed = with_detail(build_bundle(tmp_path / "detailed", steps=1))
    config = PolishConfig.of_run(tmp_path / "run", None)
    with pytest.raises(BadSetting, match=r"paints 4 channels; .* reads 10"):
        polish.train(data, detailed / "autoencoder", tmp_path / "run", 0.01, config, plain)


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
