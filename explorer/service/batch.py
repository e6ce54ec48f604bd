"""Cells that are painted together: chosen, assembled and kept by one snapshot of their world."""

from __future__ import annotations

from typing import NamedTuple

from explorer.painting.layers import Node
from explorer.painting.window import Window
from explorer.service.executors import Executor
from explorer.worlds.canvas import Snapshot
from explorer.worlds.world import World
from tiles.errors import Cancelled


class Batch(NamedTuple):
    """Cells that are being painted."""

    world: World
    snapshot: Snapshot
    nodes: list[Node]
    executor: Executor
    began: float  # seconds of the monotonic clock


def assemble(batch: Batch) -> tuple[dict[Node, Window], dict[Node, Exception]]:
    """The window of each node, and why a node has none: one damaged cell is no reason to leave the others.

    Raises Cancelled if the layer of the nodes is no more.
    """
    windows: dict[Node, Window] = {}
    damaged: dict[Node, Exception] = {}
    for node in batch.nodes:
        try:
            windows[node] = batch.snapshot.window(node)
        except Cancelled:
            raise
        except Exception as error:  # whatever a world's file does
            damaged[node] = error
    return windows, damaged
