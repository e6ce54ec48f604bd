"""Rasters, read."""

import struct
import zlib

import numpy as np

from tests.rasters import NE, NW, SE, SW, degrees
from tiles.raster.opening import Window, opened

COLOURS = [NW, NE, SW, SE]
PLACE = degrees(42, 12)
WGS = "EPSG:4326"


def read(path):
    with opened(path) as raster:
        return raster.read(Window(0, 0, raster.width, raster.height)), raster.notes


def close(found, expected, by=3):
    assert np.abs(np.array(found) - np.array(expected)).max() <= by, found


def interlaced(path, pixels, depth=8):
    """An Adam7 PNG, which Pillow reads but does not write."""
    rows = b""
    for x, y, across, down in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        part = pixels[y::down, x::across].astype(">u2" if depth == 16 else "u1")
        rows += b"".join(b"\0" + row.tobytes() for row in part)
    height, width = pixels.shape[:2]
    chunks = b"\x89PNG\r\n\x1a\n"
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 1)
    for kind, data in ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        chunks += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(chunks)
    return path


def hole_mask():
    mask = np.full((400, 400), 255, np.uint8)
    mask[50:150, 50:150] = 0
    return mask
