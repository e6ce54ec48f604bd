"""Stable Diffusion models from their folders: by component, by the classes of diffusers and transformers.

A folder's own ``model_index.json`` may name a pipeline that nobody has, as Text2Earth's does; the components
are stock ones all the same. Only safetensors and JSON are read.
"""

from __future__ import annotations

import hashlib
import json
from math import inf
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors import SafetensorError, safe_open
from transformers import CLIPTextModel, CLIPTokenizer

from explorer.models.diffusion.kinds import CHANNELS, MOST_CHANNELS, inputs_of, is_known, space_of
from explorer.models.diffusion.layout import CARD, COMPONENTS, INDEX, Component, needed, variant, weights
from explorer.models.diffusion.licences import known_licence
from explorer.models.diffusion.parts import Parts
from explorer.models.diffusion.residence import Offload, Residence
from explorer.models.diffusion.whole import read_whole
from tiles.errors import ModelRefused
from tiles.latents import PIXELS, LatentSpace

CLASSES = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"}
OTHER_CONDITIONS = ("addition_embed_type", "encoder_hid_dim_type")  # SDXL's, and others
SMALLEST, LARGEST = 8, 1024  # latents along the squares that a model was trained on
MOST_TOLD = 4096  # numbers by which a UNet is told the scale of guidance
TOKENS = 77  # that a text tower reads, where its config names no number: transformers' default
LEVELS = ("timestep",)  # kinds of class embedding that are known: Text2Earth's level


def load_parts(
    folder: Path, device: str, dtype: torch.dtype, name: str = "", offload: Offload = "auto"
) -> Parts:
    """The components in ``folder``, checked, on ``device``; ``name`` is what worlds remember the model by, by
    default the folder's. Raises ModelRefused, which names the file and what it should hold."""
    files = files_of(folder)
    check(folder)

    def component(kind: Any, name: str, numbers: torch.dtype, **options: Any) -> Any:
        (which,) = (each for each in COMPONENTS if each.name == name)
        half = variant(weights(which, files, folder.name))
        return read_whole(
            kind.from_pretrained,
            folder / name,
            f"{folder.name}/{name}",
            variant=half,
            torch_dtype=numbers,
            **options,
        )

    wide = torch.float32 if dtype is torch.float16 else dtype  # Stable Diffusion's decoder overflows in fp16
    unet = component(UNet2DConditionModel, "unet", dtype, low_cpu_mem_usage=False)
    vae = component(AutoencoderKL, "vae", wide, low_cpu_mem_usage=False)
    text_encoder = component(CLIPTextModel, "text_encoder", dtype)
    tokenizer = tokenizer_of(folder, int(text_encoder.config.vocab_size))
    components = [ready(each, device) for each in (unet, vae, text_encoder)]
    return Parts(
        unet=unet,
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        scheduler_config=read(folder, "scheduler/scheduler_config.json"),
        name=name or folder.name,
        digest=digest(folder, files),
        licence=known_licence(name or folder.name, licence(folder)),
        dtype=dtype,
        device=device,
        residence=Residence(components, device, offload),
    )


def tokenizer_of(folder: Path, known: int) -> CLIPTokenizer:
    """The tokenizer of a text tower that knows so many tokens. Raises ModelRefused."""
    try:
        tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    except Exception as error:  # a file that is none is a plain Exception
        raise ModelRefused(f"{folder.name}/tokenizer cannot be loaded: {str(error).strip()[:300]}") from error
    if len(tokenizer) > known:
        raise ModelRefused(
            f"{folder.name}/tokenizer has {len(tokenizer)} tokens; text_encoder/config.json knows {known}"
        )
    return tokenizer


def files_of(folder: Path) -> list[str]:
    """The files of ``folder`` that are needed, in order. Raises ModelRefused."""
    there = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return needed(there, folder.name)


