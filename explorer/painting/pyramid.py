"""The levels of a world: the zooms at which it is painted, each but the first refined from the one above.

Everything else asks here which zoom is painted for which, and never compares zooms itself. A world has a
sketch, its base, and each zoom below the base down to ``DEEPEST``; nothing here depends on their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tiles.grid import Box, Tile, around
from tiles.latents import LatentSpace

DEEPEST = 20  # the last zoom that is painted: 15 cm per pixel at the equator


class Sight(NamedTuple):
    """What a model works with: its latents, and how many of them it sees around a cell."""

    halo: int  # latents on each side
    space: LatentSpace


NO_OTHERS: Mapping[int, Sight] = MappingProxyType({})


class Level(NamedTuple):
    """One zoom at which a world is painted."""

    zoom: int
    sight: Sight  # that of its model
    shown: bool = True  # False for a sketch: it guides the level below it, and no tile is made of it
    model: int | None = None  # the zoom from which on another model paints; None: the world's own
    follow: int = 0  # latents around a window of which the parent's picture is followed; 0: it is not


class Pyramid(NamedTuple):
    """A world's levels, the coarsest first; at least the last one is shown.

    >>> pyramid = pyramid_of(base_zoom=8, sketch=2, halo=8, space=LatentSpace(4, 8), deepest=9)
    >>> pyramid.parent(8), pyramid.parent(9), pyramid.painted_zoom(Tile(10, 0, 0))
    (6, 8, 9)
    """

    levels: tuple[Level, ...]

    @property
    def base(self) -> int:
        """The first shown level: what is shallower is an overview. Prompts are addressed to it."""
        return next(level.zoom for level in self.levels if level.shown)

    @property
    def deepest(self) -> int:
        """The last level: what is deeper enlarges it."""
        return self.levels[-1].zoom

    @property
    def top(self) -> int:
        """The first level."""
        return self.levels[0].zoom

    @property
    def sketch(self) -> int:
        """Zooms by which the first level that is shown is finer than its parent; 0: it has none."""
        return self.coarser(self.base)

    @property
    def zooms(self) -> tuple[int, ...]:
        return tuple(level.zoom for level in self.levels)

    def level(self, zoom: int) -> Level:
        """The level at a zoom. Raises KeyError where none is painted."""
        for level in self.levels:
            if level.zoom == zoom:
                return level
        raise KeyError(f"zoom {zoom} is not painted")

    def crosses(self, zoom: int) -> bool:
        """Whether a level is refined from one of another model: then its parent comes as pixels."""
        parent = self.parent(zoom)
        return parent is not None and self.level(parent).model != self.level(zoom).model

    @property
    def crossing(self) -> bool:
        """Whether any level is refined from one of another model."""
        return any(self.crosses(zoom) for zoom in self.zooms)

    def down_to(self, zoom: int) -> Pyramid:
        """The levels above a zoom, as if nothing were painted from there on."""
        return Pyramid(tuple(level for level in self.levels if level.zoom < zoom))

    def parent(self, zoom: int) -> int | None:
        """The level that the level at ``zoom`` is refined from; None for the first, and for no level."""
        above = None
        for level in self.levels:
            if level.zoom == zoom:
                return above
            above = level.zoom
        return None

    def coarser(self, zoom: int) -> int:
        """Zooms from a level up to its parent; 0 without one."""
        parent = self.parent(zoom)
        return 0 if parent is None else zoom - parent

    def parents(self, cell: Tile) -> Iterator[Tile]:
        """The cells that a cell lies in, level by level, from its own parent up to the first level."""
        zoom = self.parent(cell.z)
        while zoom is not None:
            yield cell.above(zoom)
            zoom = self.parent(zoom)

    def shows(self, cell: Tile) -> bool:
        """Whether a cell is a tile that the map shows, and not only a sketch of one."""
        return any(level.zoom == cell.z and level.shown for level in self.levels)

    def painted_zoom(self, tile: Tile) -> int:
        """The level whose cells a tile of any zoom is made of: the deepest that is not deeper than the
        tile, or the first shown one for an overview."""
        shown = [level.zoom for level in self.levels if level.shown]
        return max((zoom for zoom in shown if zoom <= tile.z), default=shown[0])

    def enlarged(self, tile: Tile) -> int:
        """Zooms by which a tile is enlarged from painted cells; 0: it is painted itself, or an overview."""
        return max(0, tile.z - self.painted_zoom(tile))

    def is_overview(self, tile: Tile) -> bool:
        """Whether a tile is the mean of deeper ones: nothing is painted for it."""
        return tile.z < self.base

    def cell(self, tile: Tile) -> Tile | None:
        """The cell that must be painted so that a tile can be shown; None for an overview."""
        return None if self.is_overview(tile) else tile.above(self.painted_zoom(tile))

    def lineage(self, tile: Tile) -> list[Tile]:
        """The shown cells that a tile lies in, from the base's to the one it is made of: each is refined from
        the one before. Empty for an overview."""
        cell = self.cell(tile)
        above = [] if cell is None else [cell, *self.parents(cell)]
        return [each for each in reversed(above) if self.shows(each)]

    def lineages(self, tiles: Iterable[Tile]) -> list[Tile]:
        """The lineages of tiles, each cell once: level by level, the coarsest first, and in each level in the
        order of the tiles. Painted in this order, a view sharpens evenly."""
        return sorted(dict.fromkeys(cell for tile in tiles for cell in self.lineage(tile)), key=lambda c: c.z)

    def told(self, cell: Tile) -> Tile:
        """The cell whose prompts hold for a cell: itself, or the base's that it is refined from."""
        return cell.above(min(cell.z, self.base))

    def cells(self, tile: Tile) -> Box:
        """The painted level's cells that a tile covers, or the one that it lies in."""
        return around(tile, 0).at(self.painted_zoom(tile))

    def under(self, box: Box) -> Box:
        """The painted level's cells that a box of tiles covers or lies in."""
        return box.at(self.painted_zoom(Tile(box.zoom, 0, 0)))

    def base_cells(self, tile: Tile) -> Box:
        """The base level's cells that a tile of any zoom covers, or the one that it lies in."""
        return around(tile, 0).at(self.base)

    def is_sketch(self, cell: Tile) -> bool:
        return any(level.zoom == cell.z and not level.shown for level in self.levels)

    def sketch_of(self, tile: Tile) -> Tile | None:
        """The sketch's cell that shows what a tile will be like before it is painted; None without one."""
        cell = self.cell(tile)
        return None if cell is None else next(filter(self.is_sketch, self.parents(cell)), None)


def pyramid_of(
    base_zoom: int,
    sketch: int,
    halo: int,
    space: LatentSpace,
    deepest: int = 0,
    others: Mapping[int, Sight] = NO_OTHERS,
    follow: int = 0,
) -> Pyramid:
    """The levels of a world as its settings say: a base, a sketch some zooms coarser (0: none), and each
    zoom below the base down to ``deepest``. ``halo`` and ``space`` are the model's; of ``others``, each
    paints from a zoom below the base on, down to the next. What the world's own model refines below the base
    follows its parent's picture, of which ``follow`` latents are seen around a window; 0: it does not."""
    own = Sight(halo, space)
    above = (Level(base_zoom - sketch, own, shown=False),) if sketch else ()
    below = []
    for zoom in range(base_zoom + 1, deepest + 1):
        model = max((first for first in others if first <= zoom), default=None)
        if model is None:
            below.append(Level(zoom, own, follow=follow))
        else:
            below.append(Level(zoom, others[model], model=model))
    return Pyramid((*above, Level(base_zoom, own), *below))
