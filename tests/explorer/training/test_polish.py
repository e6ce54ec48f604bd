import numpy as np
import torch

from explorer.models.autoencoder import Autoencoder
from explorer.training.polish import loss, sharpness, unevenness


def test_only_the_decoder_learns_and_latents_stay():
    torch.manual_seed(0)
    model = Autoencoder(widths=(16, 16, 16), blocks=(1, 1, 1))
    model.encoder.requires_grad_(False)
    pictures = torch.rand(4, 3, 64, 64) * 2 - 1
    latents = model.encode(pictures)
    loss(model, pictures, np.random.default_rng(0)).backward()
    assert all(p.grad is None for p in model.encoder.parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.levels.parameters())
    torch.optim.SGD(model.levels.parameters(), 0.1).step()
    assert torch.equal(model.encode(pictures), latents)


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
