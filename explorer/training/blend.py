"""The mean of two decoders of the same latents, one of which was trained on from the other."""

from __future__ import annotations

from pathlib import Path

import torch

from explorer.models.autoencoder import Autoencoder
from tiles.errors import BadSetting


def blend(first: Path, second: Path, out: Path, share: float = 0.5) -> Path:
    """The autoencoder in ``out`` whose weights lie ``share`` (0..1) of the way from ``first`` to ``second``.

    Weights trained on from the same ones may be averaged, and often do better than either (Wortsman
    et al. 2022, "Robust fine-tuning of zero-shot models", arXiv 2109.01903). Raises BadSetting where
    ``share`` is out of range, or the two are of another shape or of other latents.
    """
    if not 0 <= share <= 1:
        raise BadSetting(f"share is {share:g}; it must be 0 to 1")
    models = [
        Autoencoder.from_pretrained(folder, low_cpu_mem_usage=False, torch_dtype=torch.float32)
        for folder in (first, second)
    ]
    one, other = (model.state_dict() for model in models)
    shapes = [{name: weight.shape for name, weight in state.items()} for state in (one, other)]
    if shapes[0] != shapes[1]:
        raise BadSetting(f"{second}: an autoencoder of another shape than {first}")
    if any(not one[name].equal(other[name]) for name in one if not name.startswith("levels.")):
        raise BadSetting(f"{second}: its latents are others than those of {first}; only decoders are blended")
    models[0].load_state_dict({name: one[name].lerp(other[name], share) for name in one})
    models[0].save_pretrained(out, safe_serialization=True)
    return out
