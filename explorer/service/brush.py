"""The brush: a prompt along a line, for land to come, and for land that is painted already."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np

from explorer.service import edits
from explorer.service.edits import EditRequest
from explorer.service.jobs import Job, Jobs
from explorer.service.painter import Painter
from explorer.worlds.new import clean_prompt
from explorer.worlds.world import World
from tiles import entries
from tiles.errors import BadEdit, too_many_tiles
from tiles.grid import Tile, boxed, tile_metres
from tiles.mask import FULL, SIDE, Mask
from tiles.strokes import Stroke
from tiles.values import HOME_LIMIT

PLACES = 500  # along a stroke
WIDEST = 64  # tiles of a stroke's radius and of its soft edge

Lands = Literal["new", "painted", "both"]  # what a stroke is for
LANDS = get_args(Lands)


class Wish(NamedTuple):
    """What a stroke is to do."""

    stroke: Stroke
    lays: bool  # whether land to come follows it
    painted: tuple[Tile, ...]  # the painted tiles of the base level under it
    edit: entries.Edit | None  # that paints them again, just where the stroke covers them


class Brushed(NamedTuple):
    """What a stroke did."""

    number: int | None  # its line in the journal; None: it is not for land to come
    job: Job | None  # that paints land again


def wish(world: World, stroke: Stroke, land: str, most: int) -> Wish:
    """A prompt along a line: over ``new`` land it is the prompt of what will be painted there; land that is
    ``painted`` is painted again, up to ``most`` tiles; or ``both``. Raises BadEdit, BadPrompt, TooLarge."""
    if land not in LANDS:
        raise BadEdit(f"land {land[:20]!r}: it must be {', '.join(LANDS[:-1])} or {LANDS[-1]}")
    stroke = checked(world, stroke)
    covered, whole = under(world, stroke)
    if land == "new":
        return Wish(stroke, True, tuple(covered)[:most], None)
    if not covered and land == "painted":
        raise BadEdit("nothing is painted under the brush", "nothing-under-brush")
    if len(covered) > most:
        raise too_many_tiles(len(covered), most, " to paint again")
    edit = edits.checked(world, EditRequest((), stroke.prompt, mask=covered), most) if covered else None
    return Wish(stroke, land == "both" and not whole, tuple(covered), edit)


def brush(world: World, painter: Painter, jobs: Jobs, wished: Wish) -> Brushed:
    """Do what a stroke is to do. Raises Busy."""
    number = lay(world, painter, wished.stroke) if wished.lays else None
    return Brushed(number, edits.start(world, painter, jobs, wished.edit) if wished.edit else None)


def checked(world: World, stroke: Stroke) -> Stroke:
    """A stroke that a world may have. Raises BadEdit, BadPrompt."""
    widest = WIDEST * tile_metres(world.base_zoom)
    if not 1 <= len(stroke.path) <= PLACES:
        raise BadEdit(f"a stroke of {len(stroke.path)} places: it must have 1 to {PLACES}")
    if not all(abs(value) <= HOME_LIMIT for place in stroke.path for value in place):
        raise BadEdit(f"the places of a stroke must be metres, up to {HOME_LIMIT:.0f} each way")
    if not 0 < stroke.radius <= widest or not 0 <= stroke.softness <= widest:
        raise BadEdit(f"radius and softness must be metres up to {widest:.0f}, the radius more than 0")
    spread = [max(axis) - min(axis) for axis in zip(*stroke.path)]
    if max(spread) > 4 * widest:
        far = round(4 * widest / 1000)
        raise BadEdit(f"a stroke may reach over {far} km at most", "stroke-too-wide", far=far)
    return stroke._replace(prompt=clean_prompt(stroke.prompt))


def lay(world: World, painter: Painter, stroke: Stroke) -> int:
    """Lay a checked stroke over land to come; the number of its line."""
    number = world.journal.draw(stroke)
    edits.tell(painter, world)
    return number


def under(world: World, stroke: Stroke) -> tuple[Mask, bool]:
    """The painted cells of the base level that a stroke covers, with its weight at each latent; and whether
    they are all that it covers. A cell of which no latent is covered at least half is left out."""
    painted, weights, whole = world.canvas.snapshot().painted, dict[Tile, np.ndarray](), True
    for cell in _near(world, stroke):
        there = painted(cell)
        if there or whole:  # one that is not painted is enough to know
            weight = _weights(stroke, cell)
            covered = bool((weight >= FULL / 2).any())
            whole = whole and (there or not covered)
            if there and covered:
                weights[cell] = weight
    return weights, whole


def _near(world: World, stroke: Stroke) -> list[Tile]:
    """The cells of the base level that a stroke may cover."""
    cells = list(boxed(stroke.bounds, world.base_zoom).tiles())
    boxes = np.array([cell.bounds for cell in cells])
    side = tile_metres(world.base_zoom)
    wide = stroke._replace(
        radius=stroke.radius + stroke.softness + side, softness=0.0
    )  # past a cell's corners
    near = wide.weight((boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2) > 0
    return [cell for cell, each in zip(cells, near) if each]


def _weights(stroke: Stroke, cell: Tile) -> np.ndarray:
    """How much a stroke counts at the weights of a cell's mask, uint8 (32, 32)."""
    west, _, _, north = cell.bounds
    places = (np.arange(SIDE) + 0.5) / SIDE * tile_metres(cell.z)
    x, y = np.meshgrid(west + places, north - places)
    return np.round(FULL * stroke.weight(x, y)).astype(np.uint8)
