"""Teaches terra's decoder texture: trained on with a critic, its encoder frozen.

Forty-eight numbers become one on the way to latents, so what a forest looks like from near is not
in them; trained on distances alone, a decoder leaves it out. A critic that sees small patches asks
for it back. Latents stay what they are: a denoiser trained before goes on to fit.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.parametrizations import spectral_norm

from explorer.models.autoencoder import Autoencoder
from explorer.training.autoencoder import Crops, grid, moved, only, psnr, to_pixels
from explorer.training.loop import Run, device

CRITIC_WEIGHT, FINE_WEIGHT, EVEN_WEIGHT = 0.06, 0.5, 1.0
LATENT_NOISE = 0.1


class Critic(nn.Module):
    """Pictures (n, 3, h, w) to scores (n, 1, h/8, w/8), each of a patch of some 40 px."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inside, outside, stride in ((3, 1, 1), (1, 1, 2), (1, 2, 2), (2, 3, 2), (3, 3, 1)):
            first = inside if not layers else inside * width
            layers += [spectral_norm(nn.Conv2d(first, outside * width, 3, stride, 1)), nn.LeakyReLU(0.2)]
        self.look = nn.Sequential(*layers, spectral_norm(nn.Conv2d(3 * width, 1, 1)))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.look(pictures)


class Painting(nn.Module):
    """The autoencoder, of which only the decoder learns, and its critic."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model, self.critic = model, Critic()
        model.encoder.requires_grad_(False)


def loss(painting: Painting, pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Distance where the eye sees it, plus what the critic says; and the critic's own loss.

    The distance counts mostly at half size, so that fine texture may differ as long as it is there.
    Hinge loss (Lim and Ye 2017, arXiv 1705.02894). One sum for both: the decoder's part meets the
    critic with its weights detached, the critic's part meets the painted picture detached. Half of
    the latents are turned or mirrored, and so must be their pictures.
    """
    model, critic, pictures = painting.model, painting.critic, pictures.to(device())
    with torch.no_grad():
        latents = model.encode(pictures)
    half, turns, mirror = len(pictures) // 2, int(rng.integers(4)), bool(rng.integers(2))
    latents = torch.cat([moved(latents[:half], turns, mirror), latents[half:]])
    pictures = torch.cat([moved(pictures[:half], turns, mirror), pictures[half:]])
    spread = LATENT_NOISE * torch.rand(len(latents), 1, 1, 1).to(latents.device)
    painted = model.decode(latents + spread * torch.randn_like(latents))
    frozen = {name: value.detach() for name, value in critic.state_dict(keep_vars=True).items()}
    said = functional_call(critic, frozen, (painted,))
    coarse = (F.avg_pool2d(painted, 2) - F.avg_pool2d(pictures, 2)).abs().mean()
    fine = (painted - pictures).abs().mean()
    judged = F.relu(1 - critic(pictures)).mean() + F.relu(1 + critic(painted.detach())).mean()
    shown = coarse + FINE_WEIGHT * fine + EVEN_WEIGHT * unevenness(painted)
    return shown - CRITIC_WEIGHT * said.mean() + judged


def unevenness(painted: Tensor) -> Tensor:
    """How much steps between pixels (n, c, h, w) differ by their place in the 8 x 8 px of a latent.

    Pictures know no such places; a decoder that grows by pixel shuffles leaves a grid there, faint to
    the eye, but every tile join lies on one of its lines.
    """
    total = painted.new_zeros(())
    for axis in (2, 3):
        steps = torch.diff(painted.float(), dim=axis).abs().mean((0, 1, 5 - axis))  # (side - 1,)
        # A latent at each end is left out: it sees the zeros around the crop.
        places = steps[8 : len(steps) // 8 * 8 - 8].view(-1, 8).mean(0)
        total = total + (places / places.mean() - 1).square().mean()
    return total


def sharpness(painted: Tensor, pictures: Tensor) -> float:
    """Mean step between neighbouring pixels over that of the real pictures; 1 is as sharp."""
    steps = [sum(torch.diff(x, dim=d).abs().mean() for d in (2, 3)) for x in (painted, pictures)]
    return float(steps[0] / steps[1])


def train(
    folder: Path, autoencoder: Path, out: Path, minutes: float, batch: int = 12, peak: float = 5e-4
) -> None:
    """Train for ``minutes`` (counted over restarts); the averaged model is saved in ``out/model``."""
    rng = np.random.default_rng()
    there = Crops(folder, held_out=False)
    held = only(Crops(folder, held_out=True), 0).draw(32, np.random.default_rng(7))
    painting = Painting(Autoencoder.from_pretrained(autoencoder, low_cpu_mem_usage=False))
    run = Run(out, painting, peak, minutes, decay=0.995)

    def step() -> tuple[Tensor, int]:
        return loss(painting, there.draw(batch, rng), rng), batch

    def sheet() -> None:
        model = painting.model
        model.save_pretrained(out / "model", safe_serialization=True)
        painted = model.decode(model.encode(held.to(device()))).clamp(-1, 1).cpu()
        scores = [psnr(painted, held), sharpness(painted, held), float(unevenness(painted)) ** 0.5]
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, *(round(score, 3) for score in scores)])
        rows = torch.cat([held[:8], painted[:8]])
        Image.fromarray(grid(to_pixels(rows), 8)).save(out / "sheet.png")

    for _ in run.steps(step, sheet):
        pass
