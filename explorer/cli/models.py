"""``model fetch`` and ``model check``: models from a hub or in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from explorer.terminal import aside, console
from tiles.errors import ModelRefused

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
    print(folder_of(name))


def check(name: Name) -> None:
    """Say what a model is and can do, or what is wrong with it. One from a hub is fetched first."""
    from explorer.models.diffusion.description import describe

    console.print(table(describe(folder_of(name))))


def folder_of(name: str) -> Path:
    """The folder of a model, fetched first if it is on a hub. What that means is said before.

    Raises ModelRefused, DiskFull.
    """
    from explorer.models import hub

    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    source = hub.parse(name)
    if source is None:
        known = ", ".join(hub.NAMES)
        raise ModelRefused(f"no model {name!r}: give {known}, a hub's owner/name or a folder")
    if (here := hub.cached(source)) is not None:
        return here
    wanted = hub.plan(source)
    aside.print(f"{wanted.source}: licence {wanted.licence}, {hub.gigabytes(wanted.size)}", highlight=False)
    return hub.fetch(wanted)


def table(model: Description) -> Table:
    """A description for people."""
    shown = Table("", model.name)
    shown.add_row("kind", model.kind)
    shown.add_row("ground resolution", "told, level 10 to 18" if model.level else "not told")
    shown.add_row("predicts", model.prediction)
    shown.add_row("scheduler", model.scheduler)
    shown.add_row("licence", model.licence)
    for name, size in model.bytes.items():
        count = model.parameters[name] / 1e6
        shown.add_row(name, f"{count:,.1f} million numbers, {size / 1e6:,.0f} MB on disk")
    shown.add_row("memory, about", f"{model.memory(2):.1f} GiB in fp16, {model.memory(4):.1f} GiB in fp32")
    return shown
