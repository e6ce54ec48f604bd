import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from hypothesis import given
from hypothesis import strategies as st

from explorer.models.schedules import (
    LCM_STEPS,
    Level,
    diffusion_levels,
    diffusion_of,
    flow_levels,
    levels_for,
)
from tiles.errors import ModelRefused

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


@given(st.floats(0, 1), st.integers(0, 999))
def test_noise_and_land_have_the_variance_of_either(time, timestep):
    (flow,) = flow_levels([time])
    assert flow.signal + flow.spread == pytest.approx(1)
    level = diffusion_of(SD).level(time, timestep)
    assert level.signal**2 + level.spread**2 == pytest.approx(1)


@pytest.mark.parametrize("more", [{}, {"beta_schedule": "linear"}, {"rescale_betas_zero_snr": True}])
def test_levels_are_those_that_diffusers_adds_noise_by(more):
    config = {**SD, **more}
    known = DDIMScheduler.from_config(config)
    latents, noise = torch.randn(1, 4, 4, 4), torch.randn(1, 4, 4, 4)
    for timestep in (0, 1, 500, 998):
        ours = diffusion_of(config).level(0.5, timestep).noisy(latents, noise)
        theirs = known.add_noise(latents, noise, torch.tensor([timestep]))
        torch.testing.assert_close(
            ours, theirs, atol=2e-3 if more.get("rescale_betas_zero_snr") else 1e-5, rtol=0
        )


def test_betas_may_be_given_one_by_one():
    betas = np.linspace(0.001, 0.01, 100)
    listed = diffusion_of({"trained_betas": betas.tolist()})
    assert listed.signals == pytest.approx(np.cumprod(1 - betas))


@pytest.mark.parametrize("sampler", ["euler", "ddim", "dpm++2m", "lcm"])
@pytest.mark.parametrize("spacing", ["leading", "trailing", "linspace"])
@pytest.mark.parametrize("steps", [1, 4, 20])
def test_levels_fall_from_noise_to_land(sampler, spacing, steps):
    levels = diffusion_levels(diffusion_of({**SD, "timestep_spacing": spacing}), sampler, steps)
    assert len(levels) == steps + 1
    assert levels[0].time == 1 and levels[-1].time == 0
    spreads = [level.spread for level in levels]
    assert spreads == sorted(spreads, reverse=True) and spreads[-1] < 0.05


def test_sampling_begins_where_all_is_known():
    levels = flow_levels([1.0, 0.75, 0.5, 0.25, 0.0])
    assert levels_for(1.0, levels) == levels
    assert [level.time for level in levels_for(0.6, levels)] == [0.75, 0.5, 0.25, 0.0]
    assert [level.time for level in levels_for(0.5, levels)] == [0.5, 0.25, 0.0]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"prediction_type": "flow"}, "prediction_type 'flow'"),
        ({"beta_schedule": "cosine"}, "beta_schedule 'cosine'"),
        ({"timestep_spacing": "odd"}, "timestep_spacing 'odd'"),
    ],
)
def test_schedules_that_are_not_known_are_named(config, words):
    with pytest.raises(ModelRefused, match=words):
        diffusion_of({**SD, **config})


@pytest.mark.parametrize(("sampler", "steps"), [("euler", 0), ("ddim", 1000), ("lcm", LCM_STEPS + 1)])
def test_more_steps_than_there_are_is_refused(sampler, steps):
    with pytest.raises(ModelRefused, match=f"{steps} steps"):
        diffusion_levels(diffusion_of(SD), sampler, steps)


def test_a_level_mixes_land_and_noise():
    assert Level(0.25, 0.25, 0.75, 0.25).noisy(2.0, 4.0) == 2.5
