"""How much texture a picture has, by scale and direction: what a decoder must match without knowing
where each grain lies.

Local energies of filter responses, after texture synthesis by statistics (Heeger and Bergen 1995,
"Pyramid-based texture analysis/synthesis"; Portilla and Simoncelli 2000).
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

SCALES = 3
SPREADS = (8, 16)  # px at each scale over which energy is gathered
FAINT = 6e-3  # energy (root mean square, of -1..1) below which nobody sees a difference


@cache
def filters() -> Tensor:
    """Steps across and down, both diagonals, and their mixed differences, (6, 1, 3, 3), each of unit
    length and without a mean; the fifth answers to a mesh of two pixels, the sixth to dots."""
    rows = [
        [[0, 0, 0], [0, -1, 1], [0, 0, 0]],
        [[0, 0, 0], [0, -1, 0], [0, 1, 0]],
        [[0, 0, 0], [0, -1, 0], [0, 0, 1]],
        [[0, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[0, 0, 0], [0, 1, -1], [0, -1, 1]],
        [[-1, -2, -1], [-2, 12, -2], [-1, -2, -1]],
    ]
    bank = torch.tensor(rows, dtype=torch.float32)
    return (bank / bank.flatten(1).norm(dim=1)[:, None, None])[:, None]


def responses(pictures: Tensor) -> list[Tensor]:
    """Answers of all filters at each scale, [(n, 3 * 6, h, w), ...], each scale half the last."""
    bank = filters().to(pictures.device, pictures.dtype).repeat(3, 1, 1, 1)  # (18, 1, 3, 3)
    found, x = [], pictures
    for scale in range(SCALES):
        found.append(F.conv2d(x, bank, groups=3))
        if scale < SCALES - 1:
            x = F.avg_pool2d(x, 2)
    return found


def energies(pictures: Tensor) -> list[Tensor]:
    """Logarithms of local energies of pictures (n, 3, h, w), one tensor (n, 18, h', w') for each
    scale and spread."""
    found = []
    for answer in responses(pictures.float()):
        square = answer.square()
        for spread in SPREADS:
            if min(square.shape[2:]) >= spread:
                local = F.avg_pool2d(square, spread, spread // 2)
                found.append(0.5 * (local + FAINT**2).log())
    return found


def mismatch(painted: Tensor, real: Tensor) -> Tensor:
    """How far local energies of painted pictures are from those of the same real ones, both
    (n, 3, h, w): 0.1 is about ten per cent."""
    pairs = list(zip(energies(painted), energies(real)))
    return torch.stack([(a - b).abs().mean() for a, b in pairs]).mean()


def dissimilarity(painted: Tensor, real: Tensor) -> Tensor:
    """The same for pictures (n, 3, h, w) of different land: local energies are compared in order of
    size, filter by filter (the one-dimensional Wasserstein distance)."""
    pairs = [
        (a.transpose(0, 1).flatten(1).sort(1).values, b.transpose(0, 1).flatten(1).sort(1).values)
        for a, b in zip(energies(painted), energies(real))
    ]
    return torch.stack([(a - b).abs().mean() for a, b in pairs]).mean()


def lattice(pictures: Tensor) -> Tensor:
    """How much of the fine detail of pictures (n, 3, h, w), in latents' places, is a mesh: the share
    of its energy that is the same at each place of a grid of 2, 4 or 8 px, all over a neighbourhood.

    A decoder that must have energy and knows not where to put it weaves such meshes.
    """
    detail = pictures.float() - F.avg_pool2d(pictures.float(), 3, 1, 1, count_include_pad=False)
    total = pictures.new_zeros((), dtype=torch.float32)
    for period, times in ((2, 16), (4, 8), (8, 8)):
        places = F.pixel_unshuffle(detail, period)  # (n, 3 * period^2, h / period, w / period)
        locked = F.avg_pool2d(places, times, times // 2).square()
        energy = F.avg_pool2d(places.square(), times, times // 2)
        channels = (len(pictures), 3, period**2, *locked.shape[2:])
        locked, energy = (x.view(channels).mean(2) for x in (locked, energy))
        # What is in the mean of so many independent grains by chance is no mesh.
        chance = energy / times**2
        total = total + ((locked - chance).clamp(min=0) / (energy.detach() + FAINT**2 / 4)).mean()
    return total
