"""A bundle whose tiles are decoded with detail."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from explorer.models.autoencoder import Autoencoder
from explorer.models.detail import DetailPainter
from explorer.models.images import ImageTower
from explorer.models.library import Library
from explorer.models.terra import Terra
from explorer.training import detail
from explorer.training.autoencoder import loaded
from explorer.training.config import SHIPPED, DetailConfig
from explorer.training.pack import pack
from tests.bundles import build_bundle
from tiles.errors import ModelRefused

CONFIG = DetailConfig.read(SHIPPED / "detail.toml").model_copy(update={"channels": 3, "last": 16})


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle without detail in ``before``, and the parts of one with detail, of random weights."""
    folder = tmp_path_factory.mktemp("detail")
    build_bundle(folder / "before")
    Autoencoder(widths=(16, 16, 16)).save_pretrained(folder / "before" / "autoencoder")  # of terra's depth
    torch.manual_seed(1)
    with_detail = detail.begun(loaded(folder / "before" / "autoencoder"), CONFIG)
    with_detail.save_pretrained(folder / "autoencoder")
    ImageTower().save_pretrained(folder / "images")
    for channels, blocks in ((3, 3), (5, 3), (3, 13)):
        painter = DetailPainter(channels, width=16, blocks=blocks, condition=8)
        for weight in painter.parameters():  # zero-initialised layers would leave plain noise
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=0.3)
        painter.save_pretrained(folder / f"painter-{channels}-{blocks}")
    return folder


def packed(parts: Path, out: Path, painter: str | None) -> Path:
    before = parts / "before"
    chosen = parts / painter if painter else None
    return pack(
        parts / "autoencoder", before / "text", parts / "images", before / "denoiser", out, chosen, steps=2
    )


def terra(folder: Path) -> Terra:
    model = Library(str(folder), "cpu").get()
    assert isinstance(model, Terra)
    return model


def test_tiles_join_exactly(parts, tmp_path):
    model = terra(packed(parts, tmp_path, "painter-3-3"))
    margin, rng = model.traits.margin, np.random.default_rng(0)
    assert margin == 13  # 6 of the painter and 7 of the autoencoder
    sheet = rng.standard_normal((4, 32 + 2 * margin, 96 + 2 * margin)).astype(np.float32)
    width = 32 + 2 * margin
    tiles = [model.decode(sheet[:, :, x : x + width]) for x in (0, 32, 64)]
    with torch.inference_mode():
        whole = model.decoder.decode_inside(torch.from_numpy(sheet)[None])[0]
    expected = ((whole.clamp(-1, 1) + 1) * 127.5).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(np.concatenate(tiles, 1), expected, atol=0.51, rtol=0)  # of rounding


def test_the_outermost_latents_of_the_margin_are_felt(parts, tmp_path):
    decoder = terra(packed(parts, tmp_path, "painter-3-3")).decoder
    sheet = torch.randn(1, 4, 32 + 2 * decoder.margin, 32 + 2 * decoder.margin)
    other = sheet.clone()
    other[:, :, 0] += 1
    with torch.inference_mode():
        one, two = decoder.decode_inside(sheet), decoder.decode_inside(other)
    assert not torch.equal(one[:, :, :8], two[:, :, :8])


def test_latents_are_those_of_the_bundle_without_detail(parts, tmp_path):
    before = terra(packed_without(parts, tmp_path / "before"))
    after = terra(packed(parts, tmp_path / "after", "painter-3-3"))
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    assert before.encode(pixels).tobytes() == after.encode(pixels).tobytes()
    assert before.traits.margin == 7 and before.decoder is before.autoencoder
    assert before.traits.digest != after.traits.digest


def packed_without(parts: Path, out: Path) -> Path:
    before = parts / "before"
    return pack(before / "autoencoder", before / "text", parts / "images", before / "denoiser", out, steps=2)


def test_a_bundle_packed_again_without_detail_has_no_painter(parts, tmp_path):
    packed(parts, tmp_path, "painter-3-3")
    assert not (packed_without(parts, tmp_path) / "detail").exists()
    assert terra(tmp_path).traits.margin == Autoencoder.margins[0]


def test_a_bundle_packed_again_keeps_its_own_zooms(parts, tmp_path):
    (tmp_path / "bundle.json").write_text('{"zooms": [3, 4], "base_zoom": 4}')
    traits = terra(packed_without(parts, tmp_path)).traits
    assert traits.zooms == (3, 4) and traits.base_zoom == 4 and traits.zoom_groups == ()


@pytest.mark.parametrize(
    ("painter", "error"),
    [
        (None, "there is no detail painter in detail/"),
        ("painter-5-3", "gives 5 channels; the autoencoder reads 3"),
        ("painter-3-13", "needs 33 latents around it; its neighbours give 32"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(parts, tmp_path, painter, error):
    with pytest.raises(ModelRefused, match=error):
        Library(str(packed(parts, tmp_path, painter)), "cpu").get()
