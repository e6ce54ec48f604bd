"""Scores of a bundle on places that training never saw, each beside its yardstick. Deterministic.

Pictures are painted by the very code that paints worlds: one cell and the sketch under it, to the
caption, zoom and class of a real labelled square, so that both sets show the same things. Features
are those of the bundle's own image tower, trained on real pictures: Frechet distances and accuracies
compare bundles with the same tower, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from explorer.models import bundle
from explorer.models.autoencoder import Autoencoder, crop
from explorer.models.family import sketch_for
from explorer.models.images import ImageTower
from explorer.models.library import Library
from explorer.models.terra import Terra
from explorer.models.text import TextTower
from explorer.painting import schedule
from explorer.painting.crossing import surrounded
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, Latents, WindowSpec, assemble, paint_windows
from explorer.resources import asset
from explorer.training import captions, text
from explorer.training.autoencoder import Crops, psnr, shots, to_tensor
from explorer.training.polish import BORDER, SIDE, sharpness, unevenness
from explorer.training.text import Example
from explorer.training.texture import lattice
from explorer.training.variety import shared_form, within
from explorer.worlds.new import quick_home
from tiles.grid import Tile, tile_at

# Ridge penalty of the classifiers: of 0.01 to 3 the best on real pictures of other places. With less, 200
# pictures of 256 numbers are learned by heart.
RIDGE = 0.1
CROPS = 512  # of each source: the mean of 128 was off by half a dB
PROMPTS = 20  # to choose from
TWENTY = asset("prompts", "twenty.json")
NEAR_ZOOM = (
    3  # zooms between a prompt and real pictures of its scene; a forest's canopy is another scene's name
)
HALF = " at half size"  # UC Merced's zoom 18
DECODED = {
    "Blue Marble": ("bluemarble", "34"),
    "UC Merced": ("ucmerced", "27"),
    f"UC Merced{HALF}": ("ucmerced", ""),
    "Landsat": ("landsat", "29"),
}
PAINTED = {"bluemarble": ("Blue Marble", "4 x yardstick"), "ucmerced": ("UC Merced", "6 x yardstick")}


class Score(NamedTuple):
    """One line of the table."""

    name: str
    value: float
    yardstick: float | None  # the same of real pictures against real ones
    aim: str


class Asked(NamedTuple):
    """A picture to paint."""

    zoom: float
    prompt: str
    seed: int


Paint = Callable[[list[Asked]], list[np.ndarray]]  # to pictures, uint8 (64, 64, 3) each


class Towers(NamedTuple):
    """What judges pictures and prompts."""

    text: TextTower
    images: ImageTower


class Compared(NamedTuple):
    """Pictures of one source, as features (n, 256) and by what they show."""

    shown: Tensor  # painted to the captions of ``held``
    real: Tensor  # of ``held``
    other: Tensor  # real ones of other places that show the same
    every: Tensor  # all of ``there``
    held: list[Example]
    there: list[Example]  # training's
    prompts: list[str]


def evaluate(folder: Path, data: Path, count: int = 200, judge: Path | None = None) -> Iterator[Score]:
    """Scores of the bundle in ``folder`` on the held-out places of ``data``; of each source, and to
    each of the prompts of twenty.json in turn, ``count`` pictures are painted. The towers of the bundle
    ``judge`` judge them, or its own: scores of two bundles compare where one judged both."""
    model = Library(str(folder), "cpu").get()
    assert isinstance(model, Terra)
    yield from decoded(model.autoencoder, data)
    yield from painting(
        lambda asked: [cell(model, *each) for each in asked], towers(judge or folder), data, count
    )


def towers(folder: Path) -> Towers:
    """Those of the bundle in ``folder``."""
    home = bundle.find(str(folder))
    images = ImageTower.from_pretrained(home / "images", low_cpu_mem_usage=False, torch_dtype=torch.float32)
    return Towers(TextTower.load(home / "text"), images.eval())


def painting(paint: Paint, by: Towers, data: Path, count: int) -> Iterator[Score]:
    """Scores of what ``paint`` paints, ``by`` those towers."""
    known, unseen = (text.examples(data, held_out) for held_out in (False, True))
    sets = []
    for source, (name, aim) in PAINTED.items():
        if source in known and source in unseen:
            pair = painted_beside(paint, by, known[source], unseen[source], count)
            yield from compared(pair, name, aim)
            yield obeyed(pair, by.text, name)
            sets.append(pair)
    yield zooms_guessed(sets)
    yield from twenty(paint, by, [e for pictures in unseen.values() for e in pictures], count)


def decoded(autoencoder: Autoencoder, folder: Path) -> Iterator[Score]:
    """How well pictures survive the latents: held-out ones, and Landsat's, which are never trained on."""
    for name, (source, aim) in DECODED.items():
        held = shots(folder, source, lambda p, source=source: p.held_out or source == "landsat", SIDE)  # type: ignore[misc]
        if not held:
            continue
        crops = Crops({source: held}, SIDE, {source: 1}, float(name.endswith(HALF)))
        pictures = crops.draw(CROPS, np.random.default_rng(7))
        with torch.inference_mode():
            parts = (autoencoder.decode(autoencoder.encode(part)) for part in pictures.split(64))
            again = torch.cat(list(parts)).clamp(-1, 1)
        # As land is shown: never with zeros around it.
        again, pictures = crop(again, BORDER), crop(pictures, BORDER)
        yield Score(f"decoded {name}, dB", psnr(again, pictures), None, aim)
        yield Score(f"decoded {name}, sharpness", sharpness(again, pictures), 1.0, "0.9-1.1" if aim else "")
        even = [float(unevenness(sheet)) ** 0.5 for sheet in (again, pictures)]
        yield Score(f"decoded {name}, grid", even[0], even[1], "")
        mesh = [float(lattice(sheet)) for sheet in (again, pictures)]
        yield Score(f"decoded {name}, mesh", mesh[0], mesh[1], "not above")


