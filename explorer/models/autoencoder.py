"""terra's autoencoder: pictures to latents, 8x smaller a side, and back.

The shape follows TAESD (Ollin Boer Bohan, https://github.com/madebyollin/taesd): plain residual
convolutions, no attention and no normalisation. So a pixel depends on a finite neighbourhood, and a tile
decoded with enough margin joins its neighbours exactly. Most of the work is done at low resolution and ends
in a pixel shuffle, which is fast on a CPU.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from explorer.models.torchvision_cure import cure

cure()  # before diffusers reads weights: it imports what imports torchvision
LATENT_CHANNELS = 4
LATENT_LIMIT = 6.0  # latents have unit variance; the decoder limits them softly to this
GRAINS = 64  # numbers of noise for each latent: one for each of its pixels


class Block(nn.Module):
    """One residual step that sees one pixel further on each side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.look = nn.Conv2d(channels, channels, 3, padding=1)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.mix(F.relu(self.look(x))))

    def inside(self, x: Tensor) -> Tensor:
        """The same without the outermost pixels: (n, c, h, w) to (n, c, h - 2, w - 2)."""
        seen = F.conv2d(x, self.look.weight, self.look.bias).relu_()
        mixed: Tensor = self.mix(seen)
        return mixed.add_(crop(x, 1)).relu_()


def crop(x: Tensor, border: int) -> Tensor:
    """``x`` (n, c, h, w) without ``border`` pixels on each side."""
    return x[:, :, border : x.shape[2] - border, border : x.shape[3] - border] if border else x


def inside(level: nn.Module, x: Tensor) -> Tensor:
    """What ``level`` makes of ``x``, without the pixels that it would guess beyond the edges for."""
    for part in level.children():
        if isinstance(part, Block):
            x = part.inside(x)
        elif isinstance(part, nn.Conv2d):
            x = F.conv2d(x, part.weight, part.bias)
        else:
            x = part(x)
    return x


def encoder(widths: tuple[int, int, int], blocks: tuple[int, int, int], channels: int) -> nn.Sequential:
    """Pictures (n, 3, 8h, 8w) to ``channels`` numbers (n, channels, h, w) a latent, of any scale."""
    deep, middle, fine = widths
    return nn.Sequential(
        nn.PixelUnshuffle(2),
        nn.Conv2d(12, fine, 3, padding=1),
        *(Block(fine) for _ in range(blocks[2])),
        nn.Conv2d(fine, middle, 4, stride=2, padding=1),
        *(Block(middle) for _ in range(blocks[1])),
        nn.Conv2d(middle, deep, 4, stride=2, padding=1),
        *(Block(deep) for _ in range(blocks[0])),
        nn.Conv2d(deep, channels, 3, padding=1),
    )


