"""terra: our own small model, native to what painting does."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.models.family import Traits
from explorer.models.samplers import euler, times_for, timesteps
from explorer.models.text import TextTower
from explorer.painting.window import Latents, Window

M = TypeVar("M", bound=torch.nn.Module)
NEGATIVE_SCALE = 2.0  # how far from a negative prompt a model goes that has its guidance folded in


class Kind(NamedTuple):
    """What windows must have in common to be sampled together."""

    hold_until: tuple[float, ...]  # times at which something known is let go
    negative: bool
    freed: bool  # whether a first look is taken without what lies outside
    sketches: tuple[bool, ...]  # of each look, whether with the parent


class Terra:
    """Autoencoder, text tower and denoiser on one device, behind the ``Model`` interface."""

    def __init__(
        self,
        traits: Traits,
        times: list[float],
        guidance_scale: float,
        autoencoder: Autoencoder,
        denoiser: Denoiser,
        text: TextTower,
        device: str,
    ) -> None:
        self.traits, self.times, self.device = traits, times, device
        self.guidance_scale = guidance_scale
        self.autoencoder = _ready(autoencoder, device)
        self.denoiser = _ready(denoiser, device)
        self.text = text
        self.embed = lru_cache(maxsize=1024)(self._embed)

    def paint(self, windows: Sequence[Window]) -> list[Latents]:
        """The latents (4, side, side) of each window, float32.

        The batch is filled up with copies to its one size: sums of floats depend on the shape of
        a batch, and a cell must not depend on its company.
        """
        count = self.traits.batch
        if not 0 < len(windows) <= count:
            raise ValueError(f"{len(windows)} windows, allowed are 1 to {count}")
        kinds: dict[Kind, list[int]] = {}
        for index, window in enumerate(windows):
            kinds.setdefault(_kind(window), []).append(index)
        painted: dict[int, Latents] = {}
        for kind, indices in kinds.items():
            full = [windows[i] for i in (*indices, *[indices[0]] * (count - len(indices)))]
            with torch.inference_mode():
                painted |= zip(indices, self._sample(full, kind).cpu().numpy())
        return [painted[i] for i in range(len(windows))]

    def _sample(self, windows: Sequence[Window], kind: Kind) -> Tensor:
        noise, known, mask, parent, parent_mask = (
            torch.from_numpy(np.stack(parts)).to(self.device)
            for parts in zip(*(window[1:6] for window in windows))
        )
        hold_until, context_mask, context_free = (
            torch.from_numpy(np.stack(parts)).to(self.device)
            for parts in zip(*((w.hold_until, w.context_mask, w.context_free) for w in windows))
        )
        if kind.hold_until == (0.0,):
            return known
        zoom = torch.tensor([float(window.cell.z) for window in windows], device=self.device)
        negative = torch.cat([self.embed(window.negative_prompt) for window in windows]).to(self.device)
        scale = max(self.guidance_scale, NEGATIVE_SCALE if kind.negative else 1.0)

        def guided(x: Tensor, t: float, look: int, seen: Tensor) -> Tensor:
            conditions = [window.conditions[look] for window in windows]
            sketch = kind.sketches[look]
            coarser = torch.tensor([w.coarser * sketch for w in windows], device=self.device)
            above = [parent * sketch, parent_mask * sketch]
            inputs = torch.cat([x, known * seen, seen, *above], 1)  # (n, 14, side, side)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            text = torch.cat([self.embed(each.prompt) for each in conditions]).to(self.device)
            now = torch.full((len(x),), t, device=self.device)
            wanted = self.denoiser(inputs, now, text, zoom, coarser)
            if scale == 1:
                return wanted
            # Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598), as two calls: a
            # batch of one is exact and no slower on the CPU.
            other = self.denoiser(inputs, now, negative, zoom, coarser)
            return other + scale * (wanted - other)

        def blended(x: Tensor, t: float, seen: Tensor) -> Tensor:
            """Each place as it is told (Bar-Tal et al. 2023, "MultiDiffusion", arXiv 2302.08113)."""
            if len(kind.sketches) == 1:
                return guided(x, t, 0, seen)
            return torch.stack(
                [guided(x, t, i, seen) * _weights(windows, i, x) for i in range(len(kind.sketches))]
            ).sum(0)

        def velocity(x: Tensor, t: float) -> Tensor:
            found = blended(x, t, mask)
            if not kind.freed or t < 1:
                return found
            return torch.lerp(found, blended(x, t, context_mask), context_free)

        return euler(velocity, noise, known, hold_until, times_for(kind.hold_until, self.times))

    def encode(self, pixels: np.ndarray) -> Latents:
        """Pixels uint8 (8h, 8w, 3) to latents (4, h, w), float32."""
        with torch.inference_mode():
            sheet = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None].to(self.device)
            sheet = (sheet.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)
            return self.autoencoder.encode(sheet)[0].cpu().numpy()

    def decode(self, latents: Latents) -> np.ndarray:
        """Latents (4, 32 + 2 margin, 32 + 2 margin) to uint8 pixels (256, 256, 3) inside."""
        with torch.inference_mode():
            sheet = torch.from_numpy(np.ascontiguousarray(latents, np.float32))[None]
            sheet = sheet.to(self.device).contiguous(memory_format=torch.channels_last)
            picture = self.autoencoder.decode_inside(sheet)[0]
            scaled = ((picture.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            return scaled.permute(1, 2, 0).cpu().numpy()

    def _embed(self, prompt: str) -> Tensor:
        """(1, 256); all zeros for an empty prompt, which is how training left prompts out."""
        with torch.inference_mode():
            found = self.text.encode([prompt])
        return found if prompt.strip() else torch.zeros_like(found)


def _kind(window: Window) -> Kind:
    hold_until = tuple(np.unique(window.hold_until).tolist())
    sketches = tuple(each.use_parent for each in window.conditions)
    return Kind(hold_until, bool(window.negative_prompt), bool(window.context_free.any()), sketches)


def _weights(windows: Sequence[Window], look: int, x: Tensor) -> Tensor:
    """Of one look of each window, (n, 1, side, side)."""
    return torch.from_numpy(np.stack([window.conditions[look].weight for window in windows])).to(x.device)


def load(folder: Path, bundle: dict[str, Any], digest: str, device: str) -> Terra:
    """terra from a checked bundle."""
    traits = Traits(
        name=bundle["name"],
        digest=digest,
        halo=bundle["halo"],
        margin=Autoencoder.margins[0],
        batch=bundle["batch"]["cpu" if device == "cpu" else "gpu"],
        steps=bundle["steps"],
        sketch=bundle["sketch"],
        zooms=tuple(sorted(bundle["zooms"])),
        base_zoom=bundle["base_zoom"],
        licence=bundle["licence"],
    )
    read = {"torch_dtype": torch.float32, "use_safetensors": True, "low_cpu_mem_usage": False}
    return Terra(
        traits,
        timesteps(traits.steps, bundle["shift"]),
        bundle["guidance_scale"],
        Autoencoder.from_pretrained(folder / "autoencoder", **read),
        Denoiser.from_pretrained(folder / "denoiser", **read),
        TextTower.load(folder / "text"),
        device,
    )


def _ready(module: M, device: str) -> M:
    module.to(device)
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module.eval().requires_grad_(False)
