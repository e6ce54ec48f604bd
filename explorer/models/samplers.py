"""Samplers as pure functions: those of rectified flows, and those of diffusion models.

All of them run through ``sampled``, which goes from level to level and holds known latents. A sampler is the
step from one level to the next.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from explorer.models.schedules import Level, Prediction, flow_levels
from explorer.painting.noise import afresh
from tiles.recipe import SamplerName

Velocity = Callable[[Tensor, float], Tensor]  # of latents (n, channels, h, w) at a time 1..0
Sampler = Callable[[Velocity, Tensor, Tensor, Tensor, list[float]], Tensor]
Step = Callable[[Tensor, Level, Level], Tensor]  # of noisy latents from one level to the next

NEAR = 0.05  # shorter steps than this are not worth a call


class Held(NamedTuple):
    """What sampling starts from, and what it holds meanwhile."""

    noise: Tensor  # (n, channels, h, w)
    known: Tensor  # the same shape
    hold_until: Tensor  # (n, 1, h, w): the time 1..0 down to which ``known`` is put back; 1: not at all

    def at(self, x: Tensor, level: Level) -> Tensor:
        """``x`` at a level, with what is held put back: known latents with the noise that painting started
        from (the replacement of RePaint, Lugmayr et al. 2022, arXiv 2201.09865, made deterministic; a time
        for each latent as in Levin and Fried 2023, "Differential Diffusion", arXiv 2306.00950)."""
        held = (self.hold_until <= level.time) & (self.hold_until < 1)
        return torch.where(held, level.noisy(self.known, self.noise), x)

    def end(self, x: Tensor) -> Tensor:
        """Painted latents with those that are held to the end as they were."""
        return torch.where(self.hold_until == 0, self.known, x)


def sampled(step: Step, held: Held, levels: Sequence[Level]) -> Tensor:
    """Latents (n, channels, h, w) from noise, step by step through ``levels``."""
    x = held.noise
    for now, then in itertools.pairwise(levels):
        x = step(held.at(x, now), now, then)
    return held.end(x)


def timesteps(steps: int, shift: float = 1.0) -> list[float]:
    """``steps`` + 1 times from 1 to 0; ``shift`` above 1 spends more of them in the noise.

    The shift is that of Esser et al. 2024 (arXiv 2403.03206), section 5.3.2.
    """
    even = [1 - i / steps for i in range(steps + 1)]
    return [shift * t / (1 + (shift - 1) * t) for t in even]


def times_for(hold_until: Collection[float], times: list[float]) -> list[float]:
    """``times`` for windows whose known latents are held until the times ``hold_until`` (0..1).

    Sampling begins at the first of these times and has a step at each further one; steps of the sampler's own
    that would be very near to them are left out.
    """
    first = max(hold_until)
    stops = {r for r in hold_until if 0 < r <= first}
    own = {t for t in times if t < first and all(abs(t - r) > NEAR for r in stops)}
    return sorted(stops | own | {0.0}, reverse=True)


def euler(velocity: Velocity, noise: Tensor, known: Tensor, hold_until: Tensor, times: list[float]) -> Tensor:
    """Latents (n, channels, h, w) of a rectified flow from ``noise`` of the same shape, by Euler steps
    through ``times``, which fall from 1 to 0.

    Until the time ``hold_until`` (n, 1, h, w) latents are ``known``, see ``Held``. 0 holds them to the end; 1
    not at all.
    """

    def step(x: Tensor, now: Level, then: Level) -> Tensor:
        return x + (then.time - now.time) * velocity(x, now.time)

    return sampled(step, Held(noise, known, hold_until), flow_levels(times))


def last_step_again(velocity: Velocity, painted: Tensor, held: Held, time: float) -> Tensor:
    """Latents (n, channels, h, w) that are taken back to ``time`` (1..0) with the noise that painting started
    from, and brought to the end by one Euler step (Meng et al. 2022, "SDEdit", arXiv 2108.01073).

    So latents that were changed by hand become land again. What is held stays.
    """
    (level,) = flow_levels([time])
    x = held.at(level.noisy(painted, held.noise), level)
    return held.end(x - time * velocity(x, time))


def multistep(
    velocity: Velocity, noise: Tensor, known: Tensor, hold_until: Tensor, times: list[float]
) -> Tensor:
    """As ``euler``, but by Adams-Bashforth steps of second order. They take no more calls; with a model that
    is not distilled, twelve of them do as well as sixty of Euler's."""
    ends = dict(itertools.pairwise(times))
    last: list[tuple[float, Tensor]] = []  # the time of the step before, and the velocity there

    def mean(x: Tensor, now: float) -> Tensor:
        slope = velocity(x, now)
        straight = slope
        if last:
            (start, before), length = last.pop(), ends[now] - now
            straight = ahead(slope, before, length / (now - start))
        last.append((now, slope))
        return straight

    return euler(mean, noise, known, hold_until, times)


