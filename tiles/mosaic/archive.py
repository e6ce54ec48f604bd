"""Mosaics as archives of tiles with all their overviews: MBTiles, PMTiles, or a zip of XYZ tiles."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from tiles.database import make
from tiles.errors import BadBounds
from tiles.grid import Tile
from tiles.mosaic.area import (
    FINISHING,
    WRITING,
    About,
    Area,
    Read,
    Step,
    lonlat,
    pyramid,
    require_square,
    upwards,
)

SCHEMA = (
    "PRAGMA application_id = 0x4d504258",  # "MPBX", as the MBTiles specification says
    "CREATE TABLE metadata (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE tiles (
        zoom_level INTEGER, tile_column INTEGER, tile_row INTEGER, tile_data BLOB,
        PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID""",
)
E7 = 10_000_000  # PMTiles stores degrees as integers


def write_mbtiles(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """MBTiles 1.3. Raises BadBounds if the area reaches beyond the mercator square."""
    require_square(area)
    said = metadata(about, lonlat(area.tiled.bounds), (0, area.zoom))

    def fill(connection: sqlite3.Connection) -> None:
        connection.executemany("INSERT INTO metadata VALUES (?, ?)", said.items())
        for (z, x, y), data in _tiles(area, read, step):
            row = (z, x, (1 << z) - 1 - y, data)
            connection.execute("INSERT INTO tiles VALUES (?, ?, ?, ?)", row)

    make(path, SCHEMA, fill)


def write_pmtiles(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """PMTiles 3. Raises BadBounds if the area reaches beyond the mercator square or nothing is painted."""
    require_square(area)
    # Temporary files on the disk whose free space was checked; they vanish whatever happens.
    with TemporaryFile(dir=path.parent) as spool:
        degrees = lonlat(area.tiled.bounds)
        said = metadata(about, degrees, (0, area.zoom))
        pack_pmtiles(path, _by_id(spool, area, read, step), degrees, TileType.PNG, said)


def pack_pmtiles(
    path: Path,
    tiles: Iterable[tuple[int, bytes]],
    degrees: tuple[float, float, float, float],
    type: TileType,
    metadata: Mapping[str, str],
) -> None:
    """A PMTiles archive of encoded ``tiles``, which come by their ids in rising order. ``degrees``: west,
    south, east, north. Raises BadBounds if there are none."""
    west, south, east, north = (round(each * E7) for each in degrees)
    header = {
        "tile_type": type, "tile_compression": Compression.NONE,
        "min_lon_e7": west, "min_lat_e7": south, "max_lon_e7": east, "max_lat_e7": north,
        "center_zoom": int(metadata["maxzoom"]),
        "center_lon_e7": (west + east) // 2, "center_lat_e7": (south + north) // 2,
    }  # fmt: skip
    with open(path, "wb") as file, TemporaryFile(dir=path.parent) as data:
        writer = Writer(file)
        writer.tile_f.close()
        writer.tile_f = data
        for id, tile in tiles:
            writer.write_tile(id, tile)
        if not writer.tile_entries:
            raise BadBounds("nothing is painted here yet, and a PMTiles file must hold at least one tile")
        writer.finalize(header, metadata)


def write_xyz(path: Path, area: Area, about: About, whole: bool, read: Read, step: Step) -> None:
    """A zip of ``z/x/y.png`` and ``about.json``. Beyond the square x and y are negative or large."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for (z, x, y), data in _tiles(area, read, step):
            archive.writestr(f"{z}/{x}/{y}.png", data)
        fields = {**about._asdict(), "bounds_metres": area.bounds, "scheme": "xyz", "tile_pixels": 256}
        archive.writestr("about.json", json.dumps({**fields, "maxzoom": area.zoom, "crs": "EPSG:3857"}))


def metadata(
    about: About,
    degrees: tuple[float, float, float, float],
    zooms: tuple[int, int],
    format: str = "png",
) -> dict[str, str]:
    """Metadata of MBTiles and PMTiles, by the names of the MBTiles specification. ``degrees``: west, south,
    east, north; ``zooms``: the coarsest and the deepest."""
    west, south, east, north = degrees
    return {
        "name": about.name,
        "description": about.prompt,
        "format": format,
        "type": "baselayer",
        "version": "1",
        "minzoom": str(zooms[0]),
        "maxzoom": str(zooms[1]),
        "bounds": f"{west:.7f},{south:.7f},{east:.7f},{north:.7f}",
        "center": f"{(west + east) / 2:.7f},{(south + north) / 2:.7f},{zooms[1]}",
        "attribution": f"Imaginary land painted by {about.model}, {about.licence}",
        "model": about.model,
        "licence": about.licence,
        "generator": about.software,
        "world": about.world,
        "seed": str(about.seed),
    }


def count(area: Area) -> int:
    """How many tiles an archive of the area reads, overviews included.

    >>> count(Area(1, 0, 0, 512, 256))
    3
    """
    return sum(box.size for box in pyramid(area))


def _tiles(area: Area, read: Read, step: Step) -> Iterator[tuple[Tile, bytes]]:
    """The painted tiles. An overview follows right after its four children, while those are still cached."""
    total = count(area)
    for done, tile in enumerate(upwards(area), 1):
        if (data := read(tile)) is not None:
            yield tile, data
        step(WRITING, done, total)


def _by_id(spool: IO[bytes], area: Area, read: Read, step: Step) -> Iterator[tuple[int, bytes]]:
    """The painted tiles by their PMTiles id: the coarsest zoom first, along a Hilbert curve."""
    places: dict[int, tuple[int, int]] = {}
    for tile, data in _tiles(area, read, step):
        places[zxy_to_tileid(*tile)] = (spool.tell(), len(data))
        spool.write(data)
    for done, (id, (start, length)) in enumerate(sorted(places.items()), 1):
        spool.seek(start)
        yield id, spool.read(length)
        step(FINISHING, done, len(places))
