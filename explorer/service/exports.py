"""Exports: what one will be, whether it may be, and making it."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from explorer.service.bulk import paint_all
from explorer.service.painter import Painter
from explorer.version import SOFTWARE
from explorer.worlds.world import World
from tiles.errors import BadBounds, BadSetting, DiskFull, TooLarge, WorldHeld, WorldNotFound
from tiles.grid import MAX_INDEX, Bounds, Box, Tile
from tiles.mosaic import archive
from tiles.mosaic.area import FINISHING, WRITING, About, Area, Step, area, pyramid, require_square
from tiles.mosaic.formats import FORMATS, Format, write

PAINTING, DECODING = "painting", "decoding"  # the stages before those of a mosaic
TILE_BYTES = 60_000  # of a lossless tile, before any of the world is known
CELL_BYTES = 9_000  # of a painted cell, in its world's file
PAINT_SECONDS = 0.15  # of a tile, before any was painted here


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
    base_tiles: int  # that lie under it
    unpainted: int  # of those
    bytes: int
    seconds: float


class Limits(NamedTuple):
    """What an export may be."""

    pixels: int
    tiles: int
    free_bytes: int  # that must be left on the disk


class Pace:
    """How long tiles took lately, for any number of threads."""

    def __init__(self, guess: float) -> None:
        self._guess, self._last = guess, deque[float](maxlen=100)

    def note(self, seconds: float) -> None:
        self._last.append(seconds)

    @property
    def seconds(self) -> float:
        last = list(self._last)
        return sum(last) / len(last) if last else self._guess


# By how a tile comes about: decoded, made of four, enlarged.
paces = {0: Pace(0.1), -1: Pace(0.03), 1: Pace(0.02)}


def pace(world: World, zoom: int) -> Pace:
    """That of tiles of a zoom."""
    return paces[(zoom > world.base_zoom) - (zoom < world.base_zoom)]


def checked(wish: Wish) -> tuple[Area, Format]:
    """Raises BadSetting, BadBounds."""
    if wish.format not in FORMATS:
        raise BadSetting(f"format {wish.format[:20]!r}: allowed are {', '.join(FORMATS)}")
    return area(wish.bounds, wish.zoom), FORMATS[wish.format]


def estimate(world: World, wish: Wish, seconds_per_tile: float | None) -> Estimate:
    """Pixels, tiles, bytes and seconds of an export. Raises BadSetting, BadBounds."""
    found, format = checked(wish)
    tiles, base = count(found, format), found.box.at(world.base_zoom)
    unpainted = missing(world, found.box)
    share = 1.0 if wish.paint_missing else 1 - unpainted / base.size
    cut = 1.0 if format.pyramid else found.width * found.height / (found.box.size * 256**2)
    size = tiles * (world.cache.mean_size("png") or TILE_BYTES) * share * cut * format.weight
    seconds = share * _write_seconds(world, found, format)
    if unpainted and wish.paint_missing:
        seconds += _to_paint(world, base) * (seconds_per_tile or PAINT_SECONDS)
    return Estimate(found.width, found.height, tiles, base.size, unpainted, int(size), seconds)


def count(found: Area, format: Format) -> int:
    """How many tiles a mosaic is made of."""
    return archive.count(found) if format.pyramid else found.box.size


def missing(world: World, box: Box) -> int:
    """How many base tiles under a box are not painted."""
    under = box.at(world.base_zoom)
    return under.size - world.store.version_sum(under)[0]


def _to_paint(world: World, base: Box) -> float:
    """About how many windows: tiles, those that their edges and phases need, and the sketch."""
    apart = world.pyramid.sketch
    coarse = missing(world, base.grown(2)) / 4**apart if apart else 0
    return missing(world, base.grown(1)) + coarse


def _write_seconds(world: World, found: Area, format: Format) -> float:
    """Of a mosaic of painted land."""
    return _decode_seconds(world, found, format) + count(found, format) * format.seconds


def _decode_seconds(world: World, found: Area, format: Format) -> float:
    """Of the tiles that will be decoded or made of others, and not just be taken from the cache."""
    coarsest = 0 if format.pyramid else found.zoom
    boxes = {box.zoom: box for box in pyramid(found)[coarsest:]}
    for zoom in (world.base_zoom, *range(found.zoom, world.base_zoom)):
        boxes[zoom] = found.box.at(zoom)
    here = (
        max(0, box.size - world.cache.count(box, "png")) * pace(world, zoom).seconds
        for zoom, box in boxes.items()
    )
    elsewhere = _undecoded_elsewhere(world, found) if format.pyramid else 0
    return sum(here) + elsewhere * pace(world, world.base_zoom).seconds


def _undecoded_elsewhere(world: World, found: Area) -> int:
    """Painted tiles outside the area: the coarsest overviews show them too."""
    if all(world.cached(root, "png") for root in pyramid(found)[0].tiles()):
        return 0
    base, end = found.box.at(world.base_zoom), MAX_INDEX + 1
    all_land = Box(world.base_zoom, -end, -end, end, end)
    painted = world.store.count(world.base_zoom) - world.store.version_sum(base)[0]
    return max(0, painted - world.cache.count(all_land, "png") + world.cache.count(base, "png"))


def check(
    world: World, wish: Wish, limits: Limits, folder: Path, seconds_per_tile: float | None = None
) -> Estimate:
    """The estimate of an export that may be made.

    Raises TooLarge, DiskFull, WorldHeld, BadSetting, BadBounds.
    """
    found, format = checked(wish)
    _check_size(world, found, format, limits)
    if format.inside_square:
        require_square(found)
    guess = estimate(world, wish, seconds_per_tile)
    if wish.paint_missing and guess.unpainted:
        _require_painter(world)
    if not wish.paint_missing and guess.unpainted == guess.base_tiles:
        raise BadBounds("nothing of this region is painted; it can be if unpainted land is to be painted")
    free, needed = shutil.disk_usage(folder).free, _room(world, wish, guess) + limits.free_bytes
    if needed > free:
        raise DiskFull(f"about {needed:,} bytes of free disk are needed, {free:,} are there")
    return guess


def _check_size(world: World, found: Area, format: Format, limits: Limits) -> None:
    pixels, most = found.width * found.height, min(limits.pixels, format.most_pixels or limits.pixels)
    if pixels > most:
        raise TooLarge(
            f"{found.width:,} x {found.height:,} pixels are {pixels:,}; allowed are {most:,}."
            " Take a smaller region or a coarser zoom"
        )
    if format.most_side and max(found.width, found.height) > format.most_side:
        sides, allowed = f"{found.width:,} x {found.height:,}", f"{format.most_side:,}"
        raise TooLarge(f"{sides} pixels: a side may have {allowed} in this format, in others more")
    if (cells := found.box.at(world.base_zoom).size) > limits.tiles:
        raise TooLarge(f"{cells:,} base tiles lie under this region; allowed are {limits.tiles:,}")


def _require_painter(world: World) -> None:
    if world.readonly:
        raise WorldHeld(
            f"land is missing here and world {world.id!r} is being painted by {world.holder}:"
            " only what is painted can be exported"
        )


def _room(world: World, wish: Wish, guess: Estimate) -> int:
    """Bytes of disk for the file while it is written, for new land, and for pixels that are cached."""
    land = guess.unpainted * CELL_BYTES if wish.paint_missing else 0
    cached = min(guess.bytes, max(0, world.cache.limit - world.cache.size()))
    return int(guess.bytes * FORMATS[wish.format].room) + land + cached


def about(world: World) -> About:
    traits = world.model.traits
    return About(world.id, world.name, world.prompt, world.seed, traits.name, traits.licence, SOFTWARE)


class Export:
    """An export as work for a job: it knows what is left beyond the stage at hand."""

    def __init__(self, world: World, painter: Painter, wish: Wish, name: str) -> None:
        self.world, self.painter, self.wish, self.name = world, painter, wish, name
        self._stage = ""
        self.seconds_ahead = 0.0

    def __call__(self, folder: Path, step: Step) -> list[Path]:
        def told(stage: str, done: int, total: int) -> None:
            if stage != self._stage:
                self._stage, self.seconds_ahead = stage, self._ahead(stage)
            step(stage, done, total)

        return make(self.world, self.painter, self.wish, folder / self.name, told)

    def seconds_left(self, done: int, total: int, so_far: float | None) -> float | None:
        """Until all is done; ``so_far`` says it of this stage as it went so far."""
        pace = self.painter.status().seconds_per_tile
        # At first what goes before the tiles is painted, the sketch and the phases they need.
        if self._stage == PAINTING and done < total / 5 and pace is not None:
            base = checked(self.wish)[0].box.at(self.world.base_zoom)
            with suppress(sqlite3.Error):  # a world that was deleted meanwhile; the job ends by it
                so_far = _to_paint(self.world, base) * pace
        return None if so_far is None else so_far + self.seconds_ahead

    def _ahead(self, stage: str) -> float:
        """Seconds of the stages after this one."""
        found, format = checked(self.wish)
        if stage == PAINTING:
            return _write_seconds(self.world, found, format)
        return 0.0 if stage == FINISHING else count(found, format) * format.seconds


def make(world: World, painter: Painter, wish: Wish, path: Path, step: Step) -> list[Path]:
    """Paint what is missing, if asked to, and write the mosaic at ``path``; gives the paths written.

    ``step(stage, done, total)`` may raise to stop it; then nothing is left but what was painted.
    Raises WorldNotFound if the world is deleted meanwhile, and what painting and writing raise.
    """
    try:
        return _make(world, painter, wish, path, step)
    except Exception as error:
        if not world.store.path.exists():
            raise WorldNotFound(f"world {world.id!r} was deleted meanwhile") from error
        raise


def _make(world: World, painter: Painter, wish: Wish, path: Path, step: Step) -> list[Path]:
    found, format = checked(wish)
    if wish.paint_missing:
        _paint(world, painter, found, step)
    latest = (WRITING, 0, count(found, format))

    def told(stage: str, done: int, total: int) -> None:
        nonlocal latest
        latest = (stage, done, total)
        step(*latest)

    def read(tile: Tile) -> bytes | None:
        _decode_below(world, tile, lambda: step(*latest))
        return _encoded(world, tile)

    if found.zoom < world.base_zoom:
        _decode(world, found, step)
    told(*latest)
    return write(path, format, found, about(world), missing(world, found.box) == 0, read, told)


def _paint(world: World, painter: Painter, found: Area, step: Step) -> None:
    """What is there is not waited for: land that another process paints can be read."""
    cells = list(found.box.at(world.base_zoom).tiles())
    left = [cell for cell in cells if not world.final(cell)]
    if world.readonly:
        if missing(world, found.box):
            _require_painter(world)
        return
    done = len(cells) - len(left)

    def more(some: int) -> None:
        nonlocal done
        done += some
        step(PAINTING, done, len(cells))

    if left:
        paint_all(painter, world, left, more)


def _decode(world: World, found: Area, step: Step) -> None:
    """The base tiles under a coarser area, one by one and in an order that needs each only once."""
    base, done = found.box.at(world.base_zoom), 0

    def visit(tile: Tile) -> None:
        nonlocal done
        if tile.z < world.base_zoom and world.revision(tile) and not world.cached(tile, "png"):
            for child in tile.children:
                visit(child)
        else:
            done += 4 ** (world.base_zoom - tile.z)
        _encoded(world, tile)
        step(DECODING, done, base.size)

    for tile in found.box.tiles():
        visit(tile)


def _decode_below(world: World, tile: Tile, look: Callable[[], None]) -> None:
    """What a tile is made of, tile by tile: land far away belongs to an overview too, and ``look``
    may stop it between two of them."""
    if (deeper := tile.z - world.base_zoom) > 0:
        _encoded(world, Tile(world.base_zoom, tile.x >> deeper, tile.y >> deeper))
        return
    if tile.z == world.base_zoom or not world.revision(tile) or world.cached(tile, "png"):
        return
    for child in tile.children:
        _decode_below(world, child, look)
        _encoded(world, child)
        look()


def _encoded(world: World, tile: Tile) -> bytes | None:
    if found := world.cached(tile, "png"):
        return found.data
    start = time.perf_counter()
    encoded = world.tile(tile, "png")
    if encoded is None:
        return None
    pace(world, tile.z).note(time.perf_counter() - start)
    return encoded.data
