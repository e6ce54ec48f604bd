"""A sheet of land of made-up tiles, for tests of exports."""

import io

import numpy as np
from PIL import Image

from tiles.grid import Tile
from tiles.mosaic.area import WRITING, About, Area
from tiles.mosaic.formats import FORMATS, write

ABOUT = About("test-land", "Töst <land>", 'a "rocky" coast', 7, "terra", "CC0-1.0", "Endless Earth 0.1.0")
HOLE = Tile(8, 129, 128)


def pixels(tile: Tile) -> np.ndarray:
    """Other pixels for each tile; overviews are transparent where they should be."""
    rng = np.random.default_rng([tile.z, tile.x % 2**32, tile.y % 2**32])
    return rng.integers(1, 255, (256, 256, 3), np.uint8)


def read(tile: Tile) -> bytes | None:
    if tile == HOLE:
        return None
    file = io.BytesIO()
    Image.fromarray(pixels(tile)).save(file, "PNG")
    return file.getvalue()


def read_all(tile: Tile) -> bytes | None:
    return read(tile if tile != HOLE else Tile(8, 0, 0))


def sheet(found: Area, reader=read) -> np.ndarray:
    """The area put together the plain way, (h, w, 3), what is not there black."""
    box = found.box
    whole = np.zeros((box.height * 256, box.width * 256, 3), np.uint8)
    for tile in box.tiles():
        y, x = (tile.y - box.top) * 256, (tile.x - box.left) * 256
        if data := reader(tile):
            whole[y : y + 256, x : x + 256] = np.array(Image.open(io.BytesIO(data)))
    y, x = found.top - box.top * 256, found.left - box.left * 256
    return whole[y : y + found.height, x : x + found.width]


def saved(tmp_path, format, found, reader=read, whole=False):
    done = []
    kind = FORMATS[format]
    paths = write(
        tmp_path / f"out{kind.suffix}", kind, found, ABOUT, whole, reader, lambda *said: done.append(said)
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths)
    assert all(0 <= some <= total for _, some, total in done) and done[-1][1] == done[-1][2]
    return paths, max(some for stage, some, _ in done if stage == WRITING)


SOME = Area(8, 128 * 256 - 40, 128 * 256 - 300, 130 * 256 - 7, 129 * 256 + 1)
