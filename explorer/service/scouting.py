"""Where a new world is best seen: the first place that obeys its prompt.

A prompt is obeyed in one place more than in another, and a world of fjords should not open on the open sea.
So a few cells of its first level are painted before it is made, and compared with the prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from explorer.models.family import Model
from explorer.painting.pyramid import Pyramid, pyramid_of
from explorer.painting.window import Condition, Latents, Window, WindowSpec, assemble
from explorer.worlds.new import NewWorld, checked_seed, clean_prompt, place_in, settings_of
from tiles.grid import Tile

Sample = Callable[[Model, Sequence[Window]], list[Latents]]
SITES = 3  # cells each way: nine are looked at


class Site(NamedTuple):
    """A place of a world that is not made yet."""

    cell: Tile  # of the first level
    home: tuple[float, float]  # metres
    picture: np.ndarray  # of the cell, uint8 (256, 256, 3)
    agreement: float  # with the prompt, -1..1


def with_home(new: NewWorld, model: Model, sample: Sample) -> NewWorld:
    """``new`` with a home, and the seed that it was found for. A home that was given stays; none is looked
    for if the model cannot compare pictures with prompts. Raises BadSetting, BadPrompt."""
    if new.home is not None or model.towers is None:
        return new
    new = new._replace(seed=checked_seed(new.seed))
    return new._replace(home=sites(new, model, sample)[0].home)


def windows(model: Model) -> int:
    """How many windows ``sites`` paints."""
    return SITES**2 if model.towers else 1


def windows_for_home(new: NewWorld, model: Model) -> int:
    """How many windows ``with_home`` paints."""
    return 0 if new.home is not None or model.towers is None else windows(model)


def sites(new: NewWorld, model: Model, sample: Sample) -> list[Site]:
    """Nine places around the middle, the one that obeys the prompt best first; of places alike, the middle.
    Only the middle if the model cannot compare pictures with prompts.

    All are cells of phase A, which see no neighbours: they cost a window each. The same seed and prompt give
    the same places. Raises BadSetting, BadPrompt.
    """
    prompt = clean_prompt(new.prompt)
    settings = settings_of(new, "", model.traits)
    zoom, sketch = settings["base_zoom"], settings["sketch"]
    pyramid = pyramid_of(zoom, sketch, model.traits.halo, model.traits.space)
    spec = WindowSpec(pyramid, settings["seed"], (Condition(prompt, use_parent=False),))
    cells = _cells(pyramid)[: windows(model)]
    painted = sample(model, [assemble(cell, spec, {}) for cell in cells])
    pictures = np.stack([decoded_alone(model, latents) for latents in painted])
    agreement = np.zeros(len(cells))
    if model.towers is not None:
        agreement = (model.towers.pictures(pictures) @ model.towers.prompts([prompt]).T)[:, 0]
    found = [
        Site(cell, place_in(cell, sketch), picture, float(agrees))
        for cell, picture, agrees in zip(cells, pictures, agreement)
    ]
    return sorted(found, key=lambda site: -site.agreement)


def _cells(pyramid: Pyramid) -> list[Tile]:
    """Cells of phase A of the first level, from the middle of the square outwards."""
    middle, reach = 2**pyramid.top // 2 // 2 * 2, SITES // 2
    steps = sorted(range(-reach, reach + 1), key=abs)
    return [Tile(pyramid.top, middle + 2 * x, middle + 2 * y) for y in steps for x in steps]


def decoded_alone(model: Model, latents: Latents) -> np.ndarray:
    """The picture of a cell whose neighbours are not painted, uint8 (256, 256, 3): its edges go on as they
    are."""
    margin = model.traits.margin
    return model.decode(np.pad(latents, ((0, 0), (margin, margin), (margin, margin)), mode="edge"))
