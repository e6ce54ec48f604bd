import numpy as np
import pytest
import torch

from explorer.models.autoencoder import Autoencoder
from explorer.training.autoencoder import loaded
from explorer.training.blend import same_latents
from explorer.training.config import SHIPPED, PolishConfig
from explorer.training.polish import (
    Sample,
    Training,
    loss,
    nearest,
    sharpness,
    train,
    unevenness,
    widened,
)
from tiles.errors import BadSetting

CONFIG = PolishConfig.read(SHIPPED / "polish.toml")
SMALL = {"widths": (16, 16, 16), "blocks": (1, 1, 1)}


def sample() -> Sample:
    pictures = torch.rand(4, 3, 128, 128) * 2 - 1
    return Sample(pictures, torch.randn(2, 4, 16, 16), torch.zeros(2, 3, 32, 32), pictures[:2])


@pytest.mark.parametrize("detail", [0, 6])
def test_decoder_and_critic_learn_and_latents_stay(detail):
    torch.manual_seed(0)
    training = Training(widened(Autoencoder(**SMALL, detail=detail), CONFIG))
    drawn = sample()._replace(land=torch.randn(2, 4 + detail, 16, 16))
    latents = training.model.encode(drawn.pictures)
    loss(training, drawn, np.random.default_rng(0), 1.0, CONFIG).backward()
    encoders = [p for name, p in training.model.named_parameters() if "encoder" in name]
    assert encoders and all(p.grad is None for p in encoders)
    for part in (training.model.levels, training.model.grains, training.critic):
        assert all(p.grad.abs().sum() > 0 for p in part.parameters())
    torch.optim.SGD([p for p in training.parameters() if p.requires_grad], 0.1).step()
    assert torch.equal(training.model.encode(drawn.pictures), latents)


def test_without_a_critic_and_painted_land_there_is_still_a_loss():
    torch.manual_seed(0)
    training = Training(widened(Autoencoder(**SMALL), CONFIG))
    drawn = sample()._replace(
        land=torch.zeros(0, 4, 16, 16), form=torch.zeros(0, 3, 32, 32), like=torch.zeros(0, 3, 128, 128)
    )
    config = CONFIG.model_copy(update={"weights": CONFIG.weights.model_copy(update={"critic": 0.0})})
    found = loss(training, drawn, np.random.default_rng(0), 0.0, config)
    assert torch.isfinite(found) and found > 0


@pytest.mark.parametrize("detail", [0, 6])
def test_a_wider_decoder_begins_as_the_one_before(detail):
    torch.manual_seed(0)
    before, latents = Autoencoder(**SMALL, detail=detail), torch.randn(1, 4 + detail, 16, 16)
    wider = widened(before, CONFIG)
    apart = wider.decode(latents) - before.decode(latents)
    assert 0 < apart.std() < 0.1
    for grain in wider.grains:
        grain.weight.data.zero_()
    torch.testing.assert_close(wider.decode(latents), before.decode(latents), atol=1e-5, rtol=0)
    pictures = torch.rand(1, 3, 64, 64)
    assert torch.equal(wider.encode(pictures), before.encode(pictures))


def test_a_decoder_of_other_latents_is_no_start(tmp_path):
    torch.manual_seed(0)
    folders = []
    for name in ("first", "second"):
        folders.append(tmp_path / name)
        Autoencoder(**SMALL).save_pretrained(folders[-1], safe_serialization=True)
    polished = widened(loaded(folders[0]), CONFIG)
    assert same_latents(loaded(folders[0]), polished)
    with pytest.raises(BadSetting, match="other latents than"):
        train(tmp_path / "data", folders[0], tmp_path / "run", 0.01, CONFIG, start=folders[1])


def test_sharpness_is_one_for_the_same_and_less_for_a_blur():
    torch.manual_seed(0)
    pictures = torch.rand(2, 3, 32, 32)
    assert sharpness(pictures, pictures) == 1
    assert sharpness(torch.nn.functional.avg_pool2d(pictures, 3, 1, 1), pictures) < 0.6


def test_a_grid_of_latents_is_uneven_and_noise_is_not():
    torch.manual_seed(0)
    noise = torch.randn(4, 3, 96, 96)
    grid = noise.clone()
    grid[..., ::8, :] += 1.5
    assert unevenness(noise) < 0.001 < 0.02 < unevenness(grid)


def test_painted_land_is_shown_beside_land_of_its_colours():
    torch.manual_seed(0)
    sea, desert = (
        torch.tensor(rgb)[:, None, None].expand(3, 64, 64) for rgb in ([-0.8, -0.4, 0.2], [0.6, 0.3, 0])
    )
    coast = torch.cat([sea[..., :32], desert[..., 32:]], 2)
    among = torch.stack([sea, coast, desert]) + 0.1 * torch.randn(3, 3, 64, 64)
    for index, land in enumerate((sea, coast, desert)):
        assert torch.equal(nearest(land[:, ::8, ::8], among), among[index])
