"""How much structure painted latents have beside real ones, by its size, in few steps and in many.

python -m benchmarks.structure DENOISER DATA [COUNT] [MODEL]

Windows of held-out land of zoom 5 to 8 are painted anew to their captions, guided as distill.toml says,
in Euler's steps and in those of second order; beside them what MODEL paints in its own few.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from explorer.models.denoiser import Denoiser
from explorer.models.library import Library
from explorer.models.samplers import Sampler, euler, multistep, timesteps
from explorer.models.terra import Terra
from explorer.training import land
from explorer.training.config import SHIPPED, DistillConfig
from explorer.training.denoiser import HALO, WINDOW, blank
from explorer.training.distill import Teacher, flow
from explorer.training.loop import half_precision
from explorer.training.windows import Batch

BATCH = 16
BANDS = ((1, 2), (2, 3), (3, 5), (5, 8), (8, 12), (12, 17), (17, 24))  # waves in a window


def energies(latents: Tensor) -> Tensor:
    """Energy (bands,) of waves of each of ``BANDS`` in latents (n, 4, side, side): geometric means over the
    windows, of which one of snow has as much as ten of forest."""
    side = latents.shape[-1]
    fade = torch.hann_window(side)[:, None] * torch.hann_window(side)  # a window's edges are no structure
    level = latents.mean((2, 3), keepdim=True)
    power = torch.fft.fft2((latents - level) * fade).abs().square().mean(1)  # (n, side, side)
    waves = torch.fft.fftfreq(side) * side
    length = (waves[:, None].square() + waves.square()).sqrt()
    shares = [power[:, (length >= low) & (length < high)].mean(1) for low, high in BANDS]
    return torch.stack(shares).log().mean(1).exp()


def painted(teacher: Teacher, batch: Batch, sampler: Sampler, times: list[float]) -> Tensor:
    """Latents of windows about which only prompt and zoom are known; the same noise each time."""
    noise, sheets = torch.randn(batch.latents.shape, generator=torch.manual_seed(5)), []
    for start in range(0, len(noise), BATCH):
        here = slice(start, start + BATCH)
        part = Batch(*(each[here] for each in batch))
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half_precision()):
            sheet = sampler(flow(teacher, part), noise[here], part.latents, 1 - part.mask, times)
        sheets.append(sheet.float())
    return torch.cat(sheets)


def main(denoiser: Path, data: Path, count: int = 48, model: str = "terra") -> None:
    bundle = Library(model, "cpu").get()
    assert isinstance(bundle, Terra)
    slow = Denoiser.from_pretrained(denoiser, low_cpu_mem_usage=False, torch_dtype=torch.float32).eval()
    config = DistillConfig.read(SHIPPED / "distill.toml")
    _, held = land.read(data, bundle.autoencoder, bundle.text.encode, denoiser.parent)
    torch.manual_seed(0)
    real = held.draw(count, WINDOW, HALO, np.random.default_rng(0), 0.0)
    batch = blank(real.latents, real.text, 0)._replace(zoom=real.zoom)
    alone = config.model_copy(update={"guidance_scale": 1.0})
    rows = {f"{model}, {len(bundle.times) - 1} steps": (Teacher(bundle.denoiser, alone), euler, bundle.times)}
    for sampler in (euler, multistep):
        for steps in (12, 30, 60):
            times = timesteps(steps, config.shift)
            rows[f"{sampler.__name__}, {steps} steps"] = Teacher(slow, config), sampler, times
    table = Table("energy over that of real land", *(f"{low}-{high}" for low, high in BANDS))
    for name, way in rows.items():
        shares = energies(painted(way[0], batch, *way[1:])) / energies(real.latents)
        table.add_row(name, *(f"{share:.2f}" for share in shares))
    Console().print(table)


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((Path, Path, int, str), sys.argv[1:])))
