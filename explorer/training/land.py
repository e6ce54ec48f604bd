"""What the denoiser learns from: windows of mosaics and quilts of aerial pictures, in one batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.training.quilts import Quilts, patches
from explorer.training.windows import Batch, Windows, mosaics
from tiles.errors import BadSetting


class Land:
    """Draws batches. Without aerial pictures, of mosaics only, and the other way round."""

    def __init__(
        self, windows: Windows | None, quilts: Quilts | None, encode: Callable[[list[str]], Tensor]
    ) -> None:
        self.windows, self.quilts, self.encode = windows, quilts, encode

    def draw(self, count: int, side: int, halo: int, rng: np.random.Generator, aerial: float) -> Batch:
        """``count`` windows of ``side`` latents, a share ``aerial`` of them quilts."""
        if self.windows is None or self.quilts is None:
            aerial = float(self.windows is None)
        rows = []
        for index in range(count):
            source = self.quilts if index < round(aerial * count) else self.windows
            assert source is not None
            rows.append(source.row(side, halo, rng))
        prompts = [row.pop("prompt") for row in rows]
        text = self.encode(prompts)
        text[[not prompt for prompt in prompts]] = 0
        parts = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        return Batch(text=text, **parts)


def read(
    folder: Path, model: Autoencoder, encode: Callable[[list[str]], Tensor], cache: Path
) -> tuple[Land, Land]:
    """Land to learn from, and held-out land; both are the same if there is too little to hold any out.
    Latents are cached in the folder ``cache``. Raises BadSetting if there is no land at all."""
    every = mosaics(folder, model, cache / "latents.safetensors")
    aerial = patches(folder, model, cache / "aerial.safetensors")
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
