import io
import json
import tarfile

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from explorer.models.autoencoder import Autoencoder
from explorer.training import data
from explorer.training.imagery import Label, cut, pieces
from explorer.training.windows import Windows, mosaics
from tiles.errors import BadSetting
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
    assert cut(path, tmp_path / "data" / "mosaic-mine", Label("my fields", "agricultural")) == 2
    found = {p.name: p for p in data.read(tmp_path / "data", "mosaic-*")}
    assert sorted(found) == ["north-south-0-0", "north-south-1-0"]
    first, second = found["north-south-0-0"], found["north-south-1-0"]
    assert first.pixels.shape == (1024, 1024, 3) and second.pixels.shape == (476, 1024, 3)
    assert first.zoom == 15 and first.captions == ("my fields",) and data.free(first)
    assert (first.pixels[5, 5] == GREEN).all() and (second.pixels[-5, 5] == BROWN).all()


def test_it_may_be_wanted_coarser(tmp_path):
    path = geotiff(tmp_path / "a.tif")
    assert cut(path, tmp_path / "data" / "mosaic-mine", Label("fields"), zoom=14) == 1
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
    assert shapes == [((4, 56, 128), 15), ((4, 96, 96), 14.58), ((4, 128, 128), 15)]
    rows = [Windows(found).row(48, 8, np.random.default_rng(seed)) for seed in range(60)]
    assert {row["prompt"] for row in rows} == {"", "my fields"}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"bands": 1}, "1 bands of uint8: red, green and blue of uint8 are needed"),
        ({"dtype": "uint16"}, "3 bands of uint16"),
        ({"crs": None}, "does not say where it lies"),
        ({"height": 300}, "no square of 384 px"),
    ],
)
def test_what_cannot_be_cut_is_named(tmp_path, made, said):
    path = geotiff(tmp_path / "a.tif", **made)
    with pytest.raises(BadSetting, match=said):
        cut(path, tmp_path / "out", Label("fields"))


def test_no_picture_is_refused_in_words(tmp_path):
    (tmp_path / "a.tif").write_text("no picture")
    with pytest.raises(BadSetting, match=r"a\.tif cannot be read"):
        cut(tmp_path / "a.tif", tmp_path / "out", Label("fields"))


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
