"""How well pictures survive the latents, by the size of details: for each octave, energy and error of decoded
pictures / energy of the real ones. A decoder that leaves out details has an error of 1 there; one that
invents as much as there was has an error of 2.

python -m benchmarks.octaves DATA AUTOENCODER [AUTOENCODER ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table
from torch import Tensor

from explorer.models.autoencoder import Autoencoder, crop
from explorer.training.autoencoder import loaded, read
from explorer.training.config import Sources
from explorer.training.polish import BORDER

OCTAVES = 4
SOURCES = {"bluemarble": "Blue Marble", "ucmerced": "UC Merced"}
COUNT, SIDE, BATCH = 96, 192, 16


def octaves(pictures: Tensor) -> list[Tensor]:
    """Details of pictures (n, c, h, w) of waves of 2 to 4 px, 4 to 8 and so on, each at half the size
    of the one before (the Laplacian pyramid of Burt and Adelson 1983)."""
    bands, x = [], pictures
    for _ in range(OCTAVES):
        half = F.avg_pool2d(x, 2)
        bands.append(x - F.interpolate(half, scale_factor=2, mode="bilinear"))
        x = half
    return bands


def compared(autoencoder: Autoencoder, pictures: Tensor) -> list[tuple[float, float]]:
    """Energy and error by octave, over the energy of the real ones."""
    with torch.inference_mode():
        parts = (autoencoder.decode(autoencoder.encode(part)) for part in pictures.split(BATCH))
        again = torch.cat(list(parts)).clamp(-1, 1)
    rows = []
    for step, (real, made) in enumerate(zip(octaves(pictures), octaves(again))):
        real, made = (crop(sheet, BORDER >> step) for sheet in (real, made))
        energies = (sheet.square().mean() for sheet in (real, made, made - real))
        in_real, in_decoded, in_error = (float(energy) for energy in energies)
        rows.append((in_decoded / in_real, in_error / in_real))
    return rows


def main(data: Path, *autoencoders: Path) -> None:
    held = read(data, True, SIDE, Sources(shares=dict.fromkeys(SOURCES, 1.0), halved=0.0))
    names = (f"{2**step}-{2 ** (step + 1)} px" for step in range(1, OCTAVES + 1))
    table = Table("energy / error", "autoencoder", *names)
    for source, name in SOURCES.items():
        pictures = held.of(source).draw(COUNT, np.random.default_rng(5))
        for path in autoencoders:
            rows = compared(loaded(path), pictures)
            table.add_row(name, str(path), *(f"{energy:.2f} / {error:.2f}" for energy, error in rows))
    Console().print(table)


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:]))
