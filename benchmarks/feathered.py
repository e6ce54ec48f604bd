"""Joins of tiles where the decoder sees everything: a Stable Diffusion autoencoder with trained weights.

python -m benchmarks.feathered DATA [--minutes 20] [--pictures 12]

Trains a small AutoencoderKL (the stock class, with its attention and group norms, 8 px and 4 channels a
latent) on DATA. Then it encodes pictures that were held out, and decodes two tiles beside each other of each:
as one picture, each tile with its margin and cut, and feathered as the app does. Prints the step across
their join over the steps beside it (1: no seam), for random and for trained weights, in bfloat16 too where
the CPU multiplies it (others take an hour to imitate it).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.joins import ratio, steps
from explorer.models.decoders import FeatheredDecoder, margin_of
from explorer.models.torchvision_cure import cure
from explorer.training import data
from explorer.training.loop import half_precision
from tiles.latents import USUAL

cure()  # before diffusers is imported
from diffusers import AutoencoderKL  # noqa: E402

CROP, BATCH, KEPT = 128, 4, 600  # px a side; crops a step; pictures to train on
PEAK, NOISE = 1e-3, 1e-6  # learning rate; weight of the latents' distance to plain noise
SIDE, SCALE, MARGIN = USUAL.side, USUAL.pixels, margin_of(USUAL)
HIGH, WIDE = (count * SIDE + 2 * MARGIN for count in (1, 2))  # latents, of two tiles and what lies around


class Scores(NamedTuple):
    """What was found of pairs of tiles."""

    real: float  # steps across the joins over those beside them, of the pictures themselves
    whole: float  # of both tiles decoded as one picture
    cut: float  # of each decoded with its margin, and cut
    feathered: float
    apart: float  # dB, feathered tiles against both decoded as one picture
    likeness: float  # dB, feathered tiles against the pictures


def small_vae() -> AutoencoderKL:
    """Stable Diffusion's autoencoder, a quarter as wide, with random weights."""
    torch.manual_seed(0)
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    return AutoencoderKL(block_out_channels=(32, 64, 128, 128), layers_per_block=1, **blocks)


def train(vae: AutoencoderKL, pictures: list[np.ndarray], minutes: float) -> int:
    """Learn to give back crops of the pictures; the steps that were taken."""
    rng, start, count = np.random.default_rng(0), time.monotonic(), 0
    optimizer = torch.optim.AdamW(vae.parameters(), PEAK, weight_decay=0.0)
    while (spent := (time.monotonic() - start) / (60 * minutes)) < 1:
        optimizer.param_groups[0]["lr"] = PEAK * (1 - spent)
        wanted = torch.stack([crop(pictures[rng.integers(len(pictures))], rng) for _ in range(BATCH)])
        with torch.autocast("cpu", torch.bfloat16, enabled=half_precision()):
            latents = vae.encode(wanted).latent_dist
            drawn = vae.decode(latents.sample()).sample.float()
        loss = F.l1_loss(drawn, wanted) + NOISE * latents.kl().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        count += 1
    return count


def crop(picture: np.ndarray, rng: np.random.Generator) -> Tensor:
    """A square of a picture, (3, CROP, CROP) in -1..1."""
    top, left = (int(rng.integers(size - CROP + 1)) for size in picture.shape[:2])
    return scaled(picture[top : top + CROP, left : left + CROP])


def scaled(pixels: np.ndarray) -> Tensor:
    """Pixels uint8 (h, w, 3) to (3, h, w) in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1).float() / 127.5 - 1


def measured(vae: AutoencoderKL, pictures: list[np.ndarray], dtype: torch.dtype) -> Scores:
    """Scores over the first two tiles of each picture (HIGH and WIDE latents or larger)."""
    vae = vae.to(dtype).eval()

    def draw(latents: np.ndarray) -> np.ndarray:
        picture = vae.decode(torch.from_numpy(latents)[None].to(dtype)).sample[0].float()
        return ((picture.clamp(-1, 1) + 1) * 127.5).permute(1, 2, 0).numpy()

    decoder = FeatheredDecoder(draw, USUAL)
    edge, both = MARGIN * SCALE, 2 * SIDE * SCALE
    inside = slice(edge, edge + SIDE * SCALE), slice(edge, edge + both)
    joins: dict[str, list[tuple[float, float]]] = {}
    errors: list[tuple[float, float]] = []
    for picture in pictures:
        real = picture[: HIGH * SCALE, : WIDE * SCALE]
        with torch.inference_mode():
            latents = vae.encode(scaled(real)[None].to(dtype)).latent_dist.mode()[0].float().numpy()
            parts = [np.ascontiguousarray(latents[:, :, x : x + HIGH]) for x in (0, SIDE)]
            drawn = {
                "real": real[inside].astype(np.float32),
                "whole": draw(latents)[inside],
                "cut": np.concatenate([draw(part)[edge:-edge, edge:-edge] for part in parts], 1),
                "feathered": np.concatenate([decoder.tile(part) for part in parts], 1),
            }
        for name, pixels in drawn.items():
            joins.setdefault(name, []).append(steps(pixels, SIDE * SCALE))
        apart, likeness = (drawn["feathered"] - drawn[name] for name in ("whole", "real"))
        errors.append((float((apart**2).mean()), float((likeness**2).mean())))
    decibels = (float(10 * np.log10(255**2 / each)) for each in np.mean(errors, 0))
    return Scores(*(ratio(joins[name]) for name in ("real", "whole", "cut", "feathered")), *decibels)


def found(folder: Path, held_out: bool) -> Iterator[np.ndarray]:
    """Pictures of land, large enough for two tiles, of places that are held out or not."""
    for picture in data.read(folder, "bluemarble-*", "mosaic-*"):
        high, wide = picture.pixels.shape[:2]
        if picture.held_out == held_out and high >= HIGH * SCALE and wide >= WIDE * SCALE:
            yield picture.pixels


def main(
    folder: Annotated[Path, typer.Argument(metavar="DATA")],
    minutes: Annotated[float, typer.Option(min=0.01)] = 20.0,
    pictures: Annotated[int, typer.Option(min=1)] = 12,
) -> None:
    """Print the table."""
    shown, seen = (
        list(islice(found(folder, held), most)) for held, most in ((True, pictures), (False, KEPT))
    )
    rows = {}
    vae = small_vae()
    rows["random, float32"] = measured(vae, shown, torch.float32)
    count = train(vae.train(), seen, minutes)
    rows["trained, float32"] = measured(vae, shown, torch.float32)
    if half_precision():
        rows["trained, bfloat16"] = measured(vae, shown, torch.bfloat16)
    title = f"a small AutoencoderKL, {count} steps in {minutes:g} minutes, {len(shown)} joins"
    table = Table(
        "weights", "real", "one picture", "cut", "feathered", "dB to one picture", "dB to real", title=title
    )
    for name, scores in rows.items():
        table.add_row(name, *(f"{each:.3f}" for each in scores[:4]), *(f"{each:.1f}" for each in scores[4:]))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
