"""Decoding with detail: coarse latents get the detail that belongs to them, then both become pixels.

Detail is derived when a tile is decoded, as pixels are: a world stores the coarse latents alone.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from explorer.models.autoencoder import Autoencoder, crop
from explorer.models.detail import DetailPainter


class DetailDecoder(nn.Module):
    """Coarse latents to pictures, by way of detail. Raises ValueError where ``painter`` gives another number
    of channels than ``autoencoder`` reads."""

    def __init__(self, autoencoder: Autoencoder, painter: DetailPainter) -> None:
        super().__init__()
        given, read = painter.config["detail"], autoencoder.config["detail"]
        if given != read:
            raise ValueError(f"the detail painter gives {given} channels; the autoencoder reads {read}")
        self.autoencoder, self.painter = autoencoder, painter

    @property
    def margin(self) -> int:
        """Latents needed on each side of a region to decode it exactly: as many as the autoencoder sees,
        and as many as the painter sees around those."""
        return self.painter.reach + self.autoencoder.margin

    def decode_inside(self, coarse: Tensor) -> Tensor:
        """Coarse latents (n, 4, h + 2 margin, w + 2 margin) to the pictures (n, 3, 8h, 8w) inside.

        The same numbers as inside any larger sheet whose corner lies an even number of latents away, so tiles
        join exactly; h and w are even.
        """
        detail = self.painter.paint_inside(coarse)
        latents = torch.cat([crop(coarse, self.painter.reach), detail], 1)
        return self.autoencoder.decode_inside(latents)
