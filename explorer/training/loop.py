"""What every training run shares: an exponential average, a learning rate, a clock, a log.

Started by ``torchrun``, several processes train one model together on one machine: each draws its own
batches, and the mean of their gradients moves all. Two processes of one thread each wait for each
other once a step; two threads of one process, thousands of times.
"""

from __future__ import annotations

import csv
import math
import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import torch
import torch.distributed as dist
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from explorer.training.muon import one_by_one, optimizers, orthogonal

WARMUP = 0.02  # share of the run in which the learning rate rises


class Clock:
    """Progress 0..1 through a run of so many minutes, over any number of restarts."""

    def __init__(self, minutes: float, spent: float = 0.0) -> None:
        self.total, self.spent, self.last = minutes * 60, spent, time.monotonic()

    def tick(self) -> float:
        now = time.monotonic()
        self.spent, self.last = self.spent + now - self.last, now
        return min(self.spent / self.total, 1.0)


def learning_rate(peak: float, progress: float) -> float:
    """Linear warm-up, then half a cosine down to a hundredth."""
    if progress < WARMUP:
        return peak * (0.05 + 0.95 * progress / WARMUP)
    fall = (progress - WARMUP) / (1 - WARMUP)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fall)))


@cache
def device() -> torch.device:
    """Where training runs: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@cache
def half_precision() -> bool:
    """Whether this device multiplies bfloat16 itself: training is then nearly twice as fast."""
    on_cpu = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return device().type == "cuda" or bool(on_cpu)


def joined() -> int:
    """This process's rank among those that ``torchrun`` started; 0 if it did not."""
    if "RANK" in os.environ and not dist.is_initialized():
        dist.init_process_group("gloo")
    return dist.get_rank() if dist.is_initialized() else 0


def processes() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def together() -> None:
    """Wait until all processes are here."""
    if dist.is_initialized():
        dist.barrier()


def the_first(flat: Tensor) -> None:
    """What the first process has."""
    dist.broadcast(flat, 0)


def mean(flat: Tensor) -> None:
    """The mean over all processes."""
    dist.all_reduce(flat)
    flat /= processes()


def shared(matrices: list[Tensor]) -> list[Tensor]:
    """``matrices`` made orthogonal: each process does a part of them, and all get all."""
    order = sorted(range(len(matrices)), key=lambda index: matrices[index].numel())
    own = set(order[joined() :: processes()])
    parts = [
        (orthogonal(matrix) if index in own else torch.zeros_like(matrix)).flatten()
        for index, matrix in enumerate(matrices)
    ]
    flat = torch.cat(parts)
    dist.all_reduce(flat)  # all but one of the summands are zero
    return [
        part.view_as(matrix)
        for part, matrix in zip(flat.split([matrix.numel() for matrix in matrices]), matrices)
    ]


