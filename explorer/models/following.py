"""How a level shows what the level above it shows.

A parent's latents say where land is, up to their own size. What its picture shows between them, a rock or a
roof of some pixels, the decoder drew, and the next level would draw another one there. So painted latents are
compared with the parent's picture: both as latents of this level, and both without what only this level can
show. The difference is added, and sampling takes its last step again, which makes land of it.

The idea is that of iterative latent variable refinement (Choi et al. 2021, arXiv 2108.02938), whose low-pass
filter is here a picture made half as large and enlarged again.
"""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from explorer.models.autoencoder import crop

GUESSED = 4  # latents around those whose pixels are known, for which a mirror image stands


class Coder(Protocol):
    """What turns latents into pictures in -1..1 and back; pixels depend on ``margin`` latents around them."""

    @property
    def margin(self) -> int: ...

    def encode(self, pictures: Tensor) -> Tensor: ...

    def decode_inside(self, latents: Tensor) -> Tensor: ...


def rim_of(coder: Coder) -> int:
    """Latents of a parent that are needed around a window, which is one zoom deeper."""
    return coder.margin - (coder.margin - GUESSED) // 2


def correction(coder: Coder, painted: Tensor, parent: Tensor) -> Tensor:
    """What painted latents (n, channels, h, w) lack of their parent's picture, of the same shape. Zero in the
    outermost ones, whose pixels can only be guessed.

    ``parent`` (n, channels, h / 2 + 2 m, w / 2 + 2 m) is one zoom coarser. It lies under them and as many
    latents m around as ``rim_of`` says.
    """
    # Beyond the window land goes on in some way. Without a guess, cells would not join as well.
    wider = F.pad(painted, (GUESSED,) * 4, mode="reflect")
    seen = F.avg_pool2d(coder.decode_inside(wider).clamp(-1, 1), 2)  # what one zoom above can show of them
    wanted = coder.decode_inside(parent).clamp(-1, 1)
    wanted = crop(wanted, (wanted.shape[2] - seen.shape[2]) // 2)
    both = F.interpolate(torch.cat([wanted, seen]), scale_factor=2, mode="bicubic", align_corners=False)
    above, below = coder.encode(both.clamp(-1, 1)).chunk(2)
    return F.pad(above - below, (coder.margin - GUESSED,) * 4)
