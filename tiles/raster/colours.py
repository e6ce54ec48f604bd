"""From the bands of a raster to 8-bit RGBA. The choice of bands and the arithmetic are pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from rasterio.enums import MaskFlags, PhotometricInterp

from tiles.errors import BadPicture
from tiles.raster.note import Note

SAMPLE = 1024  # px a side of the sample that the range of numbers is taken from
TAILS = (2, 98)  # percentiles that become black and white where numbers are stretched
FULL = (1.0, 255.0, 65535.0, 4294967295.0)  # what white may be in numbers that are not of 8 bits
UNREADABLE = {
    "cyan": "CMYK", "magenta": "CMYK", "hue": "HSL", "lightness": "HSL", "Cb": "YCbCr", "Cr": "YCbCr",
}  # fmt: skip


class Bands(NamedTuple):
    """Which bands of a raster (counted from 1) are its colours."""

    colours: tuple[int, ...]  # one of grey, or three of red, green and blue
    alpha: int | None = None
    maybe_alpha: int | None = None  # unnamed; alpha if it holds nothing but 0 and white


class Scheme(NamedTuple):
    """How the numbers of a raster become RGBA."""

    bands: Bands
    palette: np.ndarray | None  # uint8 (n, 4) by index
    black: float  # the number that becomes 0
    white: float  # the number that becomes 255
    opaque: float  # the number that means opaque in the band of alpha
    nodata: tuple[float, ...] | None  # of each band of colour
    masked: bool  # whether the file has a mask of its own
    scales: tuple[float, ...]  # of each band of colour
    offsets: tuple[float, ...]
    notes: tuple[Note, ...]  # what was decided


def choose(interps: Sequence[str], descriptions: Sequence[str | None]) -> Bands:
    """The bands of colour and of alpha, by the names that GDAL gives to them. Raises BadPicture.

    Bands named red, green and blue are taken wherever they stand. Of bands without a name the first three are
    red, green and blue, as in NAIP and most drone maps, and of fewer than three the first is grey.

    >>> choose(["blue", "green", "red", "nir"], [None] * 4)
    Bands(colours=(3, 2, 1), alpha=None, maybe_alpha=None)
    """
    if kind := next((UNREADABLE[name] for name in interps if name in UNREADABLE), None):
        raise BadPicture(f"its colours are {kind}: save it as RGB")
    numbers = range(1, len(interps) + 1)
    alpha = next((i for i in numbers if interps[i - 1] == "alpha"), None)
    others = [i for i in numbers if interps[i - 1] != "alpha"]
    if not others:
        raise BadPicture("it has no band of colour")
    for names in (list(interps), [_colour_word(text) for text in descriptions]):
        if all(colour in names for colour in ("red", "green", "blue")):
            red, green, blue = (names.index(colour) + 1 for colour in ("red", "green", "blue"))
            return Bands((red, green, blue), alpha, _unnamed_last(interps, descriptions, alpha))
    colours = tuple(others[:3]) if len(others) >= 3 else (others[0],)
    return Bands(colours, alpha, _unnamed_last(interps, descriptions, alpha))


def _colour_word(text: str | None) -> str:
    """The colour that a band's description names: ``Red (665 nm)``, but not ``red edge``."""
    words = re.findall(r"[a-z]+", (text or "").lower())
    return words[0] if words and words[0] in ("red", "green", "blue") and "edge" not in words else ""


def _unnamed_last(
    interps: Sequence[str], descriptions: Sequence[str | None], alpha: int | None
) -> int | None:
    """The second of two bands or the fourth of four, where nothing says what it is."""
    last = len(interps)
    unnamed = alpha is None and last in (2, 4) and interps[-1] == "undefined" and not descriptions[-1]
    return last if unnamed else None


