"""What the denoiser learns from: windows of mosaics and quilts of aerial pictures, in one batch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from explorer.models.autoencoder import Autoencoder
from explorer.training.loop import device
from explorer.training.quilts import Quilts, patches
from explorer.training.windows import Batch, Windows, mosaics
from tiles.errors import BadSetting

Rows = tuple[dict[str, Tensor], list[str]]  # parts of a batch, stacked, and prompts that are not read yet


class Land:
    """Draws batches. Without aerial pictures, of mosaics only, and the other way round."""

    def __init__(
        self, windows: Windows | None, quilts: Quilts | None, encode: Callable[[list[str]], Tensor]
    ) -> None:
        self.windows, self.quilts, self.encode = windows, quilts, encode

    def draw(self, count: int, side: int, halo: int, rng: np.random.Generator, aerial: float) -> Batch:
        """``count`` windows of ``side`` latents, a share ``aerial`` of them quilts."""
        return self._read(_rows(self.windows, self.quilts, count, side, halo, aerial, rng))

    def batches(self, count: int, side: int, halo: int, aerial: float) -> Iterator[Batch]:
        """Such windows without end, drawn by ``helpers()`` processes beside this one."""
        drawn = _Drawn(partial(_rows, self.windows, self.quilts, count, side, halo, aerial))
        beside = helpers()
        for rows in DataLoader(
            drawn, batch_size=None, num_workers=beside, prefetch_factor=4 if beside else None
        ):
            yield self._read(rows)

    def _read(self, rows: Rows) -> Batch:
        """Prompts are read here, in this process: where there is a GPU, their tower is on it."""
        parts, prompts = rows
        text = self.encode(prompts)
        text[[not prompt for prompt in prompts]] = 0
        return Batch(text=text, **parts)


def _rows(
    windows: Windows | None,
    quilts: Quilts | None,
    count: int,
    side: int,
    halo: int,
    aerial: float,
    rng: np.random.Generator,
) -> Rows:
    """Apart from ``Land``: other processes draw too, and get only what they need for it."""
    if windows is None or quilts is None:
        aerial = float(windows is None)
    rows = []
    for index in range(count):
        source = quilts if index < round(aerial * count) else windows
        assert source is not None
        rows.append(source.row(side, halo, rng))
    prompts = [row.pop("prompt") for row in rows]
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}, prompts


class _Drawn(IterableDataset[Rows]):
    """Rows of batches without end; each process draws others."""

    def __init__(self, rows: Callable[[np.random.Generator], Rows]) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[Rows]:
        rng = np.random.default_rng()
        while True:
            yield self.rows(rng)


def helpers() -> int:
    """Processes that draw windows beside the one that trains: a GPU learns faster than one core draws, but a
    CPU has no core to spare."""
    return (os.cpu_count() or 1) - 1 if device().type == "cuda" else 0


def read(
    folder: Path, model: Autoencoder, encode: Callable[[list[str]], Tensor], cache: Path
) -> tuple[Land, Land]:
    """Land to learn from, and held-out land; both are the same if there is too little to hold any out.
    Latents are cached in the folder ``cache``. Raises BadSetting if there is no land at all."""
    encoder = model.to(device())
    every = mosaics(folder, encoder, cache / "latents.safetensors")
    aerial = patches(folder, encoder, cache / "aerial.safetensors")
    model.cpu()
    lands = []
    for held_out in (False, True):
        sheets = [m for m in every if m.picture.held_out == held_out]
        kept = {side: [p for p in sheet if p.picture.held_out == held_out] for side, sheet in aerial.items()}
        quilts = Quilts(kept) if any(kept.values()) else None
        if sheets or quilts:
            lands.append(Land(Windows(sheets) if sheets else None, quilts, encode))
    if not lands:
        raise BadSetting(f"{folder}: holds no picture to learn from; docs/training.md says what is read")
    return lands[0], lands[-1]
