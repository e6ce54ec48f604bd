import itertools
import math

import diffusers.schedulers.scheduling_lcm as lcm_of_diffusers
import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, EulerDiscreteScheduler, LCMScheduler

from explorer.models.samplers import (
    Held,
    estimated,
    euler,
    multistep,
    sampled,
    stepper,
    times_for,
    timesteps,
)
from explorer.models.schedules import diffusion_levels, diffusion_of
from explorer.painting.noise import afresh

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of diffusers
SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
THEIRS = {
    "euler": (EulerDiscreteScheduler, {"steps_offset": 1}),
    "ddim": (DDIMScheduler, {"steps_offset": 1, "clip_sample": False, "set_alpha_to_one": False}),
    "dpm++2m": (DPMSolverMultistepScheduler, {"steps_offset": 1, "final_sigmas_type": "zero"}),
    "lcm": (LCMScheduler, {"clip_sample": False}),
}


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


def network(x, timestep):
    """Any function will do."""
    return 0.6 * torch.tanh(x + 0.1) + 0.2 * torch.sin(3 * x) * (timestep / 1000)


def comparable(sampler, prediction, spacing, steps):
    """LCM has timesteps of its own; DDIM of diffusers jumps equally far whatever the spacing."""
    if sampler == "lcm":
        return spacing == "leading" and prediction != "sample"
    return sampler != "ddim" or spacing == "leading" or (spacing == "trailing" and 1000 % steps == 0)


CASES = [
    case
    for case in itertools.product(
        THEIRS, ("epsilon", "v_prediction", "sample"), ("leading", "trailing", "linspace"), (2, 7, 20)
    )
    if comparable(*case)
]


@pytest.mark.parametrize(("sampler", "prediction", "spacing", "steps"), CASES)
def test_every_step_is_that_of_diffusers(sampler, prediction, spacing, steps, monkeypatch):
    kind, more = THEIRS[sampler]
    config = {**SD, **more, "prediction_type": prediction, "timestep_spacing": spacing}
    theirs = kind.from_config(config)
    theirs.set_timesteps(steps)
    levels = diffusion_levels(diffusion_of(config), sampler, steps)
    assert theirs.timesteps.tolist() == pytest.approx([level.timestep for level in levels[:-1]], abs=1e-3)

    noise = torch.randn(1, 4, 8, 8, generator=torch.manual_seed(1))
    again = {
        level.timestep: torch.from_numpy(afresh(noise.numpy(), round(level.timestep))) for level in levels
    }
    upcoming = iter(levels[1:])
    monkeypatch.setattr(lcm_of_diffusers, "randn_tensor", lambda *_, **__: again[next(upcoming).timestep])
    step = stepper(
        sampler, lambda x, level: estimated(prediction, network(x, level.timestep), x, level), noise
    )
    ours = noise
    # Euler of diffusers counts in spread over signal, so its latents are ours over the signal.
    scale = (lambda level: 1 / level.signal) if sampler == "euler" else (lambda level: 1.0)
    other = noise * scale(levels[0])
    for timestep, (now, then) in zip(theirs.timesteps, itertools.pairwise(levels)):
        shown = theirs.scale_model_input(other, timestep)
        other = theirs.step(network(shown, float(timestep)), timestep, other, return_dict=False)[0]
        ours = step(ours, now, then)
        torch.testing.assert_close(ours * scale(then), other, atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_a_prediction_says_the_same_of_land_and_noise(prediction):
    level = diffusion_of(SD).level(0.5, 400)
    land, noise = torch.randn(1, 4, 4, 4), torch.randn(1, 4, 4, 4)
    output = {"epsilon": noise, "sample": land, "v_prediction": level.signal * noise - level.spread * land}
    found = estimated(prediction, output[prediction], level.noisy(land, noise), level)
    torch.testing.assert_close(found.latents, land, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.noise, noise, atol=1e-5, rtol=0)


@pytest.mark.parametrize("sampler", list(THEIRS))
def test_what_is_known_is_held_down_to_its_time(sampler):
    levels = diffusion_levels(diffusion_of(SD), sampler, 8)
    known, noise = torch.full((1, 4, 4, 4), 2.0), torch.randn(1, 4, 4, 4)
    until = torch.tensor([0.0, 0.4, 1.0, 1.0]).view(1, 1, 1, 4)
    seen = []

    def denoise(x, level):
        seen.append((x.clone(), level))
        return estimated("epsilon", network(x, level.timestep), x, level)

    found = sampled(stepper(sampler, denoise, noise), Held(noise, known, until), levels)
    assert (found[..., 0] == 2).all() and not (found[..., 2] == 2).any()
    for x, level in seen:
        held = level.noisy(known, noise)
        torch.testing.assert_close(x[..., 0], held[..., 0])
        assert torch.equal(x[..., 1], held[..., 1]) == (level.time >= 0.4)


def test_windows_that_overlap_get_the_same_new_noise():
    noise = torch.randn(1, 4, 8, 12).numpy()
    whole, part = afresh(noise, 7), afresh(noise[..., 2:6, 3:9], 7)
    assert (whole[..., 2:6, 3:9] == part).all()
    assert (afresh(noise, 8) != whole).all()
    many = afresh(torch.randn(1, 4, 256, 256).numpy(), 3)
    assert abs(many.mean()) < 0.01 and abs(many.std() - 1) < 0.01
