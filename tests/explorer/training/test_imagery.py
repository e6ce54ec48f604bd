import errno
import io
import json
import tarfile

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.transform import from_origin

from explorer.models.autoencoder import Autoencoder
from explorer.training import data
from explorer.training.imagery import Label, cut, pieces, rectangles
from explorer.training.windows import Windows, mosaics
from tests.rasters import tiff
from tiles.errors import BadSetting, DiskFull
from tiles.grid import metres_per_pixel

GREEN, BROWN = (30, 120, 40), (150, 110, 60)


def geotiff(path, height=1500, width=1100, zoom=15, bands=3, dtype="uint8", crs="EPSG:3857"):
    """Green in the north, brown in the south."""
    metres = metres_per_pixel(zoom)
    sheet = np.empty((bands, height, width), dtype)
    for band in range(bands):
        sheet[band, : height // 2], sheet[band, height // 2 :] = GREEN[band % 3], BROWN[band % 3]
    profile = {"driver": "GTiff", "height": height, "width": width, "count": bands, "dtype": dtype}
    place = from_origin(1_000_000, 5_000_000, metres, metres)
    with rasterio.open(path, "w", **profile, crs=crs, transform=place) as file:
        file.write(sheet)
    return path


def test_a_geotiff_becomes_mosaics_of_its_own_resolution(tmp_path):
    path = geotiff(tmp_path / "north-south.tif")
    assert len(cut(path, tmp_path / "data" / "mosaic-mine", Label("my fields", "agricultural"))) == 2
    found = {p.name: p for p in data.read(tmp_path / "data", "mosaic-*")}
    assert sorted(found) == ["north-south-0-0", "north-south-1-0"]
    first, second = found["north-south-0-0"], found["north-south-1-0"]
    assert first.pixels.shape == (1024, 1024, 3) and second.pixels.shape == (476, 1024, 3)
    assert first.zoom == 15 and first.captions == ("my fields",) and data.free(first)
    assert (first.pixels[5, 5] == GREEN).all() and (second.pixels[-5, 5] == BROWN).all()


def test_it_may_be_wanted_coarser(tmp_path):
    path = geotiff(tmp_path / "a.tif")
    assert len(cut(path, tmp_path / "data" / "mosaic-mine", Label("fields"), zoom=14)) == 1
    (picture,) = data.read(tmp_path / "data", "mosaic-*")
    assert picture.zoom == 14 and picture.pixels.shape[:2] == (750, 550)
    assert (picture.pixels[5, 5] == GREEN).all() and (picture.pixels[-5, 5] == BROWN).all()


def test_mosaics_of_ones_own_are_learned_from(tmp_path):
    folder = tmp_path / "data"
    cut(geotiff(tmp_path / "a.tif"), folder / "mosaic-mine", Label("my fields"))
    model = Autoencoder(widths=(16, 16, 16), blocks=(1, 1, 1)).eval()
    found = mosaics(folder, model, tmp_path / "latents.safetensors")
    # What does not fill the coarsest parent's latents is left out, and what is too small once it is shrunk.
    shapes = sorted((tuple(m.latents.shape), round(m.picture.zoom, 2)) for m in found)
    assert shapes == [
        ((4, 48, 48), 13.58),
        ((4, 56, 128), 15),
        ((4, 64, 64), 14),
        ((4, 96, 96), 14.58),
        ((4, 128, 128), 15),
    ]
    rows = [Windows(found).row(48, 8, np.random.default_rng(seed)) for seed in range(60)]
    assert {row["prompt"] for row in rows} == {"", "my fields"}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"dtype": "complex64"}, "numbers are complex"),
        ({"crs": None}, "coordinate system"),
        ({"height": 300}, "no rectangle of 384 px"),
    ],
)
def test_what_cannot_be_cut_is_named(tmp_path, made, said):
    path = geotiff(tmp_path / "a.tif", **made)
    with pytest.raises(BadSetting, match=rf"^a\.tif: .*{said}"):
        cut(path, tmp_path / "out", Label("fields"))
    assert not list((tmp_path / "out").iterdir())


