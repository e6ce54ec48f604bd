"""Cells that are painted together: chosen, assembled and kept by one snapshot of their world."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from explorer.models.family import Model
from explorer.painting.layers import Node
from explorer.painting.window import Latents, Window
from explorer.service.executors import Executor, Executors, Painted
from explorer.service.scheduler import TileDemand, Turn
from explorer.worlds.canvas import Snapshot
from explorer.worlds.world import World
from tiles.errors import Cancelled, EarthError


class Batch(NamedTuple):
    """Cells that are being painted."""

    world: World
    snapshot: Snapshot
    nodes: list[Node]
    executor: Executor
    began: float  # seconds of the monotonic clock
    turn: Turn[World]  # whom it is painted for


def with_room(world: World, executors: Executors, handed: Mapping[int, int]) -> dict[Model, Executor]:
    """The executors of a world's models that take another batch; ``handed`` says how many each has, by id."""
    found = {model: executors.of(model, world.first_painter) for model in world.models}
    return {model: each for model, each in found.items() if handed[id(each)] < each.capacity}


def of_one_model(
    world: World, nodes: Sequence[Node], free: Mapping[Model, Executor]
) -> tuple[list[Node], Executor | None]:
    """Those of ``nodes`` that one of the ``free`` executors paints together, the most wanted first; none and
    None where all of them wait for a batch of their model to be done."""
    models = {node: world.model_at(node.cell.z) for node in nodes}
    chosen = next((model for model in models.values() if model in free), None)
    if chosen is None:
        return [], None
    executor = free[chosen]
    return [node for node in nodes if models[node] is chosen][: executor.batch], executor


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


def stale(
    batches: Mapping[Future[Painted], Batch], demands: Mapping[Hashable, TileDemand[World]]
) -> Iterator[Future[Painted]]:
    """The batches that what their clients want now does not need."""
    needed: dict[Hashable, set[Node]] = {}
    for future, batch in batches.items():
        client, before, _ = batch.turn
        demand = demands.get(client)
        if demand is before:
            continue
        if client not in needed:
            needed[client] = _missing(demand)
        if (demand and demand.world) is not batch.world or needed[client].isdisjoint(batch.nodes):
            yield future


def _missing(demand: TileDemand[World] | None) -> set[Node]:
    """All that must be painted for a client."""
    if demand is None:
        return set()
    try:
        return demand.world.canvas.snapshot().missing(demand.tiles, demand.layer)
    except EarthError:  # an edit that was cancelled, or a world that is gone
        return set()


def painted_cells(executor: Executor, windows: Sequence[Window]) -> list[Latents]:
    """The latents of windows that belong to no world; waits for them."""
    size = executor.batch
    batches = [executor.submit(windows[i : i + size]) for i in range(0, len(windows), size)]
    return [cell for batch in batches for cell in batch.result().cells]
