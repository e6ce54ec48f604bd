"""What a training window already knows: the very masks that painting uses, with some jitter."""

from __future__ import annotations

import numpy as np

# How often each kind is drawn. Edits are a ring of any width around a rectangle anywhere.
KINDS = {"A": 0.34, "B horizontal": 0.15, "B vertical": 0.15, "D": 0.22, "edit": 0.14}


def draw(side: int, halo: int, rng: np.random.Generator) -> np.ndarray:
    """One mask (side, side), 1 where latents are known."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "edit":
        return _edit(side, rng)
    return phase_mask(kind, side, int(halo + rng.integers(-1, 2)))


def phase_mask(kind: str, side: int, halo: int) -> np.ndarray:
    """The mask of a phase: nothing, two opposite sides of the core, or its whole ring."""
    mask = np.zeros((side, side), np.float32)
    inner = slice(halo, side - halo)
    if kind == "B horizontal":
        mask[inner, :halo] = mask[inner, side - halo :] = 1
    elif kind == "B vertical":
        mask[:halo, inner] = mask[side - halo :, inner] = 1
    elif kind == "D":
        mask[:] = 1
        mask[inner, inner] = 0
    return mask


def _edit(side: int, rng: np.random.Generator) -> np.ndarray:
    mask = np.ones((side, side), np.float32)
    height, width = rng.integers(side // 3, side - 3, 2)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    mask[top : top + height, left : left + width] = 0
    return mask
