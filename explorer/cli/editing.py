"""Commands that paint a world: ``paint``, ``edit``, ``place``, ``undo``, ``redo``."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.options import BoundsText, Device, Folder, Seed, WorldId, place_of
from explorer.cli.session import opened, settings_with
from explorer.terminal import aside, console, progress, stages
from tiles.errors import BadSetting
from tiles.grid import boxed, parse_bounds, parse_tile

if TYPE_CHECKING:
    from explorer.service.painter import Painter
    from explorer.worlds.world import World
    from tiles import entries
    from tiles.grid import Tile
    from tiles.store import Known


def paint(
    world: WorldId,
    bounds: BoundsText,
    zoom: Annotated[int | None, typer.Option(help="zoom of the tiles; the world's own by default")] = None,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Paint a rectangle of a world."""
    from explorer.service.bulk import paint_all

    with opened(settings_with(worlds=worlds, device=device)) as (atlas, painter):
        found = atlas.get(world)
        box = boxed(parse_bounds(bounds), found.base_zoom if zoom is None else zoom)
        cells = list(found.pyramid.under(box).tiles())
        with progress() as bar:
            task = bar.add_task(found.name, total=len(cells))
            paint_all(painter, found, cells, lambda more: bar.advance(task, more))
        console.print(f"{len(cells)} tiles of {found.id} are painted")


def edit(
    world: WorldId,
    prompt: Annotated[str, typer.Option(help="what should be there; empty for a variation")] = "",
    bounds: BoundsText = "",
    tiles: Annotated[list[str], typer.Option("--tile", help="z/x/y; may be given many times")] = [],  # noqa: B006
    negative_prompt: Annotated[str, typer.Option(help="what should not be there")] = "",
    strength: Annotated[float, typer.Option(help="0.1 to 1; at 1 nothing of what is there stays")] = 1.0,
    seed: Seed = None,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Paint tiles anew, joined to what is around them; prints the edit's number."""
    from explorer.service import edits

    settings = settings_with(worlds=worlds, device=device)
    with opened(settings) as (atlas, painter):
        found = atlas.get(world)
        chosen = [parse_tile(*[*tile.split("/"), "", ""][:3]) for tile in tiles]
        if bounds:
            box = boxed(parse_bounds(bounds), found.base_zoom)
            chosen += itertools.islice(box.tiles(), settings.edit_tiles + 1)
        wish = edits.Wish(chosen, prompt, negative_prompt, strength, seed)
        perform(found, painter, edits.checked(found, wish, settings.edit_tiles))


def place(
    world: WorldId,
    picture: Annotated[Path, typer.Argument(help="GeoTIFF, PNG, JPEG or WebP")],
    at: Annotated[str, typer.Option(help="x,y in metres of its middle; a GeoTIFF has a place")] = "",
    zoom: Annotated[int | None, typer.Option(help="zoom of its pixels; the world's own by default")] = None,
    strength: Annotated[float, typer.Option(help="0.1 to 1: how much of the picture stays")] = 1.0,
    prompt: Annotated[str, typer.Option(help="for the land around it; empty for the land's own")] = "",
    seed: Seed = None,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Put a picture on the map, joined to the land around it; prints the edit's number."""
    from explorer.service import placing

    settings = settings_with(worlds=worlds, device=device)
    with opened(settings) as (atlas, painter):
        found = atlas.get(world)
        x, y = place_of(at) if at else (None, None)
        spot = placing.Spot(x, y, zoom, strength, prompt, seed)
        if not picture.is_file():
            raise BadSetting(f"there is no file {picture}")
        limits = placing.Limits(settings.picture_pixels, settings.picture_tiles)
        sheet = placing.read(picture, spot, found.home, found.base_zoom, limits)
        for note in sheet.notes:
            aside.print(f"{picture.name}: {note}", highlight=False, markup=False)
        data = placing.entry(sheet, spot, found.base_zoom)
        perform(found, painter, data, placing.known(sheet, found.base_zoom, found.model))


def perform(
    world: World, painter: Painter, edit: entries.Edit, picture: dict[Tile, Known] | None = None
) -> None:
    """Write an edit down, paint it, and print its number."""
    from explorer.service import edits

    with progress() as bar:
        number = world.journal.begin_edit(edit, picture)
        edits.perform(world, painter, number, stages(bar))
    print(number)


def undo(world: WorldId, worlds: Folder = None) -> None:
    """Take a world's last edit, stroke or change of prompt back; prints its number."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.get(world).journal.undo()[0])


def redo(world: WorldId, worlds: Folder = None) -> None:
    """Bring back what was taken back last; prints its number."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.get(world).journal.redo()[0])
