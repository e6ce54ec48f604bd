"""Trains terra's text tower against an image tower, on captions of the grammar."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from explorer.models.images import SIDE, ImageTower
from explorer.models.text import TextTower
from explorer.resources import asset
from explorer.training import captions, data
from explorer.training.autoencoder import to_tensor
from explorer.training.config import TextConfig
from explorer.training.loop import Run, device

PARAPHRASES = asset("prompts", "paraphrases.json")
SOURCES = ("bluemarble", "ucmerced", "eurosat", "aerial", "mosaic", "scene")
STARTED_SHARPNESS = 3.0  # of towers that agree already
# What the sheet of a run looks for among held-out pictures.
PROMPTS = (
    "a rocky coast",
    "open ocean",
    "sand dunes",
    "snowy peaks",
    "jungle",
    "a big lake",
    "houses",
    "a harbour",
)


class Example(NamedTuple):
    """A small picture and its labels."""

    pixels: np.ndarray  # uint8 (64, 64, 3)
    cls: str
    stock: tuple[str, ...]
    places: str
    zoom: float


class Towers(nn.Module):
    """Both towers and the sharpness of their agreement."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.images = TextTower(), ImageTower()
        self.sharpness = nn.Parameter(torch.tensor(2.3))


def examples(folder: Path, held_out: bool) -> dict[str, list[Example]]:
    """Labelled squares by source; whole pictures where there is one label for all."""
    examples: dict[str, list[Example]] = {source: [] for source in SOURCES}
    for source, kept in examples.items():
        for picture in data.read(folder, f"{source}-*"):
            if picture.held_out == held_out and data.free(picture):
                kept += _squares(picture) if picture.tiles else [_whole(picture)]
    return {source: kept for source, kept in examples.items() if kept}


def _squares(picture: data.Picture) -> list[Example]:
    side = picture.pixels.shape[0] // 4
    examples = []
    for index, label in enumerate(picture.tiles):
        if label:
            y, x = index // 4 * side, index % 4 * side
            pixels = small(picture.pixels[y : y + side, x : x + side])
            stock = tuple(label["captions"])
            examples.append(Example(pixels, label["cls"], stock, label["places"], picture.zoom))
    return examples


def _whole(picture: data.Picture) -> Example:
    return Example(small(picture.pixels), picture.cls, picture.captions, "", picture.zoom)


def small(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX))


def say(example: Example, rng: np.random.Generator) -> str:
    """A caption of it."""
    return captions.caption_or_stock(example.cls, example.stock, example.places, example.zoom, rng)


