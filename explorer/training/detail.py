"""Adds channels of detail to a trained autoencoder, whose own four channels stay what they are.

Worlds and denoisers know the coarse channels, so their encoder is frozen. A second encoder, begun from it,
gives the detail; the decoder is trained on, and learns to read both.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from explorer.models.autoencoder import LATENT_CHANNELS, Autoencoder
from explorer.training.autoencoder import loaded, loss, read, show
from explorer.training.blend import grown
from explorer.training.config import DetailConfig
from explorer.training.loop import Run


class Training(nn.Module):
    """An autoencoder whose coarse encoder is frozen, and the normalisation of its detail."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model = model
        self.unit = nn.BatchNorm2d(model.channels - LATENT_CHANNELS, affine=False, momentum=0.02)
        model.encoder.requires_grad_(False)

    def latents(self, pictures: Tensor) -> Tensor:
        """Pictures (n, 3, 8h, 8w) to latents (n, channels, h, w) of unit variance."""
        mean, std = (x[:, :LATENT_CHANNELS] for x in (self.model.latent_mean, self.model.latent_std))
        assert self.model.detail_encoder is not None
        with torch.no_grad():
            coarse = (self.model.encoder(pictures) - mean) / std
        return torch.cat([coarse, self.unit(self.model.detail_encoder(pictures))], 1)

    def fold(self) -> Autoencoder:
        """The model with the mean and deviation of its detail as its own numbers."""
        assert self.unit.running_mean is not None and self.unit.running_var is not None
        std = (self.unit.running_var + self.unit.eps).sqrt()
        self.model.latent_mean[:, LATENT_CHANNELS:] = self.unit.running_mean.view(1, -1, 1, 1)
        self.model.latent_std[:, LATENT_CHANNELS:] = std.view(1, -1, 1, 1)
        return self.model


def begun(before: Autoencoder, config: DetailConfig) -> Autoencoder:
    """``before`` with channels of detail. Its coarse latents are the same bits; the decoder gives nearly the
    same pictures, for it hears little of detail yet."""
    shape = {name: before.config[name] for name in ("widths", "blocks", "waves", "grain")}
    last = max(config.last, before.config["last"] or 0)
    model = Autoencoder(**shape, last=last, detail=config.channels)
    old, new = before.state_dict(), model.state_dict()
    state = grown(old, new)
    entry = "levels.0.0.weight"  # (deep, channels, 3, 3): coarse, detail, waves of the coarse
    first, rest = old[entry].split([LATENT_CHANNELS, old[entry].shape[1] - LATENT_CHANNELS], 1)
    heard = config.heard * new[entry][:, LATENT_CHANNELS : model.channels]
    state[entry] = torch.cat([first, heard, rest], 1)
    for name in ("latent_mean", "latent_std"):
        state[name] = torch.cat([old[name], new[name][:, LATENT_CHANNELS:]], 1)
    own = {f"detail_encoder.{name}": weight for name, weight in before.encoder.state_dict().items()}
    outlet = f"detail_encoder.{len(before.encoder) - 1}."  # its last layer is new: it has other channels
    model.load_state_dict(state | {k: v for k, v in own.items() if not k.startswith(outlet)})
    return model


def train(folder: Path, start: Path, out: Path, minutes: float, config: DetailConfig) -> None:
    """Train for ``minutes`` (counted over restarts) and save the averaged model in ``out/model``.

    A fresh run begins from the autoencoder in ``start``: best one that was trained on distances alone. One
    that has detail already is trained on, whatever the config says of channels.
    """
    torch.manual_seed(0)
    rng = np.random.default_rng()
    crops, held = (read(folder, held_out, config.crop, config.sources) for held_out in (False, True))
    training = going_on(loaded(start), config)
    run = Run(out, training, config.peak, minutes, config.decay)

    def step() -> tuple[Tensor, int]:
        return loss(training, crops.draw(config.batch, rng), rng, config), config.batch

    def sheet() -> None:
        show(training.fold(), held, out, run.step)

    for _ in run.steps(step, sheet):
        pass


def going_on(before: Autoencoder, config: DetailConfig) -> Training:
    """``before``, to be trained on; with channels of detail, if it has none yet."""
    if before.detail_encoder is None:
        return Training(begun(before, config))
    training = Training(before)
    training.unit.running_mean = before.latent_mean[0, LATENT_CHANNELS:, 0, 0].clone()
    training.unit.running_var = before.latent_std[0, LATENT_CHANNELS:, 0, 0].square()
    return training
