"""Pictures that people put on the map."""

import io

import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import from_bounds

from explorer.service.placing import Limits

LIMITS = Limits(10**7, 64)
NOWHERE = (0.0, 0.0)


def smooth(height, width, seed=0):
    """uint8 (h, w, 3) without much detail, so that it survives latents."""
    small = np.random.default_rng(seed).integers(
        40, 216, (max(2, height // 64), max(2, width // 64), 3), np.uint8
    )
    return np.array(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def geotiff(path, pixels, crs, bounds, **more):
    height, width, count = pixels.shape
    profile = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": count,
        "dtype": pixels.dtype,
        **more,
    }
    if crs:
        profile |= {"crs": crs, "transform": from_bounds(*bounds, width, height)}
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.moveaxis(pixels, 2, 0))
    return path


def bomb(width, height):
    """A PNG of a few bytes that says it is huge."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
