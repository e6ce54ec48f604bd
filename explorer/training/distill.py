"""Distillation: a student denoiser learns to do in one call what its teacher does in several guided ones.

Piecewise rectified flow (Yan et al. 2024, arXiv 2405.07510) with guidance folded in (Meng et al.
2023, arXiv 2210.03142): time is cut into as many pieces as the student will have steps. The guided teacher
goes through each piece in small steps; the student learns to go straight from its start to its end. So it
paints with one call for each piece, and needs no second, unguided call.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.models.samplers import Velocity, ahead, euler, multistep, timesteps
from explorer.models.text import TextTower
from explorer.training import land
from explorer.training.autoencoder import grid
from explorer.training.blend import between
from explorer.training.config import DistillConfig
from explorer.training.denoiser import HALO, WINDOW, paint_sheet, velocity
from explorer.training.land import Land
from explorer.training.loop import Run, device
from explorer.training.windows import Batch


class Teacher(NamedTuple):
    """What a student learns from: a denoiser, and how it is guided."""

    denoiser: Denoiser
    config: DistillConfig
    worse: Denoiser | None = None  # of the same kind, but smaller or less trained


def guided_velocity(teacher: Teacher, x: Tensor, t: Tensor, batch: Batch) -> Tensor:
    """The teacher's velocity (n, 4, h, w) at times ``t`` (n,), guided twice: away from what a worse denoiser
    says, and, at times above ``config.guided_above``, away from what it says itself without a prompt.

    What a worse denoiser gets wrong, a better one gets wrong too, though less (autoguidance: Karras et al.
    2024, arXiv 2406.02507). Guidance by prompts at small times only smooths detail and costs variety
    (Kynkäänniemi et al. 2024, "Applying guidance in a limited interval", arXiv 2404.07724).
    """
    config = teacher.config
    said = result = velocity(teacher.denoiser, x, t, batch)
    if teacher.worse is not None and config.autoguidance_scale > 1:
        result = said + (config.autoguidance_scale - 1) * (said - velocity(teacher.worse, x, t, batch))
    above = t > config.guided_above
    if config.guidance_scale > 1 and above.any():
        part = Batch(*(each[above] for each in batch))
        unguided = velocity(teacher.denoiser, x[above], t[above], part, torch.zeros_like(part.text))
        away = (config.guidance_scale - 1) * (said[above] - unguided)
        result = result.index_put((above,), result[above] + away)
    return result


def flow(teacher: Teacher, batch: Batch) -> Velocity:
    """``guided_velocity`` of one batch as a function that samplers take: one time for all windows."""
    return lambda x, t: guided_velocity(teacher, x, torch.full((len(x),), t, device=x.device), batch)


def target(
    teacher: Teacher, batch: Batch, noise: Tensor, first: Tensor, starts: Tensor, ends: Tensor
) -> Tensor:
    """The velocity (n, 4, h, w) that leads straight from ``first`` (n, 4, h, w), at the start of each
    window's piece, to where the guided teacher gets by the end of it. ``starts``, ``ends`` (n,) are times; a
    start is larger than its end.

    The steps are of second order: so few steps of Euler's would end in land that is too smooth.
    """
    x, before, substeps = first, None, teacher.config.substeps
    with torch.no_grad():
        for step in range(substeps):
            now, then = (starts + (ends - starts) * (step + i) / substeps for i in (0, 1))
            x = torch.where(batch.mask > 0, _noised(batch, noise, now), x)
            slope = guided_velocity(teacher, x, now, batch)
            x = x + (then - now)[:, None, None, None] * (slope if before is None else ahead(slope, before))
            before = slope
    return (first - x) / (starts - ends)[:, None, None, None]


@torch.no_grad()
def rollout(student: Denoiser, batch: Batch, noise: Tensor, piece: Tensor, times: list[float]) -> Tensor:
    """Where the student itself gets (n, 4, h, w) by the start of each window's ``piece`` (n,).

    When it paints, it meets its own errors there and not real land with noise. Training on them lets the
    teacher correct them (DAgger: Ross, Gordon and Bagnell 2011, arXiv 1011.0686).
    """
    x = noise
    for index, (now, then) in enumerate(itertools.pairwise(times[:-1])):
        if not (on := piece > index).any():
            break
        part, at = Batch(*(each[on] for each in batch)), torch.full((int(on.sum()),), now, device=x.device)
        seen = torch.where(part.mask > 0, _noised(part, noise[on], at), x[on])
        x = x.index_put((on,), seen + (then - now) * velocity(student, seen, at, part).to(x.dtype))
    return x


def _noised(batch: Batch, noise: Tensor, t: Tensor) -> Tensor:
    at = t[:, None, None, None]
    return (1 - at) * batch.latents + at * noise


def loss(student: Denoiser, teacher: Teacher, batch: Batch) -> Tensor:
    """Mean square error of the student's velocity where latents are not known."""
    config, count = teacher.config, len(batch.latents)
    times = timesteps(config.steps, config.shift)
    piece = torch.randint(len(times) - 1, (count,)).to(batch.latents.device)
    starts, ends = (torch.tensor(times).to(piece.device)[piece + i] for i in (0, 1))
    noise = torch.randn_like(batch.latents)
    own = torch.rand(count, 1, 1, 1).to(piece.device) < config.own_share
    real = _noised(batch, noise, starts)
    rolled_out = rollout(student, batch, noise, piece * own.flatten(), times)
    first = torch.where(own & (batch.mask == 0), rolled_out, real)
    wanted = target(teacher, batch, noise, first, starts, ends)
    error = velocity(student, first, starts, batch) - wanted
    unknown = (1 - batch.mask) * batch.counted
    return (error.square().mean(1, keepdim=True) * unknown).sum() / unknown.sum().clamp(min=1)