def scheme(source: Any) -> Scheme:
    """How the numbers of an open rasterio dataset become RGBA; reads a sample of it. Raises BadPicture."""
    if source.photometric == PhotometricInterp.cielab:
        raise BadPicture("its colours are CIELAB: save it as RGB")
    if source.dtypes[0].startswith("complex"):
        raise BadPicture("its numbers are complex, as of radar: save the amplitude as GeoTIFF")
    bands = choose([interp.name for interp in source.colorinterp], source.descriptions)
    palette = _palette(source, bands)
    if palette is not None:
        bands = Bands(bands.colours[:1], bands.alpha)
    first = bands.colours[0] - 1
    plain = Scheme(
        bands, palette, 0.0, 255.0, 255.0, _nodata(source, bands),
        MaskFlags.per_dataset in source.mask_flag_enums[first] and _own_mask(source, first),
        tuple(source.scales[i - 1] for i in bands.colours),
        tuple(source.offsets[i - 1] for i in bands.colours), (),
    )  # fmt: skip
    if source.dtypes[first] == "uint8":
        plain = plain._replace(scales=(1.0,) * len(bands.colours), offsets=(0.0,) * len(bands.colours))
    return _ranged(source, _with_alpha(source, plain))


def _palette(source: Any, bands: Bands) -> np.ndarray | None:
    try:
        table = source.colormap(bands.colours[0])
    except ValueError:  # it has none
        return None
    palette = np.zeros((max(table) + 1, 4), np.uint8)
    for index, colour in table.items():
        palette[index] = colour
    return palette


def _nodata(source: Any, bands: Bands) -> tuple[float, ...] | None:
    """The nodata value of each band of colour. PNG names three of them in a tag."""
    stated = source.tags().get("NODATA_VALUES", "").split()
    if len(stated) == source.count:
        return tuple(float(stated[i - 1]) for i in bands.colours)
    values = [source.nodatavals[i - 1] for i in bands.colours]
    return None if any(value is None for value in values) else tuple(map(float, values))


def _own_mask(source: Any, first: int) -> bool:
    flags = source.mask_flag_enums[first]
    return MaskFlags.alpha not in flags and MaskFlags.nodata not in flags


def _sample(source: Any, bands: Sequence[int]) -> np.ndarray:
    """A thinned-out copy of some bands, (bands, h, w)."""
    shape = (len(bands), min(source.height, SAMPLE), min(source.width, SAMPLE))
    sample: np.ndarray = source.read(list(bands), out_shape=shape)
    return sample


def _with_alpha(source: Any, plain: Scheme) -> Scheme:
    """The scheme with its band of alpha, and what is opaque in it."""
    bands = plain.bands
    which = bands.alpha or bands.maybe_alpha
    if which is None:
        return plain
    values = np.unique(_sample(source, [which]))
    opaque = _full(source, which, float(values[-1]))
    if bands.alpha is None and (len(values) != 2 or values[0] != 0 or values[1] != opaque):
        note = Note(f"band {which} has no name and is left out", "band-left-out", {"band": which})
        return plain._replace(bands=bands._replace(maybe_alpha=None), notes=(note,))
    return plain._replace(bands=Bands(bands.colours, which), opaque=opaque)


def _ranged(source: Any, plain: Scheme) -> Scheme:
    """The scheme with its black and white points, and notes on what was decided."""
    notes, bands = list(plain.notes), plain.bands
    others = [i for i in source.indexes if i not in (*bands.colours, bands.alpha)]
    if len(bands.colours) == 3 and (bands.colours != (1, 2, 3) or others):
        red, green, blue = bands.colours
        words = f"red, green and blue are its bands {red}, {green} and {blue}"
        notes.append(Note(words, "bands", {"red": red, "green": green, "blue": blue}))
    elif others:
        grey = bands.colours[0]
        notes.append(Note(f"grey is its band {grey}", "grey", {"band": grey}))
    bits = int(source.tags(bands.colours[0], ns="IMAGE_STRUCTURE").get("NBITS", 0))
    dtype = source.dtypes[bands.colours[0] - 1]
    if plain.palette is not None or (dtype == "uint8" and bits in (0, 8)):
        return plain._replace(notes=tuple(notes))
    if dtype == "uint8":
        return plain._replace(white=float(2**bits - 1), notes=tuple(notes))
    numbers, there = values_of(plain, _sample(source, bands.colours))
    black, white = stretch(numbers[:, there], 2**bits - 1 if bits and dtype.startswith("uint") else None)
    if black or white not in FULL:
        words = f"its numbers from {black:.6g} to {white:.6g} are stretched from black to white"
        notes.append(Note(words, "stretched", {"black": f"{black:.6g}", "white": f"{white:.6g}"}))
    return plain._replace(black=black, white=white, notes=tuple(notes))