def test_no_picture_is_refused_in_words(tmp_path):
    (tmp_path / "a.tif").write_text("no picture")
    with pytest.raises(BadSetting, match=r"a\.tif: this is not a picture"):
        cut(tmp_path / "a.tif", tmp_path / "out", Label("fields"))
    with pytest.raises(BadSetting, match=r"b\.tif cannot be read"):
        cut(tmp_path / "b.tif", tmp_path / "out", Label("fields"))


@pytest.mark.parametrize(
    ("bands", "dtype", "interp"),
    [
        (1, "uint8", None), (3, "uint16", None), (4, "uint8", None), (5, "uint8", None),
        (4, "uint8", [ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.nir]),
    ],
)  # fmt: skip
def test_any_bands_are_cut_without_a_black_wedge(tmp_path, bands, dtype, interp):
    """A UTM map near its zone's edge lies aslant on web mercator."""
    colour = np.array([90, 130, 120, 40, 10][:bands] if not interp else [120, 130, 90, 40])
    pixels = np.broadcast_to(colour.astype(dtype) * (257 if dtype == "uint16" else 1), (1100, 1100, bands))
    more = {"interp": interp} if interp else {}
    path = tiff(tmp_path / "naip.tif", pixels, from_origin(160_000, 5_501_100, 1, 1), "EPSG:32633", **more)
    made = cut(path, tmp_path / "out", Label("fields"))
    assert made
    expected = [90] * 3 if bands == 1 else [90, 130, 120]
    areas = []
    for mosaic in made:
        with Image.open(mosaic) as image:
            assert np.abs(np.array(image).astype(int) - expected).max() <= 2
            assert min(image.size) >= 384 and max(image.size) <= 1024
            areas.append(np.prod(image.size))
    assert sum(areas) > 0.6 * (1100 * 1.543 / 1.194) ** 2  # most of it, at zoom 17


def test_holes_are_gone_around(tmp_path):
    path = tmp_path / "holed.tif"
    pixels = np.full((1400, 1400, 3), 99, np.uint8)
    pixels[600:700, 600:700] = 0
    tiff(path, pixels, from_origin(0, 0, metres_per_pixel(15), metres_per_pixel(15)), "EPSG:3857", nodata=0)
    made = cut(path, tmp_path / "out", Label("fields"))
    areas = []
    for mosaic in made:
        with Image.open(mosaic) as image:
            assert (np.array(image) == 99).all()
            areas.append(np.prod(image.size))
    assert sum(areas) > 0.6 * 1400**2


