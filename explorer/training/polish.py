"""Teaches terra's decoder to draw texture. The encoder is frozen, so denoisers trained before still fit.

A decoder trained on distances alone leaves out all that is not in the latents: its pictures look like water
colours. Here it must draw as much texture as real pictures have (``texture``), and texture that a critic
takes for real (``critic``), both on encoded pictures and on land that the denoiser painted. Anything larger
than a grain is still trained by distance: the latents know it, and a decoder that invents it turns rivers
into rows of clumps.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from explorer.models.autoencoder import Autoencoder, crop
from explorer.training.autoencoder import Crops, distance, grid, loaded, moved, psnr, read, to_pixels
from explorer.training.blend import grown, same_latents
from explorer.training.config import PolishConfig
from explorer.training.critic import Critic, cut, judged, lesson
from explorer.training.loop import Run, device
from explorer.training.painted import Sheet, sheets
from explorer.training.texture import dissimilarity, lattice, mismatch, repeated, texture_deficit
from tiles.errors import BadSetting

# px: side of a crop, and the border that does not count. Near its edges a decoder sees the zeros around the
# crop, which land never has: with a border of 16 px it learned to draw a quarter too much texture.
SIDE, BORDER = 128, 32
AMONG = 8  # real crops, of which the one most similar to painted land is compared with it
HEARD = 0.25  # scale of the new weights that read noise: about as much grain as pictures have
SEEN = 64  # px: side of the random part that the critic sees


class Training(nn.Module):
    """The autoencoder whose decoder learns, and the critic."""

    def __init__(self, model: Autoencoder) -> None:
        super().__init__()
        self.model, self.critic = model, Critic()
        for encoder in (model.encoder, model.detail_encoder):
            if encoder is not None:
                encoder.requires_grad_(False)


class Sample(NamedTuple):
    """The input of one step: n real pictures, m painted sheets, and real land similar to each sheet."""

    pictures: Tensor  # (n, 3, side, side)
    land: Tensor  # (m, channels, side / 8, side / 8) latents
    form: Tensor  # (m, 3, side / 4, side / 4) that land, as the decoder before drew it
    like: Tensor  # (m, 3, side, side)


def draw(
    crops: Crops, painted: list[Sheet], before: Autoencoder, count: int, rng: np.random.Generator
) -> Sample:
    """``count`` pictures, and half as many of painted land with real land of its zoom and colours."""
    side, land, like = crops.side // 8, [], []
    for index in rng.integers(len(painted), size=count // 2) if painted else ():
        sheet = painted[index]
        top, left = rng.integers(0, sheet.latents.shape[-1] - side + 1, 2)
        land.append(sheet.latents[:, top : top + side, left : left + side].float())
        like.append(crops.draw_at(sheet.zoom, AMONG, rng))
    pictures = crops.draw(count, rng).to(device())
    if not painted:
        none = pictures[:0]
        return Sample(pictures, none.new_zeros(0, before.channels, side, side), F.avg_pool2d(none, 4), none)
    latents = torch.stack(land).to(device())
    with torch.no_grad():
        form = F.avg_pool2d(before.decode(latents).float(), 4)
    colours = F.avg_pool2d(form, 2).cpu()
    chosen = torch.stack([nearest(one, among) for one, among in zip(colours, like)])
    return Sample(pictures, latents, form, chosen.to(device()))


def nearest(colours: Tensor, among: Tensor) -> Tensor:
    """The one of ``among`` (k, 3, 8h, 8w) whose mean and spread of colour are nearest to ``colours`` (3, h,
    w)."""
    means = F.avg_pool2d(among, 8).flatten(2)  # (k, 3, hw)
    statistics = torch.cat([means.mean(2), means.std(2)], 1)
    wanted = torch.cat([colours.flatten(1).mean(1), colours.flatten(1).std(1)])
    return among[(statistics - wanted).square().sum(1).argmin()]


def loss(
    training: Training, sample: Sample, rng: np.random.Generator, critic: float, config: PolishConfig
) -> Tensor:
    """The loss of decoder and critic together; ``critic``, 0..1, ramps the critic's part in.

    Half of the latents are turned or mirrored, and so must be their pictures.
    """
    pictures, land, form, like = sample
    model, weights = training.model, config.weights
    with torch.no_grad():
        latents = model.encode(pictures)
    half, turns, mirror = len(pictures) // 2, int(rng.integers(4)), bool(rng.integers(2))
    latents = torch.cat([moved(latents[:half], turns, mirror), latents[half:]])
    pictures = torch.cat([moved(pictures[:half], turns, mirror), pictures[half:]])
    spread = config.latent_noise * torch.rand(len(latents), 1, 1, 1).to(latents.device)
    latents = latents + spread * torch.randn_like(latents)
    again, painted = model.decode(torch.cat([latents, land])).float().split([len(latents), len(land)])
    total = weights.fine * distance(again, pictures)
    total = total + weights.half * distance(F.avg_pool2d(again, 2), F.avg_pool2d(pictures, 2))
    total = total + weights.form * distance(F.avg_pool2d(again, 4), F.avg_pool2d(pictures, 4))
    inside, real = crop(again, BORDER), crop(pictures, BORDER)
    total = total + weights.repeated * repeated(inside, real)
    total = total + weights.texture * mismatch(inside, real) + weights.even * unevenness(again)
    total = total + weights.strength * texture_deficit(inside, real)
    total = total + weights.mesh * lattice(torch.cat([again, painted]))
    if len(land):
        total = total + weights.form * distance(F.avg_pool2d(painted, 4), form)
        total = total + weights.texture * dissimilarity(crop(painted, BORDER), crop(like, BORDER))
        total = total + weights.strength * texture_deficit(crop(painted, BORDER), crop(like, BORDER))
        total = total + weights.repeated * repeated(crop(painted, BORDER), crop(like, BORDER))
        total = total + weights.even * unevenness(painted)
    if weights.critic:
        shown, true = cut([torch.cat([again, painted]), torch.cat([pictures, like])], SEEN, BORDER, rng)
        if critic:
            total = total + critic * weights.critic * judged(training.critic, shown, true)
        total = total + lesson(training.critic, shown, true, weights.steepness)
    return total


def unevenness(painted: Tensor) -> Tensor:
    """How much the steps between pixels (n, c, h, w) depend on where in the 8 x 8 px of a latent they are:
    the relative variance of their means over these places, across plus down."""
    total = painted.new_zeros(())
    for axis in (2, 3):
        steps = torch.diff(painted.float(), dim=axis).abs().mean((0, 1, 5 - axis))  # (side - 1,)
        # A latent at each end is left out: it sees the zeros around the crop.
        places = steps[8 : len(steps) // 8 * 8 - 8].view(-1, 8).mean(0)
        total = total + (places / places.mean() - 1).square().mean()
    return total


def sharpness(painted: Tensor, pictures: Tensor) -> float:
    """Mean step between neighbouring pixels / the same of the real pictures; 1 is as sharp."""
    steps = [sum(torch.diff(x, dim=d).abs().mean() for d in (2, 3)) for x in (painted, pictures)]
    return float(steps[0] / steps[1])


def widened(before: Autoencoder, config: PolishConfig) -> Autoencoder:
    """The same autoencoder with a wider decoder, with the waves and the noise that ``config`` names.

    It decodes to the same pictures but for a little noise, from which grain is learned: weights that connect
    old channels to new ones begin at 0.
    """
    shape = {name: before.config[name] for name in ("widths", "blocks", "detail")}
    wider = Autoencoder(**shape, waves=config.waves, last=config.last, grain=config.grain)
    state = grown(before.state_dict(), wider.state_dict())
    if not before.config["grain"]:
        state |= {name: HEARD * w for name, w in wider.state_dict().items() if name.startswith("grains.")}
    wider.load_state_dict(state)
    return wider


def train(
    folder: Path,
    autoencoder: Path,
    out: Path,
    minutes: float,
    config: PolishConfig,
    bundle: Path | None = None,
    start: Path | None = None,
) -> None:
    """Train for ``minutes`` (counted over restarts); the averaged model is saved in ``out/model``.

    ``autoencoder`` was trained on distances alone and says what lies where. ``bundle`` paints land, on which
    the decoder learns besides real pictures; where the autoencoder has channels of detail, the bundle must
    paint them too. A fresh run begins from the decoder in ``start``, if given, which was polished before.
    Raises BadSetting if ``start`` or ``bundle`` has other latents than ``autoencoder``.
    """
    before = loaded(autoencoder)
    begun = loaded(start) if start else before
    if not same_latents(before, begun):
        raise BadSetting(f"{start}: has other latents than {autoencoder}; give one that was polished from it")
    model = widened(begun, config)
    before.to(device()).requires_grad_(False)
    training = Training(model)
    rng = np.random.default_rng()
    out.mkdir(parents=True, exist_ok=True)
    there, apart = (read(folder, held_out, SIDE, config.sources) for held_out in (False, True))
    apart = apart if apart.sources else there  # so little is there that none is held out
    held = apart.of(next(iter(apart.sources))).draw(32, np.random.default_rng(7))
    land = sheets(bundle, folder, out / "painted.safetensors") if bundle else []
    if land and len(land[0].latents) != model.channels:
        painted = len(land[0].latents)
        raise BadSetting(f"{bundle}: paints {painted} channels; {autoencoder} reads {model.channels}")
    run = Run(out, training, config.peak, minutes, config.decay)

    def step() -> tuple[Tensor, int]:
        critic = min(max(run.clock.spent / run.clock.total / 0.1 - 0.5, 0.0), 1.0)
        sample = draw(there, land, before, config.batch, rng)
        return loss(training, sample, rng, critic, config), config.batch

    def sheet() -> None:
        model.save_pretrained(out / "model", safe_serialization=True)
        again = model.decode(model.encode(held.to(device()))).clamp(-1, 1).cpu()
        inside = crop(again, BORDER), crop(held, BORDER)
        scores = [psnr(*inside), sharpness(*inside), float(unevenness(again)) ** 0.5]
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, *(round(score, 3) for score in scores)])
        Image.fromarray(grid(to_pixels(torch.cat([held[:8], again[:8]])), 8)).save(out / "sheet.png")

    for _ in run.steps(step, sheet, every=120):
        pass
