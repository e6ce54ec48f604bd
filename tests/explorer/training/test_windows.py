from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.models.autoencoder import Autoencoder
from explorer.training.autoencoder import moved
from explorer.training.data import Picture
from explorer.training.windows import SHRUNK, TURNED_SHARE, Mosaic, Windows, mosaics

SIDE = 48


def mosaic(side: int = SIDE, scale: float = 1.0, zoom: float = 8) -> Mosaic:
    """One whose windows tell where they are from, whichever way they are turned."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    sheet = torch.stack([rows, columns, rows * columns, torch.ones(side, side)]).half() / side
    note = {"cls": "coast", "captions": (), "tiles": (), "held_out": False, "licence": ""}
    picture = Picture(
        **{name: note.get(name, "") for name in Picture._fields if name not in ("pixels", "zoom")},
        pixels=np.empty(0, np.uint8),
        zoom=zoom + math.log2(scale),
    )
    return Mosaic(picture, sheet, torch.stack([sheet + 1] * 3), scale)


@pytest.fixture(scope="module")
def rows():
    torch.manual_seed(0)
    rng, windows = np.random.default_rng(0), Windows([mosaic(), mosaic(scale=SHRUNK)])
    return [windows.row(SIDE, 8, rng) for _ in range(400)]


def test_windows_lie_all_eight_ways_and_most_as_they_were(rows):
    ways = {(turns, mirror): 0 for turns in range(4) for mirror in (False, True)}
    whole = mosaic().latents.float()[None]
    for row in rows:
        (way,) = [way for way in ways if torch.equal(moved(whole, *way)[0], row["latents"])]
        ways[way] += 1
    assert all(ways.values())
    assert ways[0, False] / len(rows) == pytest.approx(1 - TURNED_SHARE * 7 / 8, abs=0.08)


def test_parents_are_turned_with_their_windows(rows):
    told = [row for row in rows if row["parent_mask"].all()]
    assert told
    for row in told:
        apart = row["parent"] - 1 - row["latents"]
        assert apart.std() < 0.35  # the noise of a parent, and nothing else
        assert row["parent_mask"].shape == (1, SIDE, SIDE) and row["coarser"] in (1, 2, 3)


def test_shrunk_mosaics_say_so_by_their_zoom(rows):
    said = {round(float(row["zoom"]), 3) for row in rows}
    assert said == {-1.0, 8.0, round(8 + math.log2(SHRUNK), 3)}


def test_rare_land_is_drawn_far_more_often_than_it_lies_about():
    tiles = ({"cls": "sea", "captions": [], "places": ""},) + (
        {"cls": "sand", "captions": [], "places": ""},
    ) * 15
    one = mosaic(256)
    one = one._replace(picture=one.picture._replace(tiles=tiles))
    windows, rng = Windows([one]), np.random.default_rng(0)
    middles = [windows.place(SIDE, rng)[1:] for _ in range(400)]
    rare = sum(max(place) + SIDE // 2 < 64 for place in middles) / len(middles)
    assert 0.2 < rare < 0.5  # 1 of 16 as it comes
    assert all(0 <= start <= 256 - SIDE for place in middles for start in place)


def test_a_zoom_of_few_pictures_is_drawn_seldom():
    windows, rng = Windows([mosaic(zoom=8)] * 4 + [mosaic(zoom=14)] * 4), np.random.default_rng(0)
    zooms = [windows.place(SIDE, rng)[0].source_zoom for _ in range(400)]
    assert 0 < zooms.count(14) < 20


def test_pictures_of_other_zooms_stand_for_the_zoom_above_them_too(tmp_path):
    for zoom in (8, 17):
        folder = tmp_path / f"mosaic-{zoom}"
        folder.mkdir()
        Image.fromarray(np.zeros((1024, 1024, 3), np.uint8)).save(folder / f"land-{zoom}.png")
        (folder / f"land-{zoom}.json").write_text(json.dumps({"zoom": zoom, "captions": ["land"]}))
    found = mosaics(
        tmp_path, Autoencoder(widths=(16, 16, 16), blocks=(1, 1, 1)), tmp_path / "cache.safetensors"
    )
    sizes = [(each.source_zoom, each.scale, each.latents.shape[1]) for each in found]
    assert sizes == [
        (17, 1, 128), (17, 0.75, 96), (16, 1, 64), (16, 0.75, 48), (8, 1, 128), (8, 0.75, 96)
    ]  # fmt: skip