def check(folder: Path) -> None:
    """Raises ModelRefused unless the components are of known kinds, fit together, and their weights are
    safetensors by content and not by name alone."""
    files = files_of(folder)
    index = read(folder, INDEX)
    for component, wanted in CLASSES.items():
        named = index.get(component)
        found = named[-1] if isinstance(named, list) and named else None
        if found != wanted:
            raise ModelRefused(f"{folder.name}/{INDEX}: {component} is a {found}; a {wanted} is needed")
    unet, text, vae = (read(folder, f"{part}/config.json") for part in ("unet", "text_encoder", "vae"))
    channels = latents(folder, vae).channels
    expect(folder, "unet/config.json", "in_channels", unet.get("in_channels"), tuple(inputs_of(channels)))
    expect(folder, "unet/config.json", "out_channels", unet.get("out_channels", CHANNELS), (channels,))
    width = text.get("hidden_size")
    expect(folder, "unet/config.json", "cross_attention_dim", unet.get("cross_attention_dim"), (width,))
    expect(folder, "unet/config.json", "class_embed_type", unet.get("class_embed_type"), (None, *LEVELS))
    for other in OTHER_CONDITIONS:
        expect(folder, "unet/config.json", other, unet.get(other), (None,))
    if unet.get("class_embed_type") is None:  # else diffusers does not read it
        expect(folder, "unet/config.json", "num_class_embeds", unet.get("num_class_embeds"), (None,))
    within(folder, "unet/config.json", "sample_size", unet.get("sample_size"), SMALLEST, LARGEST)
    if (told := unet.get("time_cond_proj_dim")) is not None:  # guidance was distilled into it
        within(folder, "unet/config.json", "time_cond_proj_dim", told, 2, MOST_TOLD)
        if inputs_of(channels)[unet["in_channels"]] == "instruction":  # is guided by two scales
            expect(folder, "unet/config.json", "time_cond_proj_dim", told, (None,))
    if not isinstance(scale := vae.get("scaling_factor", 1.0), int | float) or not 0 < scale < inf:
        raise ModelRefused(
            f"{folder.name}/vae/config.json: scaling_factor is {scale}; a number above 0 is needed"
        )
    tokens = read(folder, "tokenizer/tokenizer_config.json").get("model_max_length")
    most = int(text.get("max_position_embeddings", TOKENS))
    within(folder, "tokenizer/tokenizer_config.json", "model_max_length", tokens, 3, most)
    for file in files:
        if file.endswith(".safetensors"):
            is_safetensors(folder, file)


def latents(folder: Path, vae: dict[str, Any]) -> LatentSpace:
    """The latent space of a VAE by its config. Raises ModelRefused for one that no world can have."""
    try:
        space = space_of(vae)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelRefused(f"{folder.name}/vae/config.json does not say what its latents are") from error
    if not is_known(space):
        sizes = " or ".join(map(str, PIXELS))
        raise ModelRefused(
            f"{folder.name}/vae/config.json: its latents have {space}; up to {MOST_CHANNELS} channels and"
            f" {sizes} pixels a latent are known"
        )
    return space


def expect(folder: Path, file: str, key: str, found: object, allowed: tuple[object, ...]) -> None:
    """Raises ModelRefused unless what a config says is among what is ``allowed``."""
    if found not in allowed:
        words = " or ".join(map(str, allowed))
        raise ModelRefused(f"{folder.name}/{file}: {key} is {found}; {words} is needed")


def within(folder: Path, file: str, key: str, found: object, least: int, most: int) -> None:
    """Raises ModelRefused unless what a config says is a whole number in a range."""
    if type(found) is not int or not least <= found <= most:
        raise ModelRefused(f"{folder.name}/{file}: {key} is {found}; {least} to {most} is needed")


def is_safetensors(folder: Path, file: str) -> None:
    """Raises ModelRefused for anything else under that name."""
    try:
        with safe_open(folder / file, "np"):
            pass
    except (SafetensorError, OSError) as error:
        raise ModelRefused(f"{folder.name}/{file} is not a safetensors file ({error})") from None


def read(folder: Path, file: str) -> dict[str, Any]:
    """A JSON file as a dict. Raises ModelRefused."""
    try:
        found = json.loads((folder / file).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelRefused(f"{folder.name}/{file} cannot be read ({error})") from None
    if not isinstance(found, dict):
        raise ModelRefused(f"{folder.name}/{file} is no JSON object")
    return found


def digest(folder: Path, files: list[str]) -> str:
    """Hex digest over the files that take part in painting."""
    whole = hashlib.blake2b(digest_size=16)
    for file in sorted(files):
        with open(folder / file, "rb") as opened:
            part = hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=16))
        whole.update(file.encode() + b"\0" + part.digest())
    return whole.hexdigest()


def licence(folder: Path) -> str:
    """What the head of the model's card says, "not stated" without one."""
    card = folder / CARD
    lines = card.read_text("utf-8", "replace").splitlines() if card.is_file() else []
    for line in lines[:60]:
        key, _, value = line.partition(":")
        if key.strip() in ("license", "licence") and value.strip():
            return value.strip().strip("\"'")
    return "not stated"


def ready(module: Any, device: str) -> Any:
    """``module`` to paint with on a device, and not to train."""
    if device == "cuda":  # convolutions of half numbers are fastest so; on a CPU bytes would change
        module.to(memory_format=torch.channels_last)
    return module.eval().requires_grad_(False)


def component_bytes(folder: Path, component: Component, files: list[str]) -> int:
    """Bytes of a component's files of weights."""
    return sum((folder / file).stat().st_size for file in weights(component, files, folder.name))
