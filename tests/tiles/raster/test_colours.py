"""Bands, types and colours of rasters: each is read as the four fields that it shows, or refused in words."""

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp as C

from tests.colours import COLOURS, PLACE, WGS, close, hole_mask, interlaced, read
from tests.rasters import GREYS, NE, SE, SW, fields, greys, middles, saved, tiff
from tiles.errors import BadPicture
from tiles.raster.opening import opened

GREY = [(value,) * 3 for value in GREYS]


PALETTE = {index: (*colour, 255) for index, colour in enumerate(COLOURS)}


def indexed(dtype=np.uint8):
    """0 to 3 by field."""
    return fields(colours=[(i,) * 3 for i in range(4)])[..., 0].astype(dtype)


def with_band(last, dtype=np.uint8):
    return np.dstack([fields(), np.full((400, 400), last)]).astype(dtype)


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
    assert "are stretched from black to white" in notes[-1].words


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
    assert tuple(map(str, notes)) == (
        "band 4 has no name and is left out",
        "red, green and blue are its bands 1, 2 and 3",
    )
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
