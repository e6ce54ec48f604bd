"""Land as the denoiser paints it, for the decoder to learn on: its latents are smoother than encoded ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from explorer.models.detail_decoder import DetailDecoder
from explorer.models.family import Model, sketch_for
from explorer.models.library import Library
from explorer.models.terra import Terra
from explorer.painting import schedule
from explorer.painting.pyramid import Pyramid, pyramid_of
from explorer.painting.window import Condition, Latents, WindowSpec, assemble, paint_windows
from explorer.training import text
from explorer.training.kept import kept
from tiles.grid import Tile

COUNT = 120  # sheets
SOURCES = ("bluemarble", "ucmerced")
SIDE = 3  # cells: one of phase D and all that it sees


class Sheet(NamedTuple):
    """Painted land."""

    latents: Tensor  # half (channels, 96, 96): coarse ones, and the detail of a bundle that paints it
    zoom: int


def sheets(bundle: Path, folder: Path, cache: Path, count: int | None = None) -> list[Sheet]:
    """Sheets painted by the code that paints worlds, kept in ``cache`` (safetensors).

    Prompts and zooms are those of training pictures, zooms in turn, so that painted and real land may be
    compared.
    """
    with kept(cache) as tensors:
        if (begun := len(tensors)) < (most := count or COUNT):
            painted = track(_painted(bundle, folder, range(begun, most)), "painting", most - begun)
            for index, sheet in enumerate(painted, begun):
                tensors[f"{index:04d} {sheet.zoom}"] = sheet.latents
        return [Sheet(latents, int(name.split()[1])) for name, latents in sorted(tensors.items())]


def _painted(bundle: Path, folder: Path, seeds: range) -> Iterator[Sheet]:
    model = Library(str(bundle)).get()
    there = text.examples(folder, held_out=False)
    every = [example for source in SOURCES for example in there.get(source, [])]
    near = {zoom: [e for e in every if abs(e.zoom - zoom) <= 1] for zoom in model.traits.zooms}
    zooms = [zoom for zoom, sheet in near.items() if sheet]
    rng = np.random.default_rng(0)
    for seed in range(seeds.stop):
        zoom = zooms[seed % len(zooms)]
        example = near[zoom][rng.integers(len(near[zoom]))]
        prompt = text.say(example._replace(zoom=zoom), rng)
        if seed not in seeds:
            continue  # it was painted before; what is drawn after it stays the same
        pyramid = pyramid_of(zoom, sketch_for(zoom, model.traits), model.traits.halo, model.traits.space)
        yield Sheet(_with_detail(model, _land(model, pyramid, seed, prompt)), zoom)


def _with_detail(model: Model, coarse: Tensor) -> Tensor:
    """Coarse latents (4, h, w), and the detail that the bundle's painter gives them, if it has one."""
    decoder = model.decoder if isinstance(model, Terra) else None
    if not isinstance(decoder, DetailDecoder):
        return coarse
    with torch.inference_mode():
        detail = decoder.painter.paint(coarse[None].float().to(model.device))[0]
    return torch.cat([coarse, detail.cpu().half()])


def _land(model: Model, pyramid: Pyramid, seed: int, prompt: str) -> Tensor:
    """One sheet of latents, half (4, 96, 96), near the middle of the square."""
    middle = 2**pyramid.base // 2 + 1  # odd: a cell of phase D
    around = range(middle - 1, middle + 2)
    wanted = [Tile(pyramid.base, x, y) for y in around for x in around]  # row by row
    cells: dict[Tile, Latents] = {}
    while ready := schedule.next_cells(wanted, pyramid, cells.__contains__, 1):
        window = assemble(ready[0], WindowSpec(pyramid, seed, (Condition(prompt),)), cells)
        cells[ready[0]] = paint_windows(model.paint, [window])[0]
    rows = [np.concatenate([cells[c] for c in wanted[i : i + SIDE]], 2) for i in range(0, len(wanted), SIDE)]
    return torch.from_numpy(np.concatenate(rows, 1)).half()
