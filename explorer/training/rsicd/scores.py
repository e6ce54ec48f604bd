"""The scores of a model by the protocol of the field, one row beside those that are published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from explorer.models.family import Model
from explorer.training import evaluate, text
from explorer.training.rsicd import judges, painted
from explorer.training.rsicd.painted import Wanted
from explorer.training.rsicd.scenes import Scene, Scenes, chosen

SCORES = "scores.json"
TOWER = "terra"  # whose image tower is one of the judges
Step = Callable[[str, int, int], None]  # what is done, how much, of how much


class Row(NamedTuple):
    """A line of the table; None: not measured."""

    name: str
    fid: float | None  # Frechet distance of Inception's features
    accuracy: float | None  # %
    clip: float | None
    fd_terra: float | None = None  # Frechet distance, times 1000, of the features of terra's own image tower


PUBLISHED = (  # Liu et al. 2025, on RSICD
    Row("Text2Earth, published", 24.49, 90.26, 25.62),
    Row("CRS-Diff, published", 50.72, 69.31, 20.33),
    Row("Txt2Img-MHN (VQGAN), published", 102.44, 65.72, 20.27),
    Row("Lafite, published", 74.11, 49.37, 22.52),
)


class Weights(NamedTuple):
    """Files of judges; one that is left out does not judge."""

    inception: Path | None = None  # torchvision's Inception v3
    resnet: Path | None = None  # torchvision's ResNet-18, to begin with; else random numbers
    clip: Path | None = None
    clip_model: str = "ViT-B-32"  # its name in open_clip


class Sample(NamedTuple):
    """How much of a data set is taken."""

    real: int = 0  # real pictures of the test part, classes in turn; 0: all
    pictures: int = 10  # painted to each


def measure(model: Model, scenes: Scenes, sample: Sample, by: Weights, out: Path, step: Step) -> list[Row]:
    """The row of a model, and that of as many real pictures of other places: what is best possible here.

    Pictures are kept in ``out``, and so is each score once it is known: whoever stops this and starts it
    again goes on. The same model, data and sample give the same scores on the same machine. ``step`` may
    raise to stop it. Raises BadSetting for weights that do not fit, and for an ``out`` that holds something
    else.
    """
    held = chosen(scenes.test, sample.real)
    every = painted.wanted(held, sample.pictures)
    plan = {"model": model.traits.digest, "data": scenes.digest, **sample._asdict()}
    painted.claim(out, plan)
    painted.paint(model, every, out, lambda done, total: step("painting", done, total))
    other = _alike(held, scenes.train)
    sides: dict[str, Side] = {model.traits.name: _Painted(every, out)}
    if other:
        sides["real pictures of other places"] = _Real(other)
    return [_row(name, side, _Real(held), scenes.classes, by, out, step) for name, side in sides.items()]


class _Painted:
    """Painted pictures, with what was asked for."""

    key = "painted"

    def __init__(self, every: list[Wanted], out: Path) -> None:
        self._every, self._out = every, out
        self.scenes = [each.scene for each in every]

    def __iter__(self) -> Iterator[np.ndarray]:
        return painted.load(self._every, self._out)

    def __getitem__(self, index: int) -> np.ndarray:
        return next(painted.load([self._every[index]], self._out))


class _Real:
    """Real pictures, with their own captions."""

    key = "real"

    def __init__(self, scenes: list[Scene]) -> None:
        self.scenes = scenes

    def __iter__(self) -> Iterator[np.ndarray]:
        return (scene.load() for scene in self.scenes)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.scenes[index].load()


Side = _Painted | _Real


def _row(name: str, side: Side, real: _Real, classes: list[str], by: Weights, out: Path, step: Step) -> Row:
    def kept(score: str, weights: Path | None, work: Callable[[], float]) -> float:
        key = f"{side.key} {score} {_digest(weights)}"
        known = _scores(out)
        if key not in known:
            painted.written(out / SCORES, json.dumps({**known, key: work()}, indent=1).encode())
        return float(_scores(out)[key])

    def fid() -> float:
        assert by.inception is not None
        step("inception", 0, 1)
        net = judges.inception(by.inception)
        return evaluate.frechet(judges.features(net, side), judges.features(net, real)) / 1000

    def clip() -> float:
        assert by.clip is not None
        step("clip", 0, 1)
        return judges.Clip(by.clip_model, by.clip).score(side, [scene.caption for scene in side.scenes])

    return Row(
        name,
        None if by.inception is None else kept("fid", by.inception, fid),
        100 * kept("accuracy", by.resnet, lambda: _accuracy(side, real, classes, by.resnet, step)),
        None if by.clip is None else kept(f"clip {by.clip_model}", by.clip, clip),
        kept("terra", None, lambda: evaluate.frechet(_seen(side), _seen(real))),
    )


def _accuracy(side: Side, real: _Real, classes: list[str], weights: Path | None, step: Step) -> float:
    labels, held = ([classes.index(scene.cls) for scene in each.scenes] for each in (side, real))
    net, done = judges.resnet(len(classes), weights), 0
    total = judges.EPOCHS * -(-len(labels) // judges.BATCH)

    def told() -> None:
        nonlocal done
        step("classifier", done, total)
        done += 1

    judges.train(net, side.__getitem__, labels, told)
    step("classifier", total, total)
    return judges.right(net, real, held)


def _seen(pictures: Iterable[np.ndarray]) -> Tensor:
    """By terra's own image tower, at 64 px."""
    tower = evaluate.towers(Path(TOWER)).images
    return evaluate.features(tower, [text.small(pixels) for pixels in pictures])


def _alike(held: list[Scene], train: list[Scene]) -> list[Scene]:
    """For each scene another of its class from the training part, each once as long as there are more."""
    left: dict[str, list[Scene]] = {}
    for scene in train:
        left.setdefault(scene.cls, []).append(scene)
    turns = dict.fromkeys(left, 0)
    found = []
    for scene in held:
        if sheet := left.get(scene.cls):
            found.append(sheet[turns[scene.cls] % len(sheet)])
            turns[scene.cls] += 1
    return found


def _digest(file: Path | None) -> str:
    """Of a judge's weights; empty for none."""
    if file is None:
        return ""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "blake2b").hexdigest()[:16]


def _scores(out: Path) -> dict[str, float]:
    path = out / SCORES
    return dict(json.loads(path.read_text())) if path.is_file() else {}
