from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from explorer.training.autoencoder import moved
from explorer.training.data import Picture
from explorer.training.windows import SHRUNK, TURNED_SHARE, Mosaic, Windows

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
