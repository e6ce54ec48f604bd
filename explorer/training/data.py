"""Training pictures: tar shards of ``NAME.webp`` + ``NAME.json``, or a folder of the same."""

from __future__ import annotations

import io
import json
import math
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

MERCATOR_METRES_PER_PIXEL = 156543.03392804097  # at zoom 0, on the equator
FREE_LICENCES = ("public domain", "CC0", "Copernicus")
NOT_FREE = ("non-commercial", "noncommercial", "BY-SA")
SUFFIXES = (".webp", ".png", ".jpg", ".jpeg")


class Picture(NamedTuple):
    """One picture with what is known of it."""

    name: str
    pixels: np.ndarray  # uint8 (height, width, 3)
    zoom: float  # web-mercator zoom of its ground resolution
    cls: str
    captions: tuple[str, ...]
    tiles: tuple[dict[str, Any] | None, ...]  # labels of 4x4 squares, row by row, or empty
    licence: str
    held_out: bool  # for validation only, chosen by place


def read(folder: Path, *patterns: str) -> Iterator[Picture]:
    """Pictures of every shard or sub-folder of ``folder`` whose name matches one of ``patterns``."""
    for pattern in patterns or ("*",):
        for path in sorted(folder.glob(pattern)):
            for name, picture, note in _members(path):
                with Image.open(io.BytesIO(picture)) as image:
                    pixels = np.asarray(image.convert("RGB"))
                yield _picture(name, pixels, json.loads(note))


def free(picture: Picture) -> bool:
    """Whether weights trained on this picture may be shipped, by its licence (see docs/training.md). A
    picture without a licence counts as the user's own."""
    text = picture.licence
    allowed = any(word in text for word in FREE_LICENCES) and not any(word in text for word in NOT_FREE)
    return allowed or not text


def _members(path: Path) -> Iterator[tuple[str, bytes, bytes]]:
    pairs: dict[str, dict[str, bytes]] = {}
    if path.is_dir():
        files = ((p.name, p.read_bytes) for p in sorted(path.iterdir()) if p.is_file())
        for filename, load in files:
            pairs.setdefault(Path(filename).stem, {})[Path(filename).suffix.lower()] = load()
    elif path.suffix == ".tar":
        with tarfile.open(path) as shard:
            for member in shard:
                if (file := shard.extractfile(member)) is not None:
                    stem, suffix = Path(member.name).stem, Path(member.name).suffix.lower()
                    pairs.setdefault(stem, {})[suffix] = file.read()
    for stem, parts in pairs.items():
        picture = next((parts[s] for s in SUFFIXES if s in parts), None)
        if picture is not None and ".json" in parts:
            yield stem, picture, parts[".json"]


def _picture(name: str, pixels: np.ndarray, note: dict[str, Any]) -> Picture:
    metres = float(note.get("gsd_m") or 1.0)
    zoom = float(note.get("zoom") or math.log2(MERCATOR_METRES_PER_PIXEL / metres))
    return Picture(
        name,
        pixels,
        zoom,
        str(note.get("cls") or ""),
        tuple(note.get("captions") or ()),
        tuple(note.get("tiles") or ()),
        str(note.get("licence") or ""),
        _held_out(name, note),
    )


def _held_out(name: str, note: dict[str, Any]) -> bool:
    """One place in ten: whole 30 x 20 degree blocks of the Earth; else one name of a place in ten, so that
    pictures of one place in several years stay together; else one picture name in ten."""
    if box := note.get("bbox_lonlat"):
        west, south, east, north = box
        name = f"{math.floor((west + east) / 60)}/{math.floor((south + north) / 40)}"
    elif note.get("place"):
        name = str(note["place"])
    return zlib.crc32(name.encode()) % 10 == 0
