"""Ways through a world's history: back to a step and forward again, an area cleared, an edit made
elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from explorer.service import edits
from explorer.service.jobs import Jobs
from explorer.service.painter import Painter
from explorer.service.regions import Sheet
from explorer.worlds.world import World
from tiles import entries, journal
from tiles.edits import Edit
from tiles.errors import BadEdit, NothingToDo, too_many_tiles
from tiles.grid import EARTH, Box, Tile, checked_tile, tile_metres
from tiles.mask import SIDE, written
from tiles.values import is_place


def back_to(world: World, painter: Painter, jobs: Jobs, number: int) -> dict[str, Any]:
    """Undo all that came after a step, and cancel what waits. Raises NothingToDo if the step is not in
    force or the last one."""
    history = world.journal.history
    if not history.in_force(number):
        raise NothingToDo(f"step {number} is not in force, so nothing can be undone up to it")
    if history.steps[-1] == number and not history.waiting:
        raise NothingToDo(f"step {number} is the last one already")
    tiles = 0
    while (now := world.journal.history).waiting or now.steps[-1] != number:
        tiles += edits.undo(world, painter, jobs)["tiles"]
    return {"entry": number, "tiles": tiles}


def forward_to(world: World, painter: Painter, number: int) -> dict[str, Any]:
    """Redo up to a step that was undone. Raises NothingToDo, Busy."""
    if not world.journal.history.is_undone(number):
        raise NothingToDo(f"step {number} was not undone, or cannot be redone any more")
    tiles = 0
    while not world.journal.history.in_force(number):
        tiles += edits.redo(world, painter)["tiles"]
    return {"entry": number, "tiles": tiles}


def clear(world: World, painter: Painter, tiles: Iterable[Tile], most: int) -> dict[str, Any]:
    """Show the land as it is without the edits in whole tiles of the base level, at every zoom. It is a step:
    undo brings the edits back. Raises BadEdit, TooLarge, NothingToDo, Busy."""
    base = world.base_zoom
    held = {tile.above(base) if tile.z > base else tile for tile in tiles}
    cells = edits.painted_cells(world, held, most)
    number, changed = world.journal.clear(cells)
    painter.announce(world, changed)
    edits.tell(painter, world)
    return {"revision": number, "tiles": len(cells)}


def stamped(world: World, number: int, at: tuple[float, float], most: int) -> entries.Edit:
    """An edit of a step's size, shape, prompt, strength and seed with its middle at a place in metres. Whole
    tiles go to whole tiles. Raises BadEdit, BadAddress, NothingToDo, TooLarge."""
    if not is_place(at):
        raise BadEdit("the place is two numbers of metres, x and y")
    edit = world.journal.history.log.edits.get(number)
    if edit is None:
        raise NothingToDo(f"step {number} is no edit")
    if edit.picture:
        raise BadEdit("a picture cannot be stamped; place the file again")
    if len(edit.cells) > most:
        raise too_many_tiles(len(edit.cells), most)
    mask = _moved(edit, at)
    return entries.Edit(
        cells=journal.outline(mask),
        prompt=edit.prompt,
        negative_prompt=edit.negative_prompt,
        strength=edit.strength,
        seed=edit.seed,
        picture=False,
        mask=None if edit.mask is None else written(mask),
    )


def _moved(edit: Edit, at: tuple[float, float]) -> dict[Tile, np.ndarray]:
    """The weights of an edit's cells with their middle at a place. Raises BadAddress."""
    zooms, xs, ys = zip(*edit.cells)
    box = Box(zooms[0], min(xs), min(ys), max(xs) + 1, max(ys) + 1)
    side, step = SIDE, SIDE if edit.mask is None else 1
    weight = tile_metres(box.zoom) / side  # metres along one
    middle = ((at[0] + EARTH / 2) / weight, (EARTH / 2 - at[1]) / weight)
    left = round((middle[0] - box.width * side / 2) / step) * step
    top = round((middle[1] - box.height * side / 2) / step) * step
    right, bottom = -(-left // side) + box.width, -(-top // side) + box.height
    there = Box(box.zoom, left // side, top // side, right, bottom)
    for x, y in ((there.left, there.top), (there.right - 1, there.bottom - 1)):
        checked_tile(there.zoom, x, y)
    sheet = np.zeros((there.height * side, there.width * side), np.uint8)
    for cell in edit.cells:
        y = top - there.top * side + (cell.y - box.top) * side
        x = left - there.left * side + (cell.x - box.left) * side
        sheet[y : y + side, x : x + side] = edit.weights(cell)
    return dict(Sheet(there, sheet).cells())
