"""Trains terra's detail painter: a rectified flow from noise to the detail of real pictures.

Its coarse latents are those of real pictures, and for a part of them what the denoiser makes of these in
its last step: when a world is decoded they are painted ones, which are smoother.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from explorer.models.autoencoder import LATENT_CHANNELS, Autoencoder, crop
from explorer.models.denoiser import NO_ZOOM, Denoiser
from explorer.models.detail import ONE_STEP, DetailPainter
from explorer.models.samplers import timesteps
from explorer.training.autoencoder import Crops, grid, loaded, moved, psnr, read, to_pixels
from explorer.training.config import DetailPainterConfig
from explorer.training.denoiser import blank, draw_times, velocity
from explorer.training.loop import Run, device, half_precision
from explorer.training.polish import sharpness
from tiles.errors import BadSetting

SIDE = 256  # px of a picture: the largest that all sources have
BORDER = 4  # latents of mirrored surroundings that the encoder sees of it
SHOWN = 4  # latents at each edge of a held-out picture that are not judged: they see zeros
JUDGED_STEPS = 8
READ = {"low_cpu_mem_usage": False, "torch_dtype": torch.float32}


class Piece(NamedTuple):
    """Coarse latents, real or repainted, with the detail of the real picture: (4 and detail, h, w), or with
    n of them in front."""

    coarse: Tensor
    detail: Tensor


class Encoder:
    """Pictures to pieces: the autoencoder, and a denoiser that repaints a part of them."""

    def __init__(
        self, autoencoder: Autoencoder, denoiser: Denoiser | None, config: DetailPainterConfig
    ) -> None:
        self.autoencoder = autoencoder.to(device()).eval().requires_grad_(False)
        self.denoiser = None if denoiser is None else denoiser.to(device()).eval().requires_grad_(False)
        self.config = config

    def pieces(self, pictures: Tensor, repainted: Tensor) -> Piece:
        """n pieces of pictures (n, 3, 8h, 8w); those where ``repainted`` (n,) is true have coarse latents of
        the denoiser's."""
        with torch.inference_mode(), torch.autocast(device().type, torch.bfloat16, enabled=half_precision()):
            around = F.pad(pictures.to(device()), (8 * BORDER,) * 4, mode="reflect")
            latents = self.autoencoder.encode(around.contiguous(memory_format=torch.channels_last)).float()
            coarse, detail = crop(latents, BORDER).split(
                [LATENT_CHANNELS, latents.shape[1] - LATENT_CHANNELS], 1
            )
            if self.denoiser is not None and repainted.any():
                coarse = coarse.clone()
                coarse[repainted] = self._last_step(self.denoiser, coarse[repainted])
        return Piece(coarse.clone(), detail.clone())

    def _last_step(self, denoiser: Denoiser, coarse: Tensor) -> Tensor:
        """Coarse latents (n, 4, h, w) noised to the time of the denoiser's last step, and painted from there:
        nearly the same land, as the denoiser paints it."""
        time = timesteps(self.config.denoiser_steps, self.config.denoiser_shift)[-2]
        noise = torch.randn_like(coarse)
        x = (1 - time) * coarse + time * noise
        text = torch.zeros(len(x), denoiser.config["text"])
        batch = blank(coarse, text, NO_ZOOM).to(coarse.device)
        at = torch.full((len(x),), time, device=coarse.device)
        return (x - time * velocity(denoiser, x, at, batch)).float()


class Pool:
    """Pieces encoded before, so that each is learned from more than once; each draw encodes a few more."""

    def __init__(self, crops: Crops, encoder: Encoder, config: DetailPainterConfig) -> None:
        self.crops, self.encoder, self.config = crops, encoder, config
        self.pieces: list[Piece] = []
        self.next = 0

    def draw(self, count: int, rng: np.random.Generator) -> Piece:
        """``count`` pieces, (n, 4 and detail, h, w)."""
        self._fill(self.config.fresh if self.pieces else count, rng)
        drawn = [self.pieces[i] for i in rng.integers(len(self.pieces), size=count)]
        return Piece(*(torch.stack([each.float() for each in part]) for part in zip(*drawn)))

    def _fill(self, count: int, rng: np.random.Generator) -> None:
        """Encode ``count`` pictures, turned and mirrored at random; the oldest make room for them."""
        pictures = self.crops.draw(count, rng)
        turned = [moved(each[None], int(rng.integers(4)), rng.random() < 0.5) for each in pictures]
        repainted = torch.from_numpy(rng.random(count) < self.config.repainted)
        coarse, detail = self.encoder.pieces(torch.cat(turned), repainted)
        for piece in map(Piece, coarse.half(), detail.half()):
            if len(self.pieces) < self.config.kept:
                self.pieces.append(piece)
            else:
                self.pieces[self.next % len(self.pieces)] = piece
            self.next += 1


