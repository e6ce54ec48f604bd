"""Training windows for the denoiser: mosaics as latents, with their parents and labels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import NO_ZOOM
from explorer.training import captions, data, masks
from explorer.training.autoencoder import moved, resized, to_tensor
from explorer.training.kept import Named, made
from explorer.training.loop import device, half_precision

WHOLE = 64  # px of a latent three zooms coarser
COARSER = (1, 2, 3)  # zooms by which a parent may be coarser
SOURCES = ("bluemarble-*", "mosaic-*")
ZOOM_SHARES = {5: 0.15, 6: 0.22, 7: 0.25, 8: 0.38}
NO_TEXT, NO_ZOOMS, NO_PARENT = 0.15, 0.1, {5: 0.8, 6: 0.65, 7: 0.4, 8: 0.25}
ANY_SHARE, NO_ANY_PARENT = 0.25, 0.4  # of any other zoom,
ENOUGH = 100  # if there are as many mosaics of it: of fewer, fewer windows are drawn
LEAST = 384  # px, as wide as a window of painting
SQUARES = 4  # labelled squares a side of a mosaic
LABELLED_SHARE = 0.8  # of windows are drawn by the class in their middle
LEVELLING = 0.3  # power of a class's count that says how often it is drawn: 0 is all alike, 1 as they come
SHRUNK = 0.75  # the size, beside its own, at which a mosaic is learned too
SHRUNK_SHARE = 0.25  # of windows are of such
HALVED = 0.5  # the size at which mosaics stand for the zoom above their own too
TURNED_SHARE = 0.5  # of windows are turned and mirrored: land has no north, though its light has one
PARENT_NOISE = 0.3  # at most: a painted sketch is never as clean as a real picture


class Mosaic(NamedTuple):
    """One mosaic as latents."""

    picture: data.Picture  # without its pixels
    latents: Tensor  # half (4, h, w); of Blue Marble 128 a side
    parents: Tensor  # half (3, 4, h, w): 1, 2 and 3 zooms coarser, enlarged
    scale: float  # 1, or ``SHRUNK``

    @property
    def source_zoom(self) -> int:
        """The zoom of the mosaic that it was shrunk from."""
        return round(self.picture.zoom - math.log2(self.scale))


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
    found: list[tuple[str, data.Picture, float]] = []

    def pictures() -> Iterator[Named]:
        for picture in data.read(folder, *SOURCES):
            for size, scale, shape in _sizes(picture):
                name = picture.name if size == 1 else f"{picture.name} {size}"
                bare = picture._replace(pixels=np.empty(0, np.uint8), zoom=picture.zoom + math.log2(size))
                found.append((name, bare, scale))
                yield name, partial(_encoded, picture.pixels, size, shape, model)

    latents = made(cache, pictures(), "encoding mosaics")
    return [Mosaic(bare, latents[name][0], latents[name][1:], scale) for name, bare, scale in found]


def _sizes(picture: data.Picture) -> Iterator[tuple[float, float, tuple[int, int]]]:
    """Sizes, beside its own, at which a picture is learned: with its mosaic's scale, height and width."""
    if not data.free(picture):
        return
    wholes = (1.0,) if round(picture.zoom) in ZOOM_SHARES else (1.0, HALVED)
    for whole, scale in itertools.product(wholes, (1.0, SHRUNK)):
        size = whole * scale
        height, width = (int(extent * size) // WHOLE * WHOLE for extent in picture.pixels.shape[:2])
        if min(height, width) >= LEAST:
            yield size, scale, (height, width)


@torch.inference_mode()
def _encoded(whole: np.ndarray, size: float, shape: tuple[int, int], model: Autoencoder) -> Tensor:
    """The latents of a picture at a size, cut to ``shape``, and of its three parents, enlarged: half
    (4, 4, h / 8, w / 8)."""
    image = resized(whole, size)[: shape[0], : shape[1]]
    pixels = to_tensor(image[None]).contiguous(memory_format=torch.channels_last).to(device())
    with torch.autocast(device().type, torch.bfloat16, enabled=half_precision()):
        sheets = [model.encode(pixels)]
        for coarser in COARSER:
            small = model.encode(F.avg_pool2d(pixels, 2**coarser))
            sheets.append(F.interpolate(small, scale_factor=2**coarser, mode="bilinear"))
    return torch.cat(sheets).half().contiguous().cpu()


class Windows:
    """Draws rows of batches from mosaics: zooms by ``ZOOM_SHARES``, most places by what lies there, so
    that seas and cities, of which little is labelled, are learned too."""

    def __init__(self, mosaics: list[Mosaic]) -> None:
        self.mosaics: dict[tuple[int, bool], list[Mosaic]] = {}  # by zoom, and whether shrunk
        self.labelled: dict[tuple[int, bool], dict[str, list[tuple[Mosaic, int]]]] = {}
        for mosaic in mosaics:
            kind = mosaic.source_zoom, mosaic.scale != 1
            self.mosaics.setdefault(kind, []).append(mosaic)
            by_class = self.labelled.setdefault(kind, {})
            for square, label in enumerate(mosaic.picture.tiles):
                if label:
                    by_class.setdefault(label["cls"], []).append((mosaic, square))
        self.zooms = sorted({zoom for zoom, _ in self.mosaics})
        shares = np.array([self._share(zoom) for zoom in self.zooms])
        self.shares = shares / shares.sum()

    def place(self, side: int, rng: np.random.Generator) -> tuple[Mosaic, int, int]:
        """A mosaic, and where a window of ``side`` latents begins in it: top, left."""
        kind = int(rng.choice(self.zooms, p=self.shares)), rng.random() < SHRUNK_SHARE
        kind = kind if kind in self.mosaics else (kind[0], not kind[1])
        by_class = self.labelled[kind]
        if not by_class or rng.random() > LABELLED_SHARE:
            mosaic = self.mosaics[kind][rng.integers(len(self.mosaics[kind]))]
            top, left = (int(rng.integers(0, extent - side + 1)) for extent in mosaic.latents.shape[1:])
            return mosaic, top, left
        names = sorted(by_class)
        weights = np.array([len(by_class[name]) for name in names]) ** LEVELLING
        chosen = by_class[names[rng.choice(len(names), p=weights / weights.sum())]]
        mosaic, square = chosen[rng.integers(len(chosen))]
        starts = []
        for extent, step in zip(mosaic.latents.shape[1:], divmod(square, SQUARES)):
            middle = int((step + rng.random()) * extent / SQUARES)
            starts.append(min(max(middle - side // 2, 0), extent - side))
        return mosaic, starts[0], starts[1]

    def _share(self, zoom: int) -> float:
        """How many windows are of a zoom, beside others."""
        count = sum(len(self.mosaics.get((zoom, shrunk), ())) for shrunk in (False, True))
        return ZOOM_SHARES.get(zoom, ANY_SHARE * min(count / (2 * ENOUGH), 1))

    def row(self, side: int, halo: int, rng: np.random.Generator) -> dict[str, Any]:
        """One window of ``side`` latents, as a row of a batch."""
        mosaic, top, left = self.place(side, rng)
        height, width = mosaic.latents.shape[1:]
        here = (..., slice(top, top + side), slice(left, left + side))
        parent, parent_mask, coarser = torch.zeros(4, side, side), torch.zeros(1, side, side), 0
        if rng.random() > NO_PARENT.get(mosaic.source_zoom, NO_ANY_PARENT):
            coarser = int(rng.choice(COARSER))
            noise = torch.randn(4, side, side) * (PARENT_NOISE * rng.random())
            parent = mosaic.parents[coarser - 1][here].float() + noise
            parent_mask += 1
        row, column = (
            (start + side // 2) * SQUARES // extent for start, extent in ((top, height), (left, width))
        )
        prompt = (
            ""
            if rng.random() < NO_TEXT
            else captions.tile_caption(mosaic.picture, row * SQUARES + column, rng)
        )
        latents = mosaic.latents[here].float()
        if rng.random() < TURNED_SHARE:
            both = moved(torch.cat([latents, parent])[None], int(rng.integers(4)), rng.random() < 0.5)
            latents, parent = both[0].split(4)
        return {
            "latents": latents,
            "mask": torch.from_numpy(masks.draw(side, halo, rng))[None],
            "parent": parent,
            "parent_mask": parent_mask,
            "zoom": torch.tensor(NO_ZOOM if rng.random() < NO_ZOOMS else mosaic.picture.zoom),
            "coarser": torch.tensor(coarser),
            "counted": torch.ones(1, side, side),
            "prompt": prompt,
        }
