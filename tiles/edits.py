"""An edit of a journal, as what is painted again: which cells, and how much of each latent. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tiles.entries import Edit as EditEntry
from tiles.entries import cells_of
from tiles.grid import Tile
from tiles.mask import FULL, SIDE, Mask, part, read_mask


class Edit(NamedTuple):
    """Land painted again."""

    entry: int
    cells: frozenset[Tile]
    zooms: tuple[int, ...]  # of the cells: one, in what the app writes
    prompt: str  # empty: the prompt of the land there
    negative_prompt: str
    strength: float  # 0..1; at 1 nothing of the present land stays
    seed: int
    picture: bool  # whether a picture's latents belong to it
    over: tuple[int, ...] | None = None  # of a draft: the steps in force when it was made
    mask: Mask | None = None  # which latents of the cells are painted again; None: all

    def holds(self, cell: Tile) -> bool:
        """Whether a cell is painted again or lies in one that is: what is refined from it is part of it."""
        own = self.own(cell)
        return own is not None and (self.mask is None or bool(self.weights(cell).any()))

    def own(self, cell: Tile) -> Tile | None:
        """The edit's cell that a cell is or lies in."""
        above = (cell.above(zoom) for zoom in self.zooms if zoom <= cell.z)
        return next((each for each in above if each in self.cells), None)

    def weights(self, cell: Tile) -> np.ndarray:
        """How much each part of a cell is painted again, uint8 (32, 32): the weights of a mask."""
        own = self.own(cell)
        if own is None:
            return np.zeros((SIDE, SIDE), np.uint8)
        if self.mask is None:
            return np.full((SIDE, SIDE), FULL, np.uint8)
        return part(self.mask[own], own, cell)


def edit_of(number: int, entry: EditEntry, over: tuple[int, ...] | None = None) -> Edit:
    """The edit of a line."""
    zooms = tuple(dict.fromkeys(zoom for zoom, *_ in entry.cells))
    text = (entry.prompt, entry.negative_prompt)
    cells = frozenset(cells_of(entry.cells))
    mask = None if entry.mask is None else read_mask(entry.mask, cells)
    return Edit(number, cells, zooms, *text, entry.strength, entry.seed, entry.picture, over, mask)
