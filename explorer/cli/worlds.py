"""``worlds``: list, make, pack, unpack and delete them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from explorer.cli.options import Folder, ModelName, Seed, WorldId, existing_folder
from explorer.cli.session import opened, settings_with
from explorer.terminal import console

app = typer.Typer()


@app.callback(invoke_without_command=True)
def alone(context: typer.Context, worlds: Folder = None) -> None:
    """List, make, pack and delete worlds; alone it lists them."""
    if context.invoked_subcommand is None:
        show(worlds)


@app.command("list")
def show(worlds: Folder = None) -> None:
    """All worlds and what is painted of them."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        table = Table("id", "name", "prompt", "seed", "zoom", "cells")
        for world in atlas.worlds():
            figures = (world.seed, world.base_zoom, world.counts()["cells"])
            table.add_row(world.id, world.name, world.journal.prompt, *map(str, figures))
        console.print(table)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="what it is called; its id is made of it")],
    prompt: Annotated[str, typer.Argument(help="what its land is like")],
    seed: Seed = None,
    zoom: Annotated[
        int | None, typer.Option(help="zoom at which it is painted; the model's best by default")
    ] = None,
    sketch: Annotated[
        int | None, typer.Option(help="zooms by which its sketch is coarser; 0 for none")
    ] = None,
    model: ModelName = None,
    worlds: Folder = None,
) -> None:
    """Make a world; prints its id."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        from explorer.worlds.new import NewWorld

        print(atlas.create(NewWorld(name, prompt, seed, model, zoom, sketch=sketch)).id)


@app.command()
def pack(
    world: WorldId,
    out: Annotated[Path | None, typer.Option(help="file to write; by default WORLD.earth here")] = None,
    latents: Annotated[bool, typer.Option("--latents", help="with what is painted: 8 KB a tile")] = False,
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
        bool, typer.Option("--other-weights", help="even if the model here has other weights than then")
    ] = False,
    worlds: Folder = None,
) -> None:
    """Make the world in a packed file one of yours; prints its id."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        print(atlas.unpack(file, other_weights).id)


@app.command()
def delete(
    world: WorldId,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    worlds: Folder = None,
) -> None:
    """Delete a world with all its land."""
    with opened(settings_with(worlds=worlds)) as (atlas, _):
        found = atlas.get(world)
        if yes or typer.confirm(f"Delete {found.name!r} for good?"):
            atlas.delete(world)
