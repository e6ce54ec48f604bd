import numpy as np
import torch
import torch.nn.functional as F

from explorer.training.critic import Critic, cut, judged, lesson


def land(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Soft pictures and grained ones (n, 3, 48, 48)."""
    soft = F.avg_pool2d(torch.randn(count, 3, 48, 48), 5, 1, 2)
    return soft, soft + 0.3 * torch.randn(count, 3, 48, 48)


def test_it_learns_to_tell_soft_from_real_and_a_decoder_is_told_so():
    torch.manual_seed(0)
    critic = Critic(width=8)
    optimizer = torch.optim.Adam(critic.parameters(), 2e-3)
    for _ in range(60):
        optimizer.zero_grad()
        lesson(critic, *land(8), 0.01).backward()
        optimizer.step()
    soft, real = land(8)
    soft.requires_grad_(True)
    critic.zero_grad()
    lost = judged(critic, soft, real)
    assert lost > 1.0 > 0.5 > judged(critic, real, soft.detach())
    lost.backward()
    assert soft.grad is not None and soft.grad.abs().sum() > 0
    assert all(p.grad is None for p in critic.parameters())


def test_the_lesson_teaches_no_decoder_and_fears_steepness():
    critic, (soft, real) = Critic(width=8), land(2)
    soft.requires_grad_(True)
    gentle = lesson(critic, soft, real, 0.0)
    gentle.backward()
    assert soft.grad is None
    assert lesson(critic, soft, real, 1.0) > gentle


def test_cuts_are_of_the_same_place_and_reach_every_place_of_a_latent():
    rng = np.random.default_rng(0)
    sheet = torch.arange(64 * 64.0).view(1, 1, 64, 64)
    corners = set()
    for _ in range(200):
        one, two = cut([sheet, sheet + 1], 32, 8, rng)
        assert one.shape == (1, 1, 32, 32) and (two - one == 1).all()
        y, x = divmod(int(one.min()), 64)
        assert y >= 8 and y + 32 <= 56 and x >= 8 and x + 32 <= 56
        corners.add((y % 8, x % 8))
    assert len(corners) > 50
