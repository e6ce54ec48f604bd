"""Samplers of a rectified flow, as pure functions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection

import torch
from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]  # of latents (n, 4, h, w) at a time 1..0
Sampler = Callable[[Velocity, Tensor, Tensor, Tensor, list[float]], Tensor]

NEAR = 0.05  # shorter steps than this are not worth a call


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
    """Latents (n, 4, h, w) from ``noise`` of the same shape, by Euler steps through ``times``.

    Until the time ``hold_until`` (n, 1, h, w) latents are ``known``: at every step they are put back, with
    the noise that painting started from (the replacement of RePaint, Lugmayr et al. 2022, arXiv 2201.09865,
    made deterministic). 0 holds them to the end; 1 not at all.
    """
    x = noise
    for now, then in itertools.pairwise(times):
        x = torch.where(hold_until <= now, (1 - now) * known + now * noise, x)
        x = x + (then - now) * velocity(x, now)
    return torch.where(hold_until == 0, known, x)


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
