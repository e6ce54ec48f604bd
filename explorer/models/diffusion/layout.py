"""The folder of a Stable Diffusion model, in the layout of diffusers: which of its files are needed. Pure.

Model folders on a hub hold the same weights several times: as pickles, in two precisions, for other programs.
Of these one set of safetensors is taken, in half precision where there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from functools import partial
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
LORA = "pytorch_lora_weights.safetensors"  # what diffusers calls an adapter's file
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
    if "tokenizer/tokenizer.json" not in vocabulary:
        for path in ("tokenizer/vocab.json", "tokenizer/merges.txt"):
            if path not in vocabulary:
                raise ModelRefused(f"{where}: {path} is missing, and so is tokenizer/tokenizer.json")
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


def needed_controlnet(paths: Iterable[str], where: str) -> list[str]:
    """The files to read of a ControlNet, which lies in a repository of its own or in a folder of its name:
    its config, then its weights. Raises ModelRefused."""
    every = set(paths)
    root = next((root for root in ("", "controlnet/") if f"{root}config.json" in every), None)
    if root is None:
        raise ModelRefused(f"{where}: config.json is missing, and so is controlnet/config.json")
    for precision in (".fp16", ""):
        whole = f"{root}diffusion_pytorch_model{precision}.safetensors"
        if whole in every:
            return [f"{root}config.json", whole]
    return _refused(f"{root}diffusion_pytorch_model.safetensors", root, every, where)


def needed_adapter(file: str, paths: Iterable[str], where: str) -> list[str]:
    """The file of a LoRA: ``file``, or if that is empty the only one there is. Raises ModelRefused."""
    every = set(paths)
    if file:
        _require(file, sorted(every), where)
        return [file]
    there = sorted(path for path in every if path.endswith(".safetensors"))
    if LORA in there or len(there) == 1:
        return [LORA if LORA in there else there[0]]
    if there:
        raise ModelRefused(f"{where} has several files: name one, as in {where.split('@')[0]}/{there[0]}")
    return _refused(LORA, "", every, where)


def _refused(wanted: str, root: str, paths: Iterable[str], where: str) -> list[str]:
    pickles = [path for path in paths if any(fnmatch(path, f"{root}{p}") for p in PICKLES)]
    if pickles:
        raise ModelRefused(
            f"{where} is there as a pickle only ({min(pickles)}), which can run code when it is read;"
            f" {wanted} is needed"
        )
    raise ModelRefused(f"{where}: {wanted} is missing")


class Need(NamedTuple):
    """What is read of a repository on a hub."""

    choose: Callable[[Iterable[str], str], list[str]]  # of its paths; raises ModelRefused
    marks: tuple[str, ...]  # files that are fetched if it has them


MODEL = Need(needed, (INDEX,))
CONTROLNET = Need(needed_controlnet, ("config.json", "controlnet/config.json"))


def adapter(file: str) -> Need:
    """A LoRA's ``file``, or the only one if it is empty."""
    return Need(partial(needed_adapter, file), (CARD,))
