"""terra: our own small model, native to what painting does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from explorer.models import following
from explorer.models.autoencoder import LATENT_CHANNELS, Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.models.detail import DetailPainter
from explorer.models.detail_decoder import DetailDecoder
from explorer.models.family import PromptReport, Towers, Traits, nearest_zoom, require_guides
from explorer.models.images import ImageTower
from explorer.models.samplers import Held, euler, last_step_again, times_for, timesteps
from explorer.models.sampling import Batch, Predict, View, blended, guided, paint_in_batches
from explorer.models.text import TextTower
from explorer.models.towers import DualTowers
from explorer.painting.window import Latents, Window
from tiles.latents import LatentSpace
from tiles.recipe import Recipe

M = TypeVar("M", bound=torch.nn.Module)
SPACE = LatentSpace(LATENT_CHANNELS, pixels=8)
NEGATIVE_SCALE = 2.0  # how far from a negative prompt a model goes that has its guidance folded in


class Terra:
    """Autoencoder, text tower and denoiser on one device, behind the ``Model`` interface.

    Painted latents become pixels by ``decoder``: the autoencoder itself, or one that adds detail.
    """

    recipe: Recipe | None = None

    def __init__(
        self,
        traits: Traits,
        times: list[float],
        guidance_scale: float,
        autoencoder: Autoencoder,
        decoder: Autoencoder | DetailDecoder,
        denoiser: Denoiser,
        text: TextTower,
        device: str,
        towers: Towers | None = None,
    ) -> None:
        self.traits, self.times, self.device = traits, times, device
        self.guidance_scale = guidance_scale
        self.autoencoder = _ready(autoencoder, device)
        self.decoder = _ready(decoder, device)
        self.denoiser = _ready(denoiser, device)
        self.text, self.towers = text, towers
        self.embed = lru_cache(maxsize=1024)(self._embed)

    def paint(self, windows: Sequence[Window]) -> list[Latents]:
        """The latents (4, side, side) of each window, float32. Raises ValueError for more than a batch,
        ModelRefused for one with a guide."""
        require_guides(self.traits, windows)
        return paint_in_batches(windows, self.traits.batch, self.device, self._sample)

    def _sample(self, batch: Batch) -> Tensor:
        if batch.kind.hold_times == (0.0,):  # all is known
            return batch.known
        scale = max(self.guidance_scale, NEGATIVE_SCALE if batch.kind.negative else 1.0)
        velocity = blended(guided(self._predict(batch), batch, scale), batch)
        times = times_for(batch.kind.hold_times, self.times)
        painted = euler(velocity, batch.noise, batch.known, batch.hold_until, times)
        if batch.parent_as_is is None or not self.traits.follow:
            return painted
        lacks = following.correction(self.autoencoder, painted, batch.parent_as_is)
        free = (batch.hold_until > 0).float()
        held = Held(batch.noise, batch.known, batch.hold_until)
        return last_step_again(velocity, painted + free * lacks, held, times[-2])

    def _predict(self, batch: Batch) -> Predict:
        known = self.traits.zooms
        told = [float(nearest_zoom(window.cell.z, known, window.shown)) for window in batch.windows]
        zoom = torch.tensor(told, device=self.device)

        def predict(x: Tensor, t: float, prompts: list[str], view: View) -> Tensor:
            shown, up = view.known_mask, view.use_parent
            coarser = torch.tensor([window.coarser * up for window in batch.windows], device=self.device)
            above = [batch.parent * up, batch.parent_mask * up]
            inputs = torch.cat([x, batch.known * shown, shown, *above], 1)  # (n, 14, width, width)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            text = torch.cat([self.embed(prompt) for prompt in prompts]).to(self.device)
            now = torch.full((len(x),), t, device=self.device)
            return self.denoiser(inputs, now, text, zoom, coarser)

        return predict

    def read_prompt(self, prompt: str) -> PromptReport:
        """What of a prompt the text tower does not read, or does not know."""
        return self.text.read(prompt)

    def encode(self, pixels: np.ndarray) -> Latents:
        """Pixels uint8 (8h, 8w, 3) to latents (4, h, w), float32."""
        with torch.inference_mode():
            sheet = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].to(self.device)
            sheet = (sheet.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
            return self.autoencoder.encode(sheet)[0, :LATENT_CHANNELS].cpu().numpy()

    def decode(self, latents: Latents) -> np.ndarray:
        """Latents (4, 32 + 2 margin, 32 + 2 margin) to uint8 pixels (256, 256, 3) inside."""
        with torch.inference_mode():
            sheet = torch.from_numpy(np.ascontiguousarray(latents, np.float32))[None]
            sheet = sheet.to(self.device).contiguous(memory_format=torch.channels_last)
            picture = self.decoder.decode_inside(sheet)[0]
            scaled = ((picture.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            return scaled.permute(1, 2, 0).cpu().numpy()

    def _embed(self, prompt: str) -> Tensor:
        """(1, 256); all zeros for an empty prompt, which is how training left prompts out."""
        with torch.inference_mode():
            vector = self.text.encode([prompt])
        return vector if prompt.strip() else torch.zeros_like(vector)


def load(folder: Path, bundle: dict[str, Any], digest: str, device: str) -> Terra:
    """terra from a checked bundle. Raises ValueError where its autoencoder and its detail painter do not
    belong together, or its groups of zooms are not made of its zooms."""
    read = {"torch_dtype": torch.float32, "use_safetensors": True, "low_cpu_mem_usage": False}
    autoencoder = Autoencoder.from_pretrained(folder / "autoencoder", **read)
    decoder = _decoder(folder, autoencoder, read)
    traits = Traits(
        name=bundle["name"],
        digest=digest,
        channels=SPACE.channels,
        pixels=SPACE.pixels,
        halo=bundle["halo"],
        margin=decoder.margin,
        batch=bundle["batch"]["cpu" if device == "cpu" else "gpu"],
        steps=bundle["steps"],
        sketch=bundle["sketch"],
        zooms=tuple(sorted(bundle["zooms"])),
        zoom_groups=_zoom_groups(bundle),
        base_zoom=bundle["base_zoom"],
        licence=bundle["licence"],
        follow=0 if isinstance(decoder, DetailDecoder) else following.rim_of(decoder),
    )
    text = TextTower.load(folder / "text")
    return Terra(
        traits,
        timesteps(traits.steps, bundle["shift"]),
        bundle["guidance_scale"],
        autoencoder,
        decoder,
        Denoiser.from_pretrained(folder / "denoiser", **read),
        text,
        device,
        _towers(folder, text, read),
    )


def _zoom_groups(bundle: dict[str, Any]) -> tuple[tuple[int, ...], ...]:
    """What the bundle says of which zooms were learned from the same kind of pictures, if it does."""
    groups = tuple(tuple(sorted(group)) for group in bundle.get("zoom_groups", ()))
    if groups and sorted(zoom for group in groups for zoom in group) != sorted(bundle["zooms"]):
        raise ValueError("zoom_groups: each of the zooms has to be in one group, and no other")
    return groups


def _towers(folder: Path, text: TextTower, read: dict[str, Any]) -> Towers | None:
    """What compares pictures with prompts, if the bundle has an image tower."""
    images = folder / "images"
    return DualTowers(text, ImageTower.from_pretrained(images, **read)) if images.is_dir() else None


def _decoder(folder: Path, autoencoder: Autoencoder, read: dict[str, Any]) -> Autoencoder | DetailDecoder:
    """What decodes coarse latents: ``autoencoder``, with the bundle's detail painter if it reads detail."""
    painter = folder / "detail"
    if painter.is_dir():
        decoder = DetailDecoder(autoencoder, DetailPainter.from_pretrained(painter, **read))
        if decoder.margin > SPACE.side:
            raise ValueError(
                f"a tile needs {decoder.margin} latents around it; its neighbours give {SPACE.side}"
            )
        return decoder
    if autoencoder.config["detail"]:
        raise ValueError("its autoencoder reads detail, but there is no detail painter in detail/")
    return autoencoder


def _ready(module: M, device: str) -> M:
    module.to(device)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module.eval().requires_grad_(False)