def _full(source: Any, band: int, most: float) -> float:
    """What white is in a band whose largest number is ``most``."""
    bits = int(source.tags(band, ns="IMAGE_STRUCTURE").get("NBITS", 0))
    if source.dtypes[band - 1].startswith("uint") and bits:
        return float(2**bits - 1)
    return next((full for full in FULL if most <= full), most)


def stretch(numbers: np.ndarray, full: float | None = None) -> tuple[float, float]:
    """The numbers that become black and white, for numbers that are not of 8 bits.

    Numbers that fill more than half of a usual range (0 to 1, 255, 65,535 or ``full``) keep it. Others, such
    as elevations or reflectances, are stretched between their 2nd and 98th percentile, all bands alike so
    that colours keep their balance.

    >>> stretch(np.array([0, 30000, 60000])), stretch(np.linspace(100, 200, 101) * 10)
    ((0.0, 65535.0), (1020.0, 1980.0))
    """
    if not numbers.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(numbers, TAILS))
    least, most = float(numbers.min()), float(numbers.max())
    white = full or next((full for full in FULL if most <= full), None)
    if least >= 0 and white is not None and most <= white and high >= white / 2:
        return 0.0, float(white)
    if high <= low:
        low, high = (least, most) if most > least else (low - 1.0, high + 1.0)
    return low, high


def values_of(scheme: Scheme, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bands of colour in their own unit, (bands, h, w), and where they have a value, bool (h, w)."""
    there = np.ones(data.shape[1:], bool)
    if scheme.nodata is not None:
        absent = [_equal(band, value) for band, value in zip(data, scheme.nodata)]
        # 0 and white are colours too: a pixel is missing only where all of its bands say so.
        common = all(value in (0, 255, 65535) for value in scheme.nodata) or len(set(scheme.nodata)) > 1
        there &= ~(np.logical_and if common else np.logical_or).reduce(absent)
    if data.dtype.kind == "f":
        there &= np.isfinite(data).all(0)
    if scheme.scales != (1.0,) * len(data) or scheme.offsets != (0.0,) * len(data):
        scales, offsets = (np.array(v)[:, None, None] for v in (scheme.scales, scheme.offsets))
        data = data * scales + offsets
    return data, there


def _equal(band: np.ndarray, value: float) -> np.ndarray:
    """Where a band holds a number; a number outside what its type can hold is nowhere."""
    if np.isnan(value):
        return np.isnan(band) if band.dtype.kind == "f" else np.zeros(band.shape, bool)
    if band.dtype.kind == "f":
        return band == band.dtype.type(value)
    info = np.iinfo(band.dtype)
    fits = info.min <= value <= info.max and value == int(value)
    return band == band.dtype.type(int(value)) if fits else np.zeros(band.shape, bool)


def rgba(
    scheme: Scheme, data: np.ndarray, alpha: np.ndarray | None = None, mask: np.ndarray | None = None
) -> np.ndarray:
    """uint8 (h, w, 4) of the bands of colour ``data`` (1 or 3, h, w), of alpha (h, w) and of a mask (h, w) in
    which 0 means nothing. What is missing is black and transparent.
    """
    numbers, there = values_of(scheme, data)
    pixels = np.empty((*there.shape, 4), np.uint8)
    if scheme.palette is not None:
        index = np.clip(data[0], 0, len(scheme.palette) - 1).astype(np.intp)
        pixels[:] = scheme.palette[index]
        there &= data[0] < len(scheme.palette)
    elif numbers.dtype == np.uint8 and (scheme.black, scheme.white) == (0, 255):
        pixels[..., :3], pixels[..., 3] = np.moveaxis(numbers, 0, 2), 255
    else:
        with np.errstate(invalid="ignore", over="ignore"):  # what is missing is put aside below
            bytes_ = (numbers.astype(np.float64) - scheme.black) * (255 / (scheme.white - scheme.black))
            bytes_ = np.nan_to_num(np.clip(bytes_, 0, 255)).round().astype(np.uint8)
        pixels[..., :3], pixels[..., 3] = np.moveaxis(bytes_, 0, 2), 255
    if alpha is not None:
        share = np.clip(np.nan_to_num(alpha.astype(np.float64)) * (255 / scheme.opaque), 0, 255)
        pixels[..., 3] = share.round().astype(np.uint8)
    if mask is not None:
        there &= mask > 0
    pixels[~there] = 0
    return pixels
