"""Edits: checking requests, and the work that paints, shows, drafts and undoes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from explorer.service.bulk import paint_layer
from explorer.service.events import Event, of_world
from explorer.service.jobs import Job, Jobs, Step, Work
from explorer.service.painter import Painter
from explorer.worlds.new import NEW_SEEDS, checked_seed, clean_prompt
from explorer.worlds.world import World
from tiles import entries, journal
from tiles.errors import BadEdit, Busy, EarthError, Stopped, too_many_tiles
from tiles.grid import Bounds, Box, Tile
from tiles.mask import Mask, written
from tiles.store import Known

WEAKEST = 0.1
VARIANTS = 3
SHOWN = 384  # px, the longer side of a small picture
LOOKED_AT = 36  # tiles that a small picture is made of at the most


class EditRequest(NamedTuple):
    """An edit as it is asked for."""

    tiles: Sequence[Tile]  # of one level; coarser ones stand for the base tiles under them
    prompt: str = ""  # empty: the prompt of the land there
    negative_prompt: str = ""
    strength: float = 1.0  # at 1 nothing of the present land stays
    seed: int | None = None  # random if None
    mask: Mask | None = None  # which latents, instead of whole tiles


def checked(world: World, request: EditRequest, most: int) -> entries.Edit:
    """The journal's entry for an edit. Raises BadEdit, BadPrompt, BadSetting, TooLarge."""
    cells = set(request.mask) if request.mask else painted_cells(world, request.tiles, most)
    if not WEAKEST <= request.strength <= 1:  # so is NaN
        raise BadEdit(f"strength {request.strength}: it must be {WEAKEST} to 1")
    return entries.Edit(
        cells=journal.outline(cells),
        prompt=clean_prompt(request.prompt),
        negative_prompt=clean_prompt(request.negative_prompt),
        strength=request.strength,
        seed=checked_seed(request.seed),
        picture=False,
        mask=written(request.mask) if request.mask else None,
    )


def painted_cells(world: World, tiles: Iterable[Tile], most: int) -> set[Tile]:
    """The cells that tiles are made of. Raises BadEdit, TooLarge."""
    cells: set[Tile] = set()
    for tile in tiles:
        under = world.pyramid.cells(tile)
        if under.size > most:
            raise too_many_tiles(under.size, most, f" under {tile.z}/{tile.x}/{tile.y}")
        cells.update(under.tiles())
    if not cells:
        raise BadEdit("no tile is selected", "nothing-selected")
    if len(cells) > most:
        raise too_many_tiles(len(cells), most)
    if len(zooms := sorted({cell.z for cell in cells})) > 1:
        raise BadEdit(f"tiles of zooms {', '.join(map(str, zooms))}: those of an edit must be of one zoom")
    return cells


def mask_zoom(world: World, zoom: int | None) -> int:
    """The level whose latents a mask has; by default the base. Raises BadEdit."""
    shown = [level.zoom for level in world.pyramid.levels if level.shown]
    if zoom is not None and zoom not in shown:
        raise BadEdit(f"zoom {zoom}: a mask of this world may have zoom {shown[0]} to {shown[-1]}")
    return world.base_zoom if zoom is None else zoom


def start(
    world: World,
    painter: Painter,
    jobs: Jobs,
    edit: entries.Edit,
    picture: Mapping[Tile, Known] | None = None,
) -> Job:
    """Add an edit to the journal and queue its work; the job's ``entry`` is its line in the journal. Raises
    Busy."""
    with jobs.place("edit") as put:  # first: a refused edit leaves no line in the journal
        number = world.journal.begin_edit(edit, picture)
        tell(painter, world)
        _tell_editing(world, painter, number)
        return put(world.id, work(world, painter, number), number)


def resume(world: World, painter: Painter, jobs: Jobs) -> None:
    """Queue the waiting edits that have no job, as after a crash."""
    if world.readonly:
        return
    live = ("waiting", "running")
    at_work = {job.entry for job in jobs.all() if job.world == world.id and job.state in live}
    with suppress(Busy):  # what is left waits for the next start
        for number in world.journal.history.waiting:
            here = all(zoom in world.pyramid.zooms for zoom in world.journal.edit(number).zooms)
            if here and number not in at_work:  # one whose model is missing waits for it
                _tell_editing(world, painter, number)
                jobs.add("edit", world.id, work(world, painter, number), number)


def work(world: World, painter: Painter, number: int) -> Work:
    """The work of a job for a waiting edit."""
    return lambda _, step: perform(world, painter, number, step)


def _tell_editing(world: World, painter: Painter, number: int) -> None:
    painter.tell(Event(world.id, "editing", cell) for cell in world.journal.edit(number).cells)


def perform(world: World, painter: Painter, number: int, step: Step) -> list[Path]:
    """Paint an edit and show it. If it fails or is cancelled, the land stays as it was."""
    cells = sorted(world.journal.edit(number).cells)
    try:
        paint(world, painter, number, cells, step)
        changed = world.journal.finish_edit(number)
    except Stopped:
        raise  # it is continued when the app starts again
    except BaseException:
        give_up(world, painter, number)
        raise
    with suppress(EarthError):  # whoever asks for the tile hears of it
        for cell in cells if cells[0].z > world.base_zoom else ():
            world.renderer.tile(cell, "png")  # coarser tiles show its pixels, and need not decode it then
    painter.announce(world, changed)
    painter.tell(Event(world.id, "settled", cell) for cell in cells)
    tell(painter, world)
    return []


