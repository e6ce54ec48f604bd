import math

import pytest
import torch

from explorer.training.config import SHIPPED, DistillConfig
from explorer.training.denoiser import blank
from explorer.training.distill import Teacher, guided_velocity, loss, rollout, target

N = 6


def config(guidance_scale):
    return DistillConfig.read(SHIPPED / "distill.toml").model_copy(update={"guidance_scale": guidance_scale})


def batch():
    torch.manual_seed(0)
    drawn = blank(torch.randn(N, 4, 16, 16), torch.zeros(N, 256), 8)
    return drawn._replace(latents=torch.randn(N, 4, 16, 16))


def constant(windows, t, text, zoom, coarser):
    return torch.full_like(windows[:, :4], 0.7)


def growing(windows, t, text, zoom, coarser):
    return windows[:, :4]


def told(windows, t, text, zoom, coarser):
    """Says 1 with a prompt and 0 without."""
    return (text.abs().sum(1) > 0).float()[:, None, None, None].expand(-1, 4, 16, 16)


def test_the_way_of_a_straight_flow_is_that_flow():
    starts, ends = torch.full((N,), 0.8), torch.full((N,), 0.5)
    first = torch.randn(N, 4, 16, 16)
    found = target(Teacher(constant, config(2.0)), batch(), first, first, starts, ends)
    torch.testing.assert_close(found, torch.full_like(found, 0.7))


def test_the_way_of_a_bent_flow_ends_where_the_flow_does():
    """Euler's four steps would end five per cent away from it."""
    drawn, noise = batch(), torch.randn(N, 4, 16, 16)
    starts, ends = torch.full((N,), 1.0), torch.full((N,), 0.4)
    found = target(Teacher(growing, config(1.0)), drawn, noise, noise, starts, ends)
    torch.testing.assert_close(noise - 0.6 * found, noise * math.exp(-0.6), rtol=0.012, atol=0)


def test_guidance_is_folded_in():
    drawn = batch()._replace(text=torch.ones(N, 256))
    starts, ends = torch.ones(N), torch.full((N,), 0.5)
    first = torch.randn(N, 4, 16, 16)
    found = target(Teacher(told, config(3.0)), drawn, first, first, starts, ends)
    torch.testing.assert_close(found, torch.full_like(found, 3.0))


def test_what_is_known_stays_known_on_the_way_and_is_not_judged():
    drawn = batch()
    mask = torch.zeros(N, 1, 16, 16)
    mask[..., :8] = 1
    drawn = drawn._replace(mask=mask)

    def wrong_where_known(windows, t, text, zoom, coarser):
        return torch.full_like(windows[:, :4], 0.7) + 100 * windows[:, 8:9]

    assert loss(wrong_where_known, Teacher(constant, config(2.0)), drawn) < 1e-8
    assert loss(growing, Teacher(constant, config(2.0)), drawn) > 0.1


def test_small_times_are_not_guided():
    drawn = batch()._replace(text=torch.ones(N, 256))
    t = torch.tensor([0.1, 0.3, 0.34, 0.5, 0.9, 1.0])
    found = guided_velocity(Teacher(told, config(3.0)), torch.randn(N, 4, 16, 16), t, drawn)
    assert found[:, 0, 0, 0].tolist() == [1, 1, 1, 3, 3, 3]


def test_a_worse_denoiser_is_guided_away_from_at_all_times():
    """By half of what lies between both, beside what a prompt guides."""
    drawn = batch()._replace(text=torch.ones(N, 256))
    t = torch.tensor([0.1, 0.3, 0.34, 0.5, 0.9, 1.0])
    told_so = config(3.0).model_copy(update={"autoguidance_scale": 1.5})
    found = guided_velocity(Teacher(told, told_so, constant), torch.randn(N, 4, 16, 16), t, drawn)
    expected = torch.tensor([1.15, 1.15, 1.15, 3.15, 3.15, 3.15])
    torch.testing.assert_close(found[:, 0, 0, 0], expected)


def test_a_student_is_taught_from_where_it_gets_to():
    """Each of its steps from noise is its own, down to the piece that it is asked about; known land stays."""
    drawn, noise, times = batch(), torch.randn(N, 4, 16, 16), [1.0, 0.7, 0.5, 0.2, 0.0]
    mask = torch.zeros(N, 1, 16, 16)
    mask[..., :8] = 1
    drawn = drawn._replace(mask=mask)
    asked = []

    def student(windows, t, text, zoom, coarser):
        asked.append(t.tolist())
        return windows[:, :4]

    found = rollout(student, drawn, noise, torch.tensor([0, 1, 2, 3, 3, 0]), times)
    factors = [1, 0.7, 0.7 * 0.8, 0.7 * 0.8 * 0.7, 0.7 * 0.8 * 0.7, 1]
    for one, start, factor in zip(found, noise, factors):
        torch.testing.assert_close(one[..., 8:], factor * start[..., 8:])
    assert asked == [[1.0] * 4, [pytest.approx(0.7)] * 3, [0.5] * 2]
    # The third piece begins with a step from known land as it is at the time before, 0.5.
    known = (0.5 * drawn.latents + 0.5 * noise)[3, :, :, :8]
    torch.testing.assert_close(found[3][..., :8], known * 0.7)


def test_own_starts_change_what_is_learned_only_after_the_first_piece(monkeypatch):
    drawn = batch()
    losses = {}
    for share in (0.0, 1.0):
        told = config(1.0).model_copy(update={"own_share": share})
        for piece in (0, 3):
            torch.manual_seed(1)
            monkeypatch.setattr(torch, "randint", lambda high, shape, piece=piece: torch.full(shape, piece))
            losses[share, piece] = float(loss(growing, Teacher(constant, told), drawn))
    assert losses[0.0, 0] == pytest.approx(losses[1.0, 0])
    assert losses[0.0, 3] != pytest.approx(losses[1.0, 3], rel=0.05)
