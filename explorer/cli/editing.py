"""Commands that paint a world: ``paint``, ``edit``, ``place``, ``guide``, ``plan``, ``undo``, ``redo``."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.options import (
    AllowMixed,
    BadOptions,
    BoundsText,
    Device,
    ExecutorName,
    Folder,
    PainterCpus,
    Painters,
    RayAddress,
    Seed,
    WorldId,
    existing_folder,
    place_of,
)
from explorer.cli.session import opened, say_left_out, settings_with
from explorer.terminal import aside, console, progress, stages
from tiles import blueprint
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
    bounds: BoundsText = "",
    zoom: Annotated[int | None, typer.Option(help="zoom of the tiles; by default the world's own")] = None,
    levels: Annotated[
        Path | None,
        typer.Option(help="write a PNG instead: the world's prompt and seed at six ground resolutions"),
    ] = None,
    worlds: Folder = None,
    device: Device = None,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    painters: Painters = None,
    painter_cpus: PainterCpus = None,
    allow_mixed: AllowMixed = None,
) -> None:
    """Paint a rectangle of a world, or its prompt and seed at six ground resolutions as one picture."""
    from explorer.service.bulk import paint_all
    from explorer.service.levels import at_levels, strip

    if not bounds and levels is None:
        raise BadOptions("--bounds are needed, or --levels FILE")
    settings = settings_with(
        worlds=worlds,
        device=device,
        executor=executor,
        ray_address=ray_address,
        painters=painters,
        painter_cpus=painter_cpus,
        allow_mixed=allow_mixed,
    )
    with opened(settings) as (atlas, painter):
        land = atlas.get(world)
        if levels is not None:
            existing_folder(levels)
            painted = at_levels(land.model, land.journal.prompt, land.seed, painter.sample)
            strip(list(painted)).save(levels, "PNG")
            print(levels)
            return
        box = boxed(parse_bounds(bounds), land.base_zoom if zoom is None else zoom)
        cells = list(land.pyramid.under(box).tiles())
        with progress() as bar:
            task = bar.add_task(land.name, total=len(cells))
            paint_all(painter, land, cells, lambda more: bar.advance(task, more))
        console.print(f"{len(cells)} tiles of {land.id} are painted")


def edit(
    world: WorldId,
    prompt: Annotated[str, typer.Option(help="what should be there; empty for a variation of the land")] = "",
    bounds: BoundsText = "",
    tiles: Annotated[list[str], typer.Option("--tile", help="a tile to edit, z/x/y; may be repeated")] = [],  # noqa: B006
    negative_prompt: Annotated[str, typer.Option(help="what should not be there")] = "",
    strength: Annotated[
        float, typer.Option(help="0.1 to 1: how much changes; at 1 nothing of the present land stays")
    ] = 1.0,
    seed: Seed = None,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Paint tiles again, joined to what is around them; prints the number of the edit."""
    from explorer.service import edits

    settings = settings_with(worlds=worlds, device=device)
    with opened(settings) as (atlas, painter):
        land = atlas.get(world)
        chosen = [parse_tile(*[*tile.split("/"), "", ""][:3]) for tile in tiles]
        if bounds:
            box = boxed(parse_bounds(bounds), land.base_zoom)
            chosen += itertools.islice(box.tiles(), settings.edit_tiles + 1)
        request = edits.EditRequest(chosen, prompt, negative_prompt, strength, seed)
        checked = edits.checked(land, request, settings.edit_tiles)
        say_left_out(land, checked.prompt)
        perform(land, painter, checked)


