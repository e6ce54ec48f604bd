"""What a Stable Diffusion model's configs say of its latents and of what it was trained for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tiles.latents import PIXELS, LatentSpace

Task = Literal["text", "instruction", "inpainting"]
MOST_CHANNELS = 64  # of latents, as a world may have them
CHANNELS = 4  # of latents, where a config names none: diffusers' default


def space_of(vae: Mapping[str, Any]) -> LatentSpace:
    """The latent space of a VAE by its config: each of its blocks but the first halves the picture.

    >>> space_of({"latent_channels": 16, "block_out_channels": [128, 256, 512, 512]})
    LatentSpace(channels=16, pixels=8)
    """
    return LatentSpace(int(vae.get("latent_channels", CHANNELS)), 2 ** (len(vae["block_out_channels"]) - 1))


def is_known(space: LatentSpace) -> bool:
    """Whether a world can be painted in a space."""
    return 1 <= space.channels <= MOST_CHANNELS and space.pixels in PIXELS


def inputs_of(channels: int) -> dict[int, Task]:
    """What a UNet is for, by the channels that it is shown: noisy latents; and those of a picture to edit;
    and a mask and the masked picture's.

    >>> inputs_of(4)
    {4: 'text', 8: 'instruction', 9: 'inpainting'}
    """
    return {channels: "text", 2 * channels: "instruction", 2 * channels + 1: "inpainting"}


def shift_of(vae: Mapping[str, Any]) -> float:
    """What is taken off a VAE's latents before they are scaled, as with Stable Diffusion 3 and FLUX.1."""
    return float(vae.get("shift_factor") or 0.0)
