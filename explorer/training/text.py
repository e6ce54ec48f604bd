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
from explorer.training import captions, data
from explorer.training.autoencoder import to_tensor
from explorer.training.loop import Run, device

PARAPHRASES = Path(__file__).resolve().parents[2] / "assets" / "prompts" / "paraphrases.json"
SHARES = {"bluemarble": 0.7, "ucmerced": 0.22, "eurosat": 0.05, "aerial": 0.03}
SAME_SCENE = 0.5  # of a target goes to all pictures of the same scene: they are no negatives


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
    found: dict[str, list[Example]] = {source: [] for source in SHARES}
    for source, kept in found.items():
        for picture in data.read(folder, f"{source}-*"):
            if picture.held_out == held_out and data.free(picture):
                kept += _squares(picture) if picture.tiles else [_whole(picture)]
    return {source: kept for source, kept in found.items() if kept}


def _squares(picture: data.Picture) -> list[Example]:
    side = picture.pixels.shape[0] // 4
    found = []
    for index, label in enumerate(picture.tiles):
        if label:
            y, x = index // 4 * side, index % 4 * side
            pixels = small(picture.pixels[y : y + side, x : x + side])
            stock = tuple(label["captions"])
            found.append(Example(pixels, label["cls"], stock, label["places"], picture.zoom))
    return found


def _whole(picture: data.Picture) -> Example:
    return Example(small(picture.pixels), picture.cls, picture.captions, "", picture.zoom)


def small(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX))


def say(example: Example, rng: np.random.Generator) -> str:
    """A caption of it."""
    return captions.spoken(example.cls, example.stock, example.places, example.zoom, rng)


def agreement_loss(towers: Towers, pictures: Tensor, tokens: Tensor, scenes: list[str]) -> Tensor:
    """Contrastive loss both ways (Radford et al. 2021, arXiv 2103.00020), with soft targets.

    With 40 scenes in a batch of 128 most "negatives" show the same scene; half of each target is
    shared among them instead.
    """
    scale = towers.sharpness.exp().clamp(max=50)
    tokens, pictures = tokens.to(device()), pictures.to(device())
    logits = scale * towers.text(tokens) @ towers.images(pictures).T  # (text, picture)
    names = {scene: index for index, scene in enumerate(dict.fromkeys(scenes))}
    which = torch.tensor([names[scene] for scene in scenes])
    same = (which[:, None] == which).float()
    own = torch.eye(len(scenes))
    target = (SAME_SCENE * same / same.sum(1, keepdim=True) + (1 - SAME_SCENE) * own).to(logits.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2


def train(folder: Path, out: Path, minutes: float, batch: int = 128, peak: float = 1e-3) -> None:
    """Train for ``minutes`` (counted over restarts); towers go to ``out/text`` and ``out/images``."""
    rng = np.random.default_rng()
    sources = examples(folder, held_out=False)
    shares = np.array([SHARES[source] for source in sources])
    towers = Towers()
    run = Run(out, towers, peak, minutes, decay=0.995)

    def step() -> tuple[Tensor, int]:
        names = rng.choice(list(sources), batch, p=shares / shares.sum())
        drawn = [sources[name][rng.integers(len(sources[name]))] for name in names]
        pixels = to_tensor(np.stack([example.pixels for example in drawn]))
        tokens = towers.text.tokenize([say(example, rng) for example in drawn])
        return agreement_loss(towers, pixels, tokens, [e.cls for e in drawn]), batch

    def sheet() -> None:
        towers.text.save(out / "text")
        towers.images.save_pretrained(out / "images", safe_serialization=True)
        with open(out / "scores.csv", "a", newline="") as file:
            csv.writer(file).writerow([run.step, round(paraphrases_found(towers.text), 4)])

    for _ in run.steps(step, sheet, every=120):
        pass


def paraphrases_found(tower: TextTower) -> float:
    """Share of the held-out paraphrases whose right scene is the nearest.

    A scene stands where the mean embedding of 24 captions of the grammar lies.
    """
    asked: list[dict[str, str]] = json.loads(PARAPHRASES.read_text())
    rng, centres = np.random.default_rng(0), {}
    for cls in sorted({row["scene"] for row in asked}):
        said = [captions.caption(cls, "", "", 8.0, rng) for _ in range(24)]
        centres[cls] = F.normalize(tower.encode(said).mean(0), dim=0)
    names, sheet = list(centres), torch.stack(list(centres.values()))
    nearest = (tower.encode([row["prompt"] for row in asked]) @ sheet.T).argmax(1)
    right = [names[i] == row["scene"] for i, row in zip(nearest.tolist(), asked)]
    return sum(right) / len(right)
