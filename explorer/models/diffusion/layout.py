"""The folder of a Stable Diffusion model, in the layout of diffusers: which of its files are needed. Pure.

Model folders on a hub hold the same weights several times: as pickles, in two precisions, for other programs.
Of these one set of safetensors is taken, in half precision where there is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import NamedTuple

from tiles.errors import ModelRefused

INDEX = "model_index.json"
CARD = "README.md"  # the model's card


class Component(NamedTuple):
    """A part of a model, in a folder of its name."""

    name: str
    config: str  # the file that describes it
    weights: str = ""  # the stem of its files of weights; empty for none

    @property
    def described(self) -> str:
        """Its config's path."""
        return f"{self.name}/{self.config}"


COMPONENTS = (
    Component("unet", "config.json", "diffusion_pytorch_model"),
    Component("vae", "config.json", "diffusion_pytorch_model"),
    Component("text_encoder", "config.json", "model"),
    Component("tokenizer", "tokenizer_config.json"),
    Component("scheduler", "scheduler_config.json"),
)
TOKENIZER = ("tokenizer/*.json", "tokenizer/*.txt")
PICKLES = ("*.bin", "*.ckpt", "*.pt", "*.pth", "*.pkl", "*.pickle")


def needed(paths: Iterable[str], where: str) -> list[str]:
    """The files to read of a model whose folder holds ``paths``, in order.

    Raises ModelRefused, with ``where`` in its words, for a file that is missing, and for weights that are
    there as pickles only.
    """
    every = sorted(paths)
    _require(INDEX, every, where)
    chosen = [INDEX]
    for component in COMPONENTS:
        _require(component.described, every, where)
        chosen.append(component.described)
        if component.weights:
            chosen += weights(component, every, where)
    vocabulary = [path for path in every if any(fnmatch(path, pattern) for pattern in TOKENIZER)]
    if not {"tokenizer/vocab.json", "tokenizer/tokenizer.json"} & set(vocabulary):
        raise ModelRefused(f"{where}: tokenizer/vocab.json is missing, and so is tokenizer/tokenizer.json")
    return list(dict.fromkeys([*chosen, *vocabulary]))


def weights(component: Component, paths: Iterable[str], where: str) -> list[str]:
    """The files with a component's weights: one, or an index and its shards."""
    every = set(paths)
    stem = f"{component.name}/{component.weights}"
    for precision in (".fp16", ""):
        whole, index = f"{stem}{precision}.safetensors", f"{stem}.safetensors.index{precision}.json"
        if whole in every:
            return [whole]
        shards = (
            f"{stem}-?????-of-?????{precision}.safetensors",
            f"{stem}{precision}-?????-of-?????.safetensors",
        )
        there = sorted(path for path in every if any(fnmatch(path, shard) for shard in shards))
        if index in every and there:
            return [index, *there]
    pickles = [path for path in every if any(fnmatch(path, f"{component.name}/{p}") for p in PICKLES)]
    if pickles:
        raise ModelRefused(
            f"{where}: {component.name} is there as a pickle only ({min(pickles)}), which can run code when"
            f" it is read; {stem}.safetensors is needed"
        )
    raise ModelRefused(f"{where}: {stem}.safetensors is missing")


def variant(files: Iterable[str]) -> str | None:
    """What diffusers calls the precision of chosen files of weights: ``"fp16"``, or None."""
    return "fp16" if any(".fp16" in file for file in files) else None


def _require(path: str, paths: list[str], where: str) -> None:
    if path not in paths:
        raise ModelRefused(f"{where}: {path} is missing")
