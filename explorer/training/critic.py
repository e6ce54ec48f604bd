"""A critic of texture: it learns to tell painted crops from real ones, patch by patch.

The relativistic loss with penalties on both sides is that of R3GAN (Huang et al. 2024, arXiv
2501.05441); the penalties are taken by small random steps and not by second derivatives (Lin et al.
2025, arXiv 2501.08316).
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

STEP = 0.02  # of the random step that measures how steep the critic is, of -1..1


class Patches(nn.Module):
    """Pictures (n, 3, h, w) to verdicts (n, 1, h / 4, w / 4), each on a patch of 38 px."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 2 * width, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, 1, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        verdict: Tensor = self.look(pictures)
        return verdict


class Critic(nn.Module):
    """Two networks: one for pixels, one for pictures at half the size. They see pictures turned, mirrored and
    cut at random, so that the grid of latents is no clue."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.fine, self.coarse = Patches(width), Patches(width)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, verdicts)."""
        small = F.avg_pool2d(pictures, 2)
        return torch.cat([self.fine(pictures).flatten(1), self.coarse(small).flatten(1)], 1)


def cut(sheets: list[Tensor], side: int, border: int, rng: np.random.Generator) -> list[Tensor]:
    """The same random square of ``side`` px, turned and mirrored, of each of ``sheets`` (n, 3, h, w),
    at least ``border`` px from their edges."""
    top, left = (int(rng.integers(border, extent - side - border + 1)) for extent in sheets[0].shape[2:])
    turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
    squares = [torch.rot90(s[:, :, top : top + side, left : left + side], turns, (2, 3)) for s in sheets]
    return [s.flip(3) for s in squares] if mirror else squares


def judged(critic: Critic, painted: Tensor, real: Tensor) -> Tensor:
    """The decoder's loss: its pictures look less real than real ones. The critic's weights get no
    gradient."""
    fixed = {name: weight.detach() for name, weight in critic.named_parameters()}
    verdicts = functional_call(critic, fixed, (torch.cat([painted, real]),))
    return F.softplus(-(verdicts[: len(painted)] - verdicts[len(painted) :])).mean()


def lesson(critic: Critic, painted: Tensor, real: Tensor, steepness: float) -> Tensor:
    """The critic's loss: real pictures look less real than painted ones; plus ``steepness`` times the square
    of its slope in a random direction. The decoder gets no gradient."""
    both = torch.cat([painted, real]).detach()
    verdicts = critic(both)
    difference = verdicts[len(painted) :] - verdicts[: len(painted)]
    slope = (critic(both + STEP * torch.randn_like(both)) - verdicts) / STEP
    return F.softplus(-difference).mean() + steepness * slope.float().square().mean()
