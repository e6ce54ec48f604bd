"""OpenCLIP's text towers as ``CLIPTextModel``: the tower of Stable Diffusion 2 and Text2Earth is ViT-H-14's.

Stable Diffusion 2 reads the last layer but one, so its tower has one layer less than open_clip's: 23 of 24.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from tiles.errors import ModelRefused

HEAD = 64  # numbers of an attention head, in every tower of open_clip's
START, END = 49406, 49407  # what CLIP's tokenizer begins and ends a prompt with
WHOLE = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}
IN_LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "attn.out_proj": "self_attn.out_proj",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
}
PREFIXES = ("", "text.", "model.", "model.text.")  # of a tower within a whole model


def read(file: Path) -> dict[str, Tensor]:
    """The text tower in a file of open_clip's, by open_clip's names. Raises ModelRefused."""
    try:
        with safe_open(file, "pt") as opened:
            names = set(opened.keys())
            prefix = next((each for each in PREFIXES if f"{each}token_embedding.weight" in names), None)
            if prefix is None:
                raise ModelRefused(f"{file.name} holds no text tower: token_embedding.weight is missing")
            ours = (f"{prefix}{name}" for name in (*WHOLE, "transformer."))
            wanted = tuple(ours)
            return {
                name.removeprefix(prefix): opened.get_tensor(name)
                for name in names
                if name.startswith(wanted)
            }
    except (SafetensorError, OSError) as error:
        raise ModelRefused(f"{file.name} is not a safetensors file ({error})") from None


def converted(tower: Mapping[str, Tensor], head: int = HEAD, skipped: int = 1) -> CLIPTextModel:
    """The tower as Stable Diffusion reads it, without its last ``skipped`` layers, float32.

    Its ``last_hidden_state`` (n, 77, width) is what open_clip's tower has after that layer and ``ln_final``.
    Raises ModelRefused for weights that are missing or are of another shape.
    """
    try:
        words, width = tower["token_embedding.weight"].shape
        layers = 1 + max(int(name.split(".")[2]) for name in tower if ".resblocks." in name)
        config = CLIPTextConfig(
            vocab_size=words,
            hidden_size=width,
            intermediate_size=tower["transformer.resblocks.0.mlp.c_fc.weight"].shape[0],
            num_hidden_layers=layers - skipped,
            num_attention_heads=width // head,
            max_position_embeddings=tower["positional_embedding"].shape[0],
            hidden_act="gelu",
            bos_token_id=min(START, words - 2),
            eos_token_id=min(END, words - 1),
        )
        model = CLIPTextModel(config)
        model.load_state_dict(renamed(tower, layers - skipped), strict=False)
    except (KeyError, ValueError, RuntimeError) as error:
        raise ModelRefused(f"this is no text tower of open_clip's: {str(error)[:300]}") from error
    return model.eval().requires_grad_(False)


def renamed(tower: Mapping[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Weights by the names of ``CLIPTextModel``. open_clip keeps queries, keys and values in one. Raises
    KeyError for one that is missing."""
    found = {new: tower[old] for old, new in WHOLE.items()}
    for layer in range(layers):
        old, new = f"transformer.resblocks.{layer}", f"encoder.layers.{layer}"
        for kind in ("weight", "bias"):
            for theirs, ours in IN_LAYER.items():
                found[f"{new}.{ours}.{kind}"] = tower[f"{old}.{theirs}.{kind}"]
            three = tower[f"{old}.attn.in_proj_{kind}"].chunk(3)
            for ours, part in zip(("q_proj", "k_proj", "v_proj"), three):
                found[f"{new}.self_attn.{ours}.{kind}"] = part.clone()
    return {name: tensor.to(torch.float32) for name, tensor in found.items()}
