"""The commands. Nothing but wiring: what they do is elsewhere."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError
from rich.progress import Progress, TaskID
from rich.table import Table

from explorer.settings import Settings
from explorer.terminal import aside, console, progress, worded
from explorer.training.commands import evaluate, models, train
from tiles.errors import BadSetting
from tiles.grid import boxed, parse_bounds, parse_tile

if TYPE_CHECKING:
    from explorer.service.painter import Painter
    from explorer.worlds.atlas import Atlas
    from explorer.worlds.world import World
    from tiles import entries
    from tiles.grid import Tile
    from tiles.store import Known

app = typer.Typer(help="A map of an Earth that does not exist.", no_args_is_help=False)
worlds = typer.Typer(help="List, make, pack and delete worlds; alone it lists them.")
app.add_typer(worlds, name="worlds")
app.add_typer(train, name="train")
app.add_typer(models, name="model")
FIRST = ("First Light", "rocky coast with islands and green mountains", 11)

Folder = Annotated[Path | None, typer.Option("--worlds", help="folder that holds the worlds")]
ModelName = Annotated[str | None, typer.Option("--model", help="shipped name or folder of a model")]
Device = Annotated[str | None, typer.Option(help="auto, cpu or cuda")]


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Serve the app when no command is given."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    if context.invoked_subcommand is None:
        serve()


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="address to listen on")] = None,
    port: Annotated[int | None, typer.Option(help="port to listen on; 0 takes a free one")] = None,
    worlds: Folder = None,
    model: ModelName = None,
    device: Device = None,
) -> None:
    """Start the app."""
    settings = settings_with(host=host, port=port, worlds=worlds, model=model, device=device)
    with opened(settings) as (atlas, painter):
        import uvicorn

        from explorer.web.server import create_app

        make_first(atlas)
        application = create_app(settings, atlas, painter)
        console.print(f"Endless Earth: http://{settings.host}:{settings.port}", highlight=False)
        uvicorn.run(application, host=settings.host, port=settings.port, log_level="warning")


@worlds.callback(invoke_without_command=True)
def worlds_alone(context: typer.Context, worlds: Folder = None) -> None:
    if context.invoked_subcommand is None:
        list_worlds(worlds)


@worlds.command("list")
def list_worlds(worlds: Folder = None) -> None:
    """All worlds and what is painted of them."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        table = Table("id", "name", "prompt", "seed", "zoom", "cells")
        for world in atlas.worlds():
            figures = (world.seed, world.base_zoom, world.counts()["cells"])
            table.add_row(world.id, world.name, world.journal.prompt, *map(str, figures))
        console.print(table)


@worlds.command("new")
def new_world(
    name: str,
    prompt: str,
    seed: Annotated[int | None, typer.Option(help="drawn if none is given")] = None,
    zoom: Annotated[int | None, typer.Option(help="zoom at which it is painted")] = None,
    sketch: Annotated[int | None, typer.Option(help="zooms by which its sketch is coarser; 0: none")] = None,
    model: ModelName = None,
    worlds: Folder = None,
) -> None:
    """Make a world; prints its id."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        from explorer.worlds.atlas import NewWorld

        world = atlas.create(NewWorld(name, prompt, seed, model, zoom, sketch=sketch))
        print(world.id)


@worlds.command("pack")
def pack_world(
    id: str,
    out: Annotated[Path | None, typer.Option(help="file to write; by default ID.earth here")] = None,
    latents: Annotated[bool, typer.Option("--latents", help="with what is painted: 8 KB a tile")] = False,
    worlds: Folder = None,
) -> None:
    """Write a world as one file that rebuilds it elsewhere; prints its path."""
    from tiles.package import SUFFIX

    with opened(settings_with(worlds=worlds)) as (atlas, _):
        path = out or Path(f"{id}{SUFFIX}")
        existing_folder(path)
        atlas.get(id).pack(path, latents)
        print(path)


@worlds.command("unpack")
def unpack_world(file: Path, worlds: Folder = None) -> None:
    """Make the world in a packed file one of yours; prints its id."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.unpack(file).id)


