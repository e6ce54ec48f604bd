"""A world's latents: what is painted, what can be painted next, and how it is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from explorer.painting import schedule
from explorer.painting.crossing import Crossing
from explorer.painting.frontier import Frontier
from explorer.painting.layers import Layers, Node
from explorer.painting.pyramid import Pyramid
from explorer.painting.repaint import Repaint, assemble_repaint
from explorer.painting.window import Latents, Window, assemble_from, paint_windows
from explorer.worlds.access import Access
from explorer.worlds.drafts import Drafts
from explorer.worlds.journal import Journal
from tiles.edits import Edit
from tiles.errors import Cancelled
from tiles.grid import Box, Tile, around
from tiles.store import Store

MOST_UNSEEN = 2**16  # cells known not to be painted: whoever wants land asks for the same ones all the time
Paint = Callable[[Sequence[Window]], Sequence[Latents]]


class Painted(NamedTuple):
    """What is painted, by node: kept on disk, or in memory for drafts."""

    store: Store
    drafts: Drafts
    alone: Callable[[], bool]  # whether no other process paints
    seen: set[tuple[int, Tile]]  # known to be painted, and under which line; this never changes
    unseen: set[tuple[int, Tile]]  # not on disk, and no other process paints: ``seen`` tells the rest
    read: dict[tuple[int, Tile], Latents] | None = None  # what was read, where much is read at one moment

    def has(self, node: Node, entry: int) -> bool:
        if node.layer < 0:
            return self.drafts.latents(node) is not None
        key = (entry, node.cell)
        if key in self.seen:
            return True
        alone = self.alone()  # before the disk is asked
        if alone and key in self.unseen:
            return False
        if self.store.has(node.cell, entry):
            self.seen.add(key)
            return True
        if alone:
            if len(self.unseen) >= MOST_UNSEEN:
                self.unseen.clear()
            self.unseen.add(key)
        return False

    def latents(self, node: Node, entry: int) -> Latents:
        """Raises KeyError for what is not painted, Cancelled for a discarded draft."""
        if node.layer < 0:
            draft = self.drafts.latents(node)
            if draft is None:
                raise Cancelled("this draft was discarded")
            return draft
        key = (entry, node.cell)
        if self.read and key in self.read:
            return self.read[key]
        painted = self.store.read(node.cell, entry)
        if painted is None:
            raise KeyError(node)
        if self.read is not None:
            self.read[key] = painted.latents
        return painted.latents


class Snapshot(NamedTuple):
    """A world's journal and drafts at one moment, and what is painted of them.

    A painting under a line of the journal is for ever, so nothing that is chosen here can be missing when
    its window is put together, whatever happens to the journal meanwhile.
    """

    layers: Layers
    kept: Painted
    seed: int
    crossing: Crossing

    def edit(self, layer: int) -> Edit:
        """The edit or draft of a layer. Raises Cancelled if it was cancelled or discarded."""
        return self.layers.edit(layer)

    def shown(self, cell: Tile) -> Node:
        """What the map shows of a cell."""
        return self.layers.shown(cell)

    def has(self, node: Node) -> bool:
        """Whether a node is painted."""
        return self.kept.has(node, self.layers.entry(node))

    def painted(self, cell: Tile, layer: int | None = None) -> bool:
        """Whether there is something of a cell to show, or what a layer makes of it. Raises Cancelled if
        the layer was cancelled or discarded."""
        return self.has(self.node(cell, layer))

    def next(
        self,
        wanted: Iterable[Tile],
        limit: int,
        layer: int | None = None,
        resting: Collection[Node] = frozenset(),
    ) -> list[Node]:
        """Up to ``limit`` nodes to paint now for cells ``wanted``, the most wanted first: so that they can
        be shown, or as a layer makes them. What rests is never chosen, nor what waits for it."""
        return self.frontier(wanted, layer).next(limit, resting)

    def frontier(self, wanted: Iterable[Tile], layer: int | None = None) -> Frontier[Node]:
        """As ``next``, to be asked often: as long as the journal, and the drafts if ``layer`` is one, stay as
        they are."""
        nodes = (self.node(cell, layer) for cell in wanted)
        return Frontier(nodes, self.layers.requires, self.has)

    def missing(self, wanted: Iterable[Tile], layer: int | None = None) -> set[Node]:
        """All that must be painted until cells ``wanted`` are, themselves included."""
        nodes = (self.node(cell, layer) for cell in wanted)
        return schedule.missing_of(nodes, self.layers.requires, self.has)

    def window(self, node: Node) -> Window:
        """The window of a node whose requirements are painted."""
        layers, spec = self.layers, self.layers.spec(node, self.seed)
        seen = {other.cell: self.latents(other) for other in layers.sees(node)}
        above = {other.cell: self.latents(other) for other in layers.parents(node)}
        if above and spec.uses_parent and layers.pyramid.crosses(node.cell.z):
            above = self.crossing.above(node.cell, above)
        mask, refined = layers.mask(node), layers.refined(node)
        if refined and mask is None:
            return assemble_from(node.cell, spec, seen, above)
        edit = layers.edit(node.layer)
        present = {other.cell: self.latents(other) for other in layers.present(node)}
        given = self.kept.store.picture(edit.entry, around(node.cell)) if edit.picture else {}
        free_of = () if refined else tuple(layers.free_of(node))
        strength = 1.0 if refined else edit.strength
        differs = bool(edit.prompt) and strength == 1 and not refined
        repaint = Repaint(present, strength, given, 1 - edit.strength, free_of, mask, differs)
        return assemble_repaint(node.cell, spec, seen, repaint, above)

    @contextmanager
    def at_once(self) -> Iterator[Snapshot]:
        """The same, for one thread that puts many windows together: what they share is read once."""
        with self.kept.store.snapshot():
            yield self._replace(kept=self.kept._replace(read={}))

    def latents(self, node: Node) -> Latents:
        """The latents of a painted node, float16 (channels, side, side)."""
        return self.kept.latents(node, self.layers.entry(node))

    def around(self, cell: Tile, layer: int, below: bool = False) -> dict[Tile, Latents]:
        """What is painted of a cell and its neighbours once an edit lies over them, or just ``below``."""
        of = self.layers.below if below else self.layers.at
        nodes = [of(other, layer) for other in around(cell).tiles()]
        return {node.cell: self.latents(node) for node in nodes if self.has(node)}

    def node(self, cell: Tile, layer: int | None) -> Node:
        """Raises Cancelled if the layer was cancelled or discarded."""
        if layer is None:
            return self.layers.shown(cell)
        self.layers.edit(layer)
        return Node(layer, cell)


class Painting(NamedTuple):
    """What became of a node."""

    snapshot: Snapshot  # that it was chosen by
    node: Node
    latents: Latents  # (channels, side, side)


class Canvas:
    """The latents of one world, for any number of threads."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        drafts: Drafts,
        pyramid: Pyramid,
        crossing: Crossing,
        seed: int,
        lock: threading.RLock,
        access: Access,
    ) -> None:
        """``lock`` is held while a cell is kept."""
        self._store, self._journal, self._drafts = store, journal, drafts
        self._pyramid, self._crossing, self._seed = pyramid, crossing, seed
        self._lock, self._access = lock, access
        self._kept = Painted(store, drafts, lambda: access.held, set(), set())

    def snapshot(self) -> Snapshot:
        """The world at this moment."""
        with self._lock:
            layers = Layers(self._journal.history, self._drafts.edits, self._pyramid)
        return Snapshot(layers, self._kept, self._seed, self._crossing)

    def painted(self, cell: Tile) -> bool:
        """Whether there is something of a cell to show."""
        return self.snapshot().painted(cell)

    def commit(self, snapshot: Snapshot, node: Node, latents: Latents) -> bool:
        """As ``commit_all``, for one node."""
        return self.commit_all([Painting(snapshot, node, latents)])[0]

    def commit_all(self, paintings: Sequence[Painting]) -> list[bool]:
        """Keep what is painted, all or nothing; what is kept already stays. False for a node that is stale:
        its prompt changed after the snapshot, or its layer was cancelled. Raises WorldHeld in a reader."""
        self._access.require()
        with self._lock:
            now, fitting = self.snapshot().layers, list[bool]()
            with self._store.together():
                for snapshot, node, latents in paintings:
                    if node.layer < 0:
                        fitting.append(self._drafts.keep(node, latents))
                        continue
                    entry = snapshot.layers.entry(node)
                    fits = not (node.layer and now.history.edit(node.layer) is None)
                    fitting.append(fits and now.entry(node) == entry)
                    if fitting[-1]:
                        cells = {node.cell: latents.astype(np.float16)}
                        self._store.commit(cells, entry, now.shown(node.cell) == node)
            for (snapshot, node, _), fits in zip(paintings, fitting):
                if fits and node.layer >= 0:
                    key = (snapshot.layers.entry(node), node.cell)
                    self._kept.seen.add(key)
                    self._kept.unseen.discard(key)
        return fitting

    def paint(self, wanted: Iterable[Tile], paint: Paint, batch: int, layer: int | None = None) -> int:
        """Paint all that is wanted on this thread, as it is shown or as a layer makes it; how many windows
        that took. ``paint`` and ``batch`` are a model's."""
        cells, windows = list(wanted), 0
        while nodes := (snapshot := self.snapshot()).next(cells, batch, layer):
            drawn = [snapshot.window(node) for node in nodes]
            for node, latents in zip(nodes, paint_windows(paint, drawn)):
                self.commit(snapshot, node, latents)
            windows += len(nodes)
        return windows

    def count(self, zoom: int) -> int:
        """How many cells of a zoom are shown."""
        return self._store.count(zoom)

    def painted_in(self, box: Box) -> int:
        """How many cells of a box are shown."""
        return self._store.version_sum(box)[0]
