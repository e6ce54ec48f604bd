"""What a Stable Diffusion model is used with: adapters and a ControlNet, on this machine or from a hub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from explorer.models import hub
from explorer.models.diffusion.layout import CONTROLNET, Need, adapter
from explorer.models.hub import Source
from tiles.errors import ModelRefused
from tiles.recipe import STRONGEST

# owner/name/file.safetensors@revision; without a file it is the only one there is.
HUB_FILE = re.compile(
    r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(?:/(?P<file>[\w./-]+\.safetensors))?(?:@(?P<revision>[\w./-]+))?"
)


class Extra(NamedTuple):
    """Something on a hub."""

    source: Source
    need: Need

    def folder(self) -> Path:
        """Where it was fetched to. Raises ModelRefused where it was not."""
        there = hub.cached(self.source, self.need)
        if there is None:
            words = f"{self.source} is not on this machine: it is fetched when the app starts"
            raise ModelRefused(words, "part-not-fetched", source=str(self.source))
        return there

    def files(self) -> list[Path]:
        """Its files, those that are asked for first. Raises ModelRefused."""
        folder = self.folder()
        paths = [path.relative_to(folder).as_posix() for path in folder.rglob("*")]
        return [folder / path for path in self.need.choose(paths, str(self.source))]


def weighed(text: str) -> tuple[str, float]:
    """The name and the weight of an adapter: ``NAME`` or ``NAME:WEIGHT``. Raises ModelRefused.

    >>> weighed("roofs.safetensors:0.8"), weighed("owner/roofs@main")
    (('roofs.safetensors', 0.8), ('owner/roofs@main', 1.0))
    """
    name, colon, number = text.rpartition(":")
    try:
        weight = float(number) if colon and name else 1.0
    except ValueError:
        name, weight = text, 1.0
    name = name if colon and name else text
    if not abs(weight) <= STRONGEST:
        raise ModelRefused(
            f"adapter {name[:200]}: weight {weight} is outside -{STRONGEST:.0f} to {STRONGEST:.0f}"
        )
    return name, weight


def hub_adapter(name: str) -> Extra | None:
    """The adapter on a hub that a name without a weight stands for; None for a file of this machine."""
    match = HUB_FILE.fullmatch(name)
    if match is None or Path(name).expanduser().is_file():
        return None
    return Extra(Source(match["repo"], match["revision"]), adapter(match["file"] or ""))


def adapter_file(name: str) -> Path:
    """The file of an adapter. Raises ModelRefused."""
    if (extra := hub_adapter(name)) is not None:
        return extra.files()[0]
    file = Path(name).expanduser()
    if not file.is_file():
        raise ModelRefused(
            f"adapter {name[:200]}: there is no such file; FILE, FILE:WEIGHT or a hub's"
            " owner/name[/file.safetensors][@revision][:WEIGHT] is needed"
        )
    return file


def hub_controlnet(name: str) -> Extra | None:
    """The ControlNet on a hub that a name stands for; None for a folder of this machine."""
    if Path(name).expanduser().is_dir() or (source := hub.parse(name)) is None:
        return None
    return Extra(source, CONTROLNET)


def controlnet_folder(name: str) -> Path:
    """The folder of a ControlNet. Raises ModelRefused."""
    if (extra := hub_controlnet(name)) is not None:
        return extra.folder()
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise ModelRefused(f"ControlNet {name[:200]}: it is no folder, and no owner/name[@revision] of a hub")
    return folder


def extras(adapters: Sequence[str], controlnet: str) -> list[Extra]:
    """All of it that lies on a hub. Raises ModelRefused."""
    every = [hub_adapter(weighed(text)[0]) for text in adapters]
    every.append(hub_controlnet(controlnet) if controlnet else None)
    return [extra for extra in every if extra is not None]
