"""Opening a raster: its kind, its size against a limit, which way up it is; reading windows of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from tiles.errors import BadPicture, TooLarge
from tiles.raster import colours
from tiles.raster.colours import Scheme
from tiles.raster.note import Note

KINDS = {
    b"II*\0": "GTiff", b"MM\0*": "GTiff", b"II+\0": "GTiff", b"MM\0+": "GTiff",
    b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"RIFF": "WEBP",
}  # fmt: skip
# Other files people may try, by their first bytes: the error can then say what they are.
OTHERS = {
    b"\0\0\0\x0cjP": "JPEG 2000", b"\xff\x4f\xff\x51": "JPEG 2000", b"GIF8": "GIF", b"BM": "BMP",
    b"8BPS": "a Photoshop file", b"%PDF": "PDF", b"PK\3\4": "an archive (zip, KMZ)", b"CDF": "netCDF",
    b"\x89HDF": "HDF5", b"EHFA": "ERDAS Imagine", b"SQLite": "a database (MBTiles, GeoPackage)",
    b"v/1\x01": "OpenEXR", b"DDS ": "DDS", b"msid": "MrSID", b"GRIB": "GRIB", b"\xff\x0a": "JPEG XL",
}  # fmt: skip
HEIF = (b"heic", b"heix", b"mif1", b"avif")
READ = "GeoTIFF, PNG, JPEG and WebP are read"
NUMBERS = 8  # bytes of a pixel, all bands together, that a limit of pixels allows
BLOCK_BYTES = 2**28  # the most that a file may keep in one piece
CHUNK = 2**20  # px that are read at a time
ORIENTATION, SUBFILE, DNG = 0x0112, 0x00FE, 0xC612  # TIFF tags
GDAL = {
    "GDAL_CACHEMAX": 64 * 2**20,  # in bytes: rasterio does not take small numbers for MiB, as GDAL alone does
    "GDAL_ALLOW_LARGE_LIBJPEG_MEM_ALLOC": True,  # progressive JPEG: our own limit is the smaller one
    # Its short cut for a whole PNG takes whatever lies in memory for pixels that the file lacks.
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": False,
    "PROJ_NETWORK": "OFF",
}


class Raster(NamedTuple):
    """An open raster of the real world. Only valid inside ``opened``."""

    source: Any  # rasterio's dataset
    scheme: Scheme
    orientation: int  # EXIF's, 1 to 8: how the stored pixels have to be turned
    notes: tuple[Note, ...]  # how it is read

    @property
    def width(self) -> int:
        """px, as stored."""
        return int(self.source.width)

    @property
    def height(self) -> int:
        """px, as stored."""
        return int(self.source.height)

    def read(self, window: Window, shrink: int = 1) -> np.ndarray:
        """Stored pixels as RGBA, uint8 (h, w, 4). A window is whole pixels inside the raster.

        With ``shrink`` they are the means of squares of so many px, the last row and column of fewer and so
        less opaque. Raises BadPicture.

        >>> with opened(Path("map.tif")) as raster:
        ...     raster.read(Window(0, 0, 256, 128), shrink=2).shape
        (64, 128, 4)
        """
        height, width = -(-int(window.height) // shrink), -(-int(window.width) // shrink)
        pixels = np.empty((height, width, 4), np.uint8)
        rows = max(1, CHUNK // (int(window.width) * shrink)) * shrink
        for top in range(0, int(window.height), rows):
            part = Window(
                window.col_off, window.row_off + top, window.width, min(rows, int(window.height) - top)
            )
            rows_read = shrunk(self._rgba(part), shrink)
            pixels[top // shrink : top // shrink + len(rows_read)] = rows_read
        return pixels

    def _rgba(self, window: Window) -> np.ndarray:
        bands = self.scheme.bands
        with reworded():
            data = self.source.read(list(bands.colours), window=window)
            alpha = None if bands.alpha is None else self.source.read(bands.alpha, window=window)
            mask = self.source.read_masks(bands.colours[0], window=window) if self.scheme.masked else None
        return colours.rgba(self.scheme, data, alpha, mask)


@contextmanager
def opened(path: Path, most_pixels: int | None = None) -> Iterator[Raster]:
    """A raster file: GeoTIFF, PNG, JPEG or WebP by its content, whatever its name. Files beside it that say
    where it lies (world file, .prj, .aux.xml) and a mask (.msk) count too.

    ``most_pixels`` limits width x height, and all bands together to 8 bytes for each of these pixels; both
    are checked before a pixel is read. Reading takes up to 400 MiB of memory; up to the limit of bytes
    more for what can only be unpacked whole (interlaced PNG, WebP, progressive JPEG).
    Raises TooLarge, BadPicture.

    >>> with opened(Path("map.tif"), most_pixels=10**8) as raster:
    ...     raster.width, raster.height, raster.notes
    (400, 400, ())
    """
    driver = _driver(path)
    with warnings.catch_warnings(), rasterio.Env(**GDAL):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with reworded():
            source = rasterio.open(os.path.abspath(path), driver=driver)
        with source:
            if most_pixels is not None:
                _check_size(source, most_pixels)
            with reworded():
                pages, orientation = _checked_tiff(path) if driver == "GTiff" else (1, _checked_picture(path))
                scheme = colours.scheme(source)
            first = Note(f"it has {pages} pages: the first is taken", "pages", {"count": pages})
            notes = (first,) if pages > 1 else ()
            yield Raster(source, scheme, orientation, (*notes, *scheme.notes))


@contextmanager
def reworded() -> Iterator[None]:
    """Turn what the libraries raise for a broken file into BadPicture."""
    try:
        yield
    except (
        RasterioError,
        OSError,
        ValueError,
        SyntaxError,
        MemoryError,
        Image.DecompressionBombError,
    ) as error:
        reason = str(error.__cause__ or error).strip().split("\n")[0].split(" (this error")[0][:120]
        why = reason or type(error).__name__
        raise BadPicture(f"the picture cannot be read: {why}", "picture-broken", why=why) from None


def shrunk(pixels: np.ndarray, by: int) -> np.ndarray:
    """Means over squares of ``by`` px, weighted by alpha: uint8 (h, w, 4) to (h / by, w / by, 4)."""
    if by == 1:
        return pixels
    rows, columns = (np.arange(0, side, by) for side in pixels.shape[:2])
    weight = pixels[..., 3].astype(np.uint32)
    sums = [np.add.reduceat(np.add.reduceat(pixels[..., i] * weight, rows, 0), columns, 1) for i in range(3)]
    total = np.add.reduceat(np.add.reduceat(weight, rows, 0), columns, 1)
    means = np.empty((*total.shape, 4), np.uint8)
    for i in range(3):
        means[..., i] = (sums[i] + total // 2) // np.maximum(total, 1)
    means[..., 3] = total // by**2  # rounded down: 255 only where nothing is missing
    return means


def _driver(path: Path) -> str:
    """GDAL's name of the kind of a file. Raises BadPicture."""
    with open(path, "rb") as file:
        head = file.read(16)
    for start, driver in KINDS.items():
        if head.startswith(start) and (driver != "WEBP" or head[8:12] == b"WEBP"):
            return driver
    known = next((kind for start, kind in OTHERS.items() if head.startswith(start)), None)
    if head[4:8] == b"ftyp":
        known = "HEIF or AVIF" if head[8:12] in HEIF else "a film"
    if known is None:
        raise BadPicture(f"this is not a picture: {READ}", "not-a-picture")
    words = f"this is {known}, which cannot be read: save it in another format. {READ}"
    raise BadPicture(words, "other-kind-of-file")


