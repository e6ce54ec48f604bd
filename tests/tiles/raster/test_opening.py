"""What is opened as a raster, how much of it, and what is refused."""

import struct
import zlib

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp as C

from tests.colours import COLOURS, PLACE, WGS, close, hole_mask, interlaced, read
from tests.rasters import fields, middles, saved, tiff
from tiles.errors import BadPicture, TooLarge
from tiles.raster.opening import Window, opened


def test_a_first_page_is_taken_and_said(tmp_path):
    image = Image.fromarray(fields())
    image.save(tmp_path / "pages", "TIFF", save_all=True, append_images=[Image.new("RGB", (50, 50))] * 2)
    pixels, notes = read(tmp_path / "pages")
    close(middles(pixels[..., :3]), COLOURS)
    assert tuple(map(str, notes)) == ("it has 3 pages: the first is taken",)


def test_overviews_and_masks_are_no_pages(tmp_path):
    path = tiff(tmp_path / "raster", fields(), PLACE, WGS, mask=hole_mask(), photometric="RGB", tiled=True)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        file.build_overviews([2, 4])
    assert read(path)[1] == ()


def test_windows_hold_what_the_whole_holds_and_means_are_means(tmp_path):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (300, 500, 4), np.uint8)
    noise[..., 3] = np.where(noise[..., 3] > 90, 255, 0)
    path = tiff(tmp_path / "raster", noise, PLACE, WGS, interp=[C.red, C.green, C.blue, C.alpha])
    with opened(path) as raster:
        whole = raster.read(Window(0, 0, 500, 300))
        assert (raster.read(Window(130, 70, 99, 81)) == whole[70:151, 130:229]).all()
        small = raster.read(Window(0, 0, 500, 300), 7)
    assert small.shape == (43, 72, 4)
    block = whole[7:14, 14:21].reshape(-1, 4).astype(float)
    expected = (block[:, :3] * block[:, 3:]).sum(0) / block[:, 3].sum()
    assert np.abs(small[1, 2, :3] - expected).max() <= 0.5 and small[1, 2, 3] == int(block[:, 3].mean())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a picture"), (b"hello world, this is text", "not a picture"), (b"<svg/>", "not a picture"),
        (b"GIF89a" + bytes(50), "this is GIF"), (b"BM" + bytes(50), "this is BMP"), (b"8BPS" + bytes(50), "Photoshop"),
        (b"\0\0\0\x0cjP  \r\n" + bytes(50), "JPEG 2000"), (b"PK\3\4" + bytes(50), "archive"), (b"%PDF-1.4", "PDF"),
        (b"\0\0\0\x18ftypheic" + bytes(50), "HEIF"), (b"EHFA_HEADER_TAG", "ERDAS"), (b"SQLite format 3\0", "database"),
        (b"II*\0" + bytes(50), "cannot be read"), (b"II+\0" + bytes(50), "cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "cannot be read"), (b"RIFF\0\0\0\0WAVE" + bytes(50), "not a picture"),
        (b"<VRTDataset><SourceFilename>/etc/passwd</SourceFilename></VRTDataset>", "not a picture"),
    ],
)  # fmt: skip
def test_what_is_no_raster_is_named(data, words, tmp_path):
    (tmp_path / "raster").write_bytes(data)
    with pytest.raises(BadPicture, match=words), opened(tmp_path / "raster", 10**6):
        pass


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_half_a_file_is_refused(format, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    data = saved(tmp_path / "whole", noise, format).read_bytes()
    (tmp_path / "half").write_bytes(data[: len(data) // 2])
    with pytest.raises(BadPicture, match="cannot be read"):
        read(tmp_path / "half")


def test_animations_and_raw_files_are_refused(tmp_path):
    frames = [Image.fromarray(fields()), Image.fromarray(255 - fields())]
    for format in ("PNG", "WEBP"):
        frames[0].save(tmp_path / "moving", format, save_all=True, append_images=frames[1:])
        with pytest.raises(BadPicture, match="animation"), opened(tmp_path / "moving"):
            pass
    saved(tmp_path / "raw", fields(), "TIFF", tiffinfo={0xC612: b"\1\4\0\0", 254: 1})
    with pytest.raises(BadPicture, match="raw file"), opened(tmp_path / "raw"):
        pass


def test_size_is_looked_at_before_any_pixel(tmp_path):
    """A file of a few kilobytes that says it is gigabytes."""
    for count, dtype, words in (
        (1, "uint8", "pixels; "),
        (4, "float64", "bytes; "),
        (11, "uint8", "bytes; "),
    ):
        side = 11_000 if count == 1 else 9_000
        path = tmp_path / "sparse"
        profile = {"driver": "GTiff", "width": side, "height": side, "count": count, "dtype": dtype}
        with rasterio.open(path, "w", **profile, sparse_ok=True, tiled=True, crs=WGS, transform=PLACE):
            pass
        assert path.stat().st_size < 200_000
        with pytest.raises(TooLarge, match=words), opened(path, 10**8):
            pass


def test_a_file_in_one_huge_piece_is_refused(tmp_path):
    profile = {"driver": "GTiff", "width": 9000, "height": 9000, "count": 4, "dtype": "uint8"}
    with rasterio.open(
        tmp_path / "piece", "w", **profile, sparse_ok=True, tiled=True, blockxsize=9008, blockysize=9008,
        crs=WGS, transform=PLACE,
    ):  # fmt: skip
        pass
    with pytest.raises(TooLarge, match="TILED=YES"), opened(tmp_path / "piece", 10**8):
        pass


def test_a_png_with_too_few_pixels_is_refused_each_time(tmp_path):
    """Whole by its checksums. What it lacks is never filled with what lies in memory."""
    path = interlaced(tmp_path / "whole", fields(32).astype(int))
    data = path.read_bytes()
    head = struct.pack(">IIBBBBB", 1000, 1000, 8, 2, 0, 0, 0)
    short = data[:12] + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + data[33:]
    path.write_bytes(short)
    for _ in range(5):
        with pytest.raises(BadPicture, match="cannot be read"):
            read(path)