@worlds.command("delete")
def delete_world(
    id: str,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    worlds: Folder = None,
) -> None:
    """Delete a world with all its land."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        world = atlas.get(id)
        if yes or typer.confirm(f"Delete {world.name!r} for good?"):
            atlas.delete(id)


@app.command()
def paint(
    world: str,
    bounds: Annotated[str, typer.Option(help="west,south,east,north in metres (EPSG:3857)")],
    zoom: Annotated[int | None, typer.Option(help="zoom of the tiles; the world's own by default")] = None,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Paint a rectangle of a world."""
    from explorer.service.bulk import paint_all

    with opened(settings_with(worlds=worlds, device=device)) as (atlas, painter):
        found = atlas.get(world)
        box = boxed(parse_bounds(bounds), found.base_zoom if zoom is None else zoom)
        cells = list(box.at(found.base_zoom).tiles())
        with progress() as bar:
            task = bar.add_task(found.name, total=len(cells))
            paint_all(painter, found, cells, lambda more: bar.advance(task, more))
        console.print(f"{len(cells)} tiles of {found.id} are painted")


@app.command()
def edit(
    world: str,
    prompt: Annotated[str, typer.Option(help="what should be there; empty for a variation")] = "",
    bounds: Annotated[str, typer.Option(help="west,south,east,north in metres (EPSG:3857)")] = "",
    tiles: Annotated[list[str], typer.Option("--tile", help="z/x/y; may be given many times")] = [],  # noqa: B006
    negative_prompt: Annotated[str, typer.Option(help="what should not be there")] = "",
    strength: Annotated[float, typer.Option(help="0.1 to 1; at 1 nothing of what is there stays")] = 1.0,
    seed: Annotated[int | None, typer.Option(help="drawn if none is given")] = None,
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
        perform_edit(found, painter, edits.checked(found, wish, settings.edit_tiles))


@app.command()
def place(
    world: str,
    picture: Annotated[Path, typer.Argument(help="GeoTIFF, PNG, JPEG or WebP")],
    at: Annotated[str, typer.Option(help="x,y in metres of its middle; a GeoTIFF has a place")] = "",
    zoom: Annotated[int | None, typer.Option(help="zoom of its pixels; the world's own by default")] = None,
    strength: Annotated[float, typer.Option(help="0.1 to 1: how much of the picture stays")] = 1.0,
    prompt: Annotated[str, typer.Option(help="for the land around it; empty for the land's own")] = "",
    seed: Annotated[int | None, typer.Option(help="drawn if none is given")] = None,
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Put a picture on the map, joined to the land around it; prints the edit's number."""
    from explorer.service import placing

    settings = settings_with(worlds=worlds, device=device)
    with opened(settings) as (atlas, painter):
        found = atlas.get(world)
        x, y = _place(at) if at else (None, None)
        spot = placing.Spot(x, y, zoom, strength, prompt, seed)
        if not picture.is_file():
            raise BadSetting(f"there is no file {picture}")
        limits = placing.Limits(settings.picture_pixels, settings.picture_tiles)
        sheet = placing.read(picture, spot, found.home, found.base_zoom, limits)
        for note in sheet.notes:
            aside.print(f"{picture.name}: {note}", highlight=False, markup=False)
        data = placing.entry(sheet, spot, found.base_zoom)
        perform_edit(found, painter, data, placing.known(sheet, found.base_zoom, found.model))


def perform_edit(
    world: World, painter: Painter, edit: entries.Edit, picture: dict[Tile, Known] | None = None
) -> None:
    from explorer.service import edits

    with progress() as bar:
        number = world.journal.begin_edit(edit, picture)
        edits.perform(world, painter, number, _stages(bar))
    print(number)


@app.command()
def undo(world: str, worlds: Folder = None) -> None:
    """Take a world's last edit, stroke or change of prompt back; prints its number."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.get(world).journal.undo()[0])


@app.command()
def redo(world: str, worlds: Folder = None) -> None:
    """Bring back what was taken back last; prints its number."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.get(world).journal.redo()[0])


@app.command()
def export(
    world: Annotated[str | None, typer.Argument(help="world to take a region of")] = None,
    bounds: Annotated[str, typer.Option(help="west,south,east,north in metres (EPSG:3857)")] = "",
    zoom: Annotated[str, typer.Option(help="zoom of the pixels; the world's own by default")] = "",
    format: Annotated[str, typer.Option(help="cog, png, mbtiles, pmtiles, xyz or postcard")] = "cog",
    out: Annotated[Path | None, typer.Option(help="file to write; by default WORLD-zZOOM here")] = None,
    paint_missing: Annotated[bool, typer.Option(help="paint what is not painted yet")] = True,
    dataset: Annotated[Path | None, typer.Option(help="write training data into this folder instead")] = None,
    prompt: Annotated[list[str], typer.Option(help="of a dataset; may be given many times")] = [],  # noqa: B006
    count: Annotated[int, typer.Option(help="pictures of a dataset")] = 1000,
    seed: Annotated[int, typer.Option(help="of a dataset")] = 0,
    side: Annotated[int, typer.Option(help="px of a dataset's pictures: 256 or 512")] = 256,
    worlds: Folder = None,
    model: ModelName = None,
    device: Device = None,
) -> None:
    """Write a region of a world as one file, or a dataset of painted pictures; print its path last.

    A dataset's --zoom may be a list, as in "7,8".
    """
    settings = settings_with(worlds=worlds, model=model, device=device)
    if dataset is not None:
        export_dataset(settings, dataset, prompt, zoom, count, seed, side)
    elif world is None or not bounds:
        raise typer.BadParameter("a WORLD and --bounds are needed, or --dataset")
    else:
        export_region(settings, world, bounds, _zooms(zoom), format, out, paint_missing)


def export_dataset(
    settings: Settings, out: Path, prompts: list[str], zoom: str, count: int, seed: int, side: int
) -> None:
    from explorer.service import dataset

    with opened(settings) as (atlas, painter):
        zooms = tuple(_zooms(zoom)) or (atlas.library.get().traits.base_zoom,)
        plan = dataset.Plan(tuple(prompts), zooms, count, seed, side)
        with progress() as bar:
            task = bar.add_task("pictures", total=count)
            written = dataset.export(
                atlas.library,
                painter,
                plan,
                out,
                lambda done, total: bar.update(task, completed=done),
                settings.spare_bytes,
            )
    print(written)


def export_region(
    settings: Settings,
    world: str,
    bounds: str,
    zooms: list[int],
    format: str,
    out: Path | None,
    paint_missing: bool,
) -> None:
    from explorer.service import estimates, exports

    with opened(settings) as (atlas, painter):
        found = atlas.get(world)
        depth = zooms[0] if zooms else found.base_zoom
        wish = estimates.Wish(parse_bounds(bounds), depth, format, paint_missing)
        _, kind = estimates.checked(wish)
        path = out or Path(f"{found.id}-z{depth}{kind.suffix}")
        limits = exports.Limits(settings.export_pixels, settings.export_tiles, settings.spare_bytes)
        exports.check(found, wish, limits, existing_folder(path))
        with progress() as bar:
            written = exports.make(found, painter, wish, path, _stages(bar))
    print(written[0])


app.command("evaluate")(evaluate)


def settings_with(**options: Any) -> Settings:
    """The environment's settings, with the options that were given. Raises BadParameter."""
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise typer.BadParameter("; ".join(wrong)) from None


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Atlas, Painter]]:
    """Worlds and painter."""
    from explorer.models.library import Library
    from explorer.service.painter import Painter
    from explorer.worlds.atlas import Atlas

    with worded():
        atlas = Atlas(settings.worlds, Library(settings.model, settings.device), settings.cache_bytes)
        painter = Painter(settings.queue_tiles)
        try:
            yield atlas, painter
        finally:
            painter.close()
            atlas.close()


def make_first(atlas: Atlas) -> None:
    """A first world where there is none."""
    from explorer.worlds.atlas import NewWorld

    if not atlas.names():
        name, prompt, seed = FIRST
        atlas.create(NewWorld(name, prompt, seed))


def existing_folder(path: Path) -> Path:
    """The folder a file is to be written in. Raises BadSetting."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise BadSetting(f"there is no folder {folder}")
    return folder


def _place(text: str) -> tuple[float, float]:
    """``x,y`` in metres. Raises BadParameter."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"place {text[:40]!r}: x,y in metres are needed") from None
    return x, y


def _zooms(text: str) -> list[int]:
    """``7,8``. Raises BadParameter."""
    try:
        return [int(part) for part in text.split(",") if part]
    except ValueError:
        raise typer.BadParameter(f"zoom {text[:40]!r}: whole numbers are needed, as in 8 or 7,8") from None


def _stages(bar: Progress) -> Callable[[str, int, int], None]:
    """What shows each stage as a bar of its own: the pace of one says nothing of the next."""
    tasks: dict[str, TaskID] = {}

    def step(stage: str, done: int, total: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=total)
        bar.update(tasks[stage], completed=done, total=total)

    return step
