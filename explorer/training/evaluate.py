"""Scores of a bundle on places that training never saw, each beside its yardstick. Deterministic.

Pictures are painted by the very code that paints worlds: one cell and the sketch under it, to the
caption, zoom and class of a real labelled square, so that both sets show the same things. Features
are those of the bundle's own image tower, trained on real pictures: Frechet distances and accuracies
compare bundles with the same tower, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.atlas import quick_home
from explorer.models import bundle
from explorer.models.autoencoder import Autoencoder
from explorer.models.images import ImageTower
from explorer.models.library import Library
from explorer.models.terra import Terra
from explorer.painting import schedule
from explorer.painting.schedule import Layout
from explorer.painting.window import Ground, Latents, Look, assemble, joined
from explorer.training import captions, text
from explorer.training.autoencoder import Crops, only, psnr, to_tensor
from explorer.training.polish import sharpness, unevenness
from explorer.training.text import Example
from explorer.training.texture import lattice
from explorer.world import surrounded
from tiles.grid import Tile, tile_at

RIDGE = 1e-2
PROMPTS = 20  # to choose from


class Score(NamedTuple):
    """One line of the table."""

    name: str
    value: float
    yardstick: float | None  # the same of real pictures against real ones
    aim: str


def evaluate(folder: Path, data: Path, count: int = 200) -> Iterator[Score]:
    """Scores of the bundle in ``folder`` on the held-out places of ``data``."""
    model = Library(str(folder), "cpu").get()
    assert isinstance(model, Terra)
    tower = ImageTower.from_pretrained(bundle.find(str(folder)) / "images", low_cpu_mem_usage=False).eval()
    yield from decoded(model.autoencoder, data)
    there = text.examples(data, held_out=False)["bluemarble"]
    held = balanced(text.examples(data, held_out=True)["bluemarble"], count)
    like = alike(held, there)
    real, other, every = (features(tower, [e.pixels for e in sheet]) for sheet in (held, like, there))
    prompts = [prompt_of(example, index) for index, example in enumerate(held)]
    shown = features(tower, [painted(model, *asked) for asked in zip(held, prompts, range(count))])
    yield from compared(shown, real, other, every, held, there)
    yield obeyed(shown, real, model, prompts, [e.cls for e in held])


def decoded(autoencoder: Autoencoder, data: Path) -> Iterator[Score]:
    """How well pictures survive the latents."""
    held = Crops(data, held_out=True)
    for index, (name, aim) in enumerate((("Blue Marble", "34"), ("UC Merced", "27"))):
        pictures = only(held, index).draw(64, np.random.default_rng(7))
        with torch.inference_mode():
            again = autoencoder.decode(autoencoder.encode(pictures)).clamp(-1, 1)
        yield Score(f"decoded {name}, dB", psnr(again, pictures), None, aim)
        yield Score(f"decoded {name}, sharpness", sharpness(again, pictures), 1.0, "0.9-1.1")
        even = [float(unevenness(sheet)) ** 0.5 for sheet in (again, pictures)]
        yield Score(f"decoded {name}, grid", even[0], even[1], "")
        mesh = [float(lattice(sheet)) for sheet in (again, pictures)]
        yield Score(f"decoded {name}, mesh", mesh[0], mesh[1], "not above")


def balanced(examples: list[Example], count: int) -> list[Example]:
    """``count`` examples, classes in turn, each at random."""
    rng = np.random.default_rng(0)
    by_class: dict[str, list[Example]] = {}
    for example in examples:
        by_class.setdefault(example.cls, []).append(example)
    names = sorted(by_class)
    drawn = (by_class[names[i % len(names)]] for i in range(count))
    return [sheet[rng.integers(len(sheet))] for sheet in drawn]


def alike(wanted: list[Example], examples: list[Example]) -> list[Example]:
    """For each example another of its class and zoom, or at least its class."""
    rng, found = np.random.default_rng(1), []
    for example in wanted:
        same = [e for e in examples if e.cls == example.cls] or examples
        fit = [e for e in same if e.zoom == example.zoom] or same
        found.append(fit[rng.integers(len(fit))])
    return found


def prompt_of(example: Example, index: int) -> str:
    rng = np.random.default_rng(index)
    return captions.caption(example.cls, " ".join(example.stock), "", example.zoom, rng)


def painted(model: Terra, example: Example, prompt: str, seed: int) -> np.ndarray:
    """One cell as a world would have it, uint8 (64, 64, 3)."""
    low, high = model.traits.zooms
    zoom = int(min(max(round(example.zoom), low), high))
    layout = Layout(zoom, model.traits.sketch if zoom - model.traits.sketch >= low else 0, model.traits.halo)
    cell = tile_at(*quick_home(zoom, layout.sketch), zoom)
    cells: dict[Tile, Latents] = {}
    while wanted := schedule.next_cells([cell], layout, cells.__contains__, 1):
        window = assemble(wanted[0], Ground(layout, seed, (Look(prompt),)), cells)
        cells[wanted[0]] = joined(model.paint([window])[0], window.mask, layout.halo)
    return text.small(model.decode(surrounded(cell, {cell: cells[cell]}, model.traits.margin)))


@torch.inference_mode()
def features(tower: ImageTower, pictures: Sequence[np.ndarray]) -> Tensor:
    """(n, 256) of uint8 (64, 64, 3) each."""
    sheets = [to_tensor(np.stack(pictures[i : i + 256])) for i in range(0, len(pictures), 256)]
    return torch.cat([tower(sheet) for sheet in sheets])


def compared(
    shown: Tensor, real: Tensor, other: Tensor, every: Tensor, held: list[Example], there: list[Example]
) -> Iterator[Score]:
    """Painted pictures against real ones of other places: distance, classes, zooms, copies."""
    yield Score("FD-terra", frechet(shown, real), frechet(other, real), "4 x yardstick")
    classes = [example.cls for example in held]
    yield Score(
        "classes: trained on painted, tested on real",
        accuracy(shown, classes, real, classes),
        accuracy(other, classes, real, classes),
        "0.75 x yardstick",
    )
    zooms, known = ([round(e.zoom) for e in sheet] for sheet in (held, there))
    yield Score(
        "zoom within one, told by pictures",
        within_one(every, known, shown, zooms),
        within_one(every, known, real, zooms),
        "0.85",
    )
    nearest = [float((sheet @ every.T).amax(1).median()) for sheet in (shown, real)]
    yield Score("nearest training picture, cosine", nearest[0], nearest[1], "not above")


def frechet(a: Tensor, b: Tensor) -> float:
    """Frechet distance of two sets (n, d), times 1000 (Heusel et al. 2017, arXiv 1706.08500).

    The trace of the root of the product is the sum of the roots of its eigenvalues.
    """
    means = a.double().mean(0), b.double().mean(0)
    spreads = torch.cov(a.double().T), torch.cov(b.double().T)
    roots = torch.linalg.eigvals(spreads[0] @ spreads[1]).real.clamp(min=0).sqrt().sum()
    apart = (means[0] - means[1]).square().sum()
    return float(1000 * (apart + spreads[0].trace() + spreads[1].trace() - 2 * roots))


def ridge(known: Tensor, labels: Sequence[object], asked: Tensor) -> list[object]:
    """The label of each of ``asked`` (m, d), by least squares on ``known`` (n, d)."""
    names = sorted(set(labels), key=str)
    target = torch.tensor([[float(label == name) for name in names] for label in labels]).double()
    x = torch.cat([known, torch.ones(len(known), 1)], 1).double()
    gram = x.T @ x + RIDGE * len(x) / x.shape[1] * torch.eye(x.shape[1]).double()
    weights = torch.linalg.solve(gram, x.T @ target)
    scores = torch.cat([asked, torch.ones(len(asked), 1)], 1).double() @ weights
    return [names[i] for i in scores.argmax(1).tolist()]


def accuracy(known: Tensor, labels: list[str], asked: Tensor, right: list[str]) -> float:
    found = ridge(known, labels, asked)
    return sum(a == b for a, b in zip(found, right)) / len(right)


def within_one(known: Tensor, labels: list[int], asked: Tensor, right: list[int]) -> float:
    found = ridge(known, labels, asked)
    return sum(abs(int(str(a)) - b) <= 1 for a, b in zip(found, right)) / len(right)


def obeyed(shown: Tensor, real: Tensor, model: Terra, prompts: list[str], classes: list[str]) -> Score:
    """How often the right one of 20 prompts lies nearest a picture; the others are of other classes."""
    said = model.text.encode(prompts)
    rng, right = np.random.default_rng(2), [0, 0]
    for index, cls in enumerate(classes):
        others = [i for i, name in enumerate(classes) if name != cls]
        among = [index, *rng.choice(others, min(PROMPTS - 1, len(others)), replace=False)]
        for which, sheet in enumerate((shown, real)):
            right[which] += int((said[among] @ sheet[index]).argmax() == 0)
    return Score("prompts obeyed, 1 of 20", right[0] / len(classes), right[1] / len(classes), "0.7")
