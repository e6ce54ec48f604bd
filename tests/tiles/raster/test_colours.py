"""Bands, types and colours of rasters: each is read as the four fields that it shows, or refused in words."""

import struct
import zlib

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp as C

from tests.rasters import GREYS, NE, NW, SE, SW, degrees, fields, greys, middles, saved, tiff
from tiles.errors import BadPicture, TooLarge
from tiles.raster.opening import Window, opened

COLOURS = [NW, NE, SW, SE]
GREY = [(value,) * 3 for value in GREYS]
PLACE = degrees(42, 12)
WGS = "EPSG:4326"
PALETTE = {index: (*colour, 255) for index, colour in enumerate(COLOURS)}


def indexed(dtype=np.uint8):
    """0 to 3 by field."""
    return fields(colours=[(i,) * 3 for i in range(4)])[..., 0].astype(dtype)


def with_band(last, dtype=np.uint8):
    return np.dstack([fields(), np.full((400, 400), last)]).astype(dtype)


def framed():
    """RGBA with a transparent frame, 20 px wide, white underneath."""
    found = np.dstack([fields(), np.full((400, 400), 255, np.uint8)])
    frame = np.ones((400, 400), bool)
    frame[20:-20, 20:-20] = False
    found[frame] = (255, 255, 255, 0)
    return found


def read(path):
    with opened(path) as raster:
        return raster.read(Window(0, 0, raster.width, raster.height)), raster.notes


def close(found, expected, by=3):
    assert np.abs(np.array(found) - np.array(expected)).max() <= by, found


