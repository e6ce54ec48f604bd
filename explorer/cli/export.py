"""``export``: a region as one file, or a dataset of painted pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import (
    AllowMixed,
    BadOptions,
    BoundsText,
    Device,
    ExecutorName,
    Folder,
    ModelName,
    PainterCpus,
    Painters,
    RayAddress,
    existing_folder,
    zooms_of,
)
from explorer.cli.session import opened, settings_with
from explorer.settings import Settings
from explorer.terminal import progress, stages
from tiles.grid import parse_bounds


def export(
    world: Annotated[str | None, typer.Argument(help="id of the world")] = None,
    bounds: BoundsText = "",
    zoom: Annotated[str, typer.Option(help="zoom of the pixels; by default the world's own")] = "",
    format: Annotated[str, typer.Option(help="cog, png, mbtiles, pmtiles, xyz or postcard")] = "cog",
    out: Annotated[
        Path | None, typer.Option(help="file to write; by default WORLD-zZOOM in this folder")
    ] = None,
    paint_missing: Annotated[bool, typer.Option(help="paint unpainted tiles first")] = True,
    dataset: Annotated[
        Path | None, typer.Option(help="write a dataset of training pictures into this folder instead")
    ] = None,
    prompt: Annotated[list[str], typer.Option(help="prompt of a dataset; may be repeated")] = [],  # noqa: B006
    count: Annotated[int, typer.Option(help="how many pictures the dataset has")] = 1000,
    seed: Annotated[int, typer.Option(help="seed of the dataset")] = 0,
    side: Annotated[int, typer.Option(help="px a side of the dataset's pictures: 256 or 512")] = 256,
    worlds: Folder = None,
    model: ModelName = None,
    device: Device = None,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    painters: Painters = None,
    painter_cpus: PainterCpus = None,
    allow_mixed: AllowMixed = None,
) -> None:
    """Write a region of a world as one file, or a dataset of painted pictures; prints the path.

    A dataset's --zoom may be a list, as in "7,8".
    """
    settings = settings_with(
        worlds=worlds,
        model=model,
        device=device,
        executor=executor,
        ray_address=ray_address,
        painters=painters,
        painter_cpus=painter_cpus,
        allow_mixed=allow_mixed,
    )
    if dataset is not None:
        export_dataset(settings, dataset, prompt, zooms_of(zoom), count, seed, side)
    elif world is None or not bounds:
        raise BadOptions("a WORLD and --bounds are needed, or --dataset")
    else:
        export_region(settings, world, bounds, zooms_of(zoom), format, out, paint_missing)


def export_dataset(
    settings: Settings, out: Path, prompts: list[str], zooms: list[int], count: int, seed: int, side: int
) -> None:
    """Paint a dataset into the folder ``out`` and print its path."""
    from explorer.service import dataset
    from explorer.service.samples import Plan

    with opened(settings) as (atlas, painter):
        depths = tuple(zooms) or (atlas.library.get().traits.base_zoom,)
        plan = Plan(tuple(prompts), depths, count, seed, side)
        with progress() as bar:
            task = bar.add_task("pictures", total=count)

            def step(done: int, total: int) -> None:
                bar.update(task, completed=done)

            print(dataset.export(atlas.library, painter, plan, out, step, settings.spare_bytes))


def export_region(
    settings: Settings,
    world: str,
    bounds: str,
    zooms: list[int],
    format: str,
    out: Path | None,
    paint_missing: bool,
) -> None:
    """Write a mosaic of a region and print its path."""
    from explorer.service import estimates, exports

    with opened(settings) as (atlas, painter):
        land = atlas.get(world)
        depth = zooms[0] if zooms else land.base_zoom
        request = estimates.ExportRequest(parse_bounds(bounds), depth, format, paint_missing)
        _, kind = estimates.checked(request)
        path = out or Path(f"{land.id}-z{depth}{kind.suffix}")
        limits = exports.Limits(settings.export_pixels, settings.export_tiles, settings.spare_bytes)
        exports.check(land, request, limits, existing_folder(path))
        with progress() as bar:
            written = exports.make(land, painter, request, path, stages(bar))
    print(written[0])
