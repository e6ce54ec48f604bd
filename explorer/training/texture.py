"""How much texture a picture has, by scale and direction: what a decoder must match although it cannot know
where each grain lies.

Local energies of filter responses and autocorrelation, after texture synthesis by statistics (Heeger
and Bergen 1995, "Pyramid-based texture analysis/synthesis"; Portilla and Simoncelli 2000, "A
parametric texture model based on joint statistics of complex wavelet coefficients").
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

SCALES = 2  # waves of up to 8 px count as texture: longer ones are in the latents
SPREADS = (8, 16)  # px, at each scale, over which energy is averaged
REACH, NEAR = 4, 32  # px: the largest shift of the autocorrelation, and the window it is measured in
AUTOCORRELATION_WEIGHT = 3.0  # against that of energies, 1
FAINT = 6e-3  # root mean square, of -1..1, below which nobody sees a difference


@cache
def filters() -> Tensor:
    """Six filters, (6, 1, 3, 3), of unit length and zero mean: steps across, down and along both diagonals;
    the fifth responds to a mesh of two pixels, the sixth to dots."""
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
    """Responses of all filters at each scale, [(n, 3 * 6, h, w), ...]; each scale is half as large as the
    last."""
    bank = filters().to(pictures.device, pictures.dtype).repeat(3, 1, 1, 1)  # (18, 1, 3, 3)
    by_scale, x = [], pictures
    for scale in range(SCALES):
        by_scale.append(F.conv2d(x, bank, groups=3))
        if scale < SCALES - 1:
            x = F.avg_pool2d(x, 2)
    return by_scale


def energies(pictures: Tensor) -> list[Tensor]:
    """Logarithms of local energies of pictures (n, 3, h, w), two tensors (n, 18, h', w') for each
    scale and spread: root mean squares, and mean magnitudes, which a few strong specks hardly change."""
    logs = []
    for response in responses(pictures.float()):
        square, size = response.square(), response.abs()
        for spread in SPREADS:
            if min(square.shape[2:]) >= spread:
                local = F.avg_pool2d(square, spread, spread // 2)
                logs.append(0.5 * (local + FAINT**2).log())
                logs.append((F.avg_pool2d(size, spread, spread // 2) + FAINT).log())
    return logs


def autocorrelation(pictures: Tensor) -> Tensor:
    """Local autocorrelation of the fine detail of pictures (n, 3, h, w) at 40 shifts: (n, 40, h', w') in
    -1..1. Grain is about 0 at every shift; hatching and weaving are not."""
    grey = pictures.float().mean(1, keepdim=True)
    detail = grey - F.avg_pool2d(grey, 5, 1, 2, count_include_pad=False)
    height, width = (extent - 2 * REACH for extent in detail.shape[2:])

    def moved(y: int, x: int) -> Tensor:
        return detail[:, :, REACH + y : REACH + y + height, REACH + x : REACH + x + width]

    far = [(y, x) for y in range(REACH + 1) for x in range(-REACH, REACH + 1) if (y, x) > (0, 0)]
    here = moved(0, 0)
    products = torch.cat([here * here, *(here * moved(y, x) for y, x in far)], 1)
    local = F.avg_pool2d(products, NEAR, NEAR // 2)
    return local[:, 1:] / (local[:, :1] + FAINT**2)


def mismatch(painted: Tensor, real: Tensor) -> Tensor:
    """How far the texture of painted pictures is from that of the same real ones, both (n, 3, h, w): 0.1 is
    about ten per cent of its energy."""
    differences = torch.stack([(a - b).abs().mean() for a, b in zip(energies(painted), energies(real))])
    return (
        differences.mean()
        + AUTOCORRELATION_WEIGHT * (autocorrelation(painted) - autocorrelation(real)).abs().mean()
    )


def dissimilarity(painted: Tensor, real: Tensor) -> Tensor:
    """The same for pictures (n, 3, h, w) of similar land whose details lie elsewhere: the values of each
    filter are sorted before they are compared (the one-dimensional Wasserstein distance)."""

    def ranked(values: Tensor) -> Tensor:
        return values.flatten(2).sort(2).values

    pairs = zip(energies(painted), energies(real))
    differences = torch.stack([(ranked(a) - ranked(b)).abs().mean() for a, b in pairs])
    return (
        differences.mean()
        + AUTOCORRELATION_WEIGHT
        * (ranked(autocorrelation(painted)) - ranked(autocorrelation(real))).abs().mean()
    )


def texture_deficit(painted: Tensor, real: Tensor) -> Tensor:
    """How far the mean magnitude of detail of painted pictures is from that of real pictures of similar land,
    by filter and scale; both (n, 3, h, w). 0.1 is about ten per cent.

    Where a decoder cannot know how much texture there is, ``mismatch`` makes it draw the median amount, and
    the median is less than the mean.
    """
    pairs = zip(responses(painted.float()), responses(real.float()))
    sizes = ((a.abs().mean((0, 2, 3)), b.abs().mean((0, 2, 3))) for a, b in pairs)
    return torch.stack([((a + FAINT) / (b + FAINT)).log().abs().mean() for a, b in sizes]).mean()


def lattice(pictures: Tensor) -> Tensor:
    """How much of the fine detail of pictures (n, 3, h, w) is a mesh: the share of its energy that repeats
    with a period of 2, 4 or 8 px all over a neighbourhood. Pictures begin at the corner of a latent.

    A decoder that must draw texture but does not know where draws such meshes.
    """
    detail = pictures.float() - F.avg_pool2d(pictures.float(), 3, 1, 1, count_include_pad=False)
    total = pictures.new_zeros((), dtype=torch.float32)
    for period, times in ((2, 16), (4, 8), (8, 8)):
        places = F.pixel_unshuffle(detail, period)  # (n, 3 * period^2, h / period, w / period)
        locked = F.avg_pool2d(places, times, times // 2).square()
        energy = F.avg_pool2d(places.square(), times, times // 2)
        channels = (len(pictures), 3, period**2, *locked.shape[2:])
        locked, energy = (x.view(channels).mean(2) for x in (locked, energy))
        # The mean of independent grains is not exactly 0 either: that much is not a mesh.
        chance = energy / times**2
        total = total + ((locked - chance).clamp(min=0) / (energy.detach() + FAINT**2 / 4)).mean()
    return total


def repetition(pictures: Tensor) -> Tensor:
    """Local autocorrelation, at a shift of one latent, of the fine detail of pictures (n, 3, h, w) and of its
    strength: (n, 8, h', w') in -1..1. On even land neighbouring latents are alike, and a decoder tends to
    draw the same for each."""
    grey = pictures.float().mean(1, keepdim=True)
    detail = grey - F.avg_pool2d(grey, 9, 1, 4, count_include_pad=False)
    size = F.avg_pool2d(detail.abs(), 3, 1, 1, count_include_pad=False)
    signals = torch.cat([detail, size - F.avg_pool2d(size, 17, 1, 8, count_include_pad=False)], 1)
    faint = torch.tensor([FAINT, FAINT / 4], device=grey.device).square()[:, None, None]
    correlations = []
    for y, x in ((0, 8), (8, 0), (8, 8), (8, -8)):
        left, right = max(-x, 0), signals.shape[3] - max(x, 0)
        here = signals[:, :, : signals.shape[2] - y, left:right]
        there = signals[:, :, y:, left + x : right + x]
        energy = F.avg_pool2d(here.square() + there.square(), NEAR, NEAR // 2) / 2 + faint
        correlations.append(F.avg_pool2d(here * there, NEAR, NEAR // 2) / energy)
    side = min(c.shape[2] for c in correlations), min(c.shape[3] for c in correlations)
    return torch.cat([c[:, :, : side[0], : side[1]] for c in correlations], 1)


def repeated(painted: Tensor, real: Tensor) -> Tensor:
    """How much more painted pictures (n, 3, h, w) repeat themselves than real ones of similar land do."""
    ranks = [repetition(x).flatten(2).sort(2).values for x in (painted, real)]
    return F.relu(ranks[0] - ranks[1]).mean()
