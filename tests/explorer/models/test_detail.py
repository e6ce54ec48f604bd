from __future__ import annotations

import pytest
import torch

from explorer.models.detail import DetailPainter


def painter(blocks: int = 3) -> DetailPainter:
    """One whose every weight is felt."""
    torch.manual_seed(0)
    model = DetailPainter(detail=5, width=16, blocks=blocks, condition=8).eval()
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.3)
    return model


def test_detail_of_a_part_is_that_of_a_larger_sheet():
    model, sheet = painter(), torch.randn(1, 4, 48, 48)
    reach = model.reach
    with torch.inference_mode():
        whole = model.paint(sheet)
        part = model.paint_inside(sheet[..., 10 - reach : 26 + reach, 14 - reach : 30 + reach])
    assert part.shape == (1, 5, 16, 16)
    torch.testing.assert_close(part, whole[..., 10:26, 14:30], atol=1e-5, rtol=0)


def test_detail_depends_on_all_that_its_reach_says_and_on_nothing_beyond():
    model, sheet = painter(2), torch.randn(1, 4, 32, 32, requires_grad=True)
    velocity = model(torch.zeros(1, 5, 32, 32), sheet, torch.ones(1))
    velocity[..., 16:18, 16:18].sum().backward()
    felt = sheet.grad.abs().sum((0, 1)) > 0
    rows = felt.any(1).nonzero().flatten().tolist()
    assert rows == list(range(16 - model.reach, 18 + model.reach))


def test_noise_is_normal_and_belongs_to_the_land():
    model = painter()
    even = 0.5 + 0.05 * torch.randn(1, 4, 64, 64)  # land without a form
    noise = model.noise(even)
    assert torch.equal(model.noise(even[..., 3:9, 5:11]), noise[..., 3:9, 5:11])
    assert abs(float(noise.mean())) < 0.03 and abs(float(noise.std()) - 1) < 0.03
    assert abs(float(noise.pow(4).mean()) - 3) < 0.3
    for step in (1, 2):
        assert abs(float((noise[..., step:] * noise[..., :-step]).mean())) < 0.03


@pytest.mark.parametrize("steps", [1, 4])
def test_a_straight_flow_is_painted_alike_by_any_number_of_steps(steps, monkeypatch):
    model, coarse = painter(), torch.randn(1, 4, 8, 8)
    goal = torch.randn(1, 5, 8, 8)
    straight = model.noise(coarse) - goal
    monkeypatch.setattr(DetailPainter, "forward", lambda self, x, coarse, t: straight)
    times = [1 - i / steps for i in range(steps + 1)]
    torch.testing.assert_close(model.paint(coarse, times), goal, atol=1e-5, rtol=0)