def paint(world: World, painter: Painter, layer: int, cells: Sequence[Tile], step: Step) -> None:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        step("painting", done, len(cells))

    paint_layer(painter, world, layer, cells, count)


def give_up(world: World, painter: Painter, number: int) -> bool:
    """Cancel a waiting edit; the land stays as it was. False if it no longer waits."""
    cells = world.journal.cancel_edit(number)
    painter.tell(Event(world.id, "settled", cell) for cell in cells)
    tell(painter, world)
    return bool(cells)


def variants(world: World, painter: Painter, edit: entries.Edit, count: int) -> tuple[list[int], Work]:
    """The seeds of several variants of one edit, and the work that paints them.

    Nothing of it is kept: the edit itself, with one of the seeds, paints the same.
    """
    if not 1 <= count <= VARIANTS:
        raise BadEdit(f"{count} variants: it must be 1 to {VARIANTS}")
    seeds = [(edit.seed + i) % NEW_SEEDS for i in range(count)]

    def work(folder: Path, step: Step) -> list[Path]:
        found, each = [], edit.outlined
        for index, seed in enumerate(seeds):
            start = index * each

            def here(stage: str, done: int, _: int, start: int = start) -> None:
                step(stage, start + done, count * each)

            found.append(folder / f"{index + 1}.png")
            candidate(world, painter, edit.model_copy(update={"seed": seed}), found[-1], here)
        return found

    return seeds, work


def candidate(world: World, painter: Painter, edit: entries.Edit, path: Path, step: Step) -> None:
    """Paint a draft of an edit, and write a small picture of it."""
    layer = world.drafts.add(edit)
    try:
        paint(world, painter, layer, sorted(world.canvas.snapshot().edit(layer).cells), step)
        pixels = small_picture(world, layer, False)
        assert pixels is not None
        Image.fromarray(pixels).save(path)
    finally:
        world.drafts.discard(layer)


def small_picture(world: World, layer: int, below: bool) -> np.ndarray | None:
    """An edit, or the land before it, with a little of its surroundings: uint8 (h, w, 3), up to 384 px. Of a
    large edit, its middle. None if nothing is painted."""
    box = looked_at(world.canvas.snapshot().edit(layer).cells)
    sheet = np.zeros((box.height * 256, box.width * 256, 3), np.uint8)
    painted = False
    for cell in box.tiles():
        pixels = world.renderer.layer_pixels(cell, layer, below)
        if pixels is not None:
            y, x = (cell.y - box.top) * 256, (cell.x - box.left) * 256
            sheet[y : y + 256, x : x + 256] = pixels
            painted = True
    if not painted:
        return None
    image = Image.fromarray(sheet)
    image.thumbnail((SHOWN, SHOWN), Image.Resampling.BOX, reducing_gap=None)
    return np.asarray(image)


def pictured(cells: Iterable[Tile]) -> Bounds:
    """What a small picture of an edit of these cells shows, in metres."""
    box = looked_at(cells)
    first, last = Tile(box.zoom, box.left, box.top), Tile(box.zoom, box.right - 1, box.bottom - 1)
    return Bounds(first.bounds.west, last.bounds.south, last.bounds.east, first.bounds.north)


def looked_at(cells: Iterable[Tile]) -> Box:
    """The cells and one around them; of many the middle."""
    zooms, xs, ys = zip(*cells)
    box = Box(zooms[0], min(xs) - 1, min(ys) - 1, max(xs) + 2, max(ys) + 2)
    side = math.isqrt(LOOKED_AT)
    if box.width > side:
        left = box.left + (box.width - side) // 2
        box = box._replace(left=left, right=left + side)
    if box.height > side:
        top = box.top + (box.height - side) // 2
        box = box._replace(top=top, bottom=top + side)
    return box


def undo(world: World, painter: Painter, jobs: Jobs) -> dict[str, Any]:
    """Undo the last step. An edit that is not painted yet is cancelled instead. Raises NothingToDo."""
    while waiting := world.journal.history.waiting:
        if give_up(world, painter, waiting[-1]):  # else it was finished at this very moment: undo it
            jobs.cancel_entry(world.id, waiting[-1])
            return {"entry": waiting[-1], "tiles": 0}
    return _walked(world, painter, *world.journal.undo())


def redo(world: World, painter: Painter) -> dict[str, Any]:
    """Redo the step that was undone last. Raises NothingToDo, Busy."""
    if world.journal.history.waiting:
        raise Busy("an edit is being painted; redo when it is done", "edit-running")
    return _walked(world, painter, *world.journal.redo())


def _walked(world: World, painter: Painter, number: int, changed: set[Tile]) -> dict[str, Any]:
    painter.announce(world, changed)
    tell(painter, world)
    return {"entry": number, "tiles": len(changed)}


def tell(painter: Painter, world: World) -> None:
    """The journal has a new line."""
    painter.tell([of_world(world, "journal")])