def painted_beside(
    paint: Paint, by: Towers, there: list[Example], unseen: list[Example], count: int
) -> Compared:
    """Pictures painted to the captions of ``count`` real ones, and those."""
    held = balanced(unseen, count)
    real, other, every = (
        features(by.images, [e.pixels for e in sheet]) for sheet in (held, alike(held, there), there)
    )
    prompts = [prompt_of(example, index) for index, example in enumerate(held)]
    shown = paint([Asked(e.zoom, prompt, seed) for seed, (e, prompt) in enumerate(zip(held, prompts))])
    return Compared(features(by.images, shown), real, other, every, held, there, prompts)


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
    rng, chosen = np.random.default_rng(1), []
    for example in wanted:
        same = [e for e in examples if e.cls == example.cls] or examples
        fit = [e for e in same if e.zoom == example.zoom] or same
        chosen.append(fit[rng.integers(len(fit))])
    return chosen


def prompt_of(example: Example, index: int) -> str:
    rng = np.random.default_rng(index)
    return captions.caption(example.cls, " ".join(example.stock), "", example.zoom, rng)


def nearest(zooms: tuple[int, ...], zoom: float) -> int:
    return min(zooms, key=lambda each: abs(each - zoom))


def cell(model: Terra, zoom: float, prompt: str, seed: int) -> np.ndarray:
    """One cell as a world would have it, uint8 (64, 64, 3)."""
    known = nearest(model.traits.zooms, zoom)
    pyramid = pyramid_of(known, sketch_for(known, model.traits), model.traits.halo, model.traits.space)
    home = tile_at(*quick_home(known, pyramid.sketch), known)
    cells: dict[Tile, Latents] = {}
    while wanted := schedule.next_cells([home], pyramid, cells.__contains__, 1):
        window = assemble(wanted[0], WindowSpec(pyramid, seed, (Condition(prompt),)), cells)
        cells[wanted[0]] = paint_windows(model.paint, [window])[0]
    return text.small(model.decode(surrounded(home, {home: cells[home]}, model.traits.margin)))


@torch.inference_mode()
def features(tower: ImageTower, pictures: Sequence[np.ndarray]) -> Tensor:
    """(n, 256) of uint8 (64, 64, 3) each."""
    sheets = [to_tensor(np.stack(pictures[i : i + 256])) for i in range(0, len(pictures), 256)]
    return torch.cat([tower(sheet) for sheet in sheets])


def compared(pair: Compared, name: str, aim: str) -> Iterator[Score]:
    """Painted pictures against real ones of other places: distance, classes, copies."""
    shown, real, other, every, held, *_ = pair
    yield Score(f"FD-terra {name}", frechet(shown, real), frechet(other, real), aim)
    classes = [example.cls for example in held]
    yield Score(
        f"classes {name}: trained on painted, tested on real",
        accuracy(shown, classes, real, classes),
        accuracy(other, classes, real, classes),
        "0.75 x yardstick",
    )
    nearest = [float((sheet @ every.T).amax(1).median()) for sheet in (shown, real)]
    yield Score(f"nearest training picture {name}, cosine", nearest[0], nearest[1], "not above")


