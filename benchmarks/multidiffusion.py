"""Two other ways to paint with the same model, for comparison."""

from __future__ import annotations

import numpy as np
import torch
from infinite_tensor import InfiniteTensor, MemoryTileStore, TensorWindow
from torch import Tensor

from explorer.models.terra import SPACE, Terra
from explorer.painting.noise import cell_noise
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from tiles.grid import Tile

SIDE, WINDOW, STRIDE = 4, 48, 32  # tiles a side of the picture; latents


def independent(model: Terra, prompt: str) -> np.ndarray:
    """Tiles that know nothing of each other, uint8 (1024, 1024, 3)."""
    cells = {}
    for y in range(SIDE):
        for x in range(SIDE):
            spec = WindowSpec(
                pyramid_of(8, 0, model.traits.halo, model.traits.space), 1, (Condition(prompt),)
            )
            window = assemble(Tile(8, 2 * x, 2 * y), spec, {})
            latents = model.paint([window])[0]
            halo = model.traits.halo
            cells[x, y] = latents[:, halo : halo + SPACE.side, halo : halo + SPACE.side]
    rows = [np.concatenate([cells[x, y] for x in range(SIDE)], 2) for y in range(SIDE)]
    return _picture(model, np.concatenate(rows, 1))


def lazy(model: Terra, prompt: str) -> tuple[np.ndarray, float]:
    """MultiDiffusion (Bar-Tal et al. 2023, arXiv 2302.08113) on an endless canvas.

    Every step is an endless tensor over the one before, windows overlap by a third and are
    averaged with a smooth weight. Gives a picture, uint8 (1024, 1024, 3), and the windows run for
    each tile revealed by panning: denoiser calls over steps.
    """
    weight = _weight()
    store, calls = MemoryTileStore(), [0]
    text = model.embed(prompt)
    window = TensorWindow((5, WINDOW, WINDOW), (5, STRIDE, STRIDE))

    def start(index: tuple[int, ...]) -> Tensor:
        noise = torch.from_numpy(np.array(cell_noise(1, Tile(8, index[2], index[1]), 4, SPACE.side)))
        return torch.cat([noise, torch.ones(1, SPACE.side, SPACE.side)])

    sheet = InfiniteTensor((5, None, None), start, TensorWindow((5, 32, 32)), tile_store=store)
    for now, then in zip(model.times, model.times[1:]):

        def step(index: tuple[int, ...], before: Tensor, now: float = now, then: float = then) -> Tensor:
            x = (before[:4] / before[4:])[None]
            calls[0] += 1
            with torch.inference_mode():
                moved = x + (then - now) * _velocity(model, x, now, text)
            return torch.cat([moved[0] * weight, weight])

        sheet = InfiniteTensor(
            (5, None, None), step, window, args=(sheet,), args_windows=(window,), tile_store=store
        )

    def read(left: int, width: int) -> np.ndarray:
        weighted = sheet[:, 0 : SIDE * 32, left * 32 : (left + width) * 32]
        return (weighted[:4] / weighted[4:]).numpy()

    latents = read(0, SIDE)
    cold, pans = calls[0], 6
    for column in range(SIDE, SIDE + pans):
        read(column, 1)
    per_tile = (calls[0] - cold) / (len(model.times) - 1) / (pans * SIDE)
    return _picture(model, latents), per_tile


def _velocity(model: Terra, x: Tensor, t: float, text: Tensor) -> Tensor:
    empty = torch.zeros(1, 10, WINDOW, WINDOW)
    args = (torch.full((1,), t), torch.full((1,), 8.0), torch.zeros(1, dtype=torch.long))
    seen = torch.cat([x, empty], 1)
    conditional = model.denoiser(seen, args[0], text, *args[1:])
    unconditional = model.denoiser(seen, args[0], torch.zeros_like(text), *args[1:])
    return unconditional + model.guidance_scale * (conditional - unconditional)


def _weight() -> Tensor:
    ramp = torch.minimum(torch.arange(WINDOW) + 1, WINDOW - torch.arange(WINDOW)).clamp(max=16) / 16
    return (ramp[:, None] * ramp)[None].float()


def _picture(model: Terra, latents: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        picture = model.autoencoder.decode(torch.from_numpy(latents)[None])[0]
    return ((picture.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
