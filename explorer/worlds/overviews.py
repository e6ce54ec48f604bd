"""Overviews: tiles below the base zoom, each the mean of its four children, made bottom up in small steps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from explorer import pictures
from explorer.painting.pyramid import Pyramid
from tiles.cache import Cache, Cached
from tiles.grid import MAX_INDEX, Box, Tile, around
from tiles.store import Mark, Store, Versions

SPARE = 64  # overviews kept in memory where the cache cannot keep them
SHOWN_AFTER = 64  # cells decoded until what is there so far is shown
SHARE = 0.25  # of a block of land that must be painted, so that it is worth to look at


class Total(NamedTuple):
    """What lies under an overview."""

    revision: int  # the sum of its cells' revisions: what an overview that shows all of them has
    finals: int  # cells that will not change by painting
    cells: int  # that are painted


class Picture(NamedTuple):
    """A tile, and the revision that its pixels have."""

    pixels: np.ndarray | None  # uint8 (256, 256, 3 or 4); None: nothing is painted
    revision: int


NOTHING, EMPTY = Total(0, 0, 0), Picture(None, 0)


class Totals:
    """The totals of all overviews that have something painted under them.

    They are summed up once, when first asked for; after that a cell that changes costs one addition a
    zoom, however large the world is.
    """

    def __init__(self, store: Store, base: int) -> None:
        self._store, self._base = store, base
        self._totals: dict[Tile, Total] = {}
        self._roots: set[Tile] = set()
        self._mark = Mark()
        self._lock = threading.Lock()

    def of(self, tile: Tile) -> Total:
        """As the world is now, whoever changed it."""
        with self._lock:
            self._catch_up()
            return self._totals.get(tile, NOTHING)

    def roots(self) -> list[Tile]:
        """The tiles of zoom 0 that have something painted under them."""
        with self._lock:
            self._catch_up()
            return sorted(tile for tile in self._roots if self._totals[tile].revision)

    def _catch_up(self) -> None:
        mark, cells = self._store.changes(self._base, self._mark)
        if cells is None:  # any of them
            end = MAX_INDEX + 1
            versions = self._store.versions(Box(self._base, -end, -end, end, end))
            self._totals, self._roots = {}, set()
            self._update({cell.parent for cell in versions}, versions)
        else:
            for leaf in {other.parent for cell in cells for other in around(cell).tiles()}:
                self._update([leaf], self._store.versions(around(leaf, 0).at(self._base).grown(1)))
        self._mark = mark

    def _update(self, leaves: Iterable[Tile], versions: Mapping[Tile, Versions]) -> None:
        """Overviews right above the base zoom have other totals, and so have all above them."""
        for leaf in leaves:
            now, before = total_of(leaf, versions), self._totals.get(leaf, NOTHING)
            more = [new - old for new, old in zip(now, before)]
            for zoom in range(leaf.z + 1):
                tile = leaf.above(zoom)
                total = self._totals.get(tile, NOTHING)
                self._totals[tile] = Total(*(one + other for one, other in zip(total, more)))
            self._roots.add(leaf.above(0))


def total_of(leaf: Tile, versions: Mapping[Tile, Versions]) -> Total:
    """The total of an overview right above the base zoom."""
    revision = finals = cells = 0
    for cell in leaf.children:
        if cell in versions and versions[cell].shown:
            near = [versions[other] for other in around(cell).tiles() if other in versions]
            revision += versions[cell].version + sum(each.version for each in near)
            finals += sum(each.shown for each in near) == 9
            cells += 1
    return Total(revision, finals, cells)


class Overviews:
    """The overviews of one world, for any number of threads."""

    def __init__(
        self, store: Store, cache: Cache, pyramid: Pyramid, decoded: Callable[[Tile], Picture]
    ) -> None:
        """``decoded`` gives a base tile."""
        self._cache, self._pyramid, self.decoded = cache, pyramid, decoded
        self._totals = Totals(store, pyramid.base)
        self._spare: dict[Tile, Cached] = {}

    def revision(self, tile: Tile) -> int:
        """What it has when all that is painted now is in it; 0 while nothing is painted."""
        return self._totals.of(tile).revision

    def final(self, tile: Tile) -> bool:
        """Whether nothing under it will change by painting."""
        return self._totals.of(tile).finals == self._pyramid.base_cells(tile).size

    def roots(self) -> list[Tile]:
        """The tiles of zoom 0 that have something painted under them: all overviews lie under one of them."""
        return self._totals.roots() if self._pyramid.base else []

    def patch(self, near: Tile) -> Box | None:
        """The painted land nearest to a base tile, about: the largest block of 2 x 2 overviews around it of
        which a ``SHARE`` is painted, or the cells of one overview. None where nothing is painted."""
        roots = self.roots()
        if not roots:
            return None
        nearest = min(roots, key=lambda root: _apart(root, near))
        while nearest.z < self._pyramid.base - 1:
            painted = (child for child in nearest.children if self._totals.of(child).cells)
            nearest = min(painted, key=lambda child: _apart(child, near))
        for zoom in range(nearest.z):
            tile = nearest.above(zoom)
            x, y = tile.x, tile.y
            corners = [(left, top) for top in (y - 1, y) for left in (x - 1, x)]
            boxes = [Box(zoom, left, top, left + 2, top + 2) for left, top in corners]
            box = max(boxes, key=self._painted)
            if self._painted(box) >= SHARE * box.at(self._pyramid.base).size:
                return box
        return around(nearest, 0)

    def _painted(self, box: Box) -> int:
        """How many base cells under a box of overviews are painted."""
        return sum(self._totals.of(tile).cells for tile in box.tiles())

    def is_overview(self, tile: Tile) -> bool:
        return self._pyramid.is_overview(tile)

    def at_hand(self, tile: Tile) -> Cached | None:
        """The newest picture that was made, as PNG; older than what is painted, perhaps."""
        cached, spare = self._cache.get(tile, "png"), self._spare.get(tile)
        if cached is None or (spare is not None and spare.revision > cached.revision):
            return spare
        return cached

    def fresh(self, tile: Tile) -> Cached | None:
        """A picture that shows all that is painted, if there is one."""
        cached = self.at_hand(tile)
        return cached if cached is not None and cached.revision >= self.revision(tile) else None

    def keep(self, tile: Tile, picture: Picture) -> None:
        """Keep a picture, in the cache or, where that is not possible, in memory for a while."""
        if picture.pixels is None:
            return
        data = pictures.encode(picture.pixels, "png")
        if not self._cache.put(tile, "png", picture.revision, data):
            self._spare[tile] = Cached(data, picture.revision)
            for old in list(self._spare)[:-SPARE]:
                self._spare.pop(old, None)

    def build(self, tile: Tile) -> Build:
        return Build(self, tile)


class Build:
    """Makes one overview, and those under it that are not fresh.

        build = world.renderer.build(Tile(0, 0, 0))
        while not build.done:
            build.step()

    A picture's revision is the sum of its children's. Revisions of cells only go up, so those of pictures do.
    """

    def __init__(self, overviews: Overviews, tile: Tile) -> None:
        self.tile, self._overviews = tile, overviews
        self.cells = 0  # decoded so far
        self.picture = EMPTY  # the newest one that was kept
        self._stack: list[tuple[Tile, list[Picture]]] = []  # overviews at work, each with what is made of it
        if (cached := overviews.fresh(tile)) is not None:
            self.picture = Picture(pictures.decode(cached.data), cached.revision)
        elif overviews.revision(tile):
            self._stack.append((tile, []))

    @property
    def done(self) -> bool:
        return not self._stack

    def step(self) -> None:
        """Decode one cell or average four pictures, whichever is next. Raises WorldDamaged."""
        while self._stack:
            tile, made = self._stack[-1]
            if len(made) == 4:
                self._finish()
                return
            child = tile.children[len(made)]
            if not self._overviews.is_overview(child):
                made.append(self._overviews.decoded(child))
                if made[-1].revision:
                    self._count()
                    return
            elif (cached := self._overviews.fresh(child)) is not None:
                made.append(Picture(pictures.decode(cached.data), cached.revision))
            elif self._overviews.revision(child):
                self._stack.append((child, []))
            else:
                made.append(EMPTY)

    def _finish(self) -> None:
        tile, made = self._stack.pop()
        picture = mean(made)
        self._overviews.keep(tile, picture)
        if self._stack:
            self._stack[-1][1].append(picture)
        else:
            self.picture = picture

    def _count(self) -> None:
        self.cells += 1
        if self.cells % SHOWN_AFTER == 0:
            self._show()

    def _show(self) -> None:
        """Keep what is there so far of all that is at work, if it is more than there was before."""
        below: list[Picture] = []
        for tile, made in reversed(self._stack):
            here = [*made, *below]
            here += [self._at_hand(child) for child in tile.children[len(here) :]]
            picture, before = mean(here), self._overviews.at_hand(tile)
            if picture.revision > (before.revision if before else 0):
                self._overviews.keep(tile, picture)
                if tile == self.tile:
                    self.picture = picture
            below = [picture]

    def _at_hand(self, tile: Tile) -> Picture:
        cached = self._overviews.at_hand(tile) if self._overviews.is_overview(tile) else None
        return EMPTY if cached is None else Picture(pictures.decode(cached.data), cached.revision)


def _apart(tile: Tile, cell: Tile) -> int:
    """How far a deeper cell lies from a tile, in cells, squared; 0: inside."""
    box = around(tile, 0).at(cell.z)
    x = max(box.left - cell.x, 0, cell.x - box.right + 1)
    y = max(box.top - cell.y, 0, cell.y - box.bottom + 1)
    return x * x + y * y


def mean(made: list[Picture]) -> Picture:
    """Four children as one picture."""
    if all(each.pixels is None for each in made):
        return EMPTY
    return Picture(pictures.halved([each.pixels for each in made]), sum(each.revision for each in made))