def ahead(slope: Tensor, before: Tensor, ratio: float = 1.0) -> Tensor:
    """The mean velocity of a step, from that at its beginning and at the beginning of the step before,
    ``ratio`` being the step's length over that one's (Hairer, Norsett and Wanner 1993, "Solving Ordinary
    Differential Equations I", III.5)."""
    return slope + ratio / 2 * (slope - before)


class Estimate(NamedTuple):
    """A network's prediction, as what it says of the land and of the noise, (n, channels, h, w) each."""

    latents: Tensor
    noise: Tensor


Denoise = Callable[[Tensor, Level], Estimate]


def estimated(prediction: Prediction, output: Tensor, x: Tensor, level: Level) -> Estimate:
    """What the output of a network means that looked at ``x`` at a level: it predicts the noise (epsilon),
    the land (sample) or a mix of both (v, Salimans and Ho 2022, arXiv 2202.00512)."""
    signal, spread = level.signal, level.spread
    if prediction == "epsilon":
        return Estimate((x - spread * output) / signal, output)
    if prediction == "v_prediction":
        return Estimate(signal * x - spread * output, signal * output + spread * x)
    return Estimate(output, (x - signal * output) / spread)


def ddim(denoise: Denoise) -> Step:
    """The deterministic step of DDIM (Song et al. 2021, arXiv 2010.02502, equation 12 with sigma 0).

    It is also Euler's step of the probability flow in the ratio of spread to signal (Karras et al. 2022,
    arXiv 2206.00364; section 4.3 of the former): the two samplers differ in their levels alone.
    """

    def step(x: Tensor, now: Level, then: Level) -> Tensor:
        found = denoise(x, now)
        return then.signal * found.latents + then.spread * found.noise

    return step


def dpm_2m(denoise: Denoise) -> Step:
    """DPM-Solver++ of second order with one call a step (Lu et al. 2022, arXiv 2211.01095, algorithm 2). Its
    first and its last step are of first order. For one run of sampling: it remembers the step before."""
    last: list[tuple[Level, Tensor]] = []

    def step(x: Tensor, now: Level, then: Level) -> Tensor:
        land = straight = denoise(x, now).latents
        if last and then.spread:
            before, seen = last.pop()
            ratio = (_log_snr(now) - _log_snr(before)) / (_log_snr(then) - _log_snr(now))
            straight = land + (land - seen) / (2 * ratio)
        last[:] = [(now, land)]
        shrunk = then.spread / now.spread
        return shrunk * x + (then.signal - shrunk * now.signal) * straight

    return step


def _log_snr(level: Level) -> float:
    """The logarithm of signal over spread."""
    return math.log(level.signal / level.spread)


def lcm(denoise: Denoise, noise: Tensor) -> Step:
    """The step of a latent consistency model (Luo et al. 2023, arXiv 2310.04378, algorithm 3): to the land at
    once, then back to the next level with noise of its own, which belongs to each place as ``noise`` does."""

    def step(x: Tensor, now: Level, then: Level) -> Tensor:
        scaled = 10 * now.timestep  # the boundary condition of its section 3, sigma_data 0.5
        skip, out = 0.25 / (scaled**2 + 0.25), scaled / math.sqrt(scaled**2 + 0.25)
        land = out * denoise(x, now).latents + skip * x
        if not then.spread:
            return land
        again = torch.from_numpy(afresh(noise.cpu().numpy(), round(then.timestep)))
        return then.noisy(land, again.to(noise.device))

    return step


def stepper(sampler: SamplerName, denoise: Denoise, noise: Tensor) -> Step:
    """The step of a diffusion model's sampler by name, for one run of sampling from ``noise``."""
    if sampler == "dpm++2m":
        return dpm_2m(denoise)
    if sampler == "lcm":
        return lcm(denoise, noise)
    return ddim(denoise)
