"""terra's detail painter: gives painted land the channels of detail that belong to it.

The denoiser paints 4 coarse channels, and a world stores those. Before they are decoded, this small
rectified flow draws the detail that may go with them, p(detail | coarse). It has no attention, and it
normalises each place by itself, so what a place sees is finite, and a tile that is drawn with enough
margin joins its neighbours exactly. Its noise is a function of the coarse latents, so the same land always
has the same detail, and nothing more need be stored.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from explorer.models.autoencoder import LATENT_CHANNELS, crop
from explorer.models.denoiser import sinusoids

PATCH = 2  # latents a side that are one position of the network: four times the width for the same time
RATE = 100.0  # radians per unit of latents: how fast the noise changes with them
ONE_STEP = (1.0, 0.0)  # times of a painter that was distilled to one step


class Block(nn.Module):
    """A residual step that sees one place further on each side."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = nn.LayerNorm(channels, elementwise_affine=False)
        self.modulation = nn.Linear(condition, 2 * channels)
        self.widen = nn.Conv2d(channels, 2 * channels, 1)
        self.narrow = nn.Conv2d(2 * channels, channels, 1)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.modulation(condition)[:, :, None, None].chunk(2, 1)
        y = normalised(self.norm, self.look(x)) * (1 + scale) + shift
        return x + self.narrow(F.gelu(self.widen(y), approximate="tanh"))


class DetailPainter(ModelMixin, ConfigMixin):
    """Detail (n, detail, h, w) for coarse latents (n, 4, h, w); h and w are even."""

    @register_to_config
    def __init__(self, detail: int = 12, width: int = 256, blocks: int = 8, condition: int = 128) -> None:
        super().__init__()
        places = PATCH**2
        self.time = nn.Linear(64, condition)
        self.enter = nn.Conv2d((LATENT_CHANNELS + detail) * places, width, 1)
        self.trunk = nn.ModuleList([Block(width, condition) for _ in range(blocks)])
        self.leave_norm = nn.LayerNorm(width)
        self.leave = nn.Conv2d(width, detail * places, 1)
        nn.init.zeros_(self.leave.weight)
        generator = torch.Generator().manual_seed(0)
        directions = (RATE * torch.randn(LATENT_CHANNELS, detail, generator=generator)).round()
        self.register_buffer("directions", directions)  # whole numbers, so that fp16 keeps them

    @property
    def reach(self) -> int:
        """Latents on each side of a place that its detail depends on, in one step."""
        return PATCH * len(self.trunk)

    def forward(self, x: Tensor, coarse: Tensor, t: Tensor) -> Tensor:
        """The velocity of noisy detail ``x`` (n, detail, h, w) at times ``t`` (n,) in 0..1; the edges see
        zeros around them."""
        return self._flow(x, coarse, t, 0)

    def paint(self, coarse: Tensor, times: Sequence[float] = ONE_STEP) -> Tensor:
        """Detail (n, detail, h, w) of a whole sheet of coarse latents (n, 4, h, w), by Euler steps through
        ``times``, which begin with 1 and end with 0."""
        x = self.noise(coarse)
        for now, then in itertools.pairwise(times):
            t = torch.full((len(x),), now, device=x.device)
            x = x + (then - now) * self(x, coarse, t)
        return x

    def paint_inside(self, coarse: Tensor) -> Tensor:
        """Detail (n, detail, h, w) of what lies inside coarse latents (n, 4, h + 2 reach, w + 2 reach), in
        one step.

        The same numbers as ``paint`` of any larger sheet on which the corner of this one lies at even
        places; each block drops the surroundings that no later one needs.
        """
        noise = self.noise(coarse)
        velocity = self._flow(noise, coarse, torch.ones(len(coarse), device=coarse.device), 1)
        return crop(noise, self.reach) - velocity

    def noise(self, coarse: Tensor) -> Tensor:
        """Normal noise (n, detail, h, w), a function of the coarse latents (n, 4, h, w) of each place.

        Angles change so fast with the latents that those of neighbours are independent. As shares of a full
        turn they are uniform, and as quantiles of the normal distribution they become normal.
        """
        # Summed in full precision: less would change the angles.
        angles = (coarse.float()[:, :, None] * self.directions.float()[None, :, :, None, None]).sum(1)
        turn = torch.remainder(angles / (2 * math.pi), 1.0)
        return torch.erfinv((2 * turn - 1).clamp(-0.999999, 0.999999)) * math.sqrt(2)

    def _flow(self, x: Tensor, coarse: Tensor, t: Tensor, thrown: int) -> Tensor:
        """The velocity; ``thrown`` positions on each side of every block's result are dropped."""
        condition = F.silu(self.time(sinusoids(t, 64)))
        x = self.enter(F.pixel_unshuffle(torch.cat([x, coarse], 1), PATCH))
        for block in self.trunk:
            x = crop(block(x, condition), thrown)
        return F.pixel_shuffle(self.leave(normalised(self.leave_norm, x)), PATCH)


def normalised(norm: nn.LayerNorm, x: Tensor) -> Tensor:
    """``x`` (n, c, h, w) with the channels of each place normalised by themselves."""
    result: Tensor = norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    return result
