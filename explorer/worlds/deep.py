"""Edits below the base, seen from farther away: the mean of their pixels, feathered into coarser tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFilter

from explorer import pictures
from explorer.worlds.journal import Journal
from tiles.edits import Edit
from tiles.grid import TILE_PIXELS, Tile
from tiles.journal import History
from tiles.mask import FULL, SIDE

FEATHER = 4  # weights of a mask of an edit's own zoom, over which its inner border fades


class Index(NamedTuple):
    """Where a journal has edits below the base."""

    lines: int  # of the journal, when this was made
    cells: frozenset[Tile]  # of all these edits in force
    above: frozenset[Tile]  # tiles from the base down that have one of them beneath


class DeepEdits:
    """Lays the edits below the base over the coarser tiles of one world, for any number of threads."""

    def __init__(
        self, journal: Journal, base: int, deepest: int, shown: Callable[[Tile], np.ndarray | None]
    ) -> None:
        """``deepest``: the last level that is seen here. ``shown`` gives a tile's pixels as the map shows it,
        uint8 (256, 256, 3)."""
        self._journal, self._base, self._deepest, self._shown = journal, base, deepest, shown
        self._index = Index(0, frozenset(), frozenset())

    def over(self, tile: Tile, pixels: np.ndarray) -> np.ndarray:
        """The pixels of a tile, with what edits below it changed."""
        if tile not in self._current().above:
            return pixels
        layer = self._beneath(tile)
        if layer is None:
            return pixels
        share = layer[..., 3:] / 255
        mixed = pixels[..., :3] * (1 - share) + layer[..., :3] * share
        return np.rint(mixed).astype(np.uint8)

    def _current(self) -> Index:
        history = self._journal.history
        if self._index.lines != history.lines:
            self._index = _index(history, self._base, self._deepest)
        return self._index

    def _beneath(self, tile: Tile) -> np.ndarray | None:
        """The mean of what lies one zoom deeper, uint8 (256, 256, 4): transparent where nothing is edited."""
        if tile not in self._current().above:
            return None
        layers = [self._layer(child) for child in tile.children]
        if all(layer is None for layer in layers):
            return None
        mean = pictures.halved(layers)
        if mean.shape[2] == 4:
            return mean
        return np.concatenate([mean, np.full((*mean.shape[:2], 1), 255, np.uint8)], 2)

    def _layer(self, tile: Tile) -> np.ndarray | None:
        """What edits of a tile, or deeper ones, add to coarser tiles; None: nothing."""
        deeper, history = self._beneath(tile), self._journal.history
        edits = _seen(history, tile) if tile in self._current().cells else []
        pixels = self._shown(tile) if edits else None
        if pixels is None:
            return deeper
        alpha = np.maximum.reduce([opacity(edit, tile) for edit in edits])
        if deeper is not None:
            alpha = np.maximum(alpha, deeper[..., 3])
        return np.concatenate([pixels[..., :3], alpha[..., None]], 2)


def opacity(edit: Edit, tile: Tile) -> np.ndarray:
    """How much of one of an edit's own tiles shows in coarser ones, uint8 (256, 256): its mask, or, where it
    has none, all but its border, which fades inwards."""
    side, (z, x, y) = SIDE, tile
    sheet = np.block([[edit.weights(Tile(z, x + i, y + j)) for i in (-1, 0, 1)] for j in (-1, 0, 1)])
    image, scale = Image.fromarray(sheet), TILE_PIXELS // side
    if edit.mask is None:
        image = image.filter(ImageFilter.BoxBlur(FEATHER))
    smooth = image.resize((3 * TILE_PIXELS, 3 * TILE_PIXELS), Image.Resampling.BILINEAR)
    weights = np.asarray(smooth, np.int32)[TILE_PIXELS : 2 * TILE_PIXELS, TILE_PIXELS : 2 * TILE_PIXELS]
    if edit.mask is None:
        weights = 2 * weights - FULL  # 0 at the border
    inside = sheet[side : 2 * side, side : 2 * side].repeat(scale, 0).repeat(scale, 1) > 0
    return np.where(inside, np.clip(weights, 0, FULL), 0).astype(np.uint8)


def _index(history: History, base: int, deepest: int) -> Index:
    edits = (history.log.edits[number] for number in history.edits())
    cells = frozenset(cell for edit in edits for cell in edit.cells if base < cell.z <= deepest)
    above = frozenset(cell.above(zoom) for cell in cells for zoom in range(base, cell.z))
    return Index(history.lines, cells, above)


def _seen(history: History, tile: Tile) -> list[Edit]:
    """The edits of a tile itself that no later one of a coarser zoom covers."""
    here = sorted(history.seen(tile), key=history.log.rank.__getitem__)
    seen: list[Edit] = []
    for edit in (history.log.edits[number] for number in here):
        if tile in edit.cells:
            seen.append(edit)
        elif edit.weights(tile).all():
            seen.clear()
    return seen
