"""Stable Diffusion folders as models: loaded, checked, with the recipe they are used by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from explorer.models.diffusion.adapters import Adapter, found, merged, noted, parse
from explorer.models.diffusion.licences import known_licence
from explorer.models.diffusion.loading import licence, load_parts
from explorer.models.diffusion.painting import StableDiffusion, traits_of
from explorer.models.diffusion.parts import Parts
from explorer.models.diffusion.residence import Offload
from tiles.errors import ModelRefused
from tiles.recipe import AdapterNote, Recipe, recipe_of

BATCH = {"cpu": 1, "cuda": 4}  # windows painted together
DTYPE = {"cpu": "float32", "cuda": "float16"}
# What of a recipe is part of a model's digest, in this order: other steps paint other land.
TOLD = ("steps", "guidance_scale", "sampler", "level_scale", "picture_scale", "parent_strength")


class Shelf:
    """The Stable Diffusion models of a process, on one device. Those that differ in nothing but how they are
    used share their weights."""

    def __init__(self, device: str, options: Mapping[str, Any]) -> None:
        """``options``: how models are used where no world says otherwise: fields of ``Recipe``, where
        ``dtype`` "auto" and ``batch`` 0 are what fits the device, and ``adapters`` are ``FILE:WEIGHT``.
        ``offload`` and ``compile`` say how this process computes."""
        self._device, self._options = device, dict(options)
        self._adapters = list(self._options.pop("adapters", ()))
        self._offload: Offload = self._options.pop("offload", "auto")
        self._compile = bool(self._options.pop("compile", False))
        self._loaded: dict[tuple[Path, tuple[AdapterNote, ...], str], Parts] = {}

    def usual(self, folder: Path, name: str, source: str) -> Recipe:
        """The recipe of new worlds. ``name`` is what they remember the model by, ``source`` where on a hub it
        was fetched from. Raises ModelRefused."""
        fitting = {"dtype": DTYPE[self._device], "batch": BATCH[self._device]}
        given = {**self._options}
        if given.get("dtype") == "auto":
            del given["dtype"]
        if given.get("batch") == 0:
            del given["batch"]
        notes = [noted(parse(adapter)) for adapter in self._adapters]
        known = {"source": source, "licence": known_licence(name, licence(folder))[:200], "adapters": notes}
        try:
            return recipe_of({**fitting, **given, **known})
        except ValueError as error:
            raise ModelRefused(f"{folder.name} cannot be used so: {error}") from None

    def model(self, folder: Path, name: str, recipe: Recipe) -> StableDiffusion:
        """The model in ``folder``, used by a recipe. Its digest is that of its files, adapters and options.
        Raises ModelRefused, also where an adapter is not here."""
        parts = self._parts(folder, recipe)._replace(name=name, licence=recipe.licence)
        told = " ".join(f"{key}={getattr(recipe, key)}" for key in TOLD)
        digest = hashlib.blake2b(f"{parts.digest} {told} {parts.dtype}".encode(), digest_size=16).hexdigest()
        return StableDiffusion(parts, traits_of(parts, digest, recipe.batch, recipe.steps), recipe)

    def require(self, recipe: Recipe) -> None:
        """Raises ModelRefused where an adapter is not here; nothing is loaded."""
        self._found(recipe)

    def _found(self, recipe: Recipe) -> list[Adapter]:
        here = self._adapters if recipe.adapters else ()
        return found(recipe.adapters, [parse(adapter) for adapter in here])

    def _parts(self, folder: Path, recipe: Recipe) -> Parts:
        key = folder, recipe.adapters, recipe.dtype
        if key not in self._loaded:
            wanted = self._found(recipe)  # before gigabytes are read
            dtype = getattr(torch, recipe.dtype)
            self._loaded[key] = merged(load_parts(folder, self._device, dtype, offload=self._offload), wanted)
            if self._compile:
                self._loaded[key].unet.compile()
        return self._loaded[key]
