"""terra's denoiser: a small convolutional UNet that sees what painting knows.

Input channels: noisy latents 4, known latents 4, their mask 1, parent latents 4, their mask 1.
Prompt, zoom and how much coarser the parent is enter through every normalisation (adaptive group
norm, Dhariwal and Nichol 2021, arXiv 2105.05233). It predicts the velocity of a rectified flow
(Liu et al. 2022, arXiv 2209.03003): noisy = (1 - t) latents + t noise, velocity = noise - latents.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from explorer.models.torchvision_cure import cure

cure()  # before diffusers reads weights: it imports what imports torchvision
LATENTS = 4
CHANNELS = 14  # noisy 4, known 4, known mask 1, parent 4, parent mask 1
NO_ZOOM = -1.0  # stands for an unknown zoom


class Condition(nn.Module):
    """(n, width) from timesteps 0..1, prompts (n, text), zooms (``NO_ZOOM``: any) and the zooms
    by which parents are coarser (n,)."""

    def __init__(self, width: int, text: int) -> None:
        super().__init__()
        self.time = nn.Linear(64, width)
        self.zoom = nn.Linear(65, width)
        self.coarser = nn.Linear(8, width)
        self.text = nn.Linear(text, width)
        self.mix = nn.Linear(width, width)

    def forward(self, t: Tensor, text: Tensor, zoom: Tensor, coarser: Tensor) -> Tensor:
        is_known = (zoom >= 0).float()
        waves = sinusoids(zoom / 22, 64) * is_known[:, None]
        steps = F.one_hot(coarser.long().clamp(0, 7), 8).float()
        x = self.time(sinusoids(t, 64)) + self.zoom(torch.cat([waves, is_known[:, None]], 1))
        # The components of a unit vector of 256 numbers are small beside sines: unscaled, prompts were
        # learned last.
        prompt = self.text(text * text.shape[1] ** 0.5)
        return F.silu(self.mix(F.silu(x + self.coarser(steps) + prompt)))


def sinusoids(x: Tensor, width: int) -> Tensor:
    """(n,) in 0..1 to (n, width) sines and cosines of 1 to 1000 radians over the range."""
    rates = torch.exp(torch.linspace(0, math.log(1000), width // 2, device=x.device))
    angles = x.float()[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


class Block(nn.Module):
    """A residual step of two convolutions, scaled and shifted by the condition."""

    def __init__(self, inside: int, outside: int, condition: int) -> None:
        super().__init__()
        self.first_norm = nn.GroupNorm(8, inside)
        self.first = nn.Conv2d(inside, outside, 3, padding=1)
        self.modulation = nn.Linear(condition, 2 * outside)
        self.second_norm = nn.GroupNorm(8, outside)
        self.second = nn.Conv2d(outside, outside, 3, padding=1)
        self.around = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.modulation(condition)[:, :, None, None].chunk(2, 1)
        y = self.first(F.silu(self.first_norm(x)))
        y = F.silu(self.second_norm(y) * (1 + scale) + shift)
        return self.around(x) + self.second(y)


class Attention(nn.Module):
    """Self-attention over all positions, 32 channels a head."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = channels // 32
        self.norm = nn.GroupNorm(8, channels)
        self.ask = nn.Conv2d(channels, 3 * channels, 1)
        self.answer = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.answer.weight)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        parts = self.ask(self.norm(x)).view(n, 3, self.heads, c // self.heads, h * w)
        query, key, value = parts.unbind(1)  # each (n, heads, 32, h * w)
        # Plain products: on the CPU they train faster than the fused kernel at these sizes.
        weights = (query.transpose(2, 3) @ key / math.sqrt(c / self.heads)).softmax(-1)
        seen = value @ weights.transpose(2, 3)  # (n, heads, 32, h * w)
        return x + self.answer(seen.reshape(n, c, h, w))


class Denoiser(ModelMixin, ConfigMixin):
    """Velocity (n, 4, h, w) of windows (n, 14, h, w); h and w are multiples of 8."""

    @register_to_config
    def __init__(
        self,
        widths: tuple[int, int, int] = (96, 160, 256),
        text: int = 256,
        condition: int = 384,
    ) -> None:
        super().__init__()
        wide, middle, deep = widths
        self.conditioning = Condition(condition, text)
        self.enter = nn.Conv2d(4 * CHANNELS, wide, 3, padding=1)
        self.down = nn.ModuleList(
            [
                Block(wide, wide, condition),
                Block(wide, wide, condition),
                nn.Conv2d(wide, middle, 3, stride=2, padding=1),
                Block(middle, middle, condition),
                Block(middle, middle, condition),
                nn.Conv2d(middle, deep, 3, stride=2, padding=1),
                Block(deep, deep, condition),
            ]
        )
        self.middle = nn.ModuleList([Attention(deep), Block(deep, deep, condition), Attention(deep)])
        self.up = nn.ModuleList(
            [
                Block(2 * deep, deep, condition),
                nn.Conv2d(deep, 4 * middle, 1),
                Block(2 * middle, middle, condition),
                Block(2 * middle, middle, condition),
                nn.Conv2d(middle, 4 * wide, 1),
                Block(2 * wide, wide, condition),
                Block(2 * wide, wide, condition),
            ]
        )
        self.look = nn.ModuleList([Attention(middle), Attention(middle)])
        self.leave_norm = nn.GroupNorm(8, wide)
        self.leave = nn.Conv2d(wide, 4 * LATENTS, 3, padding=1)
        nn.init.zeros_(self.leave.weight)

    def forward(self, windows: Tensor, t: Tensor, text: Tensor, zoom: Tensor, coarser: Tensor) -> Tensor:
        """The velocity of ``windows`` at times ``t`` (n,) in 0..1, with prompts ``text`` (n, 256), ``zoom``
        (n,) and the zooms by which the parent is ``coarser`` (n,), 0..7."""
        condition = self.conditioning(t, text, zoom, coarser)
        down, up, attend = self.down, self.up, self.look
        # Three sizes on the way down. What each block gives is kept for its counterpart on the way up.
        fine_1 = down[0](self.enter(F.pixel_unshuffle(windows, 2)), condition)
        fine_2 = down[1](fine_1, condition)
        middle_1 = down[3](down[2](fine_2), condition)
        middle_2 = attend[0](down[4](middle_1, condition))
        deep = down[6](down[5](middle_2), condition)
        x = self.middle[2](self.middle[1](self.middle[0](deep), condition))
        x = F.pixel_shuffle(up[1](up[0](torch.cat([x, deep], 1), condition)), 2)
        x = attend[1](up[2](torch.cat([x, middle_2], 1), condition))
        x = F.pixel_shuffle(up[4](up[3](torch.cat([x, middle_1], 1), condition)), 2)
        x = up[5](torch.cat([x, fine_2], 1), condition)
        x = up[6](torch.cat([x, fine_1], 1), condition)
        return F.pixel_shuffle(self.leave(F.silu(self.leave_norm(x))), 2)
