import math

import torch

from explorer.training.config import SHIPPED, DistillConfig
from explorer.training.denoiser import blank
from explorer.training.distill import loss, target, taught

N = 6


def config(guidance_scale):
    return DistillConfig.read(SHIPPED / "distill.toml").model_copy(update={"guidance_scale": guidance_scale})


def batch():
    torch.manual_seed(0)
    drawn = blank(torch.randn(N, 4, 16, 16), torch.zeros(N, 256), 8)
    return drawn._replace(latents=torch.randn(N, 4, 16, 16))


def constant(windows, t, text, zoom, coarser):
    return torch.full_like(windows[:, :4], 0.7)


def growing(windows, t, text, zoom, coarser):
    return windows[:, :4]


def told(windows, t, text, zoom, coarser):
    """Says 1 with a prompt and 0 without."""
    return (text.abs().sum(1) > 0).float()[:, None, None, None].expand(-1, 4, 16, 16)


def test_the_way_of_a_straight_flow_is_that_flow():
    starts, ends = torch.full((N,), 0.8), torch.full((N,), 0.5)
    found = target(constant, batch(), torch.randn(N, 4, 16, 16), starts, ends, config(2.0))
    torch.testing.assert_close(found, torch.full_like(found, 0.7))


def test_the_way_of_a_bent_flow_ends_where_its_steps_end():
    drawn, noise = batch(), torch.randn(N, 4, 16, 16)
    starts, ends = torch.full((N,), 1.0), torch.full((N,), 0.4)
    found = target(growing, drawn, noise, starts, ends, config(1.0))
    torch.testing.assert_close(noise - 0.6 * found, noise * (1 - 0.2) ** 3)
    assert abs((1 - 0.2) ** 3 - math.exp(-0.6)) < 0.04  # which is near the true end


def test_guidance_is_folded_in():
    drawn = batch()._replace(text=torch.ones(N, 256))
    starts, ends = torch.ones(N), torch.full((N,), 0.5)
    found = target(told, drawn, torch.randn(N, 4, 16, 16), starts, ends, config(3.0))
    torch.testing.assert_close(found, torch.full_like(found, 3.0))


def test_what_is_known_stays_known_on_the_way_and_is_not_judged():
    drawn = batch()
    mask = torch.zeros(N, 1, 16, 16)
    mask[..., :8] = 1
    drawn = drawn._replace(mask=mask)

    def wrong_where_known(windows, t, text, zoom, coarser):
        return torch.full_like(windows[:, :4], 0.7) + 100 * mask

    assert loss(wrong_where_known, constant, drawn, config(2.0)) < 1e-8
    assert loss(growing, constant, drawn, config(2.0)) > 0.1


def test_small_times_are_not_guided():
    drawn = batch()._replace(text=torch.ones(N, 256))
    t = torch.tensor([0.1, 0.3, 0.34, 0.5, 0.9, 1.0])
    found = taught(told, torch.randn(N, 4, 16, 16), t, drawn, config(3.0))
    assert found[:, 0, 0, 0].tolist() == [1, 1, 1, 3, 3, 3]
