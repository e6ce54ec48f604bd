import math

import pytest
import torch

from explorer.models.samplers import euler, multistep, times_for, timesteps


def test_timesteps_fall_from_one_to_zero():
    assert timesteps(4) == [1.0, 0.75, 0.5, 0.25, 0.0]
    shifted = timesteps(4, 2.0)
    assert shifted[0] == 1 and shifted[-1] == 0
    assert all(a > b for a, b in zip(timesteps(4)[1:-1], timesteps(4, 0.5)[1:-1]))
    assert shifted == sorted(shifted, reverse=True)


def test_sampling_begins_where_the_first_latents_are_let_go_and_stops_at_each_further_time():
    times = [1.0, 0.75, 0.5, 0.25, 0.0]
    assert times_for((0.0, 1.0), times) == times
    assert times_for((0.0, 0.6), times) == [0.6, 0.5, 0.25, 0.0]
    assert times_for((0.3, 0.6), times) == [0.6, 0.5, 0.3, 0.0]  # 0.25 is as good as 0.3
    assert times_for((0.0,), times) == [0.0]


@pytest.mark.parametrize("sampler", [euler, multistep])
@pytest.mark.parametrize("steps", [1, 3, 10])
def test_a_straight_flow_is_followed_exactly(steps, sampler):
    torch.manual_seed(0)
    goal, noise = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8)
    mask = (torch.rand(2, 1, 8, 8) > 0.5).float()
    seen = []

    def velocity(x, t):
        seen.append(x[:, :, :, :] - ((1 - t) * goal + t * noise))
        return noise - goal

    found = sampler(velocity, noise, goal, 1 - mask, timesteps(steps, 2.0))
    torch.testing.assert_close(found, goal, atol=1e-5, rtol=0)
    assert max(apart.abs().max() for apart in seen) < 1e-5


def test_multistep_is_of_second_order():
    """On a bent flow twice as many steps of any lengths are four times as near; Euler's twice."""
    noise = torch.ones(1, 4, 8, 8, dtype=torch.float64)
    everywhere = torch.ones(1, 1, 8, 8)

    def apart(sampler, steps):
        found = sampler(lambda x, t: x * (1 + t), noise, noise, everywhere, timesteps(steps, 1.5))
        return float((found - math.exp(-1.5)).abs().max())

    assert apart(multistep, 20) / apart(multistep, 40) == pytest.approx(4, rel=0.15)
    assert apart(euler, 20) / apart(euler, 40) == pytest.approx(2, rel=0.15)
    assert apart(multistep, 12) < apart(euler, 60)


def test_known_latents_are_kept_and_noised_with_the_same_field():
    known, noise = torch.full((1, 4, 4, 4), 3.0), torch.randn(1, 4, 4, 4)
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2] = 1
    for x, t in ((x, t) for x, t in _states(known, noise, mask)):
        torch.testing.assert_close(x[..., :2], ((1 - t) * known + t * noise)[..., :2])
    found = euler(lambda x, t: torch.zeros_like(x), noise, known, 1 - mask, timesteps(5))
    assert (found[..., :2] == 3).all() and (found[..., 2:] == noise[..., 2:]).all()


def _states(known, noise, mask):
    seen = []

    def velocity(x, t):
        seen.append((x.clone(), t))
        return torch.zeros_like(x)

    euler(velocity, noise, known, 1 - mask, timesteps(5))
    return seen
