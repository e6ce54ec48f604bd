"""What a training window already knows: the very masks that painting uses, with some jitter."""

from __future__ import annotations

import numpy as np

# How often each kind is drawn. Edits are a ring of any width around a rectangle anywhere; around an
# edit any of the eight neighbours may be painted (neighbours), and part of the core too (patches).
KINDS = {
    "A": 0.30,
    "B horizontal": 0.14,
    "B vertical": 0.14,
    "D": 0.20,
    "edit": 0.08,
    "neighbours": 0.08,
    "patches": 0.06,
}


def draw(side: int, halo: int, rng: np.random.Generator) -> np.ndarray:
    """A random mask, float32 (side, side): 1 where latents are known, 0 where they are to be painted."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    if kind == "edit":
        return around_edit(side, rng)
    halo = int(halo + rng.integers(-1, 2))
    if kind in ("neighbours", "patches"):
        mask = neighbours(side, halo, rng)
        return with_patches(mask, halo, rng) if kind == "patches" else mask
    return phase_mask(kind, side, halo)


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


def around_edit(side: int, rng: np.random.Generator) -> np.ndarray:
    """All is known but a rectangle anywhere in the window."""
    mask = np.ones((side, side), np.float32)
    height, width = rng.integers(side // 3, side - 3, 2)
    top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
    mask[top : top + height, left : left + width] = 0
    return mask


def neighbours(side: int, halo: int, rng: np.random.Generator) -> np.ndarray:
    """The parts of any subset of the eight neighbouring cells that the window sees."""
    mask = np.zeros((side, side), np.float32)
    bands = (slice(0, halo), slice(halo, side - halo), slice(side - halo, side))
    share = rng.random()
    for row, column in np.ndindex(3, 3):
        if (row, column) != (1, 1) and rng.random() < share:
            mask[bands[row], bands[column]] = 1
    return mask


def with_patches(mask: np.ndarray, halo: int, rng: np.random.Generator) -> np.ndarray:
    """``mask`` with one or two rectangles of its core known, at most three quarters of it a side."""
    core = len(mask) - 2 * halo
    for _ in range(rng.integers(1, 3)):
        height, width = rng.integers(2, core * 3 // 4 + 1, 2)
        top, left = (halo + rng.integers(0, core - extent + 1) for extent in (height, width))
        mask[top : top + height, left : left + width] = 1
    return mask
