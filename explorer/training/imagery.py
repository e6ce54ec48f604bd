"""Imagery of one's own as training data, and data in pieces that are easy to carry."""

from __future__ import annotations

import io
import json
import math
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rasterio
from PIL import Image
from rasterio.errors import RasterioIOError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from explorer.training.data import MERCATOR_METRES_PER_PIXEL
from tiles.errors import BadSetting

SIDE = 1024  # px of a mosaic
LEAST = 384  # px, as wide as a window
CRS = "EPSG:3857"
Member = tuple[str, bytes]  # of a tar: its name and what it holds


class Label(NamedTuple):
    """What is known of a scene."""

    caption: str
    cls: str = ""  # a class of assets/prompts/grammar.json, whose words are then said of it too
    licence: str = ""


def cut(path: Path, out: Path, label: Label, zoom: int | None = None) -> int:
    """Cut a GeoTIFF into mosaics ``out/NAME-ROW-COLUMN.webp`` with their JSON; gives their number.

    They are warped to web mercator at ``zoom``, by default the nearest to the picture's own ground
    resolution. Squares with anything missing are left out. Raises BadSetting.
    """
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for row, column, pixels, depth in _squares(path, zoom):
        name = f"{path.stem}-{row}-{column}"
        note = {"zoom": depth, "captions": [label.caption], "cls": label.cls, "licence": label.licence}
        Image.fromarray(pixels).save(out / f"{name}.webp", lossless=True)
        (out / f"{name}.json").write_text(json.dumps(note) + "\n")
        count += 1
    if not count:
        raise BadSetting(f"{path.name}: no square of {LEAST} px at zoom {zoom or 'its own'} is whole")
    return count


def _squares(path: Path, zoom: int | None) -> Iterator[tuple[int, int, np.ndarray, int]]:
    """Row, column, pixels uint8 (h, w, 3) and zoom of each whole square."""
    try:
        with rasterio.open(path) as picture:
            if picture.crs is None:
                raise BadSetting(f"{path.name} does not say where it lies: a GeoTIFF with a CRS is needed")
            if picture.count < 3 or picture.dtypes[0] != "uint8":
                said = f"{picture.count} bands of {picture.dtypes[0]}"
                raise BadSetting(f"{path.name} has {said}: red, green and blue of uint8 are needed")
            depth = _own_zoom(picture) if zoom is None else zoom
            yield from ((*square, depth) for square in _warped(picture, depth))
    except RasterioIOError as error:
        raise BadSetting(f"{path.name} cannot be read ({error})") from None


def _own_zoom(picture: rasterio.DatasetReader) -> int:
    with WarpedVRT(picture, crs=CRS) as flat:
        return round(math.log2(MERCATOR_METRES_PER_PIXEL / flat.res[0]))


def _warped(picture: rasterio.DatasetReader, zoom: int) -> Iterator[tuple[int, int, np.ndarray]]:
    metres = MERCATOR_METRES_PER_PIXEL / 2**zoom
    with WarpedVRT(picture, crs=CRS) as flat:
        west, south, east, north = flat.bounds
    width, height = (int((high - low) / metres + 1e-6) for low, high in ((west, east), (south, north)))
    place = rasterio.Affine(metres, 0, west, 0, -metres, north)
    asked = {"crs": CRS, "transform": place, "width": max(width, 1), "height": max(height, 1)}
    resampling = rasterio.enums.Resampling.average
    with WarpedVRT(picture, **asked, add_alpha=picture.count == 3, resampling=resampling) as flat:
        for top in range(0, height - LEAST + 1, SIDE):
            for left in range(0, width - LEAST + 1, SIDE):
                window = Window(left, top, min(SIDE, width - left), min(SIDE, height - top))
                if flat.dataset_mask(window=window).all():
                    pixels = flat.read((1, 2, 3), window=window).transpose(1, 2, 0)
                    yield top // SIDE, left // SIDE, pixels


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
