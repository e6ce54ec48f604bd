"""Trains terra's denoiser: a rectified flow on windows, with the same conditions as painting has."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.models.samplers import euler, timesteps
from explorer.models.text import TextTower
from explorer.training import land
from explorer.training.autoencoder import grid, to_pixels
from explorer.training.config import DenoiserConfig
from explorer.training.land import Land
from explorer.training.loop import Run, device
from explorer.training.windows import Batch

WINDOW, HALO = 48, 8  # latents, of painting
JUDGED = 32  # latents a side of windows that a run is judged by


def velocity(model: Denoiser, x: Tensor, t: Tensor, batch: Batch, text: Tensor | None = None) -> Tensor:
    """The model's velocity for noisy latents ``x`` at times ``t`` (n,)."""
    prompt = batch.text if text is None else text
    return model(torch.cat([x, batch.fixed()], 1), t, prompt, batch.zoom, batch.coarser)


def guided(model: Denoiser, x: Tensor, t: Tensor, batch: Batch, guidance_scale: float) -> Tensor:
    """The velocity with classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598)."""
    conditional = velocity(model, x, t, batch)
    if guidance_scale == 1:
        return conditional
    unconditional = velocity(model, x, t, batch, torch.zeros_like(batch.text))
    return unconditional + guidance_scale * (conditional - unconditional)


def flow_loss(model: Denoiser, batch: Batch, t: Tensor, noise: Tensor) -> Tensor:
    """Mean square error of the velocity where latents are not known, per window (n,)."""
    at = t[:, None, None, None]
    x = (1 - at) * batch.latents + at * noise
    error = (velocity(model, x, t, batch) - (noise - batch.latents)).square().mean(1, keepdim=True)
    unknown = (1 - batch.mask) * batch.counted
    return (error * unknown).sum((1, 2, 3)) / unknown.sum((1, 2, 3)).clamp(min=1)


def draw_times(count: int) -> Tensor:
    """Logit-normal times (Esser et al. 2024, arXiv 2403.03206), a tenth of them uniform."""
    t = torch.sigmoid(torch.randn(count) + 0.3)
    return torch.where(torch.rand(count) < 0.1, torch.rand(count), t)


def train(
    folder: Path,
    autoencoder: Path,
    text: Path,
    out: Path,
    minutes: float,
    config: DenoiserConfig,
    start: Path | None = None,
) -> None:
    """Train for ``minutes`` (counted over restarts); the averaged model is saved in ``out/model``.

    A fresh run begins from the weights in ``start``, if given; one that goes on, from its own.
    """
    painter = Autoencoder.from_pretrained(autoencoder, low_cpu_mem_usage=False).eval()
    tower = TextTower.load(text).to(device())
    out.mkdir(parents=True, exist_ok=True)
    there, held = land.read(folder, painter, tower.encode, out)
    peak, small_share = config.peak, config.small_share
    if start is None:
        model = Denoiser(widths=config.widths)
    else:
        model = Denoiser.from_pretrained(start, low_cpu_mem_usage=False, torch_dtype=torch.float32)
        peak, small_share = config.started_peak, config.started_small_share
    run = Run(out, model, peak, minutes, config.decay)

    small = there.batches(config.batch, config.small, HALO, config.aerial_share)
    large = there.batches(config.batch // 2, WINDOW, HALO, config.aerial_share)

    def step() -> tuple[Tensor, int]:
        drawn = next(small if run.clock.spent < small_share * run.clock.total else large).to(device())
        noise, count = torch.randn_like(drawn.latents), len(drawn.latents)
        return flow_loss(model, drawn, draw_times(count).to(device()), noise).mean(), count

    def sheet() -> None:
        model.save_pretrained(out / "model", safe_serialization=True)
        scores = [round(validation_loss(model, held, aerial), 5) for aerial in (0.0, 1.0)]
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, run.samples, *scores])
        pictures = paint_sheet(model, painter, tower.encode, timesteps(16), 2.0)
        Image.fromarray(grid(pictures, 6)).save(out / "sheet.png")

    for _ in run.steps(step, sheet, every=300):
        pass


def validation_loss(model: Denoiser, held: Land, aerial: float, count: int = 64) -> float:
    """The flow loss on held-out mosaics (``aerial`` 0) or quilts (1); the same windows, times and
    noise each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = held.draw(count, JUDGED, HALO, np.random.default_rng(0), aerial)
        times = ((torch.arange(count) + 0.5) / count).to(device())
        noise = torch.randn_like(drawn.latents).to(device())  # drawn on the CPU: the same everywhere
        return float(flow_loss(model, drawn.to(device()), times, noise).mean())


PROMPTS = (
    ("coast", 8), ("desert", 8), ("mountains", 8), ("forest", 8), ("snow and ice", 7), ("coast", 5),
    ("suburb", 18), ("farm field", 18), ("harbor", 19), ("freeway", 19), ("dense housing", 19), ("woods", 18),
)  # fmt: skip


def paint_sheet(
    model: Denoiser,
    painter: Autoencoder,
    encode: Callable[[list[str]], Tensor],
    times: list[float],
    guidance_scale: float,
) -> np.ndarray:
    """Two windows of each of ``PROMPTS``, nothing known, uint8 (24, 384, 384, 3)."""
    pictures = []
    for prompt, zoom in PROMPTS:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            noise = torch.randn(2, 4, WINDOW, WINDOW)
        noise = noise.to(device())
        batch = blank(noise, encode([prompt]).expand(2, -1), zoom).to(device())

        def flow(x: Tensor, t: float, batch: Batch = batch) -> Tensor:
            return guided(model, x, torch.full((len(x),), t, device=x.device), batch, guidance_scale)

        latents = euler(flow, noise, batch.latents, 1 - batch.mask, times)
        pictures.append(to_pixels(painter.decode(latents.cpu())))
    return np.concatenate(pictures)


def blank(like: Tensor, text: Tensor, zoom: float) -> Batch:
    """Windows about which nothing is known but the prompt and the zoom."""
    empty = torch.zeros_like(like)
    none = empty[:, :1]
    count = len(like)
    zooms, coarser = torch.full((count,), float(zoom)), torch.zeros(count)
    return Batch(empty, none, empty, none, text, zooms, coarser, torch.ones_like(none))
