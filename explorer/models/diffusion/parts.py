"""What a Stable Diffusion model is made of, loaded: components of diffusers and transformers as they are."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

from explorer.models.diffusion.residence import Residence


class Parts(NamedTuple):
    """The components of one model on one device, ready to paint: in evaluation mode, without gradients."""

    unet: UNet2DConditionModel
    vae: AutoencoderKL
    text_encoder: CLIPTextModel
    tokenizer: CLIPTokenizer
    scheduler_config: dict[str, Any]  # of scheduler/scheduler_config.json: betas, prediction_type
    name: str  # what a world remembers the model by
    digest: str  # hex, over all files that take part in painting
    licence: str
    dtype: torch.dtype  # of the UNet; the VAE may have a wider one
    device: str  # "cpu" or "cuda"
    residence: Residence  # where they lie
    controlnet: ControlNetModel | None = None  # what makes the UNet follow pictures
