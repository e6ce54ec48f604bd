"""Takes the grid of latents out of terra's decoder: trained on, its encoder frozen.

A decoder that grows by pixel shuffles steps a little more at some places of each 8 x 8 px than at
others. It is faint to the eye, but every tile join lies on one of its lines. Latents stay what they
are: a denoiser trained before goes on to fit.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.training.autoencoder import Crops, distance, grid, moved, only, psnr, to_pixels
from explorer.training.loop import Run, device

EVEN_WEIGHT = 1.0
LATENT_NOISE = 0.1


def loss(model: Autoencoder, pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """The autoencoder's own distance, and evenness, of smoothed latents too: what a denoiser paints
    is smoother than what an encoder sees. Half of the latents are turned or mirrored, and so must be
    their pictures."""
    pictures = pictures.to(device())
    with torch.no_grad():
        latents = model.encode(pictures)
    half, turns, mirror = len(pictures) // 2, int(rng.integers(4)), bool(rng.integers(2))
    latents = torch.cat([moved(latents[:half], turns, mirror), latents[half:]])
    pictures = torch.cat([moved(pictures[:half], turns, mirror), pictures[half:]])
    spread = LATENT_NOISE * torch.rand(len(latents), 1, 1, 1).to(latents.device)
    painted = model.decode(latents + spread * torch.randn_like(latents))
    smooth = model.decode(F.avg_pool2d(latents, 3, 1, 1, count_include_pad=False))
    return distance(painted, pictures) + EVEN_WEIGHT * (unevenness(painted) + unevenness(smooth))


def unevenness(painted: Tensor) -> Tensor:
    """How much steps between pixels (n, c, h, w) differ by their place in the 8 x 8 px of a latent:
    the variance of their means over the places, relative, both ways added."""
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
    folder: Path, autoencoder: Path, out: Path, minutes: float, batch: int = 12, peak: float = 3e-4
) -> None:
    """Train for ``minutes`` (counted over restarts); the averaged model is saved in ``out/model``."""
    rng = np.random.default_rng()
    there = Crops(folder, held_out=False)
    held = only(Crops(folder, held_out=True), 0).draw(32, np.random.default_rng(7))
    model = Autoencoder.from_pretrained(autoencoder, low_cpu_mem_usage=False)
    model.encoder.requires_grad_(False)
    run = Run(out, model, peak, minutes, decay=0.995)

    def step() -> tuple[Tensor, int]:
        return loss(model, there.draw(batch, rng), rng), batch

    def sheet() -> None:
        model.save_pretrained(out / "model", safe_serialization=True)
        painted = model.decode(model.encode(held.to(device()))).clamp(-1, 1).cpu()
        scores = [psnr(painted, held), sharpness(painted, held), float(unevenness(painted)) ** 0.5]
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, *(round(score, 3) for score in scores)])
        rows = torch.cat([held[:8], painted[:8]])
        Image.fromarray(grid(to_pixels(rows), 8)).save(out / "sheet.png")

    for _ in run.steps(step, sheet, every=120):
        pass