def train(
    folder: Path,
    autoencoder: Path,
    text: Path,
    denoiser: Path,
    out: Path,
    minutes: float,
    config: DistillConfig,
    worse: Path | None = None,
    earlier: Path | None = None,
) -> None:
    """Train for ``minutes`` (counted over restarts); the averaged student is saved in ``out/model``.

    Its teacher is guided away from the denoiser in the folder ``worse``, if there is one. ``earlier`` is a
    student from whose weights the teacher was trained on: it takes few steps already, so the new one begins
    halfway between both.
    """
    painter = Autoencoder.from_pretrained(autoencoder, low_cpu_mem_usage=False).eval()
    tower = TextTower.load(text).to(device())
    out.mkdir(parents=True, exist_ok=True)
    there, held = land.read(folder, painter, tower.encode, denoiser.parent)
    teacher = Teacher(_fixed(denoiser), config, None if worse is None else _fixed(worse))
    student = Denoiser.from_pretrained(denoiser, low_cpu_mem_usage=False, torch_dtype=torch.float32)
    if earlier is not None:
        student.load_state_dict(between(student.state_dict(), _fixed(earlier).state_dict(), 0.5))
    run = Run(out, student, config.peak, minutes, config.decay)

    batches = there.batches(config.batch, WINDOW, HALO, config.aerial_share)

    def step() -> tuple[Tensor, int]:
        return loss(student, teacher, next(batches).to(device())), config.batch

    def sheet() -> None:
        student.save_pretrained(out / "model", safe_serialization=True)
        scores = distances_to_teacher(student, teacher, held)
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, run.samples, *(round(s, 4) for s in scores)])
        pictures = paint_sheet(student, painter, tower.encode, timesteps(config.steps, config.shift), 1.0)
        Image.fromarray(grid(pictures, 6)).save(out / "sheet.png")

    for _ in run.steps(step, sheet, every=240):
        pass


def _fixed(folder: Path) -> Denoiser:
    """A denoiser that learns no more."""
    model: Denoiser = Denoiser.from_pretrained(folder, low_cpu_mem_usage=False, torch_dtype=torch.float32)
    return model.to(device()).eval().requires_grad_(False)


def distances_to_teacher(student: Denoiser, teacher: Teacher, held: Land) -> tuple[float, float]:
    """Mean square distances to what the guided teacher paints in 30 steps from the same noise: of the
    student, and, for comparison, of the guided teacher in as few steps as the student has."""
    config = teacher.config
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = held.draw(8, WINDOW, HALO, np.random.default_rng(0), config.aerial_share)
        noise = torch.randn_like(drawn.latents).to(device())
        drawn = drawn.to(device())

    unguided = config.model_copy(update={"guidance_scale": 1.0})
    guided, alone = flow(teacher, drawn), flow(Teacher(student, unguided), drawn)
    start, few = (noise, drawn.latents, 1 - drawn.mask), timesteps(config.steps, config.shift)
    right = multistep(guided, *start, timesteps(30, config.shift))
    painted = euler(alone, *start, few), euler(guided, *start, few)
    return tuple(float((one - right).square().mean()) for one in painted)  # type: ignore[return-value]
