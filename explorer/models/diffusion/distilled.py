"""UNets that guidance was distilled into: they are told its scale, and one call a step is enough. Pure.

So are those of latent consistency models (Luo et al. 2023, arXiv 2310.04378, section 4.2), after Meng et al.
2023 ("On distillation of guided diffusion models", arXiv 2210.03142). The scale is told as timesteps are: as
sines and cosines of it at many rates (Vaswani et al. 2017, arXiv 1706.03762, section 3.5).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SLOWEST = -4  # power of ten: the last of the rates, which begin at 1
FINE = 1000  # a scale is told in thousandths


def guidance_embedding(scale: float, size: int) -> Tensor:
    """What such a UNet is told of a guidance ``scale`` (1: no guidance), (1, size) float32.

    >>> guidance_embedding(1.0, 5).tolist()
    [[0.0, 0.0, 1.0, 1.0, 0.0]]
    """
    rates = torch.logspace(0, SLOWEST, size // 2, dtype=torch.float64)
    angles = FINE * (scale - 1) * rates  # the papers count from 0: no guidance
    waves = torch.cat([angles.sin(), angles.cos()])
    return functional.pad(waves, (0, size % 2))[None].float()
