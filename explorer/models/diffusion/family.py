"""Stable Diffusion folders as models: loaded, checked, with the options they are used with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from explorer.models.diffusion.adapters import merged, parse
from explorer.models.diffusion.loading import load_parts
from explorer.models.diffusion.painting import Options, StableDiffusion, traits_of

BATCH = {"cpu": 1, "cuda": 4}  # windows painted together
DTYPE = {"cpu": torch.float32, "cuda": torch.float16}


def load(
    folder: Path, device: str, options: Options, name: str = "", adapters: Sequence[str] = ()
) -> StableDiffusion:
    """The model in ``folder`` with its ``adapters`` (``FILE:WEIGHT``); ``name`` is what worlds remember it
    by. Raises ModelRefused.

    Its digest is that of its files, adapters and options: other steps paint other land.
    """
    wanted = [parse(adapter) for adapter in adapters]  # before gigabytes are read
    parts = merged(load_parts(folder, device, DTYPE[device], name), wanted)
    told = " ".join(f"{key}={value}" for key, value in options._asdict().items())
    digest = hashlib.blake2b(f"{parts.digest} {told} {parts.dtype}".encode(), digest_size=16).hexdigest()
    return StableDiffusion(parts, traits_of(parts, digest, BATCH[device], options.steps), options)
