"""``publish``: a world as a place of static files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.options import BoundsText, Device, Folder, WorldId
from explorer.cli.session import opened, settings_with
from explorer.terminal import aside, progress, stages
from tiles.grid import parse_bounds

if TYPE_CHECKING:
    from explorer.service.publishing.plan import Plan


def publish(
    world: WorldId,
    target: Annotated[
        str, typer.Argument(metavar="DIR_OR_URL", help="folder, or an address with s3://, gs:// or az://")
    ],
    bounds: BoundsText = "",
    zoom: Annotated[
        str, typer.Option(help="zooms, as in 0-10; by default from 0 to the deepest that is painted")
    ] = "",
    format: Annotated[str, typer.Option(help="of the tiles: webp, as on the map, or png, lossless")] = "webp",
    worlds: Folder = None,
    device: Device = None,
) -> None:
    """Publish what is painted of a world: a map of static files, which need no app; prints its address.

    Stopped in the middle, it goes on where it was when it is called again. What people see is replaced at
    once, when all is there.
    """
    from explorer.service.publishing import publish as publishing
    from explorer.service.publishing.plan import Wanted, parse_zooms, plan
    from explorer.service.publishing.targets import WORK, Disk, target_of

    settings = settings_with(worlds=worlds, device=device)
    wanted = Wanted(parse_bounds(bounds) if bounds else None, parse_zooms(zoom), format)
    place = target_of(target)
    with opened(settings) as (atlas, _):
        land = atlas.get(world)
        planned = plan(land, wanted)
        work = (
            place.folder / WORK if isinstance(place, Disk) else settings.worlds / WORK / _named(world, target)
        )
        work.mkdir(parents=True, exist_ok=True)
        size = publishing.check(land, planned, format, work, place, settings.spare_bytes)
        say(planned, size)
        with progress() as bar:
            done = publishing.publish(land, planned, wanted, work, place, stages(bar))
    print(done.address)


def say(planned: Plan, size: int) -> None:
    """What will be published, before any work."""
    zooms = f"zooms {planned.lowest} to {planned.deepest}"
    aside.print(f"{planned.size:,} tiles of {zooms}, about {size / 1e6:,.1f} MB", highlight=False)
    if set(planned.tiles) != {(0, 0)}:
        names = ", ".join(f"tiles/{square.name}.pmtiles" for square in planned.tiles)
        aside.print(
            "This land reaches beyond the square of the Earth, where PMTiles have no addresses. Each square"
            f" of the plane gets an archive of its own: {names}. The page shows all of them in their places;"
            " other programs show each of them where the Earth is.",
            highlight=False,
        )


def _named(world: str, url: str) -> Path:
    """A folder for what is not there yet: another for each world and place."""
    return Path(hashlib.sha256(f"{world} {url}".encode()).hexdigest()[:16])