def place(
    world: WorldId,
    picture: Annotated[Path, typer.Argument(help="GeoTIFF, PNG, JPEG or WebP")],
    at: Annotated[
        str, typer.Option(help="x,y of its middle in metres; not needed for a georeferenced picture")
    ] = "",
    zoom: Annotated[
        float | None, typer.Option(help="zoom that its pixels have the size of; by default the world's own")
    ] = None,
    strength: Annotated[float, typer.Option(help="0.1 to 1: how much of the picture stays")] = 1.0,
    prompt: Annotated[
        str, typer.Option(help="prompt for the land around it; empty for the prompt of the land there")
    ] = "",
    seed: Seed = None,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Put a picture on the map, joined to the land around it; prints the number of the edit."""
    from explorer.service import placing

    settings = settings_with(worlds=worlds, device=device)
    with opened(settings) as (atlas, painter):
        land = atlas.get(world)
        x, y = place_of(at) if at else (None, None)
        spot = placing.Spot(x, y, zoom, strength, prompt, seed)
        if not picture.is_file():
            raise BadSetting(f"there is no file {picture}")
        limits = placing.Limits(settings.picture_pixels, settings.picture_tiles)
        sheet = placing.read(picture, spot, land.home, land.base_zoom, limits)
        for note in sheet.notes:
            aside.print(f"{picture.name}: {note}", highlight=False, markup=False)
        data = placing.entry(sheet, spot, land.base_zoom)
        say_left_out(land, data.prompt)
        perform(land, painter, data, placing.known(sheet, land.base_zoom, land.model))


def guide(
    world: WorldId,
    picture: Annotated[
        Path, typer.Argument(help="GeoTIFF, PNG, JPEG or WebP, of the kind that the model follows")
    ],
    at: Annotated[
        str, typer.Option(help="x,y of its middle in metres; not needed for a georeferenced picture")
    ] = "",
    zoom: Annotated[
        float | None, typer.Option(help="zoom that its pixels have the size of; by default the world's own")
    ] = None,
    strength: Annotated[float, typer.Option(help="0.1 to 1: how closely it is followed")] = 1.0,
    edges: Annotated[bool, typer.Option(help="follow the edges in the picture")] = False,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Lay a picture on the map that land is painted by from now on; prints the number of the step."""
    from explorer.service import guiding, placing

    settings = settings_with(worlds=worlds, device=device)
    with opened(settings) as (atlas, painter):
        land = atlas.get(world)
        guiding.require_guided(land)
        x, y = place_of(at) if at else (None, None)
        if not picture.is_file():
            raise BadSetting(f"there is no file {picture}")
        limits = placing.Limits(settings.picture_pixels, settings.picture_tiles)
        spot = placing.Spot(x, y, zoom, strength)
        sheet, laid = guiding.read(picture, spot, land, limits, edges)
        for note in sheet.notes:
            aside.print(f"{picture.name}: {note}", highlight=False, markup=False)
        print(guiding.lay(land, painter, laid))


def plan(
    world: WorldId,
    map: Annotated[Path, typer.Argument(help="colour-coded PNG, or GeoJSON of areas, such as Azgaar's")],
    meanings: Annotated[
        list[str],
        typer.Option(
            "--prompt", help="COLOUR=PROMPT, as #2a6f97=open ocean; without any, what the map has is listed"
        ),
    ] = [],  # noqa: B006
    bounds: BoundsText = "",
    softness: Annotated[float, typer.Option(help="metres over which borders fade")] = 0.0,
    worlds: Folder = None,
) -> None:
    """Plan land not painted yet by a map of another maker: prompts where its colours lie."""
    from explorer.service import blueprints

    settings = settings_with(worlds=worlds)
    if not map.is_file():
        raise BadSetting(f"there is no file {map}")
    drawn = blueprint.read(map, settings.picture_pixels)
    if not meanings:
        for key in drawn.legend:
            print(f"{key.name}\t{100 * key.share:.1f} %\t{key.prompt}")
        return
    prompts = dict(blueprints.meaning(each) for each in meanings)
    with opened(settings) as (atlas, painter):
        land = atlas.get(world)
        around = parse_bounds(bounds) if bounds else None
        strokes = blueprints.planned(drawn, land, prompts, around, softness)
        print(blueprints.lay(land, painter, strokes))


def perform(
    world: World, painter: Painter, edit: entries.Edit, picture: dict[Tile, Known] | None = None
) -> None:
    """Add an edit to the journal, paint it, and print its number."""
    from explorer.service import edits

    with progress() as bar:
        number = world.journal.begin_edit(edit, picture)
        edits.perform(world, painter, number, stages(bar))
    print(number)


def undo(world: WorldId, worlds: Folder = None) -> None:
    """Undo the last edit, stroke or change of prompt; prints its number."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.get(world).journal.undo()[0])


def redo(world: WorldId, worlds: Folder = None) -> None:
    """Redo what was undone last; prints its number."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.get(world).journal.redo()[0])
