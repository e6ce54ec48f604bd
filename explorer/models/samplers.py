"""Samplers of a rectified flow, as pure functions."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor


def timesteps(steps: int, shift: float = 1.0) -> list[float]:
    """``steps`` + 1 times from 1 to 0; ``shift`` above 1 spends more of them in the noise.

    The shift is that of Esser et al. 2024 (arXiv 2403.03206), section 5.3.2.
    """
    even = [1 - i / steps for i in range(steps + 1)]
    return [shift * t / (1 + (shift - 1) * t) for t in even]


def euler(
    velocity: Callable[[Tensor, float], Tensor],
    noise: Tensor,
    known: Tensor,
    mask: Tensor,
    times: list[float],
) -> Tensor:
    """Latents (n, 4, h, w) from ``noise`` of the same shape, by Euler steps through ``times``.

    Where ``mask`` (n, 1, h, w) is 1 the latents are ``known``: at every step they are put back,
    noised with the very field that painting started from (RePaint's replacement, Lugmayr et al.
    2022, arXiv 2201.09865, made deterministic).
    """
    x = noise
    for now, then in itertools.pairwise(times):
        x = torch.where(mask > 0, (1 - now) * known + now * noise, x)
        x = x + (then - now) * velocity(x, now)
    return torch.where(mask > 0, known, x)
