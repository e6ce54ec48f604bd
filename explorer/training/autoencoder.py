"""Trains terra's autoencoder on crops of every freely licensed picture."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from explorer.models.autoencoder import LATENT_CHANNELS, Autoencoder
from explorer.training import data
from explorer.training.config import AutoencoderConfig, DetailConfig, Sources
from explorer.training.loop import Run, device


class Training(nn.Module):
    """The autoencoder with a normalisation of its latents, folded away when it is saved."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model
        self.unit = nn.BatchNorm2d(LATENT_CHANNELS, affine=False, momentum=0.02)

    def latents(self, pictures: Tensor) -> Tensor:
        """Pictures (n, 3, 8h, 8w) to latents (n, 4, h, w) of unit variance."""
        latents: Tensor = self.unit(self.model.encoder(pictures))
        return latents

    def fold(self) -> Autoencoder:
        """The model with the latents' mean and deviation as its own numbers."""
        assert self.unit.running_mean is not None and self.unit.running_var is not None
        std = (self.unit.running_var + self.unit.eps).sqrt()
        self.model.latent_mean.copy_(self.unit.running_mean.view(1, -1, 1, 1))
        self.model.latent_std.copy_(std.view(1, -1, 1, 1))
        return self.model


class Learner(Protocol):
    """An autoencoder that is trained, and the normalisation of its latents meanwhile."""

    model: Autoencoder

    def latents(self, pictures: Tensor) -> Tensor: ...


def loss(
    training: Learner, pictures: Tensor, rng: np.random.Generator, config: AutoencoderConfig | DetailConfig
) -> Tensor:
    """How far decoded pictures are from the ones that were encoded.

    Part of each batch is turned, mirrored or shrunk as latents and must decode to the picture
    turned, mirrored or shrunk (EQ-VAE, Kouzelis et al. 2025, arXiv 2502.09509); a little noise on
    the latents makes the decoder robust to what a denoiser leaves.
    """
    pictures = pictures.to(device(), memory_format=torch.channels_last)  # a fifth faster on CPUs
    latents = training.latents(pictures)
    turns, mirror = int(rng.integers(4)), bool(rng.integers(2))
    half = len(pictures) // 2
    turned, target = moved(latents[:half], turns, mirror), moved(pictures[:half], turns, mirror)
    latents = torch.cat([turned, latents[half:]])
    target = torch.cat([target, pictures[half:]])
    if rng.random() < config.shrunk:
        latents, target = F.avg_pool2d(latents, 2), F.avg_pool2d(target, 2)
    spread = config.latent_noise * torch.rand(len(latents), 1, 1, 1).to(latents.device)
    painted = training.model.decode(latents + spread * torch.randn_like(latents))
    return distance(painted, target)


def distance(painted: Tensor, target: Tensor) -> Tensor:
    """L1 and L2 on pixels, and L1 on steps between pixels."""
    error = painted - target
    steps = sum((torch.diff(painted, dim=d) - torch.diff(target, dim=d)).abs().mean() for d in (2, 3))
    return error.abs().mean() + 2 * error.square().mean() + 0.5 * steps


def moved(x: Tensor, turns: int, mirror: bool) -> Tensor:
    """``x`` (n, c, h, w), square, turned by quarters and mirrored."""
    x = torch.rot90(x, turns, (2, 3))
    return x.flip(3) if mirror else x


class Shot(NamedTuple):
    """A picture to cut crops from."""

    pixels: np.ndarray  # uint8 (height, width, 3)
    zoom: int


class Crops:
    """Random square crops, ``side`` px wide, of pictures by source; each source is drawn as often as
    ``shares`` say, relative to the others, and a part ``halved`` (0..1) at half its size, where that is
    wide enough."""

    def __init__(
        self, sources: dict[str, list[Shot]], side: int, shares: Mapping[str, float], halved: float = 0.0
    ) -> None:
        self.sources = {source: shots for source, shots in sources.items() if shots}
        self.side, self.shares, self.halved = side, shares, halved
        self.at = cache(self._at)

    def draw(self, count: int, rng: np.random.Generator) -> Tensor:
        """(count, 3, side, side) in -1..1."""
        names = list(self.sources)
        shares = np.array([self.shares[name] for name in names])
        pictures = []
        for name in rng.choice(names, count, p=shares / shares.sum()):
            pixels = self.sources[name][rng.integers(len(self.sources[name]))].pixels
            smaller = rng.random() < self.halved and min(pixels.shape[:2]) >= 2 * self.side
            pictures.append(resized(pixels, 0.5) if smaller else pixels)
        return self._cut(pictures, rng)

    def draw_at(self, zoom: int, count: int, rng: np.random.Generator) -> Tensor:
        """(count, 3, side, side) in -1..1: crops of pictures of this ``zoom`` or, where there are none,
        of the next finer one, shrunk by half. Raises ValueError if there are neither."""
        there = self.at(zoom)
        if not there:
            raise ValueError(f"no picture of zoom {zoom} or {zoom + 1} is {self.side} px wide")
        return self._cut([there[i] for i in rng.integers(len(there), size=count)], rng)

    def of(self, source: str) -> Crops:
        """Crops of one source only."""
        return Crops({source: self.sources[source]}, self.side, {source: 1})

    def _at(self, zoom: int) -> list[np.ndarray]:
        shots = [shot for source in self.sources.values() for shot in source]
        wide = [s.pixels for s in shots if s.zoom == zoom + 1 and min(s.pixels.shape[:2]) >= 2 * self.side]
        return [s.pixels for s in shots if s.zoom == zoom] or [resized(pixels, 0.5) for pixels in wide]

    def _cut(self, pictures: Iterable[np.ndarray], rng: np.random.Generator) -> Tensor:
        crops = []
        for pixels in pictures:
            y, x = (int(rng.integers(extent - self.side + 1)) for extent in pixels.shape[:2])
            crops.append(pixels[y : y + self.side, x : x + self.side])
        return to_tensor(np.stack(crops))


