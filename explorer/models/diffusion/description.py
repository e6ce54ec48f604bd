"""What a Stable Diffusion model is and can do, from its files alone: nothing is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import NamedTuple

from safetensors import safe_open

from explorer.models.diffusion.adapters import parse, read_weights
from explorer.models.diffusion.guiding import noted
from explorer.models.diffusion.kinds import Task, inputs_of, space_of
from explorer.models.diffusion.layout import COMPONENTS, weights
from explorer.models.diffusion.licences import known_licence
from explorer.models.diffusion.loading import check, component_bytes, files_of, licence, read
from explorer.models.diffusion.sources import controlnet_folder

KINDS: dict[Task, str] = {
    "text": "paints from text",
    "instruction": "edits by instruction (InstructPix2Pix)",
    "inpainting": "fills masks (inpainting)",
}
GIB = 2**30
ROOM = 1.5  # memory while a window is painted / that of the weights; attention and decoding take the rest


class Description(NamedTuple):
    """A model in a folder."""

    name: str
    kind: str
    level: bool  # whether it is told a ground resolution, as Text2Earth is
    distilled: bool  # whether it is told the scale of guidance, in one call a step
    prediction: str  # what its UNet predicts
    scheduler: str
    licence: str
    bytes: dict[str, int]  # of each component's weights on disk
    parameters: dict[str, int]  # of each component

    def memory(self, bytes_per_number: int) -> float:
        """GiB that painting takes, about, with numbers of 2 or 4 bytes."""
        return ROOM * sum(self.parameters.values()) * bytes_per_number / GIB


def describe(folder: Path, name: str = "") -> Description:
    """The model in ``folder``, called ``name``, by default as its folder.

    Raises ModelRefused for one that is not whole or not of a known kind.
    """
    check(folder)
    files = files_of(folder)
    unet, scheduler = read(folder, "unet/config.json"), read(folder, "scheduler/scheduler_config.json")
    channels = space_of(read(folder, "vae/config.json")).channels
    weighed = [each for each in COMPONENTS if each.weights]
    return Description(
        name=name or folder.name,
        kind=KINDS[inputs_of(channels)[unet["in_channels"]]],
        level=unet.get("class_embed_type") is not None,
        distilled=unet.get("time_cond_proj_dim") is not None,
        prediction=str(scheduler.get("prediction_type", "epsilon")),
        scheduler=str(scheduler.get("_class_name", "not stated")),
        licence=known_licence(name or folder.name, licence(folder)),
        bytes={each.name: component_bytes(folder, each, files) for each in weighed},
        parameters={
            each.name: sum(parameters(folder / file) for file in weights(each, files, folder.name))
            for each in weighed
        },
    )


def parameters(file: Path) -> int:
    """Numbers in a safetensors file; 0 for the index of one that is cut in shards."""
    if file.suffix != ".safetensors":
        return 0
    with safe_open(file, "np") as opened:
        return sum(prod(opened.get_slice(name).get_shape()) for name in opened.keys())  # noqa: SIM118


def adapters_told(names: Sequence[str]) -> list[tuple[str, str]]:
    """Adapters as rows: the file, and its weight, layers, rank and size. Raises ModelRefused."""
    rows = []
    for adapter in map(parse, names):
        weights = read_weights(adapter.file)
        downs = [each for name, each in weights.items() if "lora_A" in name or "lora_down" in name]
        ranks = "/".join(map(str, sorted({each.shape[0] for each in downs})))
        size = adapter.file.stat().st_size / 1e6
        words = f"weight {adapter.weight:g}, {len(downs)} x rank {ranks}, {size:,.1f} MB"
        rows.append((adapter.file.name, words))
    return rows


def guide_told(controlnet: str, words: str) -> list[tuple[str, str]]:
    """A ControlNet as a row: its name, and what it follows. Raises ModelRefused."""
    if not controlnet:
        return []
    note = noted(controlnet_folder(controlnet), words)
    return [(note.name, note.wants)]
