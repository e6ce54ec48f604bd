"""Exports: whether one may be made, and making it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from explorer import pictures
from explorer.service import estimates, stac
from explorer.service.ahead import read_ahead
from explorer.service.bulk import paint_all
from explorer.service.estimates import Estimate, ExportRequest, checked, count, missing, painted_box
from explorer.service.executors import hands_of
from explorer.service.painter import Painter
from explorer.version import SOFTWARE
from explorer.worlds.world import World
from tiles.errors import BadBounds, DiskFull, TooLarge, WorldHeld, WorldNotFound
from tiles.grid import Tile
from tiles.mosaic.area import FINISHING, WRITING, About, Area, Step, require_square
from tiles.mosaic.formats import Format, order_of, worded, write

PAINTING, DECODING = "painting", "decoding"  # the stages before those of a mosaic


class Limits(NamedTuple):
    """What an export may be."""

    pixels: int
    tiles: int
    free_bytes: int  # that must be left on the disk


def check(
    world: World, request: ExportRequest, limits: Limits, folder: Path, seconds_per_tile: float | None = None
) -> Estimate:
    """The estimate of an export that may be made and written in ``folder``.

    Raises TooLarge, DiskFull, WorldHeld, BadSetting, BadBounds.
    """
    region, format = checked(request)
    _check_size(world, region, format, limits)
    if format.inside_square:
        require_square(region)
    guess = estimates.estimate(world, request, seconds_per_tile)
    if request.paint_missing and guess.unpainted:
        _require_painter(world)
    if not request.paint_missing and guess.unpainted == guess.base_tiles:
        words = "nothing of this region is painted; let the export paint unpainted tiles"
        raise BadBounds(words, "export-nothing-painted")
    free = shutil.disk_usage(folder).free
    if (needed := estimates.room(world, request, guess) + limits.free_bytes) > free:
        words = f"about {needed:,} bytes of free disk are needed; {free:,} are free"
        raise DiskFull(words, "disk-too-full")
    return guess


def _check_size(world: World, region: Area, format: Format, limits: Limits) -> None:
    pixels, most = region.width * region.height, min(limits.pixels, format.most_pixels or limits.pixels)
    if pixels > most:
        raise TooLarge(
            f"{region.width:,} x {region.height:,} pixels are {pixels:,}; the limit is {most:,}."
            " Choose a smaller region or a coarser zoom",
            "export-too-large",
            width=region.width,
            height=region.height,
            limit=most,
        )
    if format.most_side and max(region.width, region.height) > format.most_side:
        sides, allowed = f"{region.width:,} x {region.height:,}", format.most_side
        raise TooLarge(
            f"{sides} pixels: in this format a side may have at most {allowed:,}; other formats take more",
            "export-side-too-long",
            limit=allowed,
        )
    if (cells := painted_box(world, region).size) > limits.tiles:
        words = f"this region is made of {cells:,} painted tiles; the limit is {limits.tiles:,}"
        raise TooLarge(words, "too-many-tiles", count=cells, limit=limits.tiles)


def _require_painter(world: World) -> None:
    if world.readonly:
        raise WorldHeld(
            f"land is missing here and world {world.id!r} {world.access.reason}:"
            " only what is painted can be exported",
            "world-held",
        )


def about(world: World) -> About:
    """What a mosaic of a world says of itself."""
    prompt = world.journal.prompt
    return About(world.id, world.name, prompt, world.seed, *world.credit, SOFTWARE)


class Export:
    """An export as work for a job: it knows what is left beyond the stage at hand."""

    def __init__(self, world: World, painter: Painter, request: ExportRequest, name: str) -> None:
        self.world, self.painter, self.request, self.name = world, painter, request, name
        self._stage = ""
        self.seconds_ahead = 0.0

    def __call__(self, folder: Path, step: Step) -> list[Path]:
        def watched(stage: str, done: int, total: int) -> None:
            if stage != self._stage:
                self._stage, self.seconds_ahead = stage, self._ahead(stage)
            step(stage, done, total)

        return make(self.world, self.painter, self.request, folder / self.name, watched)

    def seconds_left(self, done: int, total: int, so_far: float | None) -> float | None:
        """Until all is done; ``so_far`` says it of this stage as it went so far."""
        pace = self.painter.status().seconds_per_tile
        # At first what goes before the tiles is painted, the sketch and the phases they need.
        if self._stage == PAINTING and done < total / 5 and pace is not None:
            with suppress(sqlite3.Error):  # a world that was deleted meanwhile; the job ends by it
                so_far = estimates.windows_to_paint(self.world, checked(self.request)[0]) * pace
        return None if so_far is None else so_far + self.seconds_ahead

    def _ahead(self, stage: str) -> float:
        """Seconds of the stages after this one."""
        region, format = checked(self.request)
        if stage == PAINTING:
            return estimates.write_seconds(self.world, region, format)
        return 0.0 if stage == FINISHING else count(region, format) * format.seconds


def make(world: World, painter: Painter, request: ExportRequest, path: Path, step: Step) -> list[Path]:
    """Paint what is missing, if asked to, and write the mosaic at ``path``; gives the paths written.

    ``step(stage, done, total)`` may raise to stop it; then nothing is left but what was painted.
    Raises WorldNotFound if the world is deleted meanwhile, and what painting and writing raise.
    """
    try:
        return _make(world, painter, request, path, step)
    except Exception as error:
        if not world.on_disk():
            raise WorldNotFound(f"world {world.id!r} was deleted meanwhile") from error
        raise


def _make(world: World, painter: Painter, request: ExportRequest, path: Path, step: Step) -> list[Path]:
    region, format = checked(request)
    if request.paint_missing:
        _paint(world, painter, region, step)
    latest = (WRITING, 0, count(region, format))

    def watched(stage: str, done: int, total: int) -> None:
        nonlocal latest
        latest = (stage, done, total)
        step(*latest)

    def read(tile: Tile) -> bytes | None:
        return _encoded(world, tile, lambda _: step(*latest))

    hands = hands_of(painter.status().crew)
    if world.pyramid.is_overview(Tile(region.zoom, 0, 0)):
        _decode(world, region, hands, step)
    watched(*latest)
    whole = missing(world, painted_box(world, region)) == 0
    with read_ahead(read, order_of(format, region), hands) as get:
        written = write(path, format, region, about(world), whole, get, watched)
    if request.format == "cog":
        with worded(path):
            written.append(stac.write_item(path, world, region.zoom))
    return written


def _paint(world: World, painter: Painter, region: Area, step: Step) -> None:
    """What is there is not waited for: land that another process paints can be read."""
    box = painted_box(world, region)
    cells = list(box.tiles())
    left = [cell for cell in cells if not world.renderer.final(cell)]
    if world.readonly:
        if missing(world, box):
            _require_painter(world)
        return
    done = len(cells) - len(left)

    def more(some: int) -> None:
        nonlocal done
        done += some
        step(PAINTING, done, len(cells))

    if left:
        paint_all(painter, world, left, more)


def _decode(world: World, region: Area, hands: int, step: Step) -> None:
    """The cells under a coarser area, in an order that needs each only once."""
    total, done = painted_box(world, region).size, 0

    def build(tile: Tile) -> bytes | None:
        return _encoded(world, tile, lambda cells: step(DECODING, min(done + cells, total), total))

    tiles = list(region.box.tiles())
    with read_ahead(build, tiles, hands) as get:
        for tile in tiles:
            get(tile)
            done += world.pyramid.base_cells(tile).size
            step(DECODING, done, total)


def _encoded(world: World, tile: Tile, look: Callable[[int], None]) -> bytes | None:
    """A tile as PNG. ``look`` is told how many cells under it were decoded so far, and may stop it: land
    far away belongs to an overview too."""
    renderer = world.renderer
    if cached := renderer.cached(tile, "png"):
        return cached.data
    if world.pyramid.is_overview(tile):
        return _overview(world, tile, look)
    if deeper := world.pyramid.enlarged(tile):
        _encoded(world, tile.above(tile.z - deeper), look)
    start = time.perf_counter()
    encoded = renderer.tile(tile, "png")
    if encoded is None:
        return None
    estimates.pace(world, tile.z).note(time.perf_counter() - start)
    return encoded.data


def _overview(world: World, tile: Tile, look: Callable[[int], None]) -> bytes | None:
    build = world.renderer.build(tile)
    while not build.done:
        start, cells = time.perf_counter(), build.cells
        build.step()
        zoom = world.pyramid.base if build.cells > cells else tile.z
        estimates.pace(world, zoom).note(time.perf_counter() - start)
        look(build.cells)
    pixels = build.picture.pixels
    return None if pixels is None else pictures.encode(pixels, "png")