def zooms_guessed(sets: list[Compared]) -> Score:
    """How often a picture alone tells its zoom within one level, by a classifier of real ones."""
    every, shown, real = (torch.cat([getattr(s, part) for s in sets]) for part in ("every", "shown", "real"))
    known, right = ([round(e.zoom) for s in sets for e in getattr(s, part)] for part in ("there", "held"))
    rates = [within_one(every, known, sheet, right) for sheet in (shown, real)]
    return Score("zoom within one, guessed from pictures", rates[0], rates[1], "0.85")


def twenty(paint: Paint, by: Towers, held: list[Example], count: int) -> Iterator[Score]:
    """How often the right one of the plain prompts lies nearest a picture, and how much pictures of one
    prompt differ, where each is painted twice; real pictures are of the scene that a prompt names, at about
    its zoom."""
    asked: list[dict[str, Any]] = json.loads(TWENTY.read_text())
    prompts = by.text.encode([row["prompt"] for row in asked])
    turns = [index % len(asked) for index in range(count)]
    seeds = [index // len(asked) for index in range(count)]  # each for all prompts
    pictures = paint([Asked(asked[i]["zoom"], asked[i]["prompt"], seed) for i, seed in zip(turns, seeds)])
    zooms = {row["scene"]: row["zoom"] for row in asked}
    scenes = list(zooms)
    real = [e for e in held if e.cls in zooms and abs(e.zoom - zooms[e.cls]) <= NEAR_ZOOM]
    if not real:
        return
    right = torch.tensor([scenes.index(example.cls) for example in real])
    there, shown = (features(by.images, sheet) for sheet in ([e.pixels for e in real], pictures))
    real_choice, choice = ((sheet @ prompts.T).argmax(1) for sheet in (there, shown))
    obeys = float((choice == torch.tensor(turns)).float().mean())
    yield Score(
        f"prompts obeyed, 1 of {len(asked)}", obeys, float((real_choice == right).float().mean()), "0.7"
    )
    if count <= len(asked):
        return  # one seed, which cannot vary
    classes = [(example.cls, round(example.zoom)) for example in real]
    yield Score(
        "variety: distance of two seeds of one prompt",
        within(shown, turns),
        within(there, classes),
        "0.9 x yardstick",
    )
    yield Score("variety: form shared by prompts of one seed", shared_form(shown, turns, seeds), 0.0, "")


def frechet(a: Tensor, b: Tensor) -> float:
    """Frechet distance of two sets (n, d), times 1000 (Heusel et al. 2017, arXiv 1706.08500).

    The trace of the root of the product is the sum of the roots of its eigenvalues.
    """
    means = a.double().mean(0), b.double().mean(0)
    spreads = torch.cov(a.double().T), torch.cov(b.double().T)
    roots = torch.linalg.eigvals(spreads[0] @ spreads[1]).real.clamp(min=0).sqrt().sum()
    shift = (means[0] - means[1]).square().sum()
    return float(1000 * (shift + spreads[0].trace() + spreads[1].trace() - 2 * roots))


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
    guessed = ridge(known, labels, asked)
    return sum(a == b for a, b in zip(guessed, right)) / len(right)


def within_one(known: Tensor, labels: list[int], asked: Tensor, right: list[int]) -> float:
    guessed = ridge(known, labels, asked)
    return sum(abs(int(str(a)) - b) <= 1 for a, b in zip(guessed, right)) / len(right)


def obeyed(pair: Compared, tower: TextTower, name: str) -> Score:
    """How often its own caption lies nearest a picture, among 20; the others are of other classes."""
    prompts = tower.encode(pair.prompts)
    classes = [example.cls for example in pair.held]
    rng, right = np.random.default_rng(2), [0, 0]
    for index, cls in enumerate(classes):
        others = [i for i, other in enumerate(classes) if other != cls]
        among = [index, *rng.choice(others, min(PROMPTS - 1, len(others)), replace=False)]
        for which, sheet in enumerate((pair.shown, pair.real)):
            right[which] += int((prompts[among] @ sheet[index]).argmax() == 0)
    rates = [count / len(classes) for count in right]
    return Score(f"captions obeyed {name}, 1 of 20", rates[0], rates[1], "")