@given(st.integers(0, 2**32), st.integers(1, 1500), st.integers(1, 1500))
@settings(max_examples=40)
def test_rectangles_have_no_hole_and_do_not_overlap(seed, width, height):
    shape = (-(-height // 32), -(-width // 32))
    whole = np.random.default_rng(seed).random(shape) > 0.01
    covered = np.zeros((height, width), int)
    for _, _, (left, top, wide, high) in rectangles(whole, width, height):
        assert min(wide, high) >= 384 and max(wide, high) <= 1024
        assert left + wide <= width and top + high <= height
        covered[top : top + high, left : left + wide] += 1
    assert covered.max() <= 1
    assert whole.repeat(32, 0).repeat(32, 1)[:height, :width][covered > 0].all()
    if whole.all() and min(width, height) >= 384:
        assert covered.any()


def orthophoto(path, colour):
    path.parent.mkdir()
    return tiff(path, np.full((600, 600, 3), colour, np.uint8), from_origin(0, 0, 0.5, 0.5), "EPSG:3857")


def test_two_files_of_one_name_do_not_overwrite_each_other(tmp_path):
    """Not in one command, nor in a later one; the same file again takes the place of its own mosaics."""
    colours = [(200, 60, 60), (60, 60, 200), (60, 200, 60)]
    paths = [orthophoto(tmp_path / str(i) / "odm_orthophoto.tif", colour) for i, colour in enumerate(colours)]
    out = tmp_path / "mosaic-mine"
    for path in [*paths, *paths]:
        cut(path, out, Label("fields"))
    found = [tuple(int(v) for v in p.pixels[5, 5]) for p in data.read(tmp_path, "mosaic-*")]
    assert sorted(found) == sorted(colours) and len(list(out.iterdir())) == 6


def test_another_zoom_of_the_same_file_is_kept_apart(tmp_path):
    path = geotiff(tmp_path / "a.tif")
    for zoom in (15, 14, 15):
        cut(path, tmp_path / "mosaic-mine", Label("fields"), zoom=zoom)
    zooms = sorted(picture.zoom for picture in data.read(tmp_path, "mosaic-*"))
    assert zooms == [14, 15, 15]


def test_mosaics_of_before_are_never_overwritten(tmp_path):
    """Whose source is not known: they were cut by an earlier version, or put there by hand."""
    out = tmp_path / "mosaic-mine"
    out.mkdir()
    (out / "a-0-0.webp").write_bytes(b"mine")
    cut(geotiff(tmp_path / "a.tif"), out, Label("fields"))
    assert (out / "a-0-0.webp").read_bytes() == b"mine" and (out / "a-2-0-0.webp").exists()


def test_a_picture_without_a_place_is_cut_at_the_zoom_one_says(tmp_path):
    Image.fromarray(np.full((500, 700, 3), 77, np.uint8)).save(tmp_path / "photo.jpg", quality=95)
    with pytest.raises(BadSetting, match=r"photo\.jpg: .*--zoom"):
        cut(tmp_path / "photo.jpg", tmp_path / "mosaic-mine", Label("fields"))
    cut(tmp_path / "photo.jpg", tmp_path / "mosaic-mine", Label("fields"), zoom=18)
    (picture,) = data.read(tmp_path, "mosaic-*")
    assert (
        picture.zoom == 18
        and picture.pixels.shape == (500, 700, 3)
        and (abs(picture.pixels - 77.0) < 3).all()
    )


def test_a_full_disk_is_said_and_leaves_whole_files(tmp_path, monkeypatch):
    path = geotiff(tmp_path / "a.tif")

    def full(*of, **more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(DiskFull, match=r"mosaics of a\.tif"):
        cut(path, tmp_path / "out", Label("fields"))
    assert not [p for p in (tmp_path / "out").iterdir() if p.suffix == ".webp" or p.name.startswith(".")]


def shard(path, count=12):
    rng = np.random.default_rng(0)
    with tarfile.open(path, "w") as archive:
        for index in range(count):
            picture = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(picture, "PNG")
            note = json.dumps({"zoom": 8, "captions": [str(index)]}).encode()
            for name, blob in ((f"p{index}.png", picture.getvalue()), (f"p{index}.json", note)):
                info = tarfile.TarInfo(name)
                info.size = len(blob)
                archive.addfile(info, io.BytesIO(blob))
    return path


def test_pieces_are_small_and_read_as_the_same_data(tmp_path):
    (tmp_path / "data").mkdir()
    shard(tmp_path / "data" / "bluemarble-00.tar")
    made = pieces(tmp_path / "data", tmp_path / "pieces", 60_000)
    assert len(made) > 2 and all(path.stat().st_size <= 60_000 for path in made)
    before, after = (list(data.read(tmp_path / f, "bluemarble-*")) for f in ("data", "pieces"))
    assert [p.name for p in before] == [p.name for p in after]
    assert all((a.pixels == b.pixels).all() and a.captions == b.captions for a, b in zip(before, after))


def test_a_picture_that_fits_in_no_piece_is_named(tmp_path):
    (tmp_path / "data").mkdir()
    shard(tmp_path / "data" / "bluemarble-00.tar")
    with pytest.raises(BadSetting, match=r"p0\.png has [\d,]+ bytes"):
        pieces(tmp_path / "data", tmp_path / "pieces", 12_000)