class Average:
    """Exponential moving average of a module's weights, quick at first."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.weights = {k: v.detach().clone().float() for k, v in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value.float(), 1 - keep)
            else:
                self.weights[name].copy_(value)


class Run:
    """A resumable run in ``folder``: ``state.safetensors``, ``log.csv``, sample sheets."""

    def __init__(self, folder: Path, module: nn.Module, peak: float, minutes: float, decay: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.module, self.peak = folder, module.to(device()), peak
        self.rank = joined()
        self.optimizers = optimizers(module, peak, shared if processes() > 1 else one_by_one)
        self.average = Average(module, decay)
        self.clock, self.step, self.samples = Clock(minutes), 0, 0
        if (folder / "state.safetensors").exists():
            self._resume(minutes)
        torch.manual_seed(self.step * 64 + self.rank)
        self._agree([p.data for p in module.parameters()], the_first)

    def steps(
        self, loss: Callable[[], tuple[Tensor, int]], sheet: Callable[[], None], every: float = 180
    ) -> Iterator[tuple[int, float]]:
        """Train until the time is up; yields (step, loss) now and then, after the log is written.

        ``loss`` makes one batch's loss and says how many samples it held; ``sheet`` draws a sample
        sheet with the averaged weights in place, every ``every`` seconds and at the end.
        """
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns) as bar:
            task = bar.add_task(self.folder.name, total=1.0)
            progress, drawn, smooth = self._tick(), time.monotonic(), 0.0
            while progress < 1:
                value = self._step(loss, progress)
                smooth = value if not smooth else 0.98 * smooth + 0.02 * value
                progress = self._tick()
                bar.update(task, completed=progress, description=f"{self.step} {smooth:.4f}")
                if time.monotonic() - drawn > every or progress >= 1:
                    if self.rank == 0:
                        self.save(smooth)
                        with_average(self.module, self.average, sheet)
                    drawn = time.monotonic()
                    yield self.step, smooth

    def _step(self, loss: Callable[[], tuple[Tensor, int]], progress: float) -> float:
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(self.peak, progress)
        with torch.autocast(device().type, torch.bfloat16, enabled=half_precision()):
            value, count = loss()
        self.module.zero_grad(set_to_none=True)
        value.backward()
        self._agree([p.grad for p in self.module.parameters() if p.grad is not None], mean)
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), 1.0)
        if torch.isfinite(norm):
            for optimizer in self.optimizers:
                optimizer.step()
            self.average.update(self.module)
        self.step, self.samples = self.step + 1, self.samples + count * processes()
        return float(value.detach())

    def _tick(self) -> float:
        """Progress 0..1 by the first process's clock."""
        self.clock.tick()
        spent = torch.tensor([self.clock.spent], dtype=torch.float64)
        self._agree([spent], the_first)
        self.clock.spent = float(spent)
        return min(self.clock.spent / self.clock.total, 1.0)

    def _agree(self, tensors: list[Tensor], how: Callable[[Tensor], None]) -> None:
        """Make ``tensors`` the same in all processes, as one flat message."""
        if processes() == 1:
            return
        flat = torch.cat([t.flatten() for t in tensors])
        how(flat)
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors])):
            tensor.copy_(part.view_as(tensor))

    def save(self, loss: float) -> None:
        """Write the whole state, then put it in place of the old one in a single move."""
        tensors = {f"module.{k}": v for k, v in self.module.state_dict().items()}
        tensors |= {f"average.{k}": v for k, v in self.average.weights.items()}
        for which, optimizer in enumerate(self.optimizers):
            for index, state in optimizer.state_dict()["state"].items():
                name = f"optimizer.{which}.{index}"
                tensors |= {f"{name}.{k}": torch.as_tensor(v) for k, v in state.items()}
        notes = {"step": self.step, "samples": self.samples, "spent": self.clock.spent}
        notes["average"] = self.average.steps
        part = self.folder / "state.part"
        held = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
        save_file(held, part, {k: repr(v) for k, v in notes.items()})
        part.replace(self.folder / "state.safetensors")
        with open(self.folder / "log.csv", "a", newline="") as log:
            row = [self.step, self.samples, round(self.clock.spent, 1), round(loss, 5)]
            csv.writer(log).writerow(row)

    def _resume(self, minutes: float) -> None:
        from safetensors import safe_open

        path = self.folder / "state.safetensors"
        tensors = load_file(path)
        with safe_open(path, "pt") as file:
            notes = file.metadata()
        self.module.load_state_dict(_under(tensors, "module."))
        self.average.weights = {k: v.to(device()) for k, v in _under(tensors, "average.").items()}
        self.average.steps = int(notes["average"])
        for which, optimizer in enumerate(self.optimizers):
            states: dict[int, dict[str, Tensor]] = {}
            for name, value in _under(tensors, f"optimizer.{which}.").items():
                index, key = name.split(".")
                states.setdefault(int(index), {})[key] = value
            optimizer.load_state_dict({**optimizer.state_dict(), "state": states})
        self.step, self.samples = int(notes["step"]), int(notes["samples"])
        self.clock = Clock(minutes, float(notes["spent"]))


def with_average(module: nn.Module, average: Average, work: Callable[[], None]) -> None:
    """Do ``work`` with the averaged weights in ``module``, then put its own back."""
    own = {k: v.detach().clone() for k, v in module.state_dict().items()}
    module.load_state_dict(average.weights)
    module.eval()
    try:
        with torch.no_grad():
            work()
    finally:
        module.load_state_dict(own)
        module.train()


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
