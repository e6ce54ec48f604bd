"""What lies over what: the land, the edits over it, and what each painting of a cell is made from. Pure.

The land itself never looks at edits, so what is painted later does not depend on them. An edit sees
what is shown around it when it is made: the land and the edits below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from explorer.painting import schedule
from explorer.painting.schedule import Layout
from explorer.painting.window import Ground
from tiles.errors import Cancelled
from tiles.grid import Tile, around
from tiles.journal import Edit, History, Share, apart, shares

STRANGE = 0.5  # of what a cell is told: told more than this apart, it does not follow its sketch


class Node(NamedTuple):
    """One painting of a cell."""

    layer: int  # 0: the land; above: the edit of that line of the journal; below: a draft of one
    cell: Tile


class Layers(NamedTuple):
    """A world's layers at one moment."""

    history: History
    drafts: Mapping[int, Edit]  # edits nobody has decided for yet, by negative numbers
    layout: Layout

    def edit(self, layer: int) -> Edit:
        """Raises Cancelled for one that is no more."""
        found = self.drafts.get(layer) or self.history.edits.get(layer)
        if found is None:
            raise Cancelled("this edit is no more")
        return found

    def shown(self, cell: Tile) -> Node:
        """What the map shows of a cell."""
        return Node(self.history.over.get(cell, 0), cell)

    def at(self, cell: Tile, layer: int) -> Node:
        """What is seen of a cell once an edit lies over all that lies below it."""
        edit = self.edit(layer)
        return Node(layer if cell in edit.cells else self.history.layer(cell, edit.below), cell)

    def below(self, cell: Tile, layer: int) -> Node:
        """What an edit finds at a cell."""
        return Node(self.history.layer(cell, self.edit(layer).below), cell)

    def entry(self, node: Node) -> int:
        """The line of the journal that a painting is kept under."""
        return node.layer or self.history.era(node.cell).entry

    def prompts(self, cell: Tile) -> tuple[Share, ...]:
        """What the land at a cell is told."""
        return shares(cell, self.history.era(cell))

    def sees(self, node: Node) -> Iterator[Node]:
        """The neighbours in a painting's window."""
        if not node.layer:
            yield from (Node(0, other) for other in schedule.sees(node.cell))
            return
        inside, ring = schedule.sees_in(node.cell, self.edit(node.layer).cells)
        yield from (Node(node.layer, other) for other in inside)
        yield from (self.below(other, node.layer) for other in ring)

    def outside(self, node: Node) -> Iterator[Tile]:
        """The neighbours of an edit's cell that need not look like what the edit asks for: those
        outside it, where it has a prompt and nothing stays."""
        edit = self.edit(node.layer)
        if edit.prompt and edit.strength == 1 and not edit.picture:
            yield from schedule.sees_in(node.cell, edit.cells)[1]

    def present(self, node: Node) -> Iterator[Node]:
        """What an edit that keeps some of what is there starts from, as far as its window goes."""
        edit = self.edit(node.layer)
        if edit.strength < 1 and not edit.picture:
            yield from (self.below(other, node.layer) for other in around(node.cell).tiles())

    def sketch(self, node: Node) -> Iterator[Node]:
        """The cells of the sketch under a painting. An edit with a prompt or a picture of its own has
        none: the sketch tells of the land that was there."""
        under = schedule.parents(node.cell, self.layout)
        if node.layer and (self.edit(node.layer).prompt or self.edit(node.layer).picture):
            return
        if under is not None:
            yield from (Node(0, other) for other in under.tiles())

    def _follows_sketch(self, cell: Tile) -> bool:
        """Whether what a cell is told is what its sketch was told: else it goes its own way, as
        under a new prompt, or a stroke smaller than the sketch can show."""
        above = cell.above(self.layout.base_zoom - self.layout.sketch)
        return apart(self.prompts(cell), self.prompts(above)) <= STRANGE

    def requires(self, node: Node) -> Iterator[Node]:
        """The paintings that must be there before this one can be made."""
        yield from self.sketch(node)
        yield from self.sees(node)
        if node.layer:
            yield from self.present(node)

    def ground(self, node: Node, seed: int) -> Ground:
        """``seed`` is the world's; an edit has one of its own."""
        followed = any(self.sketch(node)) and self._follows_sketch(node.cell)
        layout = self.layout if followed else self.layout._replace(sketch=0)
        if not node.layer:
            return Ground(layout, seed, self.prompts(node.cell))
        edit = self.edit(node.layer)
        told = (Share(edit.prompt, 1.0),) if edit.prompt else self.prompts(node.cell)
        return Ground(layout, edit.seed, told, edit.negative_prompt)