class Autoencoder(ModelMixin, ConfigMixin):
    """Pictures (n, 3, 8h, 8w) in -1..1 to latents (n, channels, h, w) of unit variance, and back.

    The first 4 channels, the coarse ones, are what the denoiser paints and what a world stores. A model
    with ``detail`` has more channels after them, from an encoder of their own: lines and edges that 4
    numbers a latent cannot hold. Its coarse channels do not depend on them.
    """

    # Pixels that each level of the decoder needs around the wanted part, at its own size. The levels reach
    # 4, 3 and 3 px, and each halves what the next one needs: 3, then 2 + 3, then 3 + 4.
    margins = (7, 5, 3)

    @register_to_config
    def __init__(
        self,
        widths: tuple[int, int, int] = (128, 64, 32),
        blocks: tuple[int, int, int] = (3, 3, 2),
        waves: tuple[float, ...] = (),
        last: int | None = None,
        grain: float = 0.0,
        detail: int = 0,
    ) -> None:
        """``last`` is the width of the decoder's last level, by default that of the encoder's first;
        ``waves`` and ``grain``, in radians per unit of latents, are sources of texture for the decoder (see
        ``_read`` and ``grain_noise``); ``detail`` is the number of channels beside the coarse ones."""
        super().__init__()
        deep, middle, fine = widths
        self.encoder = encoder(widths, blocks, LATENT_CHANNELS)
        self.detail_encoder = encoder(widths, blocks, detail) if detail else None
        drawn = last or fine
        self.levels = nn.ModuleList(
            [
                nn.Sequential(
                    nn.Conv2d(self.channels + 2 * LATENT_CHANNELS * len(waves), deep, 3, padding=1),
                    nn.ReLU(),
                    *(Block(deep) for _ in range(blocks[0])),
                    nn.Conv2d(deep, 4 * middle, 1),
                    nn.PixelShuffle(2),
                ),
                nn.Sequential(
                    *(Block(middle) for _ in range(blocks[1])),
                    nn.Conv2d(middle, 4 * drawn, 1),
                    nn.PixelShuffle(2),
                ),
                nn.Sequential(
                    *(Block(drawn) for _ in range(blocks[2])),
                    nn.Conv2d(drawn, 12, 3, padding=1),
                    nn.PixelShuffle(2),
                ),
            ]
        )
        if grain:
            towards = torch.randn(LATENT_CHANNELS, GRAINS, generator=torch.Generator().manual_seed(0))
            self.register_buffer("directions", (grain * towards).round())  # whole, so that fp16 keeps them
            self.grains = nn.ModuleList(
                [nn.Conv2d(GRAINS // 4, middle, 1, bias=False), nn.Conv2d(GRAINS // 16, drawn, 1, bias=False)]
            )
        # The encoder's output has whatever scale training arrived at; these bring it to unit variance.
        self.register_buffer("latent_mean", torch.zeros(1, self.channels, 1, 1))
        self.register_buffer("latent_std", torch.ones(1, self.channels, 1, 1))

    @property
    def channels(self) -> int:
        """Channels of a latent: 4 coarse ones, and those of detail."""
        return LATENT_CHANNELS + int(self.config.detail)

    @property
    def margin(self) -> int:
        """Latents needed on each side of a region to decode it exactly."""
        return self.margins[0]

    def encode(self, pictures: Tensor) -> Tensor:
        """Pictures (n, 3, 8h, 8w) in -1..1 to latents (n, channels, h, w), zero mean, unit variance."""
        return (self.encode_raw(pictures) - self.latent_mean) / self.latent_std

    def encode_raw(self, pictures: Tensor) -> Tensor:
        """The same, not normalised: training measures mean and deviation of it."""
        coarse: Tensor = self.encoder(pictures)
        return (
            coarse if self.detail_encoder is None else torch.cat([coarse, self.detail_encoder(pictures)], 1)
        )

    def decode(self, latents: Tensor) -> Tensor:
        """Latents (n, channels, h, w) to pictures (n, 3, 8h, 8w), about -1..1, edges padded with zeros."""
        x, noise = self._read(latents), self.grain_noise(latents)
        for depth, level in enumerate(self.levels):
            x = level(self._grained(x, noise, depth))
        return x

    def decode_inside(self, latents: Tensor) -> Tensor:
        """Latents (n, channels, h + 2 margin, w + 2 margin) to the pictures (n, 3, 8h, 8w) inside.

        The same numbers as ``decode`` of any larger sheet. Nothing is drawn that no later step needs: each
        convolution drops the pixels whose surroundings it does not know.
        """
        x, noise = self._read(latents), self.grain_noise(latents)
        for depth, (level, margin) in enumerate(zip(self.levels, self.margins)):
            size = (latents.shape[2] - 2 * self.margin) * 2**depth + 2 * margin
            x = inside(level, self._grained(crop(x, (x.shape[2] - size) // 2), noise, depth))
        # Something is left only of a network of fewer blocks than the margins are meant for.
        return crop(x, x.shape[2] // 2 - 4 * (latents.shape[2] - 2 * self.margin))

    def _grained(self, x: Tensor, noise: Tensor | None, depth: int) -> Tensor:
        """What level ``depth`` reads: ``x``, and the part of the noise that lies there."""
        if noise is None or not depth:
            return x
        here = F.pixel_shuffle(noise, 2**depth)
        grain: Tensor = self.grains[depth - 1](crop(here, (here.shape[2] - x.shape[2]) // 2))
        return x + grain

    def _read(self, latents: Tensor) -> Tensor:
        """What the decoder sees of latents (n, channels, h, w): themselves, and sines and cosines of the
        coarse ones.

        Fine texture is not in the latents, and a decoder must invent it. The waves (Fourier
        features, Tancik et al. 2020, arXiv 2006.10739) make small differences between latents large:
        they serve as a source of irregularity that is a function of the latents alone.
        """
        folded = torch.tanh(latents / LATENT_LIMIT) * LATENT_LIMIT
        angles = [folded[:, :LATENT_CHANNELS] * wave for wave in self.config.waves]
        return torch.cat([folded, *(f(angle) for angle in angles for f in (torch.sin, torch.cos))], 1)

    def grain_noise(self, latents: Tensor) -> Tensor | None:
        """The noise that grain is made from, (n, 64, h, w) in -1..1: a number for each pixel. None without
        grain.

        Cosines of random directions in coarse latents (random Fourier features, Rahimi and Recht 2007),
        so fast that neighbouring latents are independent: white noise that belongs to the land, wherever and
        whenever it is decoded. Grain made from it does not show the grid of latents.
        """
        if not self.config.grain:
            return None
        # Summed in full precision: less would change the angles.
        coarse = latents[:, :LATENT_CHANNELS].float()
        angles = (coarse[:, :, None] * self.directions[None, :, :, None, None]).sum(1)
        return torch.cos(angles)