KINDS = {
    "rgb": lambda p: tiff(p, fields(), PLACE, WGS, photometric="RGB"),
    "palette": lambda p: tiff(p, indexed(), PLACE, WGS, colormap=PALETTE, photometric="palette"),
    "palette of 16 bits": lambda p: tiff(p, indexed("uint16"), PLACE, WGS, colormap=PALETTE, photometric="palette"),
    "palette of 4 bits": lambda p: tiff(p, indexed(), PLACE, WGS, colormap=PALETTE, photometric="palette", nbits=4),
    "near infrared, unnamed": lambda p: tiff(p, with_band(40), PLACE, WGS),
    "near infrared, constant white": lambda p: tiff(p, with_band(255), PLACE, WGS),
    "near infrared, constant black": lambda p: tiff(p, with_band(0), PLACE, WGS),
    "blue, green, red": lambda p: tiff(p, fields()[..., ::-1], PLACE, WGS, photometric="MINISBLACK", alpha="NO", interp=[C.blue, C.green, C.red]),
    "blue, green, red, near infrared": lambda p: tiff(
        p, with_band(40)[..., [2, 1, 0, 3]], PLACE, WGS, interp=[C.blue, C.green, C.red, C.nir]),
    "colours named in words": lambda p: tiff(
        p, np.dstack([np.full((400, 400), 9, np.uint8), fields()[..., ::-1], np.full((400, 400), 99, np.uint8)]),
        PLACE, WGS, names=("Coastal", "Blue (490 nm)", "green", "RED", "red edge")),
    "alpha first": lambda p: tiff(p, with_band(255)[..., [3, 0, 1, 2]], PLACE, WGS,
                                  interp=[C.alpha, C.red, C.green, C.blue]),
    "eight bands": lambda p: tiff(p, np.dstack([fields(), *[greys()] * 5]), PLACE, WGS),
    "bands apart": lambda p: tiff(p, fields(), PLACE, WGS, interleave="band", tiled=True, blockxsize=64, blockysize=64),
    "16 bits": lambda p: tiff(p, fields().astype("uint16") * 257, PLACE, WGS),
    "bytes in 16 bits": lambda p: tiff(p, fields().astype("uint16"), PLACE, WGS),
    "bytes in signed 16 bits": lambda p: tiff(p, fields().astype("int16"), PLACE, WGS),
    "12 bits": lambda p: tiff(p, fields().astype("uint16") * 16, PLACE, WGS, nbits=12),
    "32 bits": lambda p: tiff(p, fields().astype("uint32") * 16843009, PLACE, WGS),
    "0 to 1": lambda p: tiff(p, (fields() / 255).astype("float32"), PLACE, WGS),
    "0 to 1 of 64 bits": lambda p: tiff(p, fields() / 255, PLACE, WGS),
    "0 to 1 of 16 bits": lambda p: tiff(p, (fields() / 255).astype("float32"), PLACE, WGS, nbits=16),
    "0 to 1 by a scale": lambda p: tiff(p, fields().astype("uint16") * 39, PLACE, WGS, scales=(1 / 9945,) * 3),
    "JPEG in TIFF": lambda p: tiff(p, fields(), PLACE, WGS, compress="JPEG", photometric="YCBCR", quality=95),
    "LZW, big-endian": lambda p: tiff(p, fields(), PLACE, WGS, compress="LZW", predictor=2, endianness="BIG"),
    "BigTIFF, ZSTD": lambda p: tiff(p, fields(), PLACE, WGS, compress="ZSTD", bigtiff="YES"),
    "WebP in TIFF": lambda p: tiff(p, fields(), PLACE, WGS, compress="WEBP", webp_lossless=True),
    "CMYK TIFF": lambda p: saved(p, fields(), "TIFF", "CMYK"),
    "YCbCr TIFF": lambda p: saved(p, fields(), "TIFF", "YCbCr"),
    "CMYK JPEG": lambda p: saved(p, fields(), "JPEG", "CMYK", quality=95),
    "progressive JPEG": lambda p: saved(p, fields(), "JPEG", progressive=True, quality=95),
    "WebP": lambda p: saved(p, fields(), "WEBP", lossless=True),
    "PNG": lambda p: saved(p, fields()),
    "RGBA PNG": lambda p: saved(p, fields(), mode="RGBA"),
    "palette PNG": lambda p: Image.fromarray(fields()).quantize(4).save(p, "PNG") or p,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_colours_come_back(kind, tmp_path):
    pixels, _ = read(KINDS[kind](tmp_path / "raster"))
    close(middles(pixels[..., :3]), COLOURS)
    assert (pixels[..., 3] == 255).all()


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


@pytest.mark.parametrize("depth", [8, 16])
def test_interlaced_png(depth, tmp_path):
    scale = 257 if depth == 16 else 1
    pixels, _ = read(interlaced(tmp_path / "raster", fields().astype(int) * scale, depth))
    close(middles(pixels[..., :3]), COLOURS)


def white_is_nothing():
    return {"photometric": "MINISWHITE"}


GREY_KINDS = {
    "bytes": lambda p: tiff(p, greys(), PLACE, WGS),
    "bytes, white is 0": lambda p: tiff(p, 255 - greys(), PLACE, WGS, **white_is_nothing()),
    "16 bits": lambda p: tiff(p, greys().astype("uint16") * 257, PLACE, WGS),
    "two bands without names": lambda p: tiff(p, np.dstack([greys(), greys() // 3]), PLACE, WGS),
    "grey and alpha": lambda p: tiff(p, np.dstack([greys(), np.full((400, 400), 255, np.uint8)]), PLACE, WGS,
                                     interp=[C.gray, C.alpha]),
    "PNG": lambda p: saved(p, greys()),
    "PNG with alpha": lambda p: saved(p, greys(), mode="LA"),
    "PNG of 16 bits": lambda p: saved(p, greys().astype("uint16") * 257),
    "JPEG": lambda p: saved(p, greys(), "JPEG", quality=95),
    "TIFF of 32-bit floats": lambda p: saved(p, (greys() / 255).astype("float32"), "TIFF"),
}  # fmt: skip


@pytest.mark.parametrize("kind", GREY_KINDS)
def test_greys_come_back(kind, tmp_path):
    pixels, _ = read(GREY_KINDS[kind](tmp_path / "raster"))
    close(middles(pixels[..., :3]), GREY)
    assert (pixels[..., 3] == 255).all()


@pytest.mark.parametrize(
    "numbers",
    [
        greys().astype("uint16") * 20 + 300,  # reflectance of a satellite
        greys().astype("int16") * 10 - 900,  # metres, some below the sea
        greys().astype("float32") * 1e4,
        greys().astype("float64") / 1e6,
        greys().astype("int32") - 100,
    ],
)
def test_other_numbers_are_stretched_in_their_order_and_said(numbers, tmp_path):
    pixels, notes = read(tiff(tmp_path / "raster", numbers, PLACE, WGS))
    shown = [grey for grey, *_ in middles(pixels)]
    assert shown[0] < shown[2] < shown[1] < shown[3] and shown[0] == 0 and shown[3] == 255
    assert "are stretched from black to white" in notes[-1]


def test_a_stretch_keeps_the_balance_of_colours(tmp_path):
    pixels, _ = read(tiff(tmp_path / "raster", fields().astype("uint16") * 20, PLACE, WGS))
    red, green, blue = middles(pixels[..., :3])[0]
    assert red > green > blue


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_not_dark(bits, tmp_path):
    top = 2**bits - 1
    numbers = np.tile(np.array([0, top], np.uint8).repeat(200), (400, 1))
    pixels, _ = read(tiff(tmp_path / "raster", numbers, PLACE, WGS, nbits=bits))
    assert pixels[10, 10].tolist() == [0, 0, 0, 255] and pixels[10, 390].tolist() == [255] * 4


def holed(dtype, hole):
    """The fields with a hole of 100 px squared in the middle of the first."""
    found = fields().astype(dtype)
    found[50:150, 50:150] = hole
    return found


HOLES = {
    "nodata 0": lambda p: tiff(p, holed("uint8", 0), PLACE, WGS, nodata=0),
    "nodata 255": lambda p: tiff(p, holed("uint8", 255), PLACE, WGS, nodata=255),
    "nodata of 16 bits": lambda p: tiff(p, holed("uint16", 65535), PLACE, WGS, nodata=65535),
    "nodata below zero": lambda p: tiff(p, holed("int16", -9999), PLACE, WGS, nodata=-9999),
    "nodata below zero in one band": lambda p: tiff(p, holed("int16", (90, -9999, 40)), PLACE, WGS, nodata=-9999),
    "NaN said": lambda p: tiff(p, holed("float32", np.nan) / 255, PLACE, WGS, nodata=np.nan),
    "NaN unsaid": lambda p: tiff(p, holed("float32", np.nan) / 255, PLACE, WGS),
    "NaN in one band": lambda p: tiff(p, holed("float32", (100, np.nan, 100)) / 255, PLACE, WGS, nodata=np.nan),
    "infinity": lambda p: tiff(p, holed("float64", np.inf) / 255, PLACE, WGS),
    "the least float": lambda p: tiff(p, holed("float32", np.finfo("float32").min), PLACE, WGS,
                                      nodata=float(np.finfo("float32").min)),
    "mask": lambda p: tiff(p, fields(), PLACE, WGS, mask=hole_mask()),
    "alpha": lambda p: tiff(p, np.dstack([fields(), hole_mask()]), PLACE, WGS,
                            interp=[C.red, C.green, C.blue, C.alpha]),
    "alpha of 16 bits": lambda p: tiff(p, np.dstack([fields().astype("uint16") * 257, hole_mask() * 257.0])
                                       .astype("uint16"), PLACE, WGS, interp=[C.red, C.green, C.blue, C.alpha]),
    "alpha of 0 and 1": lambda p: tiff(p, np.dstack([fields(), hole_mask() // 255]), PLACE, WGS,
                                       interp=[C.red, C.green, C.blue, C.alpha]),
    "alpha without a name": lambda p: tiff(p, np.dstack([fields(), hole_mask()]), PLACE, WGS),
    "palette with nodata": lambda p: tiff(p, np.where(hole_mask() > 0, indexed(), 7).astype("uint8"), PLACE, WGS,
                                          colormap=PALETTE, photometric="palette", nodata=7),
    "PNG with one transparent colour": lambda p: saved(p, holed("uint8", (1, 2, 3)), transparency=(1, 2, 3)),
    "PNG with alpha": lambda p: saved(p, np.dstack([fields(), hole_mask()])),
    "WebP with alpha": lambda p: saved(p, np.dstack([fields(), hole_mask()]), "WEBP", lossless=True),
}  # fmt: skip


def hole_mask():
    mask = np.full((400, 400), 255, np.uint8)
    mask[50:150, 50:150] = 0
    return mask


@pytest.mark.parametrize("kind", HOLES)
def test_what_is_missing_is_transparent_and_nothing_else_is(kind, tmp_path):
    pixels, _ = read(HOLES[kind](tmp_path / "raster"))
    assert ((pixels[..., 3] == 0) == (hole_mask() == 0)).all()
    close(middles(pixels[..., :3])[1:], COLOURS[1:])


def test_black_in_one_band_is_a_colour_though_nodata_is_0(tmp_path):
    pixels, _ = read(
        tiff(tmp_path / "raster", fields(colours=[(0, 70, 60), NE, SW, SE]), PLACE, WGS, nodata=0)
    )
    assert (pixels[..., 3] == 255).all()


@pytest.mark.parametrize("nodata", [-9999, 300, np.nan])
def test_nodata_that_no_byte_can_hold_is_nowhere(nodata, tmp_path):
    path = tmp_path / "raster"
    tiff(path, fields(), PLACE, WGS)
    with rasterio.open(path, "r+") as file:
        try:
            file.nodata = nodata
        except ValueError:
            pytest.skip("this rasterio writes no such file")
    assert (read(path)[0][..., 3] == 255).all()


def test_what_is_left_out_is_said(tmp_path):
    _, notes = read(tiff(tmp_path / "raster", with_band(40), PLACE, WGS))
    assert notes == ("band 4 has no name and is left out", "red, green and blue are its bands 1, 2 and 3")
    assert read(tiff(tmp_path / "plain", fields(), PLACE, WGS, photometric="RGB"))[1] == ()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: tiff(p, greys().astype("complex64"), PLACE, WGS), "complex"),
        (lambda p: tiff(p, greys().astype("complex128"), PLACE, WGS), "complex"),
        (lambda p: saved(p, fields(), "TIFF", "LAB"), "CIELAB: save it as RGB"),
        (lambda p: tiff(p, with_band(0, "uint16"), PLACE, WGS, photometric="CMYK"), "CMYK: save it as RGB"),
    ],
)
def test_colours_that_cannot_be_shown_are_refused_in_words(make, words, tmp_path):
    with pytest.raises(BadPicture, match=words), opened(make(tmp_path / "raster")):
        pass


def test_a_first_page_is_taken_and_said(tmp_path):
    image = Image.fromarray(fields())
    image.save(tmp_path / "pages", "TIFF", save_all=True, append_images=[Image.new("RGB", (50, 50))] * 2)
    pixels, notes = read(tmp_path / "pages")
    close(middles(pixels[..., :3]), COLOURS)
    assert notes == ("it has 3 pages: the first is taken",)


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
