"""How different the land of one prompt is: from seed to seed, and from prompt to prompt under one seed.

All distances are 1 - cosine of features, so 0 is the same picture.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor


def within(features: Tensor, groups: Sequence[Hashable]) -> float:
    """The mean distance of two unit vectors (n, d) of one group: over the pairs of each group, then over the
    groups that have a pair. NaN if none has."""
    means = []
    for group in dict.fromkeys(groups):
        here = features[torch.tensor([each == group for each in groups])]
        if len(here) > 1:
            means.append(apart(here))
    return float(torch.tensor(means).mean()) if means else float("nan")


def apart(features: Tensor) -> float:
    """The mean distance of two of at least two unit vectors (n, d)."""
    count = len(features)
    alike = features @ features.T
    return float(1 - (alike.sum() - alike.diagonal().sum()) / (count * (count - 1)))


def shared_form(features: Tensor, prompts: Sequence[Hashable], seeds: Sequence[Hashable]) -> float:
    """How much nearer pictures of different prompts are under one seed than under two: 0 if the seed leaves
    no trace, 1 if it alone decides. ``features`` (n, d) are unit vectors."""
    alike = features @ features.T
    other_prompt = torch.tensor([[a != b for b in prompts] for a in prompts])
    same_seed = torch.tensor([[a == b for b in seeds] for a in seeds])
    one, two = (1 - alike[other_prompt & mask].mean() for mask in (same_seed, ~same_seed))
    return float(1 - one / two)
