"""COG and PNG, as GDAL reads them."""

import hashlib

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import MaskFlags
from rasterio.env import get_gdal_config
from rio_cogeo.cogeo import cog_validate

from tests.mosaics import SOME, read, read_all, saved, sheet
from tiles.errors import NotWritten
from tiles.grid import metres_per_pixel
from tiles.mosaic import raster
from tiles.mosaic.area import Area


def digest(*parts):
    found = hashlib.sha256()
    for part in parts:
        found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


@pytest.mark.parametrize("whole", [True, False])
def test_cog_is_valid_and_holds_the_very_pixels(tmp_path, whole):
    (path,), done = saved(tmp_path, "cog", SOME, read_all if whole else read, whole)
    valid, errors, _ = cog_validate(path, strict=True, quiet=True)
    assert valid, errors
    assert done == SOME.box.size
    with rasterio.open(path) as cog:
        assert cog.crs.to_epsg() == 3857 and cog.bounds == pytest.approx(SOME.bounds)
        assert cog.res == pytest.approx((metres_per_pixel(8),) * 2)
        flags = {flag for band in cog.mask_flag_enums for flag in band}
        assert flags == {MaskFlags.all_valid if whole else MaskFlags.per_dataset}
        mask, got = cog.dataset_mask(), cog.read().transpose(1, 2, 0)
    expected = sheet(SOME, read_all if whole else read)
    seen = expected.any(2)
    assert seen.all() == whole
    assert digest(got, mask > 0) == digest(expected, seen)


def test_cog_says_where_it_comes_from(tmp_path):
    (path,), _ = saved(tmp_path, "cog", SOME)
    with rasterio.open(path) as cog:
        said = cog.tags()
    assert {name: said[name] for name in ("WORLD", "NAME", "PROMPT", "SEED", "MODEL", "LICENCE")} == {
        "WORLD": "test-land", "NAME": "Töst <land>", "PROMPT": 'a "rocky" coast', "SEED": "7",
        "MODEL": "terra", "LICENCE": "CC0-1.0",
    }  # fmt: skip
    assert said["TIFFTAG_SOFTWARE"] == "Endless Earth 0.1.0" and said["TIFFTAG_COPYRIGHT"] == "CC0-1.0"
    with Image.open(path) as plain:  # what knows nothing of GDAL's tags
        assert plain.tag_v2[305] == "Endless Earth 0.1.0" and "imaginary land" in plain.tag_v2[270]


def test_a_damaged_cog_is_noticed_where_a_validator_is_content(tmp_path, monkeypatch):
    """One pixel that is not the tile's, put in on the way from the sheet to the file."""
    copy = raster.rasterio.shutil.copy

    def damaging(source, path, **options):
        with rasterio.open(tmp_path / "damaged.tif", "w", **source.profile) as other:
            data = source.read()
            data[1, 5, 7] ^= 1
            other.write(data)
        with rasterio.open(tmp_path / "damaged.tif") as other:
            copy(other, path, **options)
        (tmp_path / "damaged.tif").unlink()
        assert cog_validate(path, strict=True, quiet=True)[0]

    monkeypatch.setattr(raster.rasterio.shutil, "copy", damaging)
    with pytest.raises(NotWritten, match="damaged"):
        saved(tmp_path, "cog", SOME, read_all, True)
    assert not list(tmp_path.iterdir())


def test_land_wider_than_a_strip_is_put_together(tmp_path, monkeypatch):
    monkeypatch.setattr(raster, "ACROSS", 2)
    found = Area(8, 125 * 256 + 30, 128 * 256 - 3, 132 * 256 - 1, 129 * 256 + 100)
    (path,), _ = saved(tmp_path, "cog", found)
    with rasterio.open(path) as cog:
        assert (cog.read().transpose(1, 2, 0) == sheet(found)).all()
        assert ((cog.dataset_mask() > 0) == sheet(found).any(2)).all()


def test_cog_of_many_blocks_has_overviews_that_are_means(tmp_path):
    found = Area(8, 0, 0, 256 * 5, 256 * 4)
    (path,), _ = saved(tmp_path, "cog", found, whole=True)
    with rasterio.open(path) as cog:
        assert cog.overviews(1) and cog.block_shapes[0] == (512, 512)
        small = cog.read(out_shape=(3, found.height // 2, found.width // 2)).transpose(1, 2, 0)
    mean = sheet(found).reshape(found.height // 2, 2, found.width // 2, 2, 3).mean((1, 3))
    assert np.abs(small - mean).max() <= 1


def test_png_has_a_world_file_other_tools_read(tmp_path):
    (path, world_file, system, auxiliary), _ = saved(tmp_path, "png", SOME)
    with Image.open(path) as image:
        got = np.array(image)
    expected = sheet(SOME)
    assert (got[..., :3] == expected).all() and ((got[..., 3] > 0) == expected.any(2)).all()
    assert world_file.suffix == ".pgw" and "Mercator" in system.read_text()
    with rasterio.open(path) as png:
        assert png.bounds == pytest.approx(SOME.bounds) and png.crs.to_epsg() == 3857
        assert png.tags()["PROMPT"] == 'a "rocky" coast'
    with Image.open(path) as plain:
        assert plain.info["NAME"] == "Töst <land>" and plain.info["SEED"] == "7"
    assert auxiliary.name == "out.png.aux.xml"


def test_a_row_of_blocks_of_the_widest_png_fits_into_gdals_cache():
    """Or every block is inflated again for each of its lines. rasterio and GDAL count it otherwise."""
    with rasterio.Env(**raster.GDAL):
        assert int(get_gdal_config("GDAL_CACHEMAX")) > raster.MOST_SIDE * 256 * 4


def test_png_of_painted_land_is_plain_rgb(tmp_path):
    paths, _ = saved(tmp_path, "png", Area(8, 0, 0, 300, 200), whole=True)
    with Image.open(paths[0]) as image:
        assert image.mode == "RGB"


FAR = [
    Area(8, *corner, corner[0] + 300, corner[1] + 270)
    for corner in ((5 * 10**8 + 7, -9 * 10**8 - 3), (-40, -90))
]
FAR += [Area(22, 2 * 10**12 + 13, -(10**12) - 77, 2 * 10**12 + 313, -(10**12) + 200)]


@pytest.mark.parametrize("format", ["cog", "png"])
@pytest.mark.parametrize("found", FAR)
def test_far_beyond_the_square_every_pixel_has_its_place(tmp_path, format, found):
    """Place and size of a pixel to a thousandth of it, as GDAL reads them, and the pixels themselves."""
    (path, *_), _ = saved(tmp_path, format, found, whole=True)
    metres = metres_per_pixel(found.zoom)
    with rasterio.open(path) as raster_file:
        assert raster_file.crs.to_epsg() == 3857
        transform = raster_file.transform
        assert (transform.a, transform.e) == pytest.approx((metres, -metres), rel=1e-6)
        places = ((0, 0), (found.width, found.height))
        for (column, row), (x, y) in zip(places, (found.bounds[0::3], found.bounds[2:0:-1])):
            assert transform * (column, row) == pytest.approx((x, y), abs=metres / 1000, rel=1e-14)
        assert (raster_file.read((1, 2, 3)).transpose(1, 2, 0) == sheet(found)).all()
