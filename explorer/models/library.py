"""The models of this process, each read once."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.models import bundle
from explorer.models.family import Model
from tiles.errors import ModelRefused
from tiles.gates import Gates
from tiles.recipe import Recipe

if TYPE_CHECKING:
    from explorer.models.diffusion.family import Shelf

log = logging.getLogger(__name__)
DEVICES = ("auto", "cpu", "cuda")
FAMILIES = ("terra", "stable-diffusion")


class Library:
    """Models by name or folder, on one device. Raises ModelRefused for an unknown ``device``."""

    def __init__(
        self, default: str = "terra", device: str = "auto", options: Mapping[str, Any] | None = None
    ) -> None:
        """``options``: how Stable Diffusion models are used in new worlds, see ``diffusion.family.Shelf``."""
        if device not in DEVICES:
            raise ModelRefused(f"device {device!r}: it must be auto, cpu or cuda")
        self.default, self.device, self.options = default, device, dict(options or {})
        self._models: dict[tuple[Path, Recipe | None], Model] = {}
        self._gates = Gates()  # whoever asks for a model waits for that one only

    def named(self, name: str) -> str:
        """What ``get`` takes for a shipped model's name, or for that of the default. Raises ModelRefused.

        Others than the owner of this machine may name a model: no path of theirs is looked at.
        """
        if name not in self._known:
            raise ModelRefused(f"no model {name[:80]!r} here; known are {', '.join(sorted(self._known))}")
        return self._known[name]

    def names(self) -> list[str]:
        """What ``named`` knows: the default's name first, then those of other shipped models."""
        usual = Path(self.default).name
        return [usual, *sorted(self._known.keys() - {usual})]

    @property
    def _known(self) -> dict[str, str]:
        return {each: each for each in bundle.shipped()} | {Path(self.default).name: self.default}

    def get(self, name: str | None = None, recipe: Recipe | None = None) -> Model:
        """The model of that name, read on first use, used as a world's ``recipe`` says, by default as new
        worlds use it. Raises ModelRefused, also where the recipe names a commit or an adapter that is not
        here."""
        name = name or self.default
        folder = _folder(name, recipe)
        with self._gates.hold(folder):
            family = bundle.describe(folder)["family"]
            if family not in FAMILIES:
                raise ModelRefused(f"{folder.name}: unknown family {family!r}; terra is known")
            wanted = None if family == "terra" else recipe or self._usual(folder, name)
            if (folder, wanted) not in self._models:
                use_full_precision()
                model = self._terra(folder) if wanted is None else self._diffusion(folder, name, wanted)
                log.info("%s (%s) on %s", model.traits.name, model.traits.digest[:8], model.device)
                self._models[folder, wanted] = model
            return self._models[folder, wanted]

    def folder_of(self, model: Model) -> Path | None:
        """Where the files of a model lie that was read here; None for any other."""
        return next((folder for (folder, _), each in self._models.items() if each is model), None)

    def require(self, name: str, recipe: Recipe) -> str:
        """What a world's model is called. Raises ModelRefused where it is not here; no weights are read."""
        folder = _folder(name, recipe)
        self._shelf.require(recipe)
        return _shown(folder, name)

    @cached_property
    def _shelf(self) -> Shelf:
        from explorer.models.diffusion.family import Shelf  # torch takes seconds to import

        return Shelf(chosen(self.device), self.options)

    def _usual(self, folder: Path, name: str) -> Recipe:
        from explorer.models import hub

        source = hub.fetched_as(name, folder)
        return self._shelf.usual(folder, _shown(folder, name), str(source or ""))

    def _diffusion(self, folder: Path, name: str, recipe: Recipe) -> Model:
        return self._shelf.model(folder, _shown(folder, name), recipe)

    def _terra(self, folder: Path) -> Model:
        if folder == bundle.find(self.default).resolve():
            for extra, named in (("adapters", "adapters"), ("controlnet", "ControlNet")):
                if self.options.get(extra):
                    raise ModelRefused(f"terra takes no {named}: they are for Stable Diffusion models")
        described = bundle.describe(folder)
        from explorer.models import terra  # torch takes seconds to import

        digest = bundle.check(folder)
        try:
            return terra.load(folder, described, digest, chosen(self.device))
        except (KeyError, TypeError, ValueError, OSError, RuntimeError) as error:
            raise ModelRefused(f"{folder.name} is not a whole terra bundle: {error}") from error


def _folder(name: str, recipe: Recipe | None) -> Path:
    """Where a model lies: that of the very commit that a recipe names. Raises ModelRefused."""
    return bundle.find(recipe.source if recipe and recipe.source else name).resolve()


def _shown(folder: Path, name: str) -> str:
    """What a model is called."""
    return folder.name if Path(name).expanduser().is_dir() else name


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