def to_tensor(pixels: np.ndarray) -> Tensor:
    """uint8 (n, h, w, 3) to float (n, 3, h, w) in -1..1."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_pixels(pictures: Tensor) -> np.ndarray:
    """float (n, 3, h, w) in -1..1 to uint8 (n, h, w, 3)."""
    scaled = ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()


def psnr(a: Tensor, b: Tensor) -> float:
    """Peak signal to noise in dB of pictures in -1..1, mean over pictures."""
    errors = (a - b).square().mean((1, 2, 3)) / 4
    return float((-10 * errors.log10()).mean())


def train(
    folder: Path, out: Path, minutes: float, config: AutoencoderConfig, start: Path | None = None
) -> None:
    """Train for ``minutes`` (counted over restarts) and save the averaged model in ``out/model``.

    A fresh run begins from the weights in ``start``, if given: its latents come out much like theirs, and
    a denoiser of those is a good start for one of these.
    """
    torch.manual_seed(0)
    rng = np.random.default_rng()
    crops, held = (read(folder, held_out, config.crop, config.sources) for held_out in (False, True))
    if start is None:
        training, peak = Training(Autoencoder(widths=config.widths, blocks=config.blocks)), config.peak
    else:
        training, peak = going_on(start), config.started_peak
    run = Run(out, training, peak, minutes, config.decay)

    def step() -> tuple[Tensor, int]:
        return loss(training, crops.draw(config.batch, rng), rng, config), config.batch

    def sheet() -> None:
        show(training.fold(), held, out, run.step)

    for _ in run.steps(step, sheet):
        pass


def show(model: Autoencoder, held: Crops, out: Path, step: int) -> None:
    """Save ``model`` in ``out/model``, with a sheet of real and decoded pictures of each of the first two
    held-out sources and a line of their dB in ``scores.csv``."""
    model.save_pretrained(out / "model", safe_serialization=True)
    scores = []
    for index, source in enumerate(list(held.sources)[:2]):
        pictures = held.of(source).draw(32, np.random.default_rng(7))
        painted = model.decode(model.encode(pictures.to(device()))).cpu()
        scores.append(psnr(painted.clamp(-1, 1), pictures))
        rows = torch.cat([pictures[:8], painted[:8]])
        Image.fromarray(grid(to_pixels(rows), 8)).save(out / f"sheet-{index}.png")
    with open(out / "scores.csv", "a", newline="") as file:
        csv.writer(file).writerow([step, *(round(s, 2) for s in scores)])


def loaded(path: Path) -> Autoencoder:
    """The autoencoder in ``path``, in full precision, on the CPU."""
    model: Autoencoder = Autoencoder.from_pretrained(path, low_cpu_mem_usage=False, torch_dtype=torch.float32)
    return model.eval()


def going_on(start: Path) -> Training:
    """The autoencoder in ``start``, to be trained on."""
    model = loaded(start)
    training = Training(model)
    training.unit.running_mean = model.latent_mean.flatten().clone()
    training.unit.running_var = model.latent_std.flatten().square()
    return training


def shots(folder: Path, source: str, wanted: Callable[[data.Picture], bool], side: int) -> list[Shot]:
    """The pictures of one source that are wanted and at least ``side`` px wide."""
    pictures = data.read(folder, f"{source}-*")
    return [Shot(p.pixels, round(p.zoom)) for p in pictures if wanted(p) and min(p.pixels.shape[:2]) >= side]


def read(folder: Path, held_out: bool, side: int, sources: Sources) -> Crops:
    """Crops of every freely licensed picture of these sources, of those held out or of the others."""

    def wanted(picture: data.Picture) -> bool:
        return data.free(picture) and picture.held_out == held_out

    return Crops(
        {source: shots(folder, source, wanted, side) for source in sources.shares},
        side,
        sources.shares,
        sources.halved,
    )


def resized(pixels: np.ndarray, scale: float) -> np.ndarray:
    """A picture (height, width, 3) at ``scale`` (0..1) of its size, each pixel the mean of what it covers."""
    height, width = (int(extent * scale) for extent in pixels.shape[:2])
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX))


def grid(pictures: np.ndarray, columns: int) -> np.ndarray:
    """(n, h, w, 3) laid out in rows of ``columns``."""
    n, h, w, c = pictures.shape
    rows = pictures.reshape(n // columns, columns, h, w, c)  # (rows, columns, h, w, 3)
    return rows.transpose(0, 2, 1, 3, 4).reshape(n // columns * h, columns * w, c)
