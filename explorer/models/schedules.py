"""Noise schedules: what "noisy at a time" means for a model, and the levels that sampling goes through.

A rectified flow mixes land and noise in a straight line. A diffusion model was trained on a table of
``betas``. A sampler, and whatever holds known latents while it runs, sees only ``Level``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from torch import Tensor

from tiles.errors import ModelRefused
from tiles.recipe import SamplerName

Prediction = Literal["epsilon", "v_prediction", "sample"]
Spacing = Literal["leading", "trailing", "linspace"]
LCM_STEPS = 50  # that latent consistency models are distilled from


class Level(NamedTuple):
    """One level of noise: latents are seen as ``signal`` x latents + ``spread`` x noise.

    >>> Level(time=0.25, timestep=0.25, signal=0.75, spread=0.25).noisy(2.0, 4.0)
    2.5
    """

    time: float  # 1..0: the share of sampling that is left, compared with a window's ``hold_until``
    timestep: float  # what the network is told
    signal: float
    spread: float

    def noisy(self, latents: Tensor, noise: Tensor) -> Tensor:
        """Latents with noise of the same shape, at this level."""
        return self.signal * latents + self.spread * noise


def flow_levels(times: Sequence[float]) -> list[Level]:
    """The levels of a rectified flow (Liu et al. 2022, arXiv 2209.03003) at falling ``times`` in 1..0."""
    return [Level(time, time, 1 - time, time) for time in times]


def levels_for(longest: float, levels: Sequence[Level]) -> list[Level]:
    """``levels`` for windows whose known latents are held until ``longest`` (0..1) at most: sampling begins
    at the last level that is not below it, since there everything is known."""
    first = max((i for i, level in enumerate(levels) if level.time >= longest - 1e-6), default=0)
    return list(levels[first:])


class Diffusion(NamedTuple):
    """How a diffusion model was trained (Ho et al. 2020, arXiv 2006.11239), as its scheduler config says."""

    signals: np.ndarray  # (timesteps,) float64: the share of land, squared, left at each training timestep
    prediction: Prediction
    spacing: Spacing = "leading"
    offset: int = 0  # added to leading timesteps
    ends_clean: bool = False  # whether DDIM's last step leads to no noise, or to the first timestep's

    def level(self, time: float, timestep: float) -> Level:
        """The level at a training timestep, also between two: there spread over signal is interpolated."""
        spread = np.sqrt((1 - self.signals) / self.signals)
        sigma = float(np.interp(timestep, np.arange(len(self.signals)), spread))
        signal = 1 / np.hypot(1, sigma)
        return Level(time, timestep, float(signal), float(sigma * signal))


def diffusion_of(config: Mapping[str, Any]) -> Diffusion:
    """The schedule that a ``scheduler_config.json`` of diffusers describes. Raises ModelRefused for what
    is not known."""
    count = int(config.get("num_train_timesteps", 1000))
    betas = _betas(config, count)
    signals = np.cumprod(1 - betas)
    if config.get("rescale_betas_zero_snr"):
        signals = _zero_snr(signals)
    prediction = config.get("prediction_type", "epsilon")
    if prediction not in get_args(Prediction):
        allowed = ", ".join(get_args(Prediction))
        raise ModelRefused(f"scheduler_config.json: prediction_type {prediction!r}; known are {allowed}")
    spacing = config.get("timestep_spacing", "leading")
    if spacing not in get_args(Spacing):
        allowed = ", ".join(get_args(Spacing))
        raise ModelRefused(f"scheduler_config.json: timestep_spacing {spacing!r}; known are {allowed}")
    offset, clean = int(config.get("steps_offset", 0)), bool(config.get("set_alpha_to_one", False))
    return Diffusion(signals, prediction, spacing, offset, clean)


def diffusion_levels(diffusion: Diffusion, sampler: SamplerName, steps: int) -> list[Level]:
    """``steps`` + 1 levels from noise to land, where ``sampler`` puts them. Raises ModelRefused for more
    steps than it can take.

    Timesteps are spaced as Lin et al. 2024 (arXiv 2305.08891, table 2) name it, and as each sampler's
    authors do.
    """
    most = LCM_STEPS if sampler == "lcm" else len(diffusion.signals) - 1
    if not 1 <= steps <= most:
        raise ModelRefused(f"{steps} steps: with the sampler {sampler} they must be 1 to {most}")
    timesteps = _lcm_timesteps(diffusion, steps) if sampler == "lcm" else _spaced(diffusion, sampler, steps)
    levels = [diffusion.level(1 - i / steps, float(timestep)) for i, timestep in enumerate(timesteps)]
    if sampler == "ddim" and not diffusion.ends_clean:
        return [*levels, diffusion.level(0.0, 0.0)]
    return [*levels, Level(0.0, 0.0, 1.0, 0.0)]


def _spaced(diffusion: Diffusion, sampler: SamplerName, steps: int) -> np.ndarray:
    count = len(diffusion.signals)
    further = 1 if sampler == "dpm++2m" else 0  # its authors count the end as a step
    if diffusion.spacing == "trailing":
        return np.round(count - np.arange(steps) * count / steps) - 1
    if diffusion.spacing == "linspace":
        even = np.linspace(0, count - 1, steps + further)[::-1][:steps]
        return even if sampler == "euler" else np.round(even)
    ratio = count // (steps + further)
    return np.arange(steps + further)[::-1][:steps] * ratio + diffusion.offset


def _lcm_timesteps(diffusion: Diffusion, steps: int) -> np.ndarray:
    """Some of the timesteps that latent consistency models learn (Luo et al. 2023, arXiv 2310.04378)."""
    learned = (np.arange(LCM_STEPS)[::-1] + 1) * (len(diffusion.signals) // LCM_STEPS) - 1
    return learned[np.floor(np.linspace(0, LCM_STEPS, steps, endpoint=False)).astype(int)]


def _betas(config: Mapping[str, Any], count: int) -> np.ndarray:
    if (trained := config.get("trained_betas")) is not None:
        return np.asarray(trained, np.float64)
    start, end = float(config.get("beta_start", 0.0001)), float(config.get("beta_end", 0.02))
    kind = config.get("beta_schedule", "linear")
    if kind == "linear":
        return np.linspace(start, end, count)
    if kind == "scaled_linear":
        return np.linspace(start**0.5, end**0.5, count) ** 2
    raise ModelRefused(f"scheduler_config.json: beta_schedule {kind!r}; known are linear, scaled_linear")


def _zero_snr(signals: np.ndarray) -> np.ndarray:
    """The table moved and stretched so that at its end no land is left (Lin et al. 2024, algorithm 1). The
    last number is not quite 0, so that it has a finite ratio."""
    roots = np.sqrt(signals)
    roots = (roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])
    return np.maximum(roots**2, 2.0**-24)
