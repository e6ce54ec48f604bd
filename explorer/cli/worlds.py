"""``worlds``: list, make, pack, unpack and delete them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from explorer.cli.options import (
    Folder,
    LevelModels,
    ModelName,
    Seed,
    WorldId,
    existing_folder,
    level_models_of,
)
from explorer.cli.session import fetched, opened, say_left_out, settings_with
from explorer.terminal import console

app = typer.Typer()


@app.callback(invoke_without_command=True)
def alone(context: typer.Context, worlds: Folder = None) -> None:
    """List, make, pack and delete worlds. Without a command it lists them."""
    if context.invoked_subcommand is None:
        show(worlds)


@app.command("list")
def show(worlds: Folder = None) -> None:
    """List all worlds, and how much of each is painted."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        table = Table("id", "name", "prompt", "seed", "zoom", "cells")
        for world in atlas.summaries():
            figures = (world.seed, world.base_zoom, world.cells)
            table.add_row(world.id, world.name, world.prompt, *map(str, figures))
        console.print(table)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="name of the world; its id is derived from it")],
    prompt: Annotated[str, typer.Argument(help="what the land is like")],
    seed: Seed = None,
    zoom: Annotated[
        int | None, typer.Option(help="zoom at which it is painted; by default the model's best")
    ] = None,
    sketch: Annotated[
        int | None, typer.Option(help="how many zooms coarser its sketch is; 0 for no sketch")
    ] = None,
    model: ModelName = None,
    level_model: LevelModels = None,
    worlds: Folder = None,
) -> None:
    """Make a new world; prints its id."""
    levels = level_models_of(level_model or [])
    for _, name_there in levels:
        fetched(name_there)
    with opened(settings_with(worlds=worlds)) as (atlas, painter):
        from explorer.service.scouting import with_home
        from explorer.worlds.new import NewWorld

        new = NewWorld(name, prompt, seed, model, zoom, sketch=sketch, level_models=levels)
        world = atlas.create(with_home(new, atlas.library.get(model), painter.sample))
        say_left_out(world, prompt)
        print(world.id)


@app.command()
def pack(
    world: WorldId,
    out: Annotated[
        Path | None, typer.Option(help="file to write; by default WORLD.earth in this folder")
    ] = None,
    latents: Annotated[bool, typer.Option("--latents", help="include what is painted: 8 KB a tile")] = False,
    worlds: Folder = None,
) -> None:
    """Write a world as one file that rebuilds it elsewhere; prints its path."""
    from tiles.package import SUFFIX

    with opened(settings_with(worlds=worlds)) as (atlas, _):
        path = out or Path(f"{world}{SUFFIX}")
        existing_folder(path)
        atlas.get(world).pack(path, latents)
        print(path)


@app.command()
def unpack(
    file: Annotated[Path, typer.Argument(help="a file that `worlds pack` wrote")],
    other_weights: Annotated[
        bool,
        typer.Option(
            "--other-weights", help="even if the model here has other weights than the one it was packed with"
        ),
    ] = False,
    level_model: LevelModels = None,
    worlds: Folder = None,
) -> None:
    """Add the world in a packed file to your worlds; prints its id."""
    levels = dict(level_models_of(level_model or []))
    for name in levels.values():
        fetched(name)
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.unpack(file, other_weights, level_models=levels).id)


@app.command()
def check(world: WorldId, worlds: Folder = None) -> None:
    """Look for damage in a world's file: settings, journal and every cell. Ends with 1 if there is any."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        found = atlas.check(world)
        for damage in found:
            again = "; `worlds repair` has it painted again" if damage.row is not None else ""
            print(f"{damage.place}: {damage.reason}{again}")
        if found:
            raise typer.Exit(1)
        print("nothing is damaged")


@app.command()
def repair(world: WorldId, worlds: Folder = None) -> None:
    """Remove damaged land, which is then painted again as the same bytes. Ends with 1 if damage is left."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        mended = atlas.repair(world)
        for damage in mended:
            print(f"{damage.place}: mended")
        left = atlas.check(world)
        for damage in left:
            print(f"{damage.place}: {damage.reason}")
        if left:
            raise typer.Exit(1)
        if not mended:
            print("nothing is damaged")


@app.command()
def delete(
    world: WorldId,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    worlds: Folder = None,
) -> None:
    """Delete a world and everything painted in it."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        name = atlas.get(world).name
        if yes or typer.confirm(f"Delete {name!r} for good?"):
            atlas.delete(world)
