"""Pictures painted to captions, kept in a folder: what is there is not painted again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from explorer.models.family import Model
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, Window, WindowSpec, assemble, paint_windows
from explorer.service.scouting import decoded_alone
from explorer.training.rsicd.scenes import Scene
from tiles.errors import BadSetting
from tiles.grid import Tile

PLAN = "plan.json"
Step = Callable[[int, int], None]


class Wanted(NamedTuple):
    """A picture to paint: the ``number``-th to a scene's caption."""

    scene: Scene
    number: int
    seed: int

    def path(self, folder: Path) -> Path:
        """Where it is kept."""
        return folder / f"{self.scene.name}_{self.number}.png"


def wanted(scenes: Sequence[Scene], pictures: int) -> list[Wanted]:
    """``pictures`` to each scene, each with a seed of its own."""
    return [
        Wanted(scene, number, index * pictures + number)
        for index, scene in enumerate(scenes)
        for number in range(pictures)
    ]


def claim(out: Path, plan: dict[str, Any]) -> None:
    """Make ``out`` the folder of a plan. Raises BadSetting if it is that of another one."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / PLAN
    if path.is_file():
        if json.loads(path.read_text()) != plan:
            raise BadSetting(f"{out} holds pictures of another model, data set or sample: name another one")
        return
    written(path, (json.dumps(plan, indent=1) + "\n").encode())


def paint(model: Model, every: Sequence[Wanted], out: Path, step: Step) -> None:
    """Paint what is missing. Each is one cell of a world that has no sketch, as a model paints to a prompt
    alone, at the zoom of its scene or the model's best. ``step(done, total)`` may raise to stop it."""
    missing = [each for each in every if not each.path(out).is_file()]
    done, size = len(every) - len(missing), model.traits.batch
    for first in range(0, len(missing), size):
        step(done + first, len(every))
        part = missing[first : first + size]
        cells = paint_windows(model.paint, [_window(model, each) for each in part])
        for each, cell in zip(part, cells):
            _save(each.path(out), decoded_alone(model, cell))
    step(len(every), len(every))


def load(every: Sequence[Wanted], out: Path) -> Iterator[np.ndarray]:
    """The painted pictures in order, uint8 (256, 256, 3) each."""
    for each in every:
        with Image.open(each.path(out)) as image:
            yield np.asarray(image.convert("RGB"))


def written(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.replace(path)


def _window(model: Model, each: Wanted) -> Window:
    traits = model.traits
    told = traits.base_zoom if each.scene.zoom is None else each.scene.zoom
    zoom = min(traits.zooms, key=lambda known: (abs(known - told), known))
    spec = WindowSpec(
        pyramid_of(zoom, 0, traits.halo, traits.space),
        each.seed,
        (Condition(each.scene.caption, use_parent=False),),
    )
    middle = 2**zoom // 4 * 2  # even: a cell that sees no neighbour
    return assemble(Tile(zoom, middle, middle), spec, {})


def _save(path: Path, pixels: np.ndarray) -> None:
    part = path.with_name(f".{path.name}.part")
    Image.fromarray(pixels).save(part, "png")
    part.replace(path)
