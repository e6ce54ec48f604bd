"""How near few steps come to many: scores of a bundle's denoiser and of its teacher, in 30 guided steps of
second order, on single windows of which nothing is known but prompt and zoom.

python -m benchmarks.steps TEACHER DATA [COUNT] [MODEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from explorer.models.denoiser import Denoiser
from explorer.models.library import Library
from explorer.models.samplers import Sampler, euler, multistep, timesteps
from explorer.models.terra import Terra
from explorer.training.autoencoder import to_pixels
from explorer.training.config import SHIPPED, DistillConfig
from explorer.training.denoiser import WINDOW, blank
from explorer.training.distill import Teacher, flow
from explorer.training.evaluate import Asked, Paint, Score, nearest, painting, towers
from explorer.training.loop import half_precision
from explorer.training.text import small

MANY = 30
BATCH = 20
MIDDLE = slice(64, 320)  # px of a window, as many as a tile has


def windows(model: Terra, teacher: Teacher, sampler: Sampler, times: list[float]) -> Paint:
    """Paints the middle of a window each."""

    def batch(asked: list[Asked]) -> list[np.ndarray]:
        noise = torch.stack(
            [torch.randn(4, WINDOW, WINDOW, generator=torch.manual_seed(one.seed)) for one in asked]
        )
        zooms = torch.tensor([float(nearest(model.traits.zooms, one.zoom)) for one in asked])
        inputs = blank(noise, model.text.encode([one.prompt for one in asked]), 0)._replace(zoom=zooms)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half_precision()):
            latents = sampler(flow(teacher, inputs), noise, inputs.latents, 1 - inputs.mask, times)
            sheets = model.autoencoder.decode(latents)[..., MIDDLE, MIDDLE].float()
        return [small(pixels) for pixels in to_pixels(sheets)]

    return lambda asked: [sheet for i in range(0, len(asked), BATCH) for sheet in batch(asked[i : i + BATCH])]


def main(teacher: Path, data: Path, count: int = 200, model: str = "terra") -> None:
    bundle = Library(model, "cpu").get()
    assert isinstance(bundle, Terra)
    slow = Denoiser.from_pretrained(teacher, low_cpu_mem_usage=False, torch_dtype=torch.float32).eval()
    config = DistillConfig.read(SHIPPED / "distill.toml")
    alone = config.model_copy(update={"guidance_scale": 1.0})
    few, many = bundle.times, timesteps(MANY, config.shift)
    ways = {
        f"{model}, {len(few) - 1} steps": windows(bundle, Teacher(bundle.denoiser, alone), euler, few),
        f"teacher, {MANY} steps": windows(bundle, Teacher(slow, config), multistep, many),
    }
    columns: list[list[Score]] = [
        list(painting(way, towers(Path(model)), data, count)) for way in ways.values()
    ]
    table = Table("score", *ways, "real pictures")
    for scores in zip(*columns):
        real = scores[0].yardstick
        table.add_row(
            scores[0].name, *(f"{s.value:.3f}" for s in scores), "" if real is None else f"{real:.3f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main(*(kind(word) for kind, word in zip((Path, Path, int, str), sys.argv[1:])))