def _check_size(source: Any, most_pixels: int) -> None:
    """Raises TooLarge."""
    width, height = source.width, source.height
    if width * height > most_pixels:
        words = f"the picture has {width:,} x {height:,} pixels; {most_pixels:,} are allowed"
        raise TooLarge(words, "picture-too-large", width=width, height=height, limit=most_pixels)
    sizes = [np.dtype(kind.replace("complex_int16", "int32")).itemsize for kind in source.dtypes]
    needed, allowed = width * height * sum(sizes), most_pixels * NUMBERS
    if needed > allowed:
        raise TooLarge(
            f"the picture's {source.count} bands of {source.dtypes[0]} are {needed:,} bytes; {allowed:,} are"
            " allowed. Save it with fewer bands or 8-bit numbers, or a part of it"
        )
    high, wide = source.block_shapes[0]
    interleaved = source.interleaving is not None and source.interleaving.value == "PIXEL"
    together = sum(sizes) if interleaved else max(sizes)
    if source.driver == "GTiff" and high * wide * together > BLOCK_BYTES:
        raise TooLarge(
            f"the picture is stored in pieces of {high * wide * together:,} bytes; {BLOCK_BYTES:,} are"
            " allowed. Save it in tiles (gdal_translate -co TILED=YES)"
        )


def _checked_picture(path: Path) -> int:
    """The EXIF orientation of a PNG, JPEG or WebP. Raises BadPicture, and Pillow's errors if it is broken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path, formats=("PNG", "JPEG", "WEBP")) as image:
            if getattr(image, "n_frames", 1) > 1:
                raise BadPicture("this is an animation: save one picture of it", "picture-moves")
            if image.format == "PNG":  # whose getexif() would read all pixels
                exif = Image.Exif()
                exif.load(image.info.get("exif", b""))
                image.verify()  # GDAL takes a cut-off PNG for a whole one
            else:
                exif = image.getexif()
    return _known(exif.get(ORIENTATION, 1))


def _known(orientation: Any) -> int:
    return orientation if orientation in range(1, 9) else 1


def _checked_tiff(path: Path) -> tuple[int, int]:
    """How many pages a TIFF has, and its orientation. Raises BadPicture for a camera's raw file."""
    directories: list[ImageFileDirectory_v2] = []
    with open(path, "rb") as file:
        head = file.read(8)
        if head[2:4] in (b"+\0", b"\0+"):
            head += file.read(8)
        place = ImageFileDirectory_v2(head).next
        while place and len(directories) < 100:
            file.seek(place)
            directory = ImageFileDirectory_v2(head)
            directory.load(file)
            directories.append(directory)
            place = directory.next
    first = directories[0] if directories else {}
    if DNG in first or int(first.get(SUBFILE, 0)) & 1:
        raise BadPicture("this is a camera's raw file, or a preview: save it as JPEG, PNG or TIFF")
    pages = sum(not int(directory.get(SUBFILE, 0)) & 5 for directory in directories)  # no overview, no mask
    return pages, _known(first.get(ORIENTATION, 1))
