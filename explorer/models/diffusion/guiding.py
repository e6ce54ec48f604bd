"""ControlNets: networks beside a UNet that make it follow a picture (Zhang et al. 2023, arXiv 2302.05543)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from diffusers import ControlNetModel
from torch import Tensor
from torch.nn import functional

from explorer.models.diffusion.kinds import space_of
from explorer.models.diffusion.layout import CARD, needed_controlnet, variant
from explorer.models.diffusion.loading import digest, expect, is_safetensors, read, ready
from explorer.models.diffusion.parts import Parts
from explorer.models.diffusion.residence import Offload, Residence
from explorer.models.diffusion.whole import read_whole
from explorer.painting.guides import Cut
from tiles.errors import ModelRefused
from tiles.recipe import MOST_WORDS, UNSAID, GuideNote

PIXELS = 8  # of a guide for each latent: so all ControlNets of this kind are built
SAME = ("cross_attention_dim", "block_out_channels", "layers_per_block", "down_block_types")


class Guidance(NamedTuple):
    """What guides the windows of a batch."""

    pixels: Tensor  # (n, 3, 8 width, 8 width), 0..1
    weight: Tensor  # (n, 1, width, width), 0..1

    def square(self, top: int, left: int, side: int) -> Guidance:
        """A part of it, in latents."""
        scale = self.pixels.shape[-1] // self.weight.shape[-1]
        rows, columns = slice(top, top + side), slice(left, left + side)
        fine = [slice(part.start * scale, part.stop * scale) for part in (rows, columns)]
        return Guidance(self.pixels[..., fine[0], fine[1]], self.weight[..., rows, columns])


def guidance_of(cuts: list[Cut], device: str, dtype: torch.dtype) -> Guidance:
    """Of windows that all have a guide."""
    pixels = torch.from_numpy(np.stack([cut.pixels for cut in cuts])).permute(0, 3, 1, 2)
    weight = torch.from_numpy(np.stack([cut.weight for cut in cuts]))
    return Guidance(pixels.to(device, dtype) / 255, weight.to(device, dtype))


class Looked(NamedTuple):
    """What a UNet is shown at one step, (n, ...)."""

    noisy: Tensor  # (n, channels, side, side)
    timestep: float
    text: Tensor
    labels: Tensor | None


def added(parts: Parts, looked: Looked, guide: Guidance | None) -> dict[str, Any]:
    """What a UNet is given besides, as its arguments: what a ControlNet adds to its features on the way down
    and in the middle. Nothing is added where no guide lies."""
    network = parts.controlnet
    if guide is None or network is None:
        return {}
    told = looked.labels if network.config["class_embed_type"] is not None else None
    seen = {"controlnet_cond": guide.pixels, "class_labels": told, "return_dict": False}
    with parts.residence.working(network):
        down, middle = network(looked.noisy, looked.timestep, looked.text, **seen)
    weigh = {
        size: functional.adaptive_avg_pool2d(guide.weight, size)
        for size in {tuple(each.shape[-2:]) for each in (*down, middle)}
    }
    return {
        "down_block_additional_residuals": [each * weigh[tuple(each.shape[-2:])] for each in down],
        "mid_block_additional_residual": middle * weigh[tuple(middle.shape[-2:])],
    }


def noted(folder: Path, words: str) -> GuideNote:
    """What a world remembers of a ControlNet. ``words`` say what pictures it follows; empty: what its card
    says. Raises ModelRefused."""
    files = _files(folder)
    return GuideNote(name=folder.name[:MOST_WORDS], digest=digest(folder, files), wants=words or card(folder))


def card(folder: Path) -> str:
    """The first words of a ControlNet's card that are no heading: what it was trained to follow."""
    file = folder / CARD
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    if text.startswith("---"):
        text = text.partition("\n---")[2]
    for line in text.splitlines():
        plain = "".join(letter for letter in line.strip() if letter.isprintable())
        if plain and plain[0] not in "#<![|-`":
            return plain[:MOST_WORDS]
    return UNSAID


def with_controlnet(parts: Parts, folder: Path, offload: Offload) -> Parts:
    """``parts`` with the ControlNet in ``folder``; the digest covers it. Raises ModelRefused for one that is
    not whole, or for another kind of model."""
    files = _files(folder)
    config, weights = files
    found, unet = read(folder, config), parts.unet.config
    expect(folder, config, "_class_name", found.get("_class_name"), ("ControlNetModel",))
    space = space_of(parts.vae.config)
    if space.pixels != PIXELS:
        raise ModelRefused(
            f"{folder.name}: a ControlNet reads {PIXELS} pixels a latent; {parts.name} has {space}"
        )
    expect(folder, config, "in_channels", found.get("in_channels"), (space.channels,))
    expect(folder, config, "conditioning_channels", found.get("conditioning_channels", 3), (3,))
    for key in SAME:
        own, wanted = found.get(key), unet[key]
        if _plain(own) != _plain(wanted):
            raise ModelRefused(
                f"{folder.name}/{config}: {key} is {own}; {parts.name} has {wanted}. This ControlNet was made"
                " for another model"
            )
    is_safetensors(folder, weights)
    network = read_whole(
        ControlNetModel.from_pretrained,
        (folder / config).parent,
        folder.name,
        variant=variant([weights]),
        torch_dtype=parts.dtype,
        low_cpu_mem_usage=False,
    )
    whole = hashlib.blake2b(f"{parts.digest} {digest(folder, files)}".encode(), digest_size=16)
    network = ready(network, parts.device)
    components = [parts.unet, network, parts.vae, parts.text_encoder]
    residence = Residence(components, parts.device, offload)
    return parts._replace(controlnet=network, residence=residence, digest=whole.hexdigest())


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _files(folder: Path) -> list[str]:
    there = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return needed_controlnet(there, folder.name)
