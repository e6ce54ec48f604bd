"""Puts trained components together as a bundle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers.models.modeling_utils import ModelMixin

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.models.detail import DetailPainter
from explorer.models.images import ImageTower

DEFAULTS: dict[str, Any] = {
    "family": "terra",
    "name": "terra",
    "licence": "CC0-1.0",
    "halo": 8,
    "steps": 8,
    "shift": 1.5,
    "guidance_scale": 2.0,
    "batch": {"cpu": 1, "gpu": 16},
    "sketch": 2,
    "zooms": [5, 6, 7, 8, 10, 11, 12, 13, 14, 17, 18, 19],
    "zoom_groups": [[5, 6, 7, 8], [10, 11, 12, 13, 14], [17], [18, 19]],
    "base_zoom": 8,
}


def pack(
    autoencoder: Path,
    text: Path,
    images: Path,
    denoiser: Path,
    out: Path,
    detail: Path | None = None,
    **settings: int | float,
) -> Path:
    """A bundle in ``out`` from the folders that training left, all weights as fp16.

    ``detail`` is the painter that belongs to an autoencoder of detail. ``settings`` go into ``bundle.json``;
    what else that file says already is kept.
    """
    read = {"low_cpu_mem_usage": False, "torch_dtype": torch.float16}
    parts: list[tuple[str, type[ModelMixin], Path]] = [
        ("autoencoder", Autoencoder, autoencoder),
        ("images", ImageTower, images),
        ("denoiser", Denoiser, denoiser),
    ]
    if (out / "detail").exists():
        shutil.rmtree(out / "detail")
    for name, kind, folder in parts + ([("detail", DetailPainter, detail)] if detail else []):
        kind.from_pretrained(folder, **read).save_pretrained(out / name, safe_serialization=True)
        _forget_origin(out / name / "config.json")
    if (out / "text").exists():
        shutil.rmtree(out / "text")
    shutil.copytree(text, out / "text")
    path = out / "bundle.json"
    before = json.loads(path.read_text()) if path.exists() else {}
    # Groups are of terra's zooms: they fit no others.
    usual = {k: v for k, v in DEFAULTS.items() if k != "zoom_groups" or "zooms" not in before}
    path.write_text(json.dumps({**usual, **before, **settings}, indent=1) + "\n")
    return out


def _forget_origin(path: Path) -> None:
    """Take the name of the local folder, which diffusers adds, out of a config."""
    settings = json.loads(path.read_text())
    settings.pop("_name_or_path", None)
    path.write_text(json.dumps(settings, indent=2) + "\n")
