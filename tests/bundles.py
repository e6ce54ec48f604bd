"""A whole terra bundle with random weights, small enough to paint a cell in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path


def build_bundle(folder: Path, **changes: object) -> Path:
    """A terra bundle like the shipped one, but tiny and untrained."""
    import torch

    from explorer.models.autoencoder import Autoencoder
    from explorer.models.denoiser import Denoiser
    from explorer.models.text import TextTower

    torch.manual_seed(0)
    Autoencoder(widths=(16, 16, 16), blocks=(1, 1, 1)).save_pretrained(folder / "autoencoder")
    denoiser = Denoiser(widths=(32, 32, 32), condition=32)
    for parameter in denoiser.parameters():  # zero-initialised layers would paint plain noise
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.1)
    denoiser.save_pretrained(folder / "denoiser")
    small = {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
    text = TextTower({**small, "output_dim": 256})
    torch.nn.init.normal_(text.transformer.token_embedding.weight)
    text.save(folder / "text")
    bundle = {
        "family": "terra", "name": "tiny", "licence": "CC0-1.0", "halo": 8, "steps": 2, "shift": 1.0, "guidance_scale": 2.0,
        "batch": {"cpu": 1, "gpu": 4}, "sketch": 2, "zooms": [5, 6, 7, 8], "base_zoom": 8, **changes,
    }  # fmt: skip
    (folder / "bundle.json").write_text(json.dumps(bundle))
    return folder