def flow_loss(model: DetailPainter, piece: Piece, t: Tensor, noise: Tensor) -> Tensor:
    """Mean square error of the velocity at times ``t`` (n,)."""
    at = t[:, None, None, None]
    x = (1 - at) * piece.detail + at * noise
    error: Tensor = (model(x, piece.coarse, t) - (noise - piece.detail)).square().mean()
    return error


def distilled_loss(model: DetailPainter, teacher: DetailPainter, piece: Piece, steps: int) -> Tensor:
    """Mean square error of what ``model`` paints in one step, to what ``teacher`` paints from the same
    noise in ``steps``. The noise is that of painting: a function of the coarse latents."""
    with torch.no_grad():
        wanted = teacher.paint(piece.coarse, timesteps(steps))
    error: Tensor = (model.paint(piece.coarse, ONE_STEP) - wanted).square().mean()
    return error


def train(
    folder: Path,
    autoencoder: Path,
    out: Path,
    minutes: float,
    config: DetailPainterConfig,
    denoiser: Path | None = None,
    start: Path | None = None,
    teacher: Path | None = None,
) -> None:
    """Train for ``minutes`` (counted over restarts); the averaged model is saved in ``out/model``.

    ``autoencoder`` has detail, ``denoiser`` repaints a part of the coarse latents. A fresh run begins from
    the painter in ``start``, if given. With a ``teacher``, which needs several steps, the painter learns to
    do in one what it does, and begins from it. Raises BadSetting where the autoencoder has no detail.
    """
    painter, rng = loaded(autoencoder), np.random.default_rng()
    if painter.detail_encoder is None:
        raise BadSetting(f"{autoencoder}: has no channels of detail; give one made by `train detail`")
    detail = painter.channels - LATENT_CHANNELS
    there, held = (read(folder, held_out, SIDE, config.sources) for held_out in (False, True))
    encoder = Encoder(painter, Denoiser.from_pretrained(denoiser, **READ) if denoiser else None, config)
    pool = Pool(there, encoder, config)
    master = None if teacher is None else begun(teacher, detail).to(device()).eval().requires_grad_(False)
    first = start or teacher
    model = DetailPainter(detail, config.width, config.blocks) if first is None else begun(first, detail)
    peak = config.peak if first is None else config.started_peak
    run = Run(out, model, peak, minutes, config.decay)
    tests = [held.of(name).draw(config.batch, np.random.default_rng(7)) for name in list(held.sources)[:2]]

    def step() -> tuple[Tensor, int]:
        piece = Piece(*(part.to(device()) for part in pool.draw(config.batch, rng)))
        if master is not None:
            return distilled_loss(model, master, piece, config.teacher_steps), config.batch
        noise = torch.randn_like(piece.detail)
        return flow_loss(model, piece, draw_times(config.batch).to(device()), noise), config.batch

    def sheet() -> None:
        model.save_pretrained(out / "model", safe_serialization=True)
        times = ONE_STEP if teacher else timesteps(JUDGED_STEPS)
        scores = []
        for index, pictures in enumerate(tests):
            piece = encoder.pieces(pictures, torch.zeros(len(pictures), dtype=torch.bool))
            shown = [
                painter.decode(torch.cat([piece.coarse, part], 1)).clamp(-1, 1).cpu()
                for part in (piece.detail, model.paint(piece.coarse, times))
            ]
            whole, painted, real = (crop(each, 8 * SHOWN) for each in (*shown, pictures))
            scores += [psnr(painted, real), psnr(whole, real), sharpness(painted, real)]
            rows = torch.cat([pictures[:6], shown[0][:6], shown[1][:6]])
            Image.fromarray(grid(to_pixels(rows), 6)).save(out / f"sheet-{index}.png")
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, *(round(score, 3) for score in scores)])

    for _ in run.steps(step, sheet, every=300):
        pass


def begun(path: Path, detail: int) -> DetailPainter:
    """The painter in ``path``, of ``detail`` channels. Raises BadSetting where it has another number."""
    model: DetailPainter = DetailPainter.from_pretrained(path, **READ)
    if model.config["detail"] != detail:
        raise BadSetting(f"{path}: paints {model.config['detail']} channels of detail; {detail} are needed")
    return model
