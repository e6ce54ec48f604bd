import io
import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from explorer.models.images import ImageTower
from explorer.training import evaluate as evaluation
from explorer.training.evaluate import TWENTY, accuracy, alike, balanced, evaluate, frechet, within_one
from explorer.training.text import Example
from tests.bundles import build_bundle


def example(cls, zoom=8.0):
    return Example(np.zeros((64, 64, 3), np.uint8), cls, (), "", zoom)


def test_the_distance_of_gaussians_is_what_its_formula_says():
    torch.manual_seed(0)
    a, b = torch.randn(20_000, 3), 2 * torch.randn(20_000, 3) + torch.tensor([1.0, 0, 0])
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)
    assert frechet(a, b) / 1000 == pytest.approx(1 + 3 * (2 - 1) ** 2, rel=0.05)


def test_classes_are_told_apart_where_they_differ():
    torch.manual_seed(0)
    labels = ["land", "sea"] * 50
    features = torch.randn(100, 8) * 0.1 + torch.tensor([[1.0], [-1.0]]).repeat(50, 1)
    assert accuracy(features, labels, features, labels) == 1
    assert accuracy(features, labels, torch.randn(100, 8), labels) < 0.7
    zooms = [5, 8] * 50
    assert within_one(features, zooms, features, zooms) == 1
    assert within_one(features, zooms, features, [8, 5] * 50) == 0


def test_sets_to_compare_show_the_same_things():
    known = [example("sea", 7), example("sea", 8), example("land", 8), example("land", 5)]
    drawn = balanced(known, 40)
    assert sum(e.cls == "sea" for e in drawn) == 20
    for one, other in zip(drawn, alike(drawn, known)):
        assert (one.cls, one.zoom) == (other.cls, other.zoom)


def test_a_bundle_is_scored_on_held_out_places_the_same_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluation, "CROPS", 16)
    folder = build_bundle(tmp_path / "tiny", steps=1)
    ImageTower(widths=(8, 8)).save_pretrained(folder / "images")
    shard = tmp_path / "data" / "bluemarble-0"
    shard.mkdir(parents=True)
    (tmp_path / "data" / "ucmerced-0").mkdir()
    rng = np.random.default_rng(0)
    for index in range(24):
        mosaic(shard, f"m{index}", rng, index)
        mosaic(tmp_path / "data" / "ucmerced-0", f"u{index}", rng, index)
    scores = list(evaluate(folder, tmp_path / "data", count=28))
    names = [score.name for score in scores]
    assert {
        "FD-terra Blue Marble",
        "FD-terra UC Merced",
        f"prompts obeyed, 1 of {len(json.loads(TWENTY.read_text()))}",
    } <= set(names)
    assert sum(name.startswith("variety") for name in names) == 2
    assert all(np.isfinite(score.value) for score in scores)
    assert list(evaluate(folder, tmp_path / "data", count=28)) == scores
    other = shutil.copytree(folder, tmp_path / "other")
    ImageTower(widths=(8, 8)).save_pretrained(other / "images")
    assert list(evaluate(other, tmp_path / "data", count=28)) != scores
    assert list(evaluate(other, tmp_path / "data", count=28, judge=folder)) == scores


def mosaic(folder, name, rng, index):
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (512, 512, 3), np.uint8)).save(file, "PNG")
    (folder / f"{name}.png").write_bytes(file.getvalue())
    label = {"cls": ("coast", "desert")[index % 2], "captions": ["sandy land"], "places": ""}
    west = -180 + 15 * index
    note = {"zoom": 7 + index % 2, "licence": "public domain", "tiles": [label] * 16}
    note["bbox_lonlat"] = [west, 0, west + 15, 10]
    (folder / f"{name}.json").write_text(json.dumps(note))
