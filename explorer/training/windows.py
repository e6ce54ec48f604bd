"""Training windows for the denoiser: mosaics as latents, with their parents and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import NO_ZOOM
from explorer.training import captions, data, masks
from explorer.training.autoencoder import to_tensor
from explorer.training.loop import device, half_precision, keep

WHOLE = 64  # px of a latent three zooms coarser
COARSER = (1, 2, 3)  # zooms by which a parent may be coarser
SOURCES = ("bluemarble-*", "mosaic-*")
ZOOM_SHARES = {5: 0.15, 6: 0.22, 7: 0.25, 8: 0.38}
NO_TEXT, NO_ZOOMS, NO_PARENT = 0.15, 0.1, {5: 0.8, 6: 0.65, 7: 0.4, 8: 0.25}
ANY_SHARE, NO_ANY_PARENT = 0.25, 0.4  # of any other zoom
LEAST = 384  # px, as wide as a window of painting
PARENT_NOISE = 0.3  # at most: a painted sketch is never as clean as a real picture


class Mosaic(NamedTuple):
    """One mosaic as latents."""

    picture: data.Picture  # without its pixels
    latents: Tensor  # half (4, h, w); of Blue Marble 128 a side
    parents: Tensor  # half (3, 4, h, w): 1, 2 and 3 zooms coarser, enlarged


class Batch(NamedTuple):
    """n windows of one side."""

    latents: Tensor  # (n, 4, side, side)
    mask: Tensor  # (n, 1, side, side), 1 where known
    parent: Tensor  # (n, 4, side, side)
    parent_mask: Tensor  # (n, 1, side, side)
    text: Tensor  # (n, 256), zeros where no prompt is given
    zoom: Tensor  # (n,)
    coarser: Tensor  # (n,)
    counted: Tensor  # (n, 1, side, side), 0 where latents are no land to learn from

    def to(self, device: torch.device) -> Batch:
        return Batch(*(part.to(device) for part in self))

    def fixed(self) -> Tensor:
        """The channels that do not change while sampling, (n, 10, side, side)."""
        known = self.latents * self.mask
        return torch.cat([known, self.mask, self.parent, self.parent_mask], 1)


def mosaics(folder: Path, model: Autoencoder, cache: Path) -> list[Mosaic]:
    """Every mosaic, Blue Marble's and one's own, encoded once and then read from ``cache`` (safetensors)."""
    cached = load_file(cache) if cache.exists() else {}
    found = []
    for picture in data.read(folder, *SOURCES):
        if not data.free(picture) or min(picture.pixels.shape[:2]) < LEAST:
            continue
        if picture.name not in cached:
            with torch.autocast("cpu", torch.bfloat16, enabled=half_precision() and device().type == "cpu"):
                cached[picture.name] = _encoded(picture.pixels, model)
        sheets = cached[picture.name]
        bare = picture._replace(pixels=np.empty(0, np.uint8))
        found.append(Mosaic(bare, sheets[0], sheets[1:]))
    keep(cached, cache)
    return found


@torch.inference_mode()
def _encoded(image: np.ndarray, model: Autoencoder) -> Tensor:
    """The latents of a mosaic and of its three parents, enlarged: half (4, 4, h / 8, w / 8), what does not
    fill the coarsest parent's latents left out."""
    height, width = (extent // WHOLE * WHOLE for extent in image.shape[:2])
    pixels = to_tensor(image[None, :height, :width]).contiguous(memory_format=torch.channels_last)
    sheets = [model.encode(pixels)]
    for coarser in COARSER:
        small = model.encode(F.avg_pool2d(pixels, 2**coarser))
        sheets.append(F.interpolate(small, scale_factor=2**coarser, mode="bilinear"))
    return torch.cat(sheets).half().contiguous()


class Windows:
    """Draws rows of batches from mosaics."""

    def __init__(self, mosaics: list[Mosaic]) -> None:
        self.by_zoom: dict[int, list[Mosaic]] = {}
        for mosaic in mosaics:
            self.by_zoom.setdefault(round(mosaic.picture.zoom), []).append(mosaic)

    def row(self, side: int, halo: int, rng: np.random.Generator) -> dict[str, Any]:
        """One window of ``side`` latents, as a row of a batch."""
        zooms = list(self.by_zoom)
        shares = np.array([ZOOM_SHARES.get(z, ANY_SHARE) for z in zooms])
        zoom = int(rng.choice(zooms, p=shares / shares.sum()))
        mosaic = self.by_zoom[zoom][rng.integers(len(self.by_zoom[zoom]))]
        height, width = mosaic.latents.shape[1:]
        top, left = (int(rng.integers(0, extent - side + 1)) for extent in (height, width))
        here = (..., slice(top, top + side), slice(left, left + side))
        parent, parent_mask, coarser = torch.zeros(4, side, side), torch.zeros(1, side, side), 0
        if rng.random() > NO_PARENT.get(zoom, NO_ANY_PARENT):
            coarser = int(rng.choice(COARSER))
            noise = torch.randn(4, side, side) * (PARENT_NOISE * rng.random())
            parent = mosaic.parents[coarser - 1][here].float() + noise
            parent_mask += 1
        # Labelled squares are four a side.
        square = (top + side // 2) * 4 // height * 4 + (left + side // 2) * 4 // width
        prompt = "" if rng.random() < NO_TEXT else captions.tile_caption(mosaic.picture, square, rng)
        return {
            "latents": mosaic.latents[here].float(),
            "mask": torch.from_numpy(masks.draw(side, halo, rng))[None],
            "parent": parent,
            "parent_mask": parent_mask,
            "zoom": torch.tensor(NO_ZOOM if rng.random() < NO_ZOOMS else float(zoom)),
            "coarser": torch.tensor(coarser),
            "counted": torch.ones(1, side, side),
            "prompt": prompt,
        }
