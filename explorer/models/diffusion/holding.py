"""How a model that sees no mask holds what is known around a cell: softly at its border. Pure.

What is known is put back at every step. Held so to the very end, right up to the border, it meets land that
never had to agree with it: the border shows. So next to what is painted it is let go a little before the end,
later and later with the distance (Levin and Fried 2023, "Differential Diffusion", arXiv 2306.00950), and the
model joins the two. What was let go is put back once sampling is over: it stays as it was, to the byte.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

BORDER = 4  # latents of what is known, beside what is painted, that are let go
LET_GO = 0.3  # 1..0: the time at which those right at the border are


def softened(hold_until: Tensor, known_mask: Tensor) -> Tensor:
    """``hold_until`` (n, 1, h, w) with the ``BORDER`` latents of what is known that lie next to what is not
    let go earlier: at ``LET_GO`` right beside it, at 0 beyond the border.

    Nothing is let go before the rest of its window is painted, which can begin late.
    """
    near, reached = torch.zeros_like(known_mask), 1 - known_mask
    for _ in range(BORDER):
        reached = functional.max_pool2d(reached, 3, stride=1, padding=1)  # one latent farther each time
        near = near + reached
    until = (near / BORDER * LET_GO).clamp(max=float(hold_until.max()))
    return torch.where(known_mask > 0, torch.maximum(until, hold_until), hold_until)
