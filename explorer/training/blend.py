"""Blending of two decoders, or of two denoisers, weight by weight.

Weights trained on from the same start may be averaged, and often do better than either (Wortsman et al. 2022,
"Robust fine-tuning of zero-shot models", arXiv 2109.01903).
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.training.autoencoder import loaded
from tiles.errors import BadSetting

DECODER = ("levels.", "grains.", "directions")  # the weights and buffers that latents do not depend on


def blend(first: Path, second: Path, out: Path, share: float = 0.5) -> Path:
    """The autoencoder or denoiser in ``out`` whose weights lie ``share`` (0..1) of the way from ``first`` to
    ``second``. Raises BadSetting if ``share`` is out of range, or if the two do not go together.
    """
    if not 0 <= share <= 1:
        raise BadSetting(f"share is {share:g}; it must be 0 to 1")
    kinds = [json.loads((folder / "config.json").read_text())["_class_name"] for folder in (first, second)]
    if kinds[0] != kinds[1]:
        raise BadSetting(f"{first} is of kind {kinds[0]}, {second} of kind {kinds[1]}; only like ones blend")
    return (blend_denoisers if kinds[0] == "Denoiser" else blend_decoders)(first, second, out, share)


def blend_denoisers(first: Path, second: Path, out: Path, share: float) -> Path:
    """Two denoisers of the same widths. Raises BadSetting for others."""
    read = {"low_cpu_mem_usage": False, "torch_dtype": torch.float32}
    one, other = (Denoiser.from_pretrained(folder, **read) for folder in (first, second))
    if one.config["widths"] != other.config["widths"]:
        raise BadSetting(f"{second} has another shape than {first}")
    other.load_state_dict(between(one.state_dict(), other.state_dict(), share))
    other.save_pretrained(out, safe_serialization=True)
    return out


def between(one: dict[str, Tensor], other: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights ``share`` of the way from those of ``one`` to those of ``other``."""
    return {name: weight.lerp(other[name].to(weight.device), share) for name, weight in one.items()}


def blend_decoders(first: Path, second: Path, out: Path, share: float) -> Path:
    """Two autoencoders of the same latents. ``second`` may have a wider decoder than ``first``, from which it
    was polished. Raises BadSetting if shapes or latents of the two differ."""
    models = [loaded(folder) for folder in (first, second)]
    one, other = (model.state_dict() for model in models)
    if any(name not in other or not fits(name, one[name], other[name]) for name in one):
        raise BadSetting(f"{second} has another shape than {first}")
    if not same_latents(*models):
        raise BadSetting(f"{second} has other latents than {first}; only decoders can be blended")
    one = grown(one, other)
    models[1].load_state_dict(between(one, other, share))
    models[1].save_pretrained(out, safe_serialization=True)
    return out


def fits(name: str, small: Tensor, large: Tensor) -> bool:
    """Whether ``small`` may be blended with ``large``: only decoders may be wider."""
    wider = name.startswith(DECODER) and small.ndim == large.ndim
    return small.shape == large.shape or (wider and all(a <= b for a, b in zip(small.shape, large.shape)))


def same_latents(first: Autoencoder, second: Autoencoder) -> bool:
    """Whether both have the same encoder, weight by weight."""
    known, other = (
        {name: weight for name, weight in model.state_dict().items() if not name.startswith(DECODER)}
        for model in (first, second)
    )
    return known.keys() == other.keys() and all(known[name].equal(other[name]) for name in known)


def grown(small: dict[str, Tensor], large: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of ``small`` in the shapes of ``large``, decoding to the same pictures: new channels have
    the weights of ``large``, and old channels do not read them yet."""
    state = {}
    for name, weight in large.items():
        new = weight.clone()
        if name in small:
            old = small[name]
            if new.ndim == 4:
                new[: old.shape[0], old.shape[1] :] = 0
            new[tuple(slice(extent) for extent in old.shape)] = old
        elif name.startswith("grains."):
            new.zero_()
        state[name] = new
    return state
