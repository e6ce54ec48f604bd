"""LoRA adapters: small files of weights that turn a Stable Diffusion model towards something (Hu et al. 2021,
arXiv 2106.09685). They are merged into the model once, so that painting costs the same as without."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from explorer.models.diffusion.parts import Parts
from explorer.models.diffusion.sources import adapter_file, weighed
from tiles.errors import ModelRefused
from tiles.recipe import AdapterNote

NAME = "lora"  # what peft calls the one that is being merged


class Adapter(NamedTuple):
    """A LoRA file and how much of it is added."""

    file: Path
    weight: float = 1.0


def parse(text: str) -> Adapter:
    """What ``NAME`` or ``NAME:WEIGHT`` stands for, NAME being a file or on a hub. Raises ModelRefused.

    >>> parse("roofs.safetensors:0.8").weight, parse("roofs.safetensors").weight
    (0.8, 1.0)
    """
    name, weight = weighed(text)
    return Adapter(adapter_file(name), weight)


def noted(adapter: Adapter) -> AdapterNote:
    """What a world remembers of an adapter."""
    return AdapterNote(file=adapter.file.name, digest=_file_digest(adapter.file).hex(), weight=adapter.weight)


def found(notes: Sequence[AdapterNote], here: Sequence[Adapter]) -> list[Adapter]:
    """The adapters that a world remembers, among the files ``here``, whatever these are called. Raises
    ModelRefused, which names one that is missing."""
    files = {_file_digest(adapter.file).hex(): adapter.file for adapter in here} if notes else {}
    for note in notes:
        if note.digest not in files:
            raise ModelRefused(
                f"the adapter {note.file} ({note.digest[:12]}) is not here: name its file in EARTH_ADAPTERS"
            )
    return [Adapter(files[note.digest], note.weight) for note in notes]


def merged(parts: Parts, adapters: Sequence[Adapter]) -> Parts:
    """``parts`` with adapters merged into UNet and text tower, in place; the digest covers them.

    Raises ModelRefused for a file that is no LoRA in safetensors, or one for another model.
    """
    if not adapters:
        return parts
    pipeline = _pipeline(parts)
    for adapter in adapters:  # one after the other: peft warns of several at once
        _load(pipeline, adapter.file)
        pipeline.set_adapters([NAME], [adapter.weight])
        for component in sorted(pipeline.get_list_adapters()):
            pipeline.fuse_lora(components=[component])
        pipeline.unload_lora_weights()
    for module in (parts.unet, parts.text_encoder):
        module.eval().requires_grad_(False)
    return parts._replace(digest=_digest(parts.digest, adapters))


def _load(pipeline: Any, file: Path) -> None:
    weights = read_weights(file)
    # Else it warns of each part of the model that an adapter leaves alone.
    logging.getLogger("diffusers.loaders").setLevel(logging.ERROR)
    try:
        pipeline.load_lora_weights(weights, adapter_name=NAME)
    except torch.OutOfMemoryError:
        raise
    except (KeyError, ValueError, RuntimeError, IndexError) as error:
        words = str(error).strip().split("\n")[0][:200]
        raise ModelRefused(f"adapter {file.name} does not fit this model: {words}") from error
    if not pipeline.get_list_adapters():
        raise ModelRefused(f"adapter {file.name} changes nothing in this model: it is for another one")


def read_weights(file: Path) -> dict[str, Tensor]:
    """The weights of a LoRA by name, float32. Raises ModelRefused."""
    try:
        weights = load_file(file)
    except (SafetensorError, OSError) as error:
        raise ModelRefused(f"adapter {file.name} is not a safetensors file ({error})") from None
    if not any("lora" in name.lower() for name in weights):
        raise ModelRefused(f"adapter {file.name} holds no LoRA: weights named lora_A or lora_down are needed")
    return {name: tensor.to(torch.float32) for name, tensor in weights.items()}


def _pipeline(parts: Parts) -> Any:
    """Diffusers reads adapters into whole pipelines only; this one is never run."""
    return StableDiffusionPipeline(
        vae=parts.vae,
        text_encoder=parts.text_encoder,
        tokenizer=parts.tokenizer,
        unet=parts.unet,
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _digest(model: str, adapters: Sequence[Adapter]) -> str:
    """Hex digest of a model's digest and the adapters' files and weights; where they lie does not matter."""
    whole = hashlib.blake2b(model.encode(), digest_size=16)
    for adapter in adapters:
        whole.update(_file_digest(adapter.file) + f" {adapter.weight!r};".encode())
    return whole.hexdigest()


def _file_digest(file: Path) -> bytes:
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16)).digest()
