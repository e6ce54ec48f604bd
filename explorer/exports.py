"""Exports: what one will be, whether it may be, and making it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from explorer.painting.errand import paint_all
from explorer.painting.painter import Painter
from explorer.version import SOFTWARE
from explorer.world import World
from tiles.errors import BadSetting, DiskFull, TooLarge
from tiles.grid import Bounds, Box, Tile
from tiles.mosaic import archive
from tiles.mosaic.area import About, Area, area, require_square
from tiles.mosaic.formats import FORMATS, Format, write

TILE_BYTES = 130_000  # of a lossless tile, before any of the world is known
READ_SECONDS = 0.02  # of a painted tile: decode, encode, write


class Wish(NamedTuple):
    """An export that was asked for."""

    bounds: Bounds  # EPSG:3857 metres
    zoom: int
    format: str
    paint_missing: bool = True


class Estimate(NamedTuple):
    """What an export will be."""

    width: int  # px
    height: int
    tiles: int  # that are read
    unpainted: int  # base tiles
    bytes: int
    seconds: float


class Limits(NamedTuple):
    """What an export may be."""

    pixels: int
    tiles: int
    free_bytes: int  # that must be left on the disk


def checked(wish: Wish) -> tuple[Area, Format]:
    """Raises BadSetting, BadBounds."""
    if wish.format not in FORMATS:
        raise BadSetting(f"format {wish.format[:20]!r}: allowed are {', '.join(FORMATS)}")
    return area(wish.bounds, wish.zoom), FORMATS[wish.format]


def estimate(world: World, wish: Wish, seconds_per_tile: float | None) -> Estimate:
    """Pixels, tiles, bytes and seconds of an export. Raises BadSetting, BadBounds."""
    found, format = checked(wish)
    tiles = archive.count(found) if format.pyramid else found.box.size
    unpainted = missing(world, found.box)
    painted_share = 1 - unpainted / found.box.at(world.base_zoom).size
    share = 1.0 if wish.paint_missing else painted_share
    shrunk = found.width * found.height / (found.box.size * 256**2)  # edges cut off
    size = tiles * (world.cache.mean_size("png") or TILE_BYTES) * share * (1 if format.pyramid else shrunk)
    painting = unpainted * (seconds_per_tile or 1.0) if wish.paint_missing else 0.0
    return Estimate(found.width, found.height, tiles, unpainted, int(size), painting + tiles * READ_SECONDS)


def missing(world: World, box: Box) -> int:
    """How many base tiles under a box are not painted."""
    under = box.at(world.base_zoom)
    return under.size - world.store.version_sum(under)[0]


def check(world: World, wish: Wish, limits: Limits, folder: Path) -> Estimate:
    """The estimate of an export that may be made. Raises TooLarge, DiskFull, BadSetting, BadBounds."""
    found, format = checked(wish)
    pixels, most = found.width * found.height, min(limits.pixels, format.most_pixels or limits.pixels)
    if pixels > most:
        raise TooLarge(
            f"{found.width:,} x {found.height:,} pixels are {pixels:,}; allowed are {most:,}."
            " Take a smaller region or a coarser zoom"
        )
    if (cells := found.box.at(world.base_zoom).size) > limits.tiles:
        raise TooLarge(f"{cells:,} base tiles lie under this region; allowed are {limits.tiles:,}")
    if format.inside_square:
        require_square(found)
    guess = estimate(world, wish, None)
    free, needed = shutil.disk_usage(folder).free, 2 * guess.bytes + limits.free_bytes
    if needed > free:
        raise DiskFull(f"about {needed:,} bytes of free disk are needed, {free:,} are there")
    return guess


def about(world: World) -> About:
    traits = world.model.traits
    return About(world.id, world.name, world.prompt, world.seed, traits.name, traits.licence, SOFTWARE)


def make(
    world: World, painter: Painter, wish: Wish, path: Path, step: Callable[[str, int, int], None]
) -> list[Path]:
    """Paint what is missing, if asked to, and write the mosaic at ``path``; gives the paths written.

    ``step(stage, done, total)`` may raise to stop it; then nothing is left but what was painted.
    """
    found, format = checked(wish)
    if wish.paint_missing:
        _paint(world, painter, found, step)
    total = archive.count(found) if format.pyramid else found.box.size
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        step("writing", done, total)

    def read(tile: Tile) -> bytes | None:
        encoded = world.tile(tile, "png")
        return encoded.data if encoded else None

    step("writing", 0, total)
    return write(path, format, found, about(world), missing(world, found.box) == 0, read, count)


def _paint(world: World, painter: Painter, found: Area, step: Callable[[str, int, int], None]) -> None:
    cells = list(found.box.at(world.base_zoom).tiles())
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        step("painting", done, len(cells))

    paint_all(painter, world, cells, count)
