"""What Text2Earth's architecture costs: the full size with random weights, so only times and memory count.

python -m benchmarks.text2earth --device cuda      windows a second by steps and batch, decoding, memory
python -m benchmarks.text2earth --device cpu       a tile of it over one of terra

On a CPU few steps are taken: all cost the same, so more of them are calculated.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import nn

from benchmarks.common import seconds
from explorer.models import diffusion  # noqa: F401  (before transformers, see there)
from explorer.models.diffusion.loading import ready
from explorer.models.diffusion.painting import StableDiffusion, traits_of
from explorer.models.diffusion.parts import Parts
from explorer.models.diffusion.residence import Residence, size_of
from explorer.models.family import Model
from explorer.models.library import Library
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, Window, WindowSpec, assemble
from tiles.grid import Tile
from tiles.recipe import Recipe

STEPS, BATCHES = (50, 20, 8, 4), (1, 4, 16)
USUAL = 25  # steps, where none are set
FEW = (1, 2)  # steps that are really taken on a CPU
UNET: dict[str, Any] = {  # of Stable Diffusion 2, told a level
    "sample_size": 32, "in_channels": 4, "out_channels": 4, "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2, "attention_head_dim": (5, 10, 20, 20), "cross_attention_dim": 1024,
    "use_linear_projection": True, "class_embed_type": "timestep",
}  # fmt: skip
VAE: dict[str, Any] = {
    "latent_channels": 4, "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2,
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
}  # fmt: skip
TEXT: dict[str, Any] = {  # OpenCLIP's ViT-H-14 without its last layer
    "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16,
    "hidden_act": "gelu",
}  # fmt: skip
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}


class Unread(StableDiffusion):
    """Reads no prompt: that is done once for each, and not what is measured here."""

    def _embed(self, prompt: str) -> torch.Tensor:
        return torch.zeros(1, 77, UNET["cross_attention_dim"], dtype=self.parts.dtype, device=self.device)


def parts(device: str, dtype: torch.dtype) -> Parts:
    """The components, with small random weights."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    wide = torch.float32 if dtype is torch.float16 else dtype
    with torch.device("meta"):  # without the minutes that numbers to train from would take
        made = [
            nn.Module.to(UNet2DConditionModel(**UNET), dtype),
            nn.Module.to(AutoencoderKL(**VAE), wide),
            nn.Module.to(CLIPTextModel(CLIPTextConfig(**TEXT)), dtype),
        ]
    for module in made:
        module.to_empty(device=device)
        for weights in module.parameters():
            nn.init.normal_(weights, std=0.02) if weights.ndim > 1 else nn.init.ones_(weights)
    unet, vae, text = (ready(module, device) for module in made)
    home = Residence([unet, vae, text], device, "never")
    return Parts(unet, vae, text, None, NOISE, "text2earth's size", "0" * 32, "none", dtype, device, home)


def model_of(built: Parts, steps: int, batch: int) -> StableDiffusion:
    """A model that takes so many steps and windows."""
    kind: Any = str(built.dtype).removeprefix("torch.")
    recipe = Recipe(source="", licence="", steps=steps, dtype=kind, batch=batch)
    return Unread(built, traits_of(built, "0" * 32, batch, steps), recipe)


def windows(model: Model, count: int) -> list[Window]:
    """Windows of nothing but noise and a prompt."""
    pyramid = pyramid_of(model.traits.base_zoom, 0, model.traits.halo, model.traits.space)
    spec = WindowSpec(pyramid, 1, (Condition("rocky coast"),))
    return [assemble(Tile(model.traits.base_zoom, 2 * x, 0), spec, {}) for x in range(count)]


def painting(model: Model, times: int = 1) -> float:
    """Seconds of one window of a full batch."""
    batch = windows(model, model.traits.batch)
    return seconds(lambda: model.paint(batch), times) / len(batch)


def decoding(model: Model, times: int = 1) -> float:
    """Seconds of one tile. Its latents go on around it as they are in it, so all windows of a feathered
    decoder are the same one: in land that goes on, too, one is drawn for each tile."""
    margin, rng = model.traits.margin, np.random.default_rng(0)
    cells = rng.standard_normal((times, *model.traits.space.shape)).astype(np.float32)
    around = ((0, 0), (margin, margin), (margin, margin))
    fresh = iter([np.pad(cell, around, mode="wrap") for cell in cells])
    return seconds(lambda: model.decode(next(fresh)), times)


def on_gpu(device: str) -> Table:
    """Windows a second, by steps and batch."""
    built = parts(device, torch.float16)
    table = Table("steps", "batch", "windows/s", "decoding's share", "peak GiB", title=_named(built))
    decoding(model_of(built, 1, 1))  # what is only done once
    for steps, batch in track([(s, b) for s in STEPS for b in BATCHES]):
        model = model_of(built, steps, batch)
        painting(model_of(built, 1, batch))
        torch.cuda.reset_peak_memory_stats()
        window, tile = painting(model), decoding(model, 3)
        peak = torch.cuda.max_memory_allocated() / 2**30
        share = tile / (window + tile)
        table.add_row(str(steps), str(batch), f"{1 / window:.2f}", f"{share:.2f}", f"{peak:.1f}")
    return table


def on_cpu() -> Table:
    """A tile over terra's. Each step costs the same: two short runs say what one costs."""
    terra = Library("terra", "cpu").get()
    painting(terra), decoding(terra)  # what is only done once
    own, built = (painting(terra, 5), decoding(terra, 5)), parts("cpu", torch.float32)
    few, more = (painting(model_of(built, steps, 1)) for steps in FEW)
    step, tile = (more - few) / (FEW[1] - FEW[0]), decoding(model_of(built, 1, 1))
    table = Table("", "seconds", "over terra's tile", title=_named(built))
    rows = {"terra: a tile": sum(own), f"a step ({FEW[1]} were taken)": step, "decoding a tile": tile}
    rows |= {f"a tile in {steps} steps, calculated": steps * step + tile for steps in (USUAL, *STEPS)}
    for name, spent in rows.items():
        table.add_row(name, f"{spent:.2f}", f"{spent / sum(own):.1f}")
    return table


def _named(built: Parts) -> str:
    count = sum(p.numel() for p in built.unet.parameters()) / 1e6
    size = sum(size_of(each) for each in (built.unet, built.vae, built.text_encoder)) / 2**30
    where = torch.cuda.get_device_name() if built.device == "cuda" else "CPU"
    return f"UNet of {count:.0f} million random numbers, {built.dtype}, weights {size:.1f} GiB, on {where}"


def main(device: Annotated[str, typer.Option()] = "cuda" if torch.cuda.is_available() else "cpu") -> None:
    """Print one table."""
    start = time.monotonic()
    Console(width=120).print(on_cpu() if device == "cpu" else on_gpu(device))
    Console().print(f"{time.monotonic() - start:.0f} s in all")


if __name__ == "__main__":
    typer.run(main)
