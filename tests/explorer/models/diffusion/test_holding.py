import numpy as np
import pytest
import torch

from explorer.models.diffusion import painting
from explorer.models.diffusion.holding import LET_GO, softened
from explorer.models.library import Library
from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from tests.diffusions import build_diffusion
from tiles.grid import Tile


def known_left(columns=8):
    """A window of 16 x 16 of which so many columns are known."""
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :columns] = 1
    return 1 - mask, mask


def test_what_is_known_is_let_go_towards_its_border():
    until, mask = known_left()
    soft = softened(until, mask)[0, 0, 5]
    expected = [0, 0, 0, 0, *(LET_GO * share for share in (0.25, 0.5, 0.75, 1))]
    np.testing.assert_allclose(soft[:8], expected, atol=1e-6)
    assert (soft[8:] == 1).all()


def test_where_all_is_known_all_is_held():
    every = torch.ones(1, 1, 16, 16)
    assert not softened(1 - every, every).any()


def test_nothing_is_let_go_before_sampling_begins():
    """An edit that keeps the most of the land begins late."""
    until, mask = known_left()
    assert softened(0.1 * until, mask).max() == pytest.approx(0.1)


def window(model, known):
    """One whose left half is ``known``."""
    made = assemble(
        Tile(15, 0, 0),
        WindowSpec(pyramid_of(15, 0, model.traits.halo, model.traits.space), 1, (Condition("coast"),)),
        {},
    )
    mask = np.zeros_like(made.known_mask)
    mask[..., :24] = 1
    held = np.where(mask > 0, known, 0).astype(np.float32) * np.ones_like(made.known)
    return made._replace(known=held, known_mask=mask, context_mask=mask, hold_until=1 - mask)


@pytest.mark.parametrize(("inputs", "joins"), [(4, True), (9, False)])
def test_the_border_is_joined_and_what_is_known_stays_to_the_byte(tmp_path, monkeypatch, inputs, joins):
    """Only where the model is shown no mask."""
    model = Library(str(build_diffusion(tmp_path / "tiny", inputs)), "cpu", {"steps": 4}).get()
    asked = window(model, 0.7)
    (soft,) = model.paint([asked])
    monkeypatch.setattr(painting, "softened", lambda until, mask: until)
    (hard,) = model.paint([asked])
    assert (soft[..., :24] == np.float32(0.7)).all() and (hard[..., :24] == np.float32(0.7)).all()
    assert (soft[..., 24:] != hard[..., 24:]).any() == joins
