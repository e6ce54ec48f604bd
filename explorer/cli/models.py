"""``model fetch``, ``check`` and ``text-tower``: models from a hub or in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from explorer.cli.options import Device
from explorer.cli.session import extras_fetched, fetched, opened, settings_with
from explorer.settings import Settings
from explorer.terminal import console
from tiles.errors import BadSetting
from tiles.grid import tile_at

if TYPE_CHECKING:
    from explorer.models.diffusion.description import Description

Name = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="text2earth, text2earth-inpainting, a hub's owner/name[@revision], or a folder"
    ),
]


def fetch(name: Name) -> None:
    """Fetch a model from a hub, only the files that are needed; prints its folder."""
    from explorer.models import bundle

    fetched(name)
    print(bundle.find(name))


def check(
    name: Name,
    paint: Annotated[bool, typer.Option(help="paint a tile with it, and say how long that took")] = True,
    device: Device = None,
) -> None:
    """Say what a model is and can do, or what is wrong with it. One from a hub is fetched first."""
    from explorer.models import bundle
    from explorer.models.diffusion.description import adapters_told, describe, guide_told

    fetched(name)
    folder, settings = bundle.find(name), settings_with()
    if bundle.describe(folder)["family"] == "stable-diffusion":
        extras_fetched(settings)
        shown = table(describe(folder, folder.name if Path(name).is_dir() else name))
        for row in adapters_told(settings.adapters):
            shown.add_row("adapter", ": ".join(row))
        for row in guide_told(settings.controlnet, settings.guide):
            shown.add_row("ControlNet", ": ".join(row))
        console.print(shown, markup=False)
    if paint:
        say_painted(settings_with(model=str(folder), device=device))


def text_tower(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="open_clip's weights, as safetensors")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="a new folder for the text_encoder")],
) -> None:
    """Turn open_clip's ViT-H-14 into the text_encoder of a Stable Diffusion 2; prints its folder."""
    from explorer.models.diffusion.text_tower import converted, read

    if folder.exists():
        raise BadSetting(f"{folder} exists already; name a new folder")
    converted(read(file)).save_pretrained(folder)
    print(folder)


def say_painted(settings: Settings) -> None:
    """Paint a tile in a world that is forgotten afterwards."""
    import tempfile
    import time

    from explorer.worlds.new import NewWorld

    with (
        tempfile.TemporaryDirectory() as folder,
        opened(settings.model_copy(update={"worlds": Path(folder)})) as (atlas, painter),
    ):
        world = atlas.create(NewWorld("check", "rocky coast with islands", seed=1, sketch=0))
        start, cell = time.monotonic(), tile_at(*world.home, world.base_zoom)
        painter.paint(world, [cell]).result()
        spent, pixels = time.monotonic() - start, world.renderer.pixels(cell)
        assert pixels is not None  # just painted
        traits = world.model.traits
    console.print(
        f"a tile took {spent:.1f} s on {world.model.device}, in {traits.steps} steps; it is painted at zoom"
        f" {traits.base_zoom}, and knows {', '.join(map(str, traits.zooms))}. Its colours spread by"
        f" {pixels.std():.0f} of 255"
    )


def table(model: Description) -> Table:
    """A description for people."""
    shown = Table("", model.name)
    shown.add_row("kind", model.kind)
    shown.add_row(
        "ground resolution", "told, level 10 to 18" if model.level else "not told, used for 10 to 18"
    )
    shown.add_row("guidance", "told, one call a step" if model.distilled else "two calls a step")
    shown.add_row("predicts", model.prediction)
    shown.add_row("scheduler", model.scheduler)
    shown.add_row("licence", model.licence)
    for name, size in model.bytes.items():
        count = model.parameters[name] / 1e6
        shown.add_row(name, f"{count:,.1f} million numbers, {size / 1e6:,.0f} MB on disk")
    shown.add_row("memory, about", f"{model.memory(2):.1f} GiB in fp16, {model.memory(4):.1f} GiB in fp32")
    return shown
