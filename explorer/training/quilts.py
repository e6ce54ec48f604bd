"""Training windows of aerial pictures, which are smaller than a window: quilts of one scene.

Pictures of one class and of like colours lie side by side under a window anywhere, all turned and mirrored
the same way: most streets of a town run the same two ways. What lies at a join is not land and does not
count: the denoiser learns each picture up to its border, but not the border itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import NO_ZOOM
from explorer.training import captions, data, masks
from explorer.training.autoencoder import moved, to_tensor
from explorer.training.kept import Named, made
from explorer.training.loop import device, half_precision
from explorer.training.windows import PARENT_NOISE

SOURCES = ("ucmerced-*", "scene-*")
SIDES = {256: 0.3, 216: 0.12, 184: 0.12, 152: 0.12, 128: 0.24, 104: 0.1}  # px, and how often drawn
FULL = 256  # px of the largest side; whatever its own, a picture is shrunk to each
BORDER = 4  # latents of mirrored surroundings that the encoder sees of a picture
JOIN = 1  # latents on each side of a join that do not count
ALIKE = 10  # pictures of the nearest colours, of which a quilt is made
NO_TEXT, NO_ZOOMS, NO_PARENT = 0.12, 0.1, 0.5
PARENT_FROM = 184  # px a side: coarser zooms have no parent, since nothing coarser was learned


class Patch(NamedTuple):
    """One picture as latents, at one zoom."""

    picture: data.Picture  # without its pixels
    latents: Tensor  # half (4, side / 8, side / 8)
    parent: Tensor  # half, the same: one zoom coarser, enlarged


def patches(folder: Path, model: Autoencoder, cache: Path) -> dict[int, list[Patch]]:
    """Every picture of a single scene at every side, encoded once and then read from ``cache``
    (safetensors)."""
    found: list[tuple[str, data.Picture, int]] = []

    def pictures() -> Iterator[Named]:
        for picture in data.read(folder, *SOURCES):
            if not data.free(picture) or min(picture.pixels.shape[:2]) < FULL - 16:
                continue
            for side in SIDES:
                zoom = picture.zoom + math.log2(side / min(picture.pixels.shape[:2]))
                bare = picture._replace(pixels=np.empty(0, np.uint8), zoom=zoom)
                found.append((f"{picture.name} {side}", bare, side))
                yield found[-1][0], partial(_encoded, picture.pixels, side, model)

    latents = made(cache, pictures(), "encoding scenes")
    by_side: dict[int, list[Patch]] = {side: [] for side in SIDES}
    for name, bare, side in found:
        by_side[side].append(Patch(bare, *latents[name]))
    return by_side


def _encoded(pixels: np.ndarray, side: int, model: Autoencoder) -> Tensor:
    """The latents of a picture ``side`` px wide, and of its parent, enlarged: half (2, 4, h, w)."""
    own = _latents(_resized(pixels, side), model)
    small = _latents(_resized(pixels, side // 16 * 8), model)
    parent = F.interpolate(small, size=own.shape[-1], mode="bilinear")
    return torch.cat([own, parent]).half().contiguous()


def _resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """The first square of a picture, ``side`` px wide."""
    whole = min(pixels.shape[:2])
    pixels = pixels[:whole, :whole]
    return np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX))


@torch.inference_mode()
def _latents(pixels: np.ndarray, model: Autoencoder) -> Tensor:
    """(1, 4, h, w) of uint8 (8h, 8w, 3), its surroundings mirrored: zeros would darken the border."""
    sheet = F.pad(to_tensor(pixels[None]), (8 * BORDER,) * 4, mode="reflect")
    sheet = sheet.contiguous(memory_format=torch.channels_last).to(device())
    with torch.autocast(device().type, torch.bfloat16, enabled=half_precision()):
        return model.encode(sheet)[..., BORDER:-BORDER, BORDER:-BORDER].float().cpu()


class Quilts:
    """Draws rows of batches from patches, classes in equal parts."""

    def __init__(self, patches: dict[int, list[Patch]]) -> None:
        self.by_class: dict[int, dict[str, list[Patch]]] = {}
        for side, sheet in patches.items():
            for patch in sheet:
                self.by_class.setdefault(side, {}).setdefault(patch.picture.cls, []).append(patch)

    def row(self, side: int, halo: int, rng: np.random.Generator) -> dict[str, Any]:
        """One window of ``side`` latents, as a row of a batch."""
        sides = list(self.by_class)
        shares = np.array([SIDES[s] for s in sides])
        pixels = int(rng.choice(sides, p=shares / shares.sum()))
        classes = sorted(self.by_class[pixels])
        chosen = alike(self.by_class[pixels][classes[rng.integers(len(classes))]], rng)
        latents, parent, counted, middle = quilt(chosen, side, rng)
        with_parent = pixels >= PARENT_FROM and rng.random() > NO_PARENT
        noise = torch.randn_like(parent) * (PARENT_NOISE * rng.random())
        zoom = middle.zoom if rng.random() > NO_ZOOMS else NO_ZOOM
        prompt = "" if rng.random() < NO_TEXT else captions.describe(middle, rng)
        return {
            "latents": latents,
            "mask": torch.from_numpy(masks.draw(side, halo, rng))[None],
            "parent": (parent + noise) * with_parent,
            "parent_mask": torch.full((1, side, side), float(with_parent)),
            "zoom": torch.tensor(zoom),
            "coarser": torch.tensor(int(with_parent)),
            "counted": counted,
            "prompt": prompt,
        }


def alike(patches: list[Patch], rng: np.random.Generator) -> list[Patch]:
    """One patch and those whose mean latents are nearest to its own."""
    means = torch.stack([patch.latents.float().mean((1, 2)) for patch in patches])  # (n, 4)
    distances = (means - means[rng.integers(len(patches))]).square().sum(1)
    return [patches[i] for i in distances.argsort()[:ALIKE].tolist()]


def quilt(
    patches: list[Patch], side: int, rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor, data.Picture]:
    """A window of patches side by side: latents, parents (4, side, side), where they count
    (1, side, side), and the picture in its middle."""
    step = patches[0].latents.shape[-1]
    top, left = (int(i) for i in rng.integers(0, step, 2))
    count = -(-(side + step) // step)
    turns, mirror = int(rng.integers(4)), bool(rng.random() < 0.5)
    rows, middle = [], patches[0].picture
    for row in range(count):
        across = []
        for column in range(count):
            patch = patches[rng.integers(len(patches))]
            sheets = torch.cat([patch.latents.float(), patch.parent.float()])[None]
            across.append(moved(sheets, turns, mirror)[0])
            if (row, column) == ((top + side // 2) // step, (left + side // 2) // step):
                middle = patch.picture
        rows.append(torch.cat(across, 2))
    sheet = torch.cat(rows, 1)[:, top : top + side, left : left + side]
    inside = [torch.from_numpy(_inside(step, start, side)) for start in (top, left)]
    return sheet[:4], sheet[4:], (inside[0][:, None] * inside[1])[None], middle


def _inside(step: int, start: int, side: int) -> np.ndarray:
    """Which of ``side`` latents from ``start`` on lie away from joins, float32 of 0 and 1."""
    within = np.arange(start, start + side) % step
    return ((within >= JOIN) & (within < step - JOIN)).astype(np.float32)
