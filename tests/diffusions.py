"""A Stable Diffusion model with random weights, in the layout of diffusers, small enough for tests."""

from __future__ import annotations

import json
from pathlib import Path

from explorer.models.torchvision_cure import cure
from tiles.latents import USUAL, LatentSpace

CARD = "---\nlicense: apache-2.0\n---\n# Tiny\n"


def build_diffusion(
    folder: Path,
    inputs: int = 0,
    level: bool = True,
    side: int = 48,
    space: LatentSpace = USUAL,
    told: int | None = None,
) -> Path:
    """``inputs``: channels that the UNet sees, by default those of the latents; for latents of 4 they may also
    be 8 or 9. ``level``: it is told one, as Text2Earth is. ``side``: latents along the windows that it is
    made for. ``told``: guidance is distilled into it, and it is told the scale by so many numbers."""
    blocks = space.pixels.bit_length()
    cure()  # before transformers, which imports torchvision
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=side, in_channels=inputs or space.channels, out_channels=space.channels, block_out_channels=(8, 16), layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32, attention_head_dim=1,  # diffusers' name for how many heads: each costs as much
        norm_num_groups=8,
        class_embed_type="timestep" if level else None, time_cond_proj_dim=told,
    )  # fmt: skip
    unet.save_pretrained(folder / "unet")
    vae = AutoencoderKL(
        latent_channels=space.channels, block_out_channels=(4, 4, 8, 8, 8)[:blocks], layers_per_block=1,
        norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
    )  # fmt: skip
    vae.save_pretrained(folder / "vae")
    words = vocabulary()
    text = CLIPTextConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, bos_token_id=0, eos_token_id=1,
    )  # fmt: skip
    CLIPTextModel(text).save_pretrained(folder / "text_encoder")
    put(folder / "tokenizer" / "vocab.json", words)
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    end = "<|endoftext|>"
    special = {"bos_token": "<|startoftext|>", "eos_token": end, "unk_token": end, "pad_token": end}
    put(
        folder / "tokenizer" / "tokenizer_config.json",
        {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **special},
    )
    noise = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    more = {"prediction_type": "epsilon", "steps_offset": 1, "num_train_timesteps": 1000}
    put(
        folder / "scheduler" / "scheduler_config.json",
        {"_class_name": "EulerDiscreteScheduler", **noise, **more},
    )
    parts = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL"}
    index = {name: ["diffusers", kind] for name, kind in parts.items()}
    index |= {name: ["transformers", kind] for name, kind in {"text_encoder": "CLIPTextModel"}.items()}
    put(folder / "model_index.json", {"_class_name": "Text2EarthDiffusionPipeline", **index})
    (folder / "README.md").write_text(CARD)
    return folder


def build_controlnet(
    folder: Path, base: Path, card: str = "# Tiny\n\nFollows edges, white on black.\n"
) -> Path:
    """A ControlNet for the model in ``base``, random where a new one adds nothing."""
    cure()
    import torch
    from diffusers import ControlNetModel, UNet2DConditionModel

    torch.manual_seed(1)
    unet = UNet2DConditionModel.from_pretrained(base / "unet")
    network = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 4, 4, 8))
    for name, weight in network.named_parameters():
        if "controlnet_" in name:
            torch.nn.init.normal_(weight, std=0.2)
    network.save_pretrained(folder)
    (folder / "README.md").write_text(f"---\nlicense: mit\n---\n{card}")
    return folder


def vocabulary() -> dict[str, int]:
    """Tokens of single bytes, as CLIP's tokenizer writes them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(byte) for byte in plain] + [chr(256 + i) for i in range(256 - len(plain))]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    return {token: number for number, token in enumerate(tokens)}


def put(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))
