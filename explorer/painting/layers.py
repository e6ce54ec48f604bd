"""What lies over what: the land, the edits over it, and what each painting of a cell is made from. Pure.

The land never depends on edits. An edit sees what is shown around it when it is made: the land and the edits
below. What is refined from an edit's cells, at deeper levels, belongs to the edit and is joined to its
surroundings in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np

from explorer.painting import schedule
from explorer.painting.guides import cut
from explorer.painting.pyramid import Pyramid
from explorer.painting.window import Condition, WindowSpec, frame
from tiles.edits import Edit
from tiles.errors import Cancelled
from tiles.grid import EARTH, Tile, around, tile_metres
from tiles.journal import History
from tiles.log import Era
from tiles.mask import FULL, at_side
from tiles.strokes import Stroke, difference, prompt_weights

MASK_STEPS = 4  # of a mask's soft border
FAINT = 0.02  # a prompt that weighs less than this everywhere in a window is left out


class Node(NamedTuple):
    """One painting of a cell."""

    layer: int  # 0: the land; above: the edit of that line of the journal; below: a draft of one
    cell: Tile


class Layers(NamedTuple):
    """A world's layers at one moment."""

    history: History
    drafts: Mapping[int, Edit]  # options that nobody has chosen yet, by negative numbers
    pyramid: Pyramid

    def edit(self, layer: int) -> Edit:
        """The edit or draft of a layer. Raises Cancelled if it was cancelled or forgotten."""
        edit = self.drafts.get(layer) or self.history.edit(layer)
        if edit is None:
            raise Cancelled("this edit was cancelled or undone")
        return edit

    def shown(self, cell: Tile) -> Node:
        """What the map shows of a cell."""
        return Node(self.history.over(cell), cell)

    def at(self, cell: Tile, layer: int) -> Node:
        """The painting of a cell that is seen with an edit and everything below it."""
        edit = self.edit(layer)
        return Node(layer if edit.holds(cell) else self.history.layer(cell, edit), cell)

    def below(self, cell: Tile, layer: int) -> Node:
        """The painting of a cell that an edit lies over."""
        return Node(self.history.layer(cell, self.edit(layer)), cell)

    def entry(self, node: Node) -> int:
        """The line of the journal that a painting is kept under."""
        return node.layer or self.history.era(node.cell).entry

    def sees(self, node: Node) -> Iterator[Node]:
        """The neighbours in a painting's window."""
        if not node.layer:
            yield from (Node(0, other) for other in schedule.sees(node.cell))
            return
        inside, ring = schedule.sees_in(node.cell, self.edit(node.layer).holds)
        yield from (Node(node.layer, other) for other in inside)
        yield from (self.below(other, node.layer) for other in ring)

    def free_of(self, node: Node) -> Iterator[Tile]:
        """The neighbours of an edit's cell that its prompt may differ from: those outside the edit, if it
        has a prompt and nothing of the present land stays; and those of which a mask leaves the most as it
        was."""
        edit = self.edit(node.layer)
        if edit.prompt and edit.strength == 1 and not edit.picture:
            inside, ring = schedule.sees_in(node.cell, edit.holds)
            yield from ring
            if edit.mask is not None:
                yield from (other for other in inside if edit.weights(other).mean() < FULL / 2)

    def present(self, node: Node) -> Iterator[Node]:
        """The present land in the window of an edit that keeps some of it."""
        edit = self.edit(node.layer)
        keeps = edit.strength < 1 and not edit.picture and not self.refined(node)
        if keeps or edit.mask is not None:
            yield from (self.below(other, node.layer) for other in around(node.cell).tiles())

    def refined(self, node: Node) -> bool:
        """Whether a painting is refined from its parent alone, as land is, and not painted again."""
        return not node.layer or node.cell not in self.edit(node.layer).cells

    def parents(self, node: Node) -> Iterator[Node]:
        """The cells of the coarser level under a painting. What an edit with its own prompt or picture paints
        again has none: the coarser level shows the land as it was before."""
        under = schedule.parents(node.cell, self.pyramid)
        if under is None:
            return
        if not node.layer:
            yield from (Node(0, other) for other in under.tiles())
        elif self.refined(node) or not (self.edit(node.layer).prompt or self.edit(node.layer).picture):
            yield from (self.at(other, node.layer) for other in under.tiles())

    def mask(self, node: Node) -> np.ndarray | None:
        """Of an edit finer than a tile, how much each latent of a window is painted again, float32 (width,
        width), 0..1 in a few steps: each is a time of sampling. None: all of it."""
        if not node.layer or (edit := self.edit(node.layer)).mask is None:
            return None
        place = frame(node.cell, self.pyramid)
        sheet = np.zeros((place.width, place.width), np.float32)
        for other in around(node.cell).tiles():
            here, there = place.overlap(other)
            sheet[here] = at_side(edit.weights(other), place.side)[there]
        return np.ceil(sheet / (FULL / MASK_STEPS)) / MASK_STEPS

    def requires(self, node: Node) -> Iterator[Node]:
        """The paintings that must be there before this one can be made. An edit below the base also needs the
        land that it will be shown in from farther away."""
        yield from self.parents(node)
        yield from self.sees(node)
        if node.layer:
            yield from self.present(node)
            if node.cell.z > self.pyramid.base:
                yield from (
                    self.at(other, node.layer) for other in islice(self.pyramid.parents(node.cell), 1)
                )

    def spec(self, node: Node, seed: int) -> WindowSpec:
        """``seed`` is the world's; an edit has one of its own."""
        edit = self.edit(node.layer) if node.layer else None
        if edit is not None:
            seed = edit.seed
        guide = None
        if self.pyramid.level(node.cell.z).model is None:  # other models follow what was painted by it above
            guide = cut(self.history.guides(node.cell, edit), node.cell, self.pyramid)
        follow = self.pyramid.level(node.cell.z).follow if self.refined(node) else 0
        return WindowSpec(
            self.pyramid, seed, self.conditions(node), edit.negative_prompt if edit else "", guide, follow
        )

    def conditions(self, node: Node) -> tuple[Condition, ...]:
        """The prompts of a painting, weighted place by place, so that regions have no square borders.

        Where the sketch was painted under another prompt, as before a stroke or a new prompt, it is not
        used as the parent. Below the base, a cell is told what the base's cell over it was told.
        """
        edit = self.edit(node.layer) if node.layer else None
        follows = any(self.parents(node))
        if edit is not None and edit.prompt:
            return (Condition(edit.prompt, 1.0, self.refined(node)),)
        era, strokes = self._prompts(node.cell, edit)
        parent_era, parent_strokes = self._prompts(next(self.pyramid.parents(node.cell), node.cell), edit)
        same = not strokes and not parent_strokes and era.prompt == parent_era.prompt
        if same or not (strokes or parent_strokes or follows):
            return (Condition(era.prompt, 1.0, follows),)
        x, y = self.places(node.cell)
        wanted = prompt_weights(era.prompt, strokes, x, y)
        strange = np.ones(x.shape)
        if follows:
            strange = difference(wanted, prompt_weights(parent_era.prompt, parent_strokes, x, y))
        parts = [
            (p, w * share, s)
            for p, w in wanted.items()
            for s, share in ((True, 1 - strange), (False, strange))
        ]
        parts = [part for part in parts if part[1].max() > FAINT]
        total = np.sum([weight for _, weight, _ in parts], axis=0)
        return tuple(Condition(p, (w / total).astype(np.float32)[None], s) for p, w, s in parts)

    def _prompts(self, cell: Tile, edit: Edit | None) -> tuple[Era, tuple[Stroke, ...]]:
        """The era that a cell is painted in, and the strokes that reach it, the newest first."""
        told = self.pyramid.told(cell)
        era = self.history.era_beneath(told, edit) if edit else self.history.era(told)
        return era, tuple(self.history.strokes(told, era))

    def places(self, cell: Tile) -> tuple[np.ndarray, np.ndarray]:
        """The middles of a window's latents in metres: x and y, (width, width) each."""
        place = frame(cell, self.pyramid)
        step = tile_metres(cell.z) / place.side
        across = (place.left + np.arange(place.width) + 0.5) * step - EARTH / 2
        down = EARTH / 2 - (place.top + np.arange(place.width) + 0.5) * step
        x, y = np.meshgrid(across, down)
        return x, y
