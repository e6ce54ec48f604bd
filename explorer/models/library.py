"""The models of this process, each read once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from explorer.models import bundle
from explorer.models.family import Model
from tiles.errors import ModelRefused
from tiles.gates import Gates

log = logging.getLogger(__name__)
DEVICES = ("auto", "cpu", "cuda")


class Library:
    """Models by name or folder, on one device. Raises ModelRefused for an unknown ``device``."""

    def __init__(
        self, default: str = "terra", device: str = "auto", options: Mapping[str, Any] | None = None
    ) -> None:
        """``options``: how Stable Diffusion models are used, see ``diffusion.painting.Options``; and
        their ``adapters``."""
        if device not in DEVICES:
            raise ModelRefused(f"device {device!r}: it must be auto, cpu or cuda")
        self.default, self.device, self.options = default, device, dict(options or {})
        self._models: dict[Path, Model] = {}
        self._gates = Gates()  # whoever asks for a model waits for that one only

    def named(self, name: str) -> str:
        """What ``get`` takes for a shipped model's name, or for that of the default. Raises ModelRefused.

        Others than the owner of this machine may name a model: no path of theirs is looked at.
        """
        known = {each: each for each in bundle.shipped()} | {Path(self.default).name: self.default}
        if name not in known:
            raise ModelRefused(f"no model {name[:80]!r} here; known are {', '.join(sorted(known))}")
        return known[name]

    def get(self, name: str | None = None) -> Model:
        """The model of that name, read on first use. Raises ModelRefused."""
        folder = bundle.find(name or self.default).resolve()
        with self._gates.hold(folder):
            if folder not in self._models:
                self._models[folder] = self._load(folder, name or self.default)
            return self._models[folder]

    def _load(self, folder: Path, name: str) -> Model:
        described = bundle.describe(folder)
        use_full_precision()
        load = {"terra": self._terra, "stable-diffusion": self._stable_diffusion}.get(described["family"])
        if load is None:
            raise ModelRefused(f"{folder.name}: unknown family {described['family']!r}; terra is known")
        model = load(folder, name)
        log.info("%s (%s) on %s", model.traits.name, model.traits.digest[:8], model.device)
        return model

    def _stable_diffusion(self, folder: Path, name: str) -> Model:
        from explorer.models.diffusion import family
        from explorer.models.diffusion.painting import Options

        named = folder.name if Path(name).is_dir() else name
        options = dict(self.options)
        adapters = options.pop("adapters", ())
        return family.load(folder, chosen(self.device), Options(**options), named, adapters)

    def _terra(self, folder: Path, name: str) -> Model:
        if self.options.get("adapters"):
            raise ModelRefused("terra takes no adapters: they are for Stable Diffusion models")
        described = bundle.describe(folder)
        from explorer.models import terra  # torch takes seconds to import

        digest = bundle.check(folder)
        try:
            return terra.load(folder, described, digest, chosen(self.device))
        except (KeyError, TypeError, ValueError, OSError, RuntimeError) as error:
            raise ModelRefused(f"{folder.name} is not a whole terra bundle: {error}") from error


def use_full_precision() -> None:
    """Multiply in float32 on GPUs too. By default they take TF32, whose error of a thousandth would show as
    other land than on a CPU."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def chosen(device: str) -> str:
    """``cpu`` or ``cuda``; ``auto`` takes a GPU where there is one. Raises ModelRefused."""
    import torch

    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise ModelRefused("device cuda: this machine has no CUDA GPU that torch can use")
    return "cuda" if there and device != "cpu" else "cpu"