def agreement_loss(
    texts: Tensor, seen: Tensor, sharpness: Tensor, scenes: list[str], same_scene: float
) -> Tensor:
    """Contrastive loss both ways (Radford et al. 2021, arXiv 2103.00020), with soft targets, of unit
    vectors (n, 256) of captions and of their pictures.

    With 40 scenes in a batch of 128 most "negatives" show the same scene; a part of each target,
    ``same_scene``, is shared among them instead.
    """
    logits = sharpness.exp().clamp(max=50) * texts @ seen.T  # (text, picture)
    names = {scene: index for index, scene in enumerate(dict.fromkeys(scenes))}
    which = torch.tensor([names[scene] for scene in scenes])
    same = (which[:, None] == which).float()
    own = torch.eye(len(scenes))
    target = (same_scene * same / same.sum(1, keepdim=True) + (1 - same_scene) * own).to(logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


class Anchor:
    """A tower as it was. A denoiser has learned where its captions lie, so they have to stay there:
    all those of which it knew the scene. What it did not know yet may go where it belongs."""

    def __init__(self, tower: TextTower) -> None:
        self.tower = tower.to(device()).eval().requires_grad_(False)
        self.names, self.centres = centres(tower, sorted(captions.grammar()["scenes"]))

    def loss(self, texts: Tensor, tokens: Tensor, scenes: list[str]) -> Tensor:
        """How far captions (n, 256) have gone from where they were, as one less the cosine."""
        with torch.no_grad():
            before = self.tower(tokens)
            nearest = (before @ self.centres.T).argmax(1).tolist()
        known = [self.names[i] == scene for i, scene in zip(nearest, scenes)]
        apart = 1 - (texts * before).sum(1)
        return (apart * torch.tensor(known, device=apart.device)).mean()


def centres(tower: TextTower, scenes: list[str]) -> tuple[list[str], Tensor]:
    """Where scenes stand, (n, 256): at the mean of 24 captions of the grammar each."""
    rng, means = np.random.default_rng(0), []
    for scene in scenes:
        prompts = [captions.caption(scene, "", "", 8.0, rng) for _ in range(24)]
        means.append(F.normalize(tower.encode(prompts).mean(0), dim=0))
    return scenes, torch.stack(means)


def begin(start: Path | None) -> tuple[Towers, Anchor | None]:
    """Fresh towers, or those of the bundle ``start``, held to what their captions meant."""
    towers = Towers()
    if start is None:
        return towers, None
    towers.text.load_state_dict(TextTower.load(start / "text").state_dict())
    read = {"low_cpu_mem_usage": False, "torch_dtype": torch.float32}
    towers.images.load_state_dict(ImageTower.from_pretrained(start / "images", **read).state_dict())
    towers.sharpness.data.fill_(STARTED_SHARPNESS)
    return towers, Anchor(TextTower.load(start / "text"))


def train(folder: Path, out: Path, minutes: float, config: TextConfig, start: Path | None = None) -> None:
    """Train for ``minutes`` (counted over restarts); towers go to ``out/text`` and ``out/images``.

    A fresh run begins from the towers of the bundle ``start``, if given, and denoisers that were
    trained with those go on to fit.
    """
    rng = np.random.default_rng()
    sources, held = (examples(folder, held_out) for held_out in (False, True))
    apart = [example for kept in (held or sources).values() for example in kept]
    shares = np.array([config.shares.get(source, 0.0) for source in sources])
    towers, anchor = begin(start)
    run = Run(out, towers, config.peak, minutes, config.decay)

    def step() -> tuple[Tensor, int]:
        names = rng.choice(list(sources), config.batch, p=shares / shares.sum())
        drawn = [sources[name][rng.integers(len(sources[name]))] for name in names]
        pixels = to_tensor(np.stack([turned(example.pixels, rng) for example in drawn])).to(device())
        tokens = towers.text.tokenize([say(example, rng) for example in drawn]).to(device())
        texts, scenes = towers.text(tokens), [example.cls for example in drawn]
        loss = agreement_loss(texts, towers.images(pixels), towers.sharpness, scenes, config.same_scene)
        if anchor is not None:
            loss = loss + config.anchor * anchor.loss(texts, tokens, scenes)
        return loss, config.batch

    def sheet() -> None:
        towers.text.save(out / "text")
        towers.images.save_pretrained(out / "images", safe_serialization=True)
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, round(paraphrases_found(towers.text), 4)])
        Image.fromarray(found_for(PROMPTS, towers, apart)).save(out / "sheet.png")

    for _ in run.steps(step, sheet, every=120):
        pass


def found_for(prompts: tuple[str, ...], towers: Towers, among: list[Example]) -> np.ndarray:
    """A row for each prompt of the 12 pictures of ``among`` that lie nearest, uint8 (64 n, 768, 3)."""
    pixels = np.stack([example.pixels for example in among])
    sheets = [to_tensor(pixels[i : i + 256]).to(device()) for i in range(0, len(pixels), 256)]
    seen = torch.cat([towers.images(sheet) for sheet in sheets]).cpu()
    nearest = (towers.text.encode(list(prompts)).cpu() @ seen.T).topk(min(12, len(among))).indices
    return np.concatenate([np.concatenate(pixels[row.numpy()], 1) for row in nearest])


def turned(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture (h, w, 3) turned by quarters and mirrored: it shows the same scene."""
    pixels = np.rot90(pixels, int(rng.integers(4)))
    return pixels[:, ::-1] if rng.random() < 0.5 else pixels


def paraphrases_found(tower: TextTower) -> float:
    """Share of the held-out paraphrases whose right scene is the nearest."""
    asked: list[dict[str, str]] = json.loads(PARAPHRASES.read_text())
    names, sheet = centres(tower, sorted({row["scene"] for row in asked}))
    nearest = (tower.encode([row["prompt"] for row in asked]) @ sheet.T).argmax(1)
    right = [names[i] == row["scene"] for i, row in zip(nearest.tolist(), asked)]
    return sum(right) / len(right)
