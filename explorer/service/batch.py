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
from explorer.worlds.canvas import Painting, Snapshot
from explorer.worlds.world import World
from tiles.errors import Cancelled, EarthError
from tiles.grid import Tile

AT_ONCE = 16  # batches that are handed over after one look at what is wanted
LATER = 2  # times what executors take at once must be left to be painted, or batches get smaller


class Batch(NamedTuple):
    """Cells that are being painted."""

    world: World
    snapshot: Snapshot
    nodes: list[Node]
    executor: Executor
    began: float  # seconds of the monotonic clock
    turn: Turn[World]  # whom it is painted for


class Room(NamedTuple):
    """What an executor takes now."""

    executor: Executor
    batches: int
    most: int  # windows of a batch

    @property
    def windows(self) -> int:
        return self.most * self.batches

    def parts(self, nodes: Sequence[Node], left: int) -> list[list[Node]]:
        """Nodes in as many batches as there is room for. They are larger where there are more nodes than
        that, and so many ``left`` to be painted that no painter rests while another has several."""
        spare = left // (LATER * self.executor.capacity or 1)
        size = max(self.executor.batch, min(self.most, len(nodes) // self.batches, spare))
        return [list(nodes[i : i + size]) for i in range(0, len(nodes), size)][: self.batches]


def with_room(
    world: World, executors: Executors, handed: Mapping[int, int], clients: int
) -> dict[Model, Room]:
    """The room for a world's models that there is any for: a batch, or several where one client alone is in
    line. ``handed`` says how many batches each executor has, by id."""
    alone, rooms = clients == 1, dict[Model, Room]()
    for model in world.models:
        executor = executors.of(model, world.first_painter)
        batches = min(AT_ONCE if alone else 1, executor.capacity - handed[id(executor)])
        if batches > 0:
            rooms[model] = Room(executor, batches, executor.most if alone else executor.batch)
    return rooms


def parted(
    world: World, nodes: Sequence[Node], left: int, rooms: Mapping[Model, Room]
) -> list[tuple[list[Node], Executor]]:
    """Nodes, of all that are ``left``, in batches of one model each, as many as there is room for."""
    parts, models = [], dict[Model, list[Node]]()
    for node in nodes:
        models.setdefault(world.model_at(node.cell.z), []).append(node)
    for model, room in rooms.items():
        parts += [(part, room.executor) for part in room.parts(models.get(model, []), left)]
    return parts


def assemble(snapshot: Snapshot, nodes: Sequence[Node]) -> tuple[dict[Node, Window], dict[Node, Exception]]:
    """The window of each node, and why a node has none: one damaged cell is no reason to leave the others.

    Raises Cancelled if the layer of the nodes is no more.
    """
    windows: dict[Node, Window] = {}
    damaged: dict[Node, Exception] = {}
    with snapshot.at_once() as now:
        for node in nodes:
            try:
                windows[node] = now.window(node)
            except Cancelled:
                raise
            except Exception as error:  # whatever a world's file does
                damaged[node] = error
    return windows, damaged


def keep(world: World, batches: Sequence[tuple[Batch, Painted]]) -> dict[Node, bool | Exception]:
    """Keep what was painted of a world, in one write if that can be. Says of each node whether it is kept, or
    was stale (False), or why it cannot be kept."""
    paintings = [
        Painting(batch.snapshot, node, latents)
        for batch, painted in batches
        for node, latents in zip(batch.nodes, painted.cells)
    ]
    nodes = [painting.node for painting in paintings]
    try:
        world.remember_recipe()
        for kind in dict.fromkeys(painted.kind for _, painted in batches):
            world.note_painter(kind)
    except Exception as error:
        return dict.fromkeys(nodes, error)
    try:
        return dict(zip(nodes, world.canvas.commit_all(paintings)))
    except Exception:  # one of them is at fault, or the disk
        return dict(zip(nodes, (_alone(world, painting) for painting in paintings)))


def _alone(world: World, painting: Painting) -> bool | Exception:
    try:
        return world.canvas.commit(*painting)
    except Exception as error:
        return error


def stale(
    batches: Mapping[Future[Painted], Batch], demands: Mapping[Hashable, TileDemand[World]]
) -> Iterator[Future[Painted]]:
    """The batches that what their clients want now does not need."""
    wanted: dict[Hashable, set[Tile]] = {}
    needed: dict[Hashable, set[Node]] = {}
    for future, batch in batches.items():
        client, before, _ = batch.turn
        demand = demands.get(client)
        if demand is before:
            continue
        if demand is None or demand.world is not batch.world:
            yield future
            continue
        if client not in wanted:
            wanted[client] = set(demand.tiles)
        # Most paint a tile that is wanted itself: only for others is all that is needed looked up.
        if any(node.cell in wanted[client] and node.layer == (demand.layer or 0) for node in batch.nodes):
            continue
        if client not in needed:
            needed[client] = _missing(demand)
        if needed[client].isdisjoint(batch.nodes):
            yield future


def _missing(demand: TileDemand[World]) -> set[Node]:
    """All that must be painted for a client."""
    try:
        return demand.world.canvas.snapshot().missing(demand.tiles, demand.layer)
    except EarthError:  # an edit that was cancelled, or a world that is gone
        return set()


def painted_cells(executor: Executor, windows: Sequence[Window]) -> list[Latents]:
    """The latents of windows that belong to no world; waits for them."""
    size = executor.batch
    batches = [executor.submit(windows[i : i + size]) for i in range(0, len(windows), size)]
    return [cell for batch in batches for cell in batch.result().cells]
