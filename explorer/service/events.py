"""What the painter tells the rest of the app, and who listens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from explorer.painting.layers import Node
from explorer.worlds.canvas import Snapshot
from explorer.worlds.world import World
from tiles.errors import EarthError
from tiles.grid import Tile, around

log = logging.getLogger(__name__)
Kind = Literal[
    "painting",  # a tile is being painted
    "ready",  # a tile can be shown, or shows something else
    "painted",  # a cell of any level is painted and kept, shown or not
    "failed",  # a tile could not be painted, or something it needs
    "sketch",  # a cell of the sketch is painted
    "overview",  # a tile below the base zoom shows more than before
    "editing",  # a tile of an edit waits to be painted
    "edited",  # it is painted, and not shown yet
    "settled",  # its edit is over
    "journal",  # the world's journal has a new line
    "gone",  # the world is deleted
    "painters",  # painters outside this process came or went; of no world
]


class Event(NamedTuple):
    """What happened to a tile of a world. That of "journal", "gone" and "painters" means nothing."""

    world: str
    kind: Kind
    tile: Tile
    revision: int = 0
    final: bool = False  # nothing around the tile is missing any more
    error: EarthError | None = None  # why it failed


CREW = Event("", "painters", Tile(0, 0, 0))


class Listeners:
    """Whoever wants to hear of events, on any thread."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Event], None]] = []

    def add(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """``callback`` runs on the thread on which an event happens; the answer ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def tell(self, events: Iterable[Event]) -> None:
        """The events are not made where nobody listens: some take long to find out."""
        for event in events if self._callbacks else ():
            for callback in tuple(self._callbacks):
                try:
                    callback(event)
                except Exception:  # a listener's fault must not end the painter
                    log.exception("a listener failed on %s", event)


def of_world(world: World, kind: Literal["journal", "gone"]) -> Event:
    """Something that concerns a world as a whole."""
    return Event(world.id, kind, Tile(0, 0, 0))


def ready(world: World, tile: Tile) -> Event:
    """A tile can be shown, as it is now."""
    return Event(world.id, "ready", tile, world.renderer.revision(tile), world.renderer.final(tile))


def begun(world: World, snapshot: Snapshot, nodes: Iterable[Node]) -> Iterator[Event]:
    """What cells that are being painted mean for maps."""
    for node in nodes:
        if node == snapshot.shown(node.cell):
            yield Event(world.id, "painting", node.cell)


def failures(
    world: World, snapshot: Snapshot, wanted: Iterable[Tile], failed: Collection[Node], why: EarthError
) -> Iterator[Event]:
    """What cells that could not be painted mean for maps: for them, and for wanted tiles that need them."""
    behind = {tile for tile in wanted if not snapshot.missing([tile]).isdisjoint(failed)}
    for tile in behind | {node.cell for node in failed}:
        yield Event(world.id, "failed", tile, error=why)


def news(world: World, kept: Sequence[Node]) -> Iterator[Event]:
    """What cells that were painted and kept mean for maps."""
    snapshot = world.canvas.snapshot()
    for node in kept:
        yield Event(world.id, "painted", node.cell)
        if not world.pyramid.shows(node.cell):
            yield Event(world.id, "sketch", node.cell, world.renderer.sketch_revision(node.cell))
            continue
        if node.layer > 0:
            yield Event(world.id, "edited", node.cell)
        if node == snapshot.shown(node.cell):
            # The tile, for the first time, and neighbours that are complete now.
            for tile in around(node.cell).tiles():
                if tile == node.cell or (snapshot.painted(tile) and world.renderer.final(tile)):
                    yield ready(world, tile)
