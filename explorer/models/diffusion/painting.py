"""A Stable Diffusion model behind the interface that painting asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from explorer.models.decoders import FeatheredDecoder, margin_of
from explorer.models.diffusion.distilled import guidance_embedding
from explorer.models.diffusion.guiding import Guidance, Looked, added, guidance_of
from explorer.models.diffusion.holding import softened
from explorer.models.diffusion.kinds import inputs_of, shift_of, space_of
from explorer.models.diffusion.parts import Parts
from explorer.models.diffusion.residence import release, what_helps
from explorer.models.diffusion.squares import halo_for, squares_of
from explorer.models.family import PromptReport, Towers, Traits, nearest_zoom, require_guides
from explorer.models.samplers import Estimate, Held, estimated, sampled, stepper
from explorer.models.sampling import Batch, Predict, View, blended, paint_in_batches
from explorer.models.schedules import Level, diffusion_levels, diffusion_of, levels_for
from explorer.painting.window import Latents, Window
from tiles.errors import PaintingFailed
from tiles.grid import TILE_PIXELS
from tiles.recipe import Recipe

log = logging.getLogger(__name__)
T = TypeVar("T")
LEVELS = tuple(range(10, 19))  # ground resolutions that Text2Earth was trained on, which are zooms
NO_LEVEL = 0.0  # what stands for none of them


class StableDiffusion:
    """Text to land, told a ground resolution if the model knows them, as ``Model``.

    What is known around a cell is put back at every step, softly at its border, or is also shown to the UNet
    with a mask (inpainting), or is shown as the picture to be edited (InstructPix2Pix, Brooks et al. 2023,
    arXiv 2211.09800). A coarser level is where sampling begins (SDEdit, Meng et al. 2022, arXiv 2108.01073).
    """

    def __init__(self, parts: Parts, traits: Traits, recipe: Recipe) -> None:
        self.parts, self.traits, self.device = parts, traits, parts.device
        self.wanted, self.most = recipe, traits.batch
        self.towers: Towers | None = None
        self.schedule = diffusion_of(parts.scheduler_config)
        self.levels = diffusion_levels(self.schedule, recipe.sampler, recipe.steps)
        self.task = inputs_of(traits.channels)[int(parts.unet.config["in_channels"])]
        self.told_level = parts.unet.config.get("class_embed_type") is not None
        size = parts.unet.config.get("time_cond_proj_dim")
        self.told_scale = None if size is None else guidance_embedding(recipe.guidance_scale, size)
        native = int(parts.unet.config["sample_size"])
        # By the width of the windows that come: those of a world that was made before may be narrower.
        self.squares = cache(lambda width: squares_of(width, native, self.device))
        self.embed = lru_cache(maxsize=256)(self._embed)
        self.decoder = FeatheredDecoder(self._draw, traits.space)
        self.nothing = self._encoded(np.full((1, TILE_PIXELS, TILE_PIXELS, 3), 128, np.uint8))
        self.nothing = self.nothing.mean((2, 3), keepdim=True)  # (1, channels, 1, 1): grey, under a mask

    @property
    def recipe(self) -> Recipe:
        """What a world has to remember to be painted on alike."""
        return self.wanted.model_copy(update={"batch": self.traits.batch})

    def paint(self, windows: Sequence[Window]) -> list[Latents]:
        """The latents (channels, width, width) of each window, float32. Raises ValueError for more than a
        batch, PaintingFailed where memory runs out for good.

        Where memory runs out, batches are half as large from then on, down to one window. Where that is not
        enough, the model's components take turns on the device.
        """
        require_guides(self.traits, windows)
        if not 0 < len(windows) <= self.most:
            raise ValueError(f"{len(windows)} windows; a batch holds 1 to {self.most}")
        while (size := self.traits.batch) > 1:
            try:
                return self._painted(windows, size)
            except torch.OutOfMemoryError:
                pass
            # Not while the error is handled, which holds on to what was being computed.
            self.traits = self.traits._replace(batch=size // 2)
            log.warning("out of memory: %d windows at once from now on", size // 2)
            release()
        return self._in_room(lambda: self._painted(windows, 1), "paint a window")

    def _painted(self, windows: Sequence[Window], size: int) -> list[Latents]:
        parts = [windows[first : first + size] for first in range(0, len(windows), size)]
        painted = [paint_in_batches(part, size, self.device, self._sample) for part in parts]
        return [latents for part in painted for latents in part]

    def _sample(self, batch: Batch) -> Tensor:
        if batch.kind.hold_times == (0.0,):  # all is known
            return batch.known
        held = self._held(batch)
        levels = levels_for(float(held.hold_until.max()), self.levels)
        by_time = {level.time: level for level in levels}
        field = blended(self._predict(batch, by_time), batch)

        def denoise(x: Tensor, level: Level) -> Estimate:
            return estimated(self.schedule.prediction, field(x, level.time), x, level)

        painted = sampled(stepper(self.wanted.sampler, denoise, batch.noise), held, levels)
        return torch.where(batch.known_mask > 0, batch.known, painted)

    def _held(self, batch: Batch) -> Held:
        """What is put back while sampling: what is known, and at first the enlarged coarser level."""
        uses_parent = any(batch.kind.use_parent)
        begins = (batch.parent_mask > 0) & (batch.hold_until == 1) & uses_parent
        until = torch.where(begins, self.wanted.parent_strength, batch.hold_until)
        if self.task == "text":
            until = softened(until, batch.known_mask)
        return Held(batch.noise, torch.where(begins, batch.parent, batch.known), until)

    def _predict(self, batch: Batch, by_time: dict[float, Level]) -> Predict:
        zooms = [nearest_zoom(window.cell.z, self.traits.zooms) for window in batch.windows]
        told = torch.tensor([float(zoom) for zoom in zooms], device=self.device)
        untold = torch.full_like(told, NO_LEVEL)
        guide = self._guidance(batch)
        options, edits = self.wanted, self.task == "instruction"
        scale, level_scale = options.guidance_scale, options.level_scale

        def predict(x: Tensor, t: float, prompts: list[str], view: View) -> Tensor:
            seen = self._seen(x, batch, view)

            def by(texts: list[str], level: Tensor, seen: Tensor = seen) -> Tensor:
                return self._unet(seen, by_time[t], texts, level, guide)

            all_of_it = by(prompts, told)
            if self.told_scale is not None or (scale == 1 and level_scale is None and not edits):
                return all_of_it
            # Dynamic condition adaptation: without text the ground resolution is left out too (Liu et al.
            # 2025, arXiv 2501.00895, section IV).
            nothing = by(batch.negative_prompts, untold)
            if edits:  # away from nothing towards the picture, and on towards the instruction (equation 3)
                blank = by(batch.negative_prompts, untold, torch.cat([x, torch.zeros_like(x)], 1))
                pictured = blank + options.picture_scale * (nothing - blank)
                return pictured + scale * (all_of_it - nothing)
            if level_scale is None or not self.told_level:
                return nothing + scale * (all_of_it - nothing)
            only_level = by(batch.negative_prompts, told)
            return nothing + level_scale * (only_level - nothing) + scale * (all_of_it - only_level)

        return predict

    def _seen(self, x: Tensor, batch: Batch, view: View) -> Tensor:
        """What the UNet is shown, (n, its inputs, width, width)."""
        if self.task == "text":
            return x
        shown = batch.known * view.known_mask
        if self.task == "instruction":
            # The land that is edited is there at first and then let go. Its latents are told as the encoder
            # gives them, without the scaling that all others have: so these models were trained.
            edited = (batch.hold_until < 1) & (batch.known_mask == 0)
            picture = torch.where(edited, batch.known, shown)
            return torch.cat([x, picture / self.parts.vae.config["scaling_factor"]], 1)
        covered = shown + (1 - view.known_mask) * self.nothing
        return torch.cat([x, 1 - view.known_mask, covered], 1)

    def _guidance(self, batch: Batch) -> Guidance | None:
        """The pictures that guide windows, if any does."""
        cuts = [window.guide for window in batch.windows if window.guide is not None]
        return guidance_of(cuts, self.device, self.parts.dtype) if cuts else None

    def _unet(
        self, seen: Tensor, level: Level, prompts: list[str], told: Tensor, guide: Guidance | None
    ) -> Tensor:
        """The UNet's prediction for whole windows. It looks at squares of the size that it was trained on,
        and where they overlap their predictions are averaged (Bar-Tal et al. 2023, "MultiDiffusion", arXiv
        2302.08113)."""
        text, unet = torch.cat([self.embed(prompt) for prompt in prompts]), self.parts.unet
        labels = told.to(self.parts.dtype) if self.told_level else None
        scale = None if self.told_scale is None else self.told_scale.to(self.device, self.parts.dtype)
        total, weight = torch.zeros_like(seen[:, : self.traits.channels]), torch.zeros_like(seen[:1, :1])
        side, corners, share = self.squares(seen.shape[-1])
        for top, left in corners:
            here = (..., slice(top, top + side), slice(left, left + side))
            square = seen[here].to(self.parts.dtype)
            looked = Looked(square[:, : self.traits.channels], level.timestep, text, labels)
            more = added(self.parts, looked, guide and guide.square(top, left, side))
            with self.parts.residence.working(unet):
                found = unet(
                    square,
                    level.timestep,
                    text,
                    class_labels=labels,
                    timestep_cond=scale,
                    return_dict=False,
                    **more,
                )[0]
            total[here] += found.float() * share
            weight[here] += share
        return total / weight

    def _embed(self, prompt: str) -> Tensor:
        """(1, tokens, width), as the UNet reads prompts."""
        tokenizer, encoder = self.parts.tokenizer, self.parts.text_encoder
        tokens = tokenizer(
            prompt, padding="max_length", max_length=tokenizer.model_max_length, truncation=True
        )
        ids = torch.tensor([tokens["input_ids"]], device=self.device)
        return self._by(encoder, "read a prompt", lambda: encoder(ids).last_hidden_state.to(self.parts.dtype))

    def read_prompt(self, prompt: str) -> PromptReport:
        """What of a prompt is too long to be read. Every word is made of known pieces."""
        tokenizer = self.parts.tokenizer
        room = tokenizer.model_max_length - 2  # a mark at the start and one at the end
        words = prompt.split()
        for end in range(len(words), 0, -1):
            if len(tokenizer(" ".join(words[:end]), add_special_tokens=False)["input_ids"]) <= room:
                return PromptReport(" ".join(words[end:]), ())
        return PromptReport(prompt if words else "", ())

    def encode(self, pixels: np.ndarray) -> Latents:
        """Pixels uint8 (h * pixels, w * pixels, 3) to latents (channels, h, w), float32."""
        return self._encoded(pixels[None])[0].cpu().numpy()

    def _encoded(self, pixels: np.ndarray) -> Tensor:
        vae = self.parts.vae
        sheet = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).to(self.device)

        def encoded() -> Tensor:
            latents = vae.encode((sheet.float() / 127.5 - 1).to(vae.dtype)).latent_dist.mode()
            return ((latents - shift_of(vae.config)) * vae.config["scaling_factor"]).float()

        return self._by(vae, "encode a picture", encoded)

    def decode(self, latents: Latents) -> np.ndarray:
        """Latents (channels, side + 2 margin, side + 2 margin) to uint8 pixels (256, 256, 3) inside. Raises
        PaintingFailed where memory runs out for good."""
        return np.rint(self.decoder.tile(np.asarray(latents, np.float32))).astype(np.uint8)

    def _draw(self, latents: Latents) -> np.ndarray:
        """A canonical window's pixels, 0..255."""
        vae = self.parts.vae

        def drawn() -> np.ndarray:
            sheet = torch.from_numpy(latents)[None].to(self.device, vae.dtype)
            unscaled = sheet / vae.config["scaling_factor"] + shift_of(vae.config)
            picture = vae.decode(unscaled).sample[0].float()
            shown = (picture.clamp(-1, 1) + 1) * 127.5
            return shown.permute(1, 2, 0).cpu().numpy()

        return self._by(vae, "decode a tile", drawn)

    def _by(self, component: nn.Module, doing: str, work: Callable[[], T]) -> T:
        """What ``work`` computes with a component."""

        def worked() -> T:
            with torch.inference_mode(), self.parts.residence.working(component):
                return work()

        return self._in_room(worked, doing)

    def _in_room(self, work: Callable[[], T], doing: str) -> T:
        """What ``work`` gives, if need be with components that take turns on the device. Raises
        PaintingFailed where memory runs out even so."""
        home = self.parts.residence
        try:
            return home.making_room(work)
        except torch.OutOfMemoryError:
            pass
        helps = what_helps(home.together, self.traits.batch, self.parts.dtype)
        raise PaintingFailed(f"out of memory: {self.traits.name} has no room to {doing}. What helps: {helps}")


def traits_of(parts: Parts, digest: str, batch: int, steps: int) -> Traits:
    """What painting has to know of a model. A model that is not told ground resolutions is taken to know
    those of Text2Earth."""
    space = space_of(parts.vae.config)
    return Traits(
        name=parts.name,
        digest=digest,
        channels=space.channels,
        pixels=space.pixels,
        halo=halo_for(int(parts.unet.config["sample_size"]), space.side),
        margin=margin_of(space),
        batch=batch,
        steps=steps,
        sketch=2,
        zooms=LEVELS,
        base_zoom=15,
        licence=parts.licence,
    )
