from __future__ import annotations

import numpy as np
import pytest
import torch

from explorer.models.autoencoder import Autoencoder
from explorer.models.denoiser import Denoiser
from explorer.models.detail import DetailPainter
from explorer.training import detail_painter
from explorer.training.autoencoder import loaded
from explorer.training.config import SHIPPED, DetailPainterConfig
from explorer.training.detail_painter import Encoder, Piece, distilled_loss, flow_loss, train
from tests.datasets import dataset
from tiles.errors import BadSetting

SMALL = {"widths": (16, 16, 16), "blocks": (1, 1, 1)}


def small(**changed) -> DetailPainterConfig:
    config = DetailPainterConfig.read(SHIPPED / "detail-painter.toml")
    return config.model_copy(update={"width": 16, "blocks": 2, "batch": 2, "kept": 6, **changed})


@pytest.fixture
def autoencoder(tmp_path):
    """The folder of one with three channels of detail."""
    torch.manual_seed(0)
    Autoencoder(**SMALL, detail=3).save_pretrained(tmp_path / "autoencoder", safe_serialization=True)
    return tmp_path / "autoencoder"


def pieces(count: int = 4) -> Piece:
    torch.manual_seed(1)
    return Piece(torch.randn(count, 4, 16, 16), torch.randn(count, 3, 16, 16))


def test_a_run_writes_its_painter_and_goes_on_and_teaches_one_step(tmp_path, autoencoder, clock):
    data, out = dataset(tmp_path / "data"), tmp_path / "run"
    train(data, autoencoder, out, 0.02, small())
    train(data, autoencoder, out, 0.04, small())
    steps = [int(line.split(",")[0]) for line in (out / "scores.csv").read_text().splitlines()]
    assert len(steps) == 2 and steps[0] < steps[1]
    train(data, autoencoder, tmp_path / "one", 0.02, small(), teacher=out / "model")
    painted = detail_painter.begun(tmp_path / "one" / "model", 3).paint(torch.randn(1, 4, 8, 8))
    assert painted.shape == (1, 3, 8, 8) and painted.isfinite().all()


def test_an_autoencoder_without_detail_is_refused_and_so_is_a_painter_of_other_channels(
    tmp_path, autoencoder
):
    Autoencoder(**SMALL).save_pretrained(tmp_path / "plain", safe_serialization=True)
    with pytest.raises(BadSetting, match="has no channels of detail; give one made by `train detail`"):
        train(tmp_path, tmp_path / "plain", tmp_path / "run", 0.01, small())
    DetailPainter(detail=5, width=16, blocks=1).save_pretrained(tmp_path / "five", safe_serialization=True)
    with pytest.raises(BadSetting, match="paints 5 channels of detail; 3 are needed"):
        train(
            dataset(tmp_path / "data"), autoencoder, tmp_path / "run", 0.01, small(), start=tmp_path / "five"
        )


def test_only_chosen_pieces_are_repainted_and_detail_stays_that_of_the_picture(autoencoder):
    torch.manual_seed(0)
    denoiser = Denoiser(widths=(32, 32, 32))
    torch.nn.init.normal_(denoiser.leave.weight, std=0.1)
    encoder = Encoder(loaded(autoencoder), denoiser, small())
    pictures = torch.rand(2, 3, 256, 256) * 2 - 1
    real = encoder.pieces(pictures, torch.tensor([False, False]))
    found = encoder.pieces(pictures, torch.tensor([False, True]))
    assert real.coarse.shape == (2, 4, 32, 32) and real.detail.shape == (2, 3, 32, 32)
    assert torch.equal(found.coarse[0], real.coarse[0]) and not torch.equal(found.coarse[1], real.coarse[1])
    assert torch.equal(found.detail, real.detail)


def test_the_flow_learns_detail_that_follows_from_the_coarse_latents():
    """Half of what a painter that knows nothing gets wrong is soon gone."""
    torch.manual_seed(0)
    model, piece = DetailPainter(detail=3, width=32, blocks=1), pieces()
    piece = piece._replace(detail=piece.coarse[:, :3])
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    losses = []
    for _ in range(60):
        loss = flow_loss(model, piece, torch.full((4,), 0.9), torch.randn_like(piece.detail))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.5 * losses[0]


def test_a_student_is_right_when_it_paints_what_its_teacher_does():
    torch.manual_seed(0)
    model, piece = DetailPainter(detail=3, width=16, blocks=1), pieces()
    assert distilled_loss(model, model, piece, 1) == 0
    torch.nn.init.normal_(model.leave.weight)
    assert distilled_loss(model, model, piece, 4) > 0
