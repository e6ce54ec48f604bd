"""Pictures and prompts as vectors of one space, for models that have an image tower beside the text tower."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from explorer.models.images import SIDE, ImageTower
from explorer.models.text import TextTower


class DualTowers:
    """Unit vectors whose product says how well a picture obeys a prompt (CLIP, Radford et al. 2021, arXiv
    2103.00020). Both towers run on the CPU, where they take milliseconds."""

    def __init__(self, text: TextTower, images: ImageTower) -> None:
        self._text, self._images = text, images.eval().requires_grad_(False)

    def prompts(self, prompts: list[str]) -> np.ndarray:
        """Unit vectors of prompts, float32 (n, 256)."""
        return self._text.encode(prompts).cpu().numpy()

    def pictures(self, pixels: np.ndarray) -> np.ndarray:
        """Unit vectors of square pictures, uint8 (n, h, h, 3), h a multiple of 64, float32 (n, 256)."""
        with torch.inference_mode():
            sheet = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float()
            small = F.avg_pool2d(sheet, sheet.shape[2] // SIDE)  # (n, 3, 64, 64)
            return self._images(small / 127.5 - 1).numpy()
