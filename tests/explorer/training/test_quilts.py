import itertools
import json

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from explorer.models.autoencoder import Autoencoder
from explorer.training import land, quilts
from explorer.training.data import Picture
from explorer.training.denoiser import flow_loss
from explorer.training.quilts import JOIN, Patch, Quilts, alike, quilt

PICTURE = Picture("p", np.empty(0, np.uint8), 19.0, "harbor", ("boats",), (), "public domain", False)


def patch(value, side=32, cls="harbor"):
    sheet = torch.full((4, side, side), float(value)).half()
    return Patch(PICTURE._replace(name=str(value), cls=cls), sheet, sheet)


def aerial(folder, count=20, side=256):
    shard = folder / "ucmerced-0"
    shard.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for index in range(count):
        Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).save(shard / f"u{index}.png")
        note = {"licence": "public domain", "gsd_m": 0.3, "cls": "harbor", "captions": ["boats"]}
        (shard / f"u{index}.json").write_text(json.dumps(note))
    return folder


@pytest.mark.parametrize("side", [32, 48])
@pytest.mark.parametrize("step", [13, 16, 32])
def test_what_lies_at_joins_does_not_count_and_all_else_does(side, step):
    found = [patch(value, step) for value in range(8)]
    for seed in range(5):
        latents, parent, counted, middle = quilt(found, side, np.random.default_rng(seed))
        assert latents.shape == parent.shape == (4, side, side) and counted.shape == (1, side, side)
        sheet = latents[0]
        # A join is where values change: patches are of one value each.
        down = sheet[1:] != sheet[:-1]
        assert not (counted[0, 1:] + counted[0, :-1])[down].any()
        assert counted.mean() >= (1 - 2 * JOIN / step) ** 2 * 0.7
        assert sheet[side // 2, side // 2] == float(middle.name)


def test_quilts_are_of_pictures_of_like_colours():
    found = [patch(value) for value in range(100)]
    for seed in range(10):
        values = [float(p.picture.name) for p in alike(found, np.random.default_rng(seed))]
        assert max(values) - min(values) <= 2 * quilts.ALIKE


def test_no_quilt_is_of_two_scenes():
    sheets = [patch(i, cls=("harbor", "forest")[i % 2]) for i in range(40)]
    drawn = Quilts({256: sheets})
    for seed in range(10):
        row = drawn.row(48, 8, np.random.default_rng(seed))
        assert len({int(v) % 2 for v in row["latents"].unique()}) == 1


def test_land_is_drawn_of_what_there_is_and_latents_are_kept(tmp_path):
    data = aerial(tmp_path / "data")
    model = Autoencoder(widths=(16, 16, 16), blocks=(1, 1, 1)).eval()

    def encode(prompts):
        return torch.ones(len(prompts), 256)

    there, held = land.read(data, model, encode, tmp_path)
    batch = there.draw(6, 48, 8, np.random.default_rng(0), 0.65)
    assert batch.latents.shape == (6, 4, 48, 48) and held.quilts is not None and there.windows is None
    assert (batch.zoom > 17).logical_or(batch.zoom == -1).all()
    assert ((batch.coarser > 0) == (batch.parent_mask.amax((1, 2, 3)) > 0)).all()
    again, _ = land.read(data, torch.nn.Identity(), encode, tmp_path)  # type: ignore[arg-type]
    same = again.draw(6, 48, 8, np.random.default_rng(0), 0.65)
    assert torch.equal(batch.latents, same.latents)


def test_processes_beside_the_training_draw_its_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(land, "helpers", lambda: 2)

    def encode(prompts):
        return torch.ones(len(prompts), 256)

    model = Autoencoder(widths=(16, 16, 16), blocks=(1, 1, 1)).eval()
    there, _ = land.read(aerial(tmp_path / "data"), model, encode, tmp_path)
    batches = there.batches(3, 32, 8, 1.0)
    drawn = [next(batches) for _ in range(4)]
    assert all(batch.latents.shape == (3, 4, 32, 32) for batch in drawn)
    for one, other in itertools.combinations(drawn, 2):  # no two of them draw the same
        assert not torch.equal(one.mask, other.mask)


def test_reading_that_is_stopped_goes_on_where_it_was(tmp_path, monkeypatch):
    data, cache, encoded = aerial(tmp_path / "data"), tmp_path / "aerial.safetensors", []

    def encode(pixels, side, model):
        if len(encoded) == 5:
            raise KeyboardInterrupt
        encoded.append(side)
        return torch.zeros(2, 4, side // 8, side // 8)

    monkeypatch.setattr(quilts, "_encoded", encode)
    with pytest.raises(KeyboardInterrupt):
        quilts.patches(data, torch.nn.Identity(), cache)
    encoded.clear()
    with pytest.raises(KeyboardInterrupt):
        quilts.patches(data, torch.nn.Identity(), cache)
    assert len(load_file(cache)) == 10 and not list(tmp_path.glob("*.part"))


def test_the_loss_hears_nothing_of_joins(monkeypatch):
    batch = land.Land(
        None, Quilts({128: [patch(i, 16) for i in range(4)]}), lambda p: torch.ones(len(p), 256)
    )
    drawn = batch.draw(2, 48, 8, np.random.default_rng(0), 1.0)
    drawn = drawn._replace(mask=torch.zeros_like(drawn.mask))
    noise, t = torch.randn_like(drawn.latents), torch.tensor([0.5, 0.5])

    def model(windows, *_):
        return (noise - drawn.latents) + 7 * (1 - drawn.counted)  # right, but for the joins

    assert (flow_loss(model, drawn, t, noise) < 1e-10).all()
    assert (flow_loss(model, drawn._replace(counted=torch.ones_like(drawn.counted)), t, noise) > 1).all()
