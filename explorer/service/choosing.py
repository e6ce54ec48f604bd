"""Which cells are painted next for whom; what one look finds out holds at the next."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import NamedTuple

from explorer.painting.frontier import Frontier
from explorer.painting.layers import Node
from explorer.service.scheduler import TileDemand, Turn
from explorer.worlds.canvas import Snapshot
from explorer.worlds.world import World
from tiles.journal import History


class _Known(NamedTuple):
    """What is known of what a client wants, as long as that and the journal stay as they are."""

    demand: TileDemand[World]
    history: History
    frontier: Frontier[Node]


class Chooser:
    """For one thread."""

    def __init__(self) -> None:
        self._known: dict[Hashable, _Known] = {}

    def next(
        self, turn: Turn[World], snapshot: Snapshot, most: int, resting: Collection[Node]
    ) -> tuple[list[Node], int]:
        """Up to ``most`` nodes to paint now for a client, and how many of the cells it wants are not painted.
        Raises Cancelled if the layer that is wanted is no more."""
        frontier = self._frontier(turn, snapshot)
        return frontier.next(most, resting), frontier.left

    def _frontier(self, turn: Turn[World], snapshot: Snapshot) -> Frontier[Node]:
        _, tiles, layer = turn.demand
        if layer is not None and layer < 0:  # drafts come and go without a line of the journal
            return snapshot.frontier(tiles, layer)
        known, history = self._known.get(turn.client), snapshot.layers.history
        if known is None or known.demand is not turn.demand or known.history is not history:
            known = self._known[turn.client] = _Known(turn.demand, history, snapshot.frontier(tiles, layer))
        return known.frontier

    def forget_all_but(self, demands: Mapping[Hashable, TileDemand[World]]) -> None:
        """What nobody wants any more keeps no world open."""
        for client in [c for c, known in self._known.items() if demands.get(c) is not known.demand]:
            del self._known[client]
