"""Imagery of one's own as training data, and data in pieces that are easy to carry."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import json
import math
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from tiles.errors import BadPicture, BadSetting, DiskFull, TooLarge
from tiles.grid import MAX_ZOOM, metres_per_pixel
from tiles.raster.opening import Raster, opened
from tiles.raster.place import Place, find
from tiles.raster.warp import Grid, onto, parts, unplaced

SIDE = 1024  # px of a mosaic
LEAST = 384  # px, as wide as a window
STEP = 32  # px: how finely rectangles without a hole are looked for
MOST_PIXELS = 10**11  # of a picture that is cut, on its grid
Rectangle = tuple[int, int, int, int]
Member = tuple[str, bytes]  # of a tar: its name and what it holds


class Label(NamedTuple):
    """What is known of a scene."""

    caption: str
    cls: str = ""  # a class of assets/prompts/grammar.json, whose words are then said of it too
    licence: str = ""


def cut(path: Path, out: Path, label: Label, zoom: int | None = None) -> list[Path]:
    """Cut a GeoTIFF (or a PNG, JPEG or WebP) into mosaics ``out/NAME-ROW-COLUMN.webp`` with their JSON.

    They lie on web mercator at ``zoom``, by default the nearest to the picture's own ground resolution; a
    picture without a place needs the zoom and is cut as it is. A mosaic is a rectangle of 384 to 1024 px a
    side in which nothing is missing. An earlier cut of the same file at the same zoom is replaced; mosaics of
    other files never are. Raises BadSetting, DiskFull.
    """
    out.mkdir(parents=True, exist_ok=True)
    source = _digest(path)
    with _named(path), opened(path) as raster:
        place, grid, depth = _laid(raster, zoom)
        windows = rectangles(_whole(raster, place, grid), grid.width, grid.height)
        if not windows:
            raise BadSetting(f"no rectangle of {LEAST} px a side at zoom {depth} is whole")
        fields = {"zoom": depth, "captions": [label.caption], "cls": label.cls, "licence": label.licence}
        note = {**fields, "source": source, "file": path.name}
        name = _free_name(out, path.stem, note)
        return [
            _write(out / f"{name}-{row}-{column}", onto(raster, place, grid.part(*where)), note)
            for row, column, where in windows
        ]


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """What is wrong with a file, with its name."""
    try:
        yield
    except (BadPicture, TooLarge, BadSetting) as error:
        raise BadSetting(f"{path.name}: {error}") from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(f"the disk is full: mosaics of {path.name} could not be written") from error
        raise


def _digest(path: Path) -> str:
    """Of a file's content, so that files of one name are told apart. Raises BadSetting."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadSetting(f"{path.name} cannot be read ({error.strerror})") from None


def _laid(raster: Raster, zoom: int | None) -> tuple[Place, Grid, int]:
    """Where a raster lies, the pixels of a zoom that cover it, and that zoom."""
    place = find(raster.source)
    if place is None:
        if zoom is None:
            raise BadSetting("it does not say where it lies: a GeoTIFF with a CRS is needed, or --zoom")
        place = unplaced(raster, metres_per_pixel(zoom))
    depth = round(math.log2(metres_per_pixel(0) / place.metres)) if zoom is None else zoom
    if not 0 <= depth <= MAX_ZOOM:
        raise BadSetting(f"zoom {depth}: it must be 0 to {MAX_ZOOM}")
    metres, bounds = metres_per_pixel(depth), place.bounds
    width, height = (
        int((high - low) / metres + 1e-6)
        for low, high in ((bounds.west, bounds.east), (bounds.south, bounds.north))
    )
    if width * height > MOST_PIXELS:
        raise TooLarge(f"at zoom {depth} it has {width:,} x {height:,} pixels; {MOST_PIXELS:,} are allowed")
    return place, Grid(bounds.west, bounds.north, metres, width, height), depth


