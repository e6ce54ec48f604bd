"""terra's image tower: small pictures to the space of its text tower."""

from __future__ import annotations

import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

from explorer.models.torchvision_cure import cure

cure()  # before diffusers reads weights: it imports what imports torchvision
SIDE = 64  # px


class ImageTower(ModelMixin, ConfigMixin):
    """Pictures (n, 3, 64, 64) in -1..1 to unit vectors (n, 256)."""

    @register_to_config
    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 192), output: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 5, stride=2, padding=2)]
        for before, after in zip(widths, (*widths[1:], widths[-1])):
            layers += [nn.GroupNorm(8, before), nn.SiLU(), nn.Conv2d(before, after, 3, 2, 1)]
        self.look = nn.Sequential(*layers, nn.SiLU())
        self.leave = nn.Linear(widths[-1], output)

    def forward(self, pictures: Tensor) -> Tensor:
        return F.normalize(self.leave(self.look(pictures).mean((2, 3))), dim=-1)
