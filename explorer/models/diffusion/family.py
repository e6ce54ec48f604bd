"""Stable Diffusion folders as models: loaded, checked, with the recipe they are used by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from explorer.models.diffusion import guiding
from explorer.models.diffusion.adapters import Adapter, found, merged, noted, parse
from explorer.models.diffusion.guiding import with_controlnet
from explorer.models.diffusion.holding import BORDER
from explorer.models.diffusion.kinds import space_of
from explorer.models.diffusion.licences import known_licence
from explorer.models.diffusion.loading import licence, load_parts
from explorer.models.diffusion.painting import StableDiffusion, traits_of
from explorer.models.diffusion.parts import Parts
from explorer.models.diffusion.residence import Offload, what_helps
from explorer.models.diffusion.sources import controlnet_folder
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
        ``dtype`` "auto" and ``batch`` 0 are what fits the device, ``adapters`` are ``NAME:WEIGHT``,
        ``controlnet`` names one, and ``guide`` says what pictures it follows. ``offload`` and ``compile`` say
        how this process computes."""
        self._device, self._options = device, dict(options)
        self._adapters = list(self._options.pop("adapters", ()))
        self._controlnet, self._guide = (self._options.pop(key, "") for key in ("controlnet", "guide"))
        self._offload: Offload = self._options.pop("offload", "auto")
        self._compile = bool(self._options.pop("compile", False))
        self._loaded: dict[tuple[Path, tuple[AdapterNote, ...], str, str], Parts] = {}

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
        guide = guiding.noted(controlnet_folder(self._controlnet), self._guide) if self._controlnet else None
        known = {"source": source, "licence": known_licence(name, licence(folder))[:200]}
        try:
            return recipe_of({**fitting, **given, **known, "adapters": notes, "guide": guide})
        except ValueError as error:
            raise ModelRefused(f"{folder.name} cannot be used so: {error}") from None

    def model(self, folder: Path, name: str, recipe: Recipe) -> StableDiffusion:
        """The model in ``folder``, used by a recipe. Its digest is that of its files, adapters and options.
        Raises ModelRefused, also where an adapter or the ControlNet is not here."""
        parts = self._parts(folder, recipe)._replace(name=name, licence=recipe.licence)
        told = " ".join(f"{key}={getattr(recipe, key)}" for key in TOLD)
        if parts.unet.config["in_channels"] == space_of(parts.vae.config).channels:
            told += f" border={BORDER}"  # such models paint other land than before they held it softly
        if parts.unet.config.get("time_cond_proj_dim") is not None:
            told += " guidance=told"  # before, such models were not told its scale
        digest = hashlib.blake2b(f"{parts.digest} {told} {parts.dtype}".encode(), digest_size=16).hexdigest()
        traits = traits_of(parts, digest, recipe.batch, recipe.steps)
        return StableDiffusion(
            parts, traits._replace(guide=recipe.guide.wants if recipe.guide else ""), recipe
        )

    def require(self, recipe: Recipe) -> None:
        """Raises ModelRefused where an adapter or the ControlNet is not here; nothing is loaded."""
        self._found(recipe)
        self._guided_by(recipe)

    def _found(self, recipe: Recipe) -> list[Adapter]:
        here = self._adapters if recipe.adapters else ()
        return found(recipe.adapters, [parse(adapter) for adapter in here])

    def _guided_by(self, recipe: Recipe) -> Path | None:
        """The folder of the ControlNet that a world remembers."""
        if (note := recipe.guide) is None:
            return None
        folder = controlnet_folder(self._controlnet) if self._controlnet else None
        if folder is None or guiding.noted(folder, note.wants).digest != note.digest:
            words = (
                f"the ControlNet {note.name} ({note.digest[:12]}), which follows {note.wants!r}, is not here:"
                " name its folder in EARTH_CONTROLNET"
            )
            raise ModelRefused(words, "no-controlnet", name=note.name)
        return folder

    def _parts(self, folder: Path, recipe: Recipe) -> Parts:
        key = folder, recipe.adapters, recipe.dtype, recipe.guide.digest if recipe.guide else ""
        if key not in self._loaded:
            wanted, controlnet = self._found(recipe), self._guided_by(recipe)  # before gigabytes are read
            self._loaded[key] = self._read(folder, getattr(torch, recipe.dtype), wanted, controlnet)
        return self._loaded[key]

    def _read(
        self, folder: Path, dtype: torch.dtype, adapters: Sequence[Adapter], controlnet: Path | None
    ) -> Parts:
        try:
            parts = merged(load_parts(folder, self._device, dtype, offload=self._offload), adapters)
            if controlnet is not None:
                parts = with_controlnet(parts, controlnet, self._offload)
        except torch.OutOfMemoryError:
            helps = what_helps(self._offload == "never", 1, dtype)
            raise ModelRefused(f"out of memory: {folder.name} has no room. What helps: {helps}") from None
        if self._compile:
            parts.unet.compile()
        return parts