def _whole(raster: Raster, place: Place, grid: Grid) -> np.ndarray:
    """Which squares of 32 px of a grid have nothing missing, bool (rows, columns)."""
    whole = np.zeros((-(-grid.height // STEP), -(-grid.width // STEP)), bool)
    for rows, columns, part in parts(grid):
        there = onto(raster, place, part)[..., 3] == 255
        high, wide = (np.arange(0, side, STEP) for side in there.shape)
        squares = np.logical_and.reduceat(np.logical_and.reduceat(there, high, 0), wide, 1)
        y, x = rows.start // STEP, columns.start // STEP
        whole[y : y + len(high), x : x + len(wide)] = squares
    return whole


def rectangles(whole: np.ndarray, width: int, height: int) -> list[tuple[int, int, Rectangle]]:
    """Row, column and (left, top, width, height) in px of rectangles without a hole, none over another.

    ``whole``, bool (rows, columns), says which squares of 32 px are without one. They lie in bands, which are
    chosen so that together they hold as much as they can.

    >>> rectangles(np.ones((32, 32), bool), 1024, 1024)
    [(0, 0, (0, 0, 1024, 1024))]
    """
    rows = len(whole)
    inner = np.pad(np.cumsum(whole, 0), ((1, 0), (0, 0)))

    def pieces(top: int, high: int) -> list[tuple[int, int]]:
        full = inner[top + high] - inner[top] == high  # columns without a hole in this band
        return _runs(full, width)

    best, taken = [0] * (rows + 1), [0] * rows
    for top in range(rows - 1, -1, -1):
        best[top] = best[top + 1]
        for high in range(min(SIDE // STEP, rows - top), 0, -1):
            tall = min((top + high) * STEP, height) - top * STEP
            if tall < LEAST:
                break
            held = tall * sum(wide for _, wide in pieces(top, high)) + best[top + high]
            if held > best[top]:
                best[top], taken[top] = held, high
    spans: list[tuple[int, int, Rectangle]] = []
    top = row = 0
    while top < rows:
        if not taken[top]:
            top += 1
            continue
        tall = min((top + taken[top]) * STEP, height) - top * STEP
        for column, (left, wide) in enumerate(pieces(top, taken[top])):
            spans.append((row, column, (left, top * STEP, wide, tall)))
        top, row = top + taken[top], row + 1
    return spans


def _runs(full: np.ndarray, width: int) -> list[tuple[int, int]]:
    """Left and width in px of pieces of 384 to 1024 px in the runs of full columns."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], full, [False])).astype(np.int8)))
    spans = []
    for start, end in zip(edges[::2], edges[1::2]):
        left, right = int(start) * STEP, min(int(end) * STEP, width)
        while right - left >= LEAST:
            wide = min(SIDE, right - left)
            spans.append((left, wide))
            left += wide
    return spans


def _free_name(out: Path, stem: str, note: dict[str, Any]) -> str:
    """A name for a file's mosaics that is not that of another file's; mosaics of the same cut are removed."""
    for name in itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))):
        pattern = re.compile(re.escape(name) + r"-\d+-\d+")
        there = [p for p in out.glob("*") if p.suffix in (".json", ".webp") and pattern.fullmatch(p.stem)]
        notes = [_note(path.with_suffix(".json")) for path in there]
        if all(other.get(key) == note[key] for other in notes for key in ("source", "zoom")):
            for path in there:
                path.unlink()
            return name
    raise AssertionError("names have no end")


def _note(path: Path) -> dict[str, Any]:
    try:
        notes = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return notes if isinstance(notes, dict) else {}


def _write(path: Path, pixels: np.ndarray, note: dict[str, Any]) -> Path:
    """A mosaic as ``path``.webp with its JSON, each whole or not at all."""
    for suffix in (".json", ".webp"):
        whole, part = (path.with_name(f"{dot}{path.name}{suffix}") for dot in ("", ".part-"))
        try:
            if suffix == ".webp":
                Image.fromarray(pixels[..., :3]).save(part, "WEBP", lossless=True)
            else:
                part.write_text(json.dumps(note) + "\n")
            part.replace(whole)
        finally:
            part.unlink(missing_ok=True)
    return whole


def pieces(folder: Path, out: Path, limit: int) -> list[Path]:
    """The shards of ``folder`` as tar files of at most ``limit`` bytes in ``out``, pictures kept
    beside their JSON. They are read as the same data. Raises BadSetting for a picture too large."""
    out.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for shard in sorted(folder.glob("*.tar")):
        made += _in_pieces(shard, out, limit)
    return made


def _in_pieces(shard: Path, out: Path, limit: int) -> list[Path]:
    made = []
    for index, members in enumerate(_loads(_pairs(shard), limit - tarfile.RECORDSIZE)):
        made.append(out / f"{shard.stem}-{index:02d}.tar")
        with tarfile.open(made[-1], "w") as piece:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                piece.addfile(info, io.BytesIO(data))
    return made


def _loads(pairs: Iterator[list[Member]], limit: int) -> Iterator[list[Member]]:
    """Members in loads of at most ``limit`` bytes of tar; what belongs together stays together."""
    load: list[Member] = []
    size = 0
    for members in pairs:
        need = sum(512 + -(-len(data) // 512) * 512 for _, data in members)
        if need > limit:
            raise BadSetting(f"{members[0][0]} has {need:,} bytes: up to {limit:,} fit into a piece")
        if size + need > limit:
            yield load
            load, size = [], 0
        load, size = load + members, size + need
    if load:
        yield load


def _pairs(shard: Path) -> Iterator[list[Member]]:
    """Members of a tar that share a name but for its suffix, wherever they lie."""
    with tarfile.open(shard) as archive:
        by_name: dict[str, list[tarfile.TarInfo]] = {}
        for info in archive:
            if info.isfile():
                by_name.setdefault(Path(info.name).stem, []).append(info)
        for infos in by_name.values():
            files = ((info.name, archive.extractfile(info)) for info in infos)
            yield [(Path(name).name, file.read()) for name, file in files if file is not None]
