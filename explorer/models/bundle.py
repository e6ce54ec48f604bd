"""A bundle: a model in a folder, ``bundle.json`` and components as safetensors, nothing else."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from explorer.resources import asset
from tiles.errors import ModelRefused

SHIPPED = asset("models")
DIFFUSERS = "model_index.json"  # what a folder in the layout of diffusers has instead of a bundle.json
# Suffixes of files of weights that can run code when they are read.
UNSAFE = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")


def shipped() -> list[str]:
    """The names of the models that come with the app."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/bundle.json"))


def find(name: str) -> Path:
    """The folder of a shipped model's name, of a path, or of a hub's model that was fetched before. Nothing
    is fetched here. Raises ModelRefused."""
    for folder in (SHIPPED / name, Path(name).expanduser()):
        if any((folder / index).is_file() for index in ("bundle.json", DIFFUSERS)):
            return folder
    from explorer.models import hub  # which takes a second to import

    if (source := hub.parse(name)) is not None:
        if (fetched := hub.cached(source)) is not None:
            return fetched
        words = f"{name} is not on this machine: `python app.py model fetch {name}` fetches it"
        raise ModelRefused(words, "model-not-fetched", name=name)
    names = ", ".join([*shipped(), *hub.NAMES])
    words = (
        f"no model {name!r}: give a folder with a bundle.json or a {DIFFUSERS}, a hub's owner/name, or"
        f" one of: {names}"
    )
    raise ModelRefused(words, "no-model", name=name)


def describe(folder: Path) -> dict[str, Any]:
    """The checked ``bundle.json``; for a folder of diffusers its family alone. Raises ModelRefused."""
    if not (folder / "bundle.json").is_file() and (folder / DIFFUSERS).is_file():
        return {"family": "stable-diffusion"}
    try:
        bundle = json.loads((folder / "bundle.json").read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelRefused(f"{folder.name}: bundle.json cannot be read ({error})") from None
    if not isinstance(bundle, dict) or not isinstance(bundle.get("family"), str):
        raise ModelRefused(f"{folder.name}: bundle.json names no family")
    return bundle


def check(folder: Path) -> str:
    """Digest (hex) of every file of a bundle that takes part in painting.

    Raises ModelRefused for anything that is not really safetensors, by content and not by name:
    a pickle can run code when it is read.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.suffix in UNSAFE:
            raise ModelRefused(f"{path.name}: only safetensors are read, never pickles")
        if path.suffix == ".safetensors":
            _is_safetensors(path)
        elif path.suffix != ".json":
            continue
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.blake2b(path.read_bytes(), digest_size=16).digest())
    return digest.hexdigest()


def _is_safetensors(path: Path) -> None:
    try:
        with safe_open(path, "np"):
            pass
    except (SafetensorError, OSError) as error:
        raise ModelRefused(f"{path.name} is not a safetensors file ({error})") from None
