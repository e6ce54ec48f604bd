"""What all families of models do alike when they sample windows.

Windows are sorted by kind and batches are filled up to their one size. Predictions are guided, and those of
several prompts are blended. The first step of an edit is also taken without what lies around it. A family
adds one prediction of its network (``Predict``) and a sampler of its noise schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from explorer.painting.window import Latents, Window


class Kind(NamedTuple):
    """What windows must have in common to be sampled together."""

    hold_times: tuple[float, ...]  # ascending times at which something known is let go
    negative: bool  # whether there is a negative prompt
    context_free: bool  # whether the first step is also taken without the surroundings
    use_parent: tuple[bool, ...]  # of each condition
    guide: bool  # whether a picture guides them
    follows: bool = False  # whether they are to show what their parents' pictures show


class Batch(NamedTuple):
    """Windows of one kind as tensors (n, ...) float32, see ``Window`` for what each holds."""

    kind: Kind
    windows: tuple[Window, ...]
    noise: Tensor  # (n, channels, width, width), as are known and parent
    known: Tensor
    known_mask: Tensor  # (n, 1, width, width), as are all masks and the rest
    parent: Tensor
    parent_mask: Tensor
    hold_until: Tensor
    context_mask: Tensor
    context_free: Tensor
    parent_as_is: Tensor | None = None  # (n, channels, m, m): as in ``Window``, where the kind follows it

    @property
    def negative_prompts(self) -> list[str]:
        """The negative prompt of each window; empty for none."""
        return [window.negative_prompt for window in self.windows]

    def prompts(self, condition: int) -> list[str]:
        """The prompt of each window under one of its conditions."""
        return [window.conditions[condition].prompt for window in self.windows]

    def weights(self, condition: int) -> Tensor:
        """The weight 0..1 of one of the conditions, (n, 1, width, width) or what broadcasts to it."""
        return stacked([window.conditions[condition].weight for window in self.windows], self.noise)


class View(NamedTuple):
    """What a prediction may see of its windows."""

    known_mask: Tensor  # (n, 1, width, width): where ``known`` is shown
    use_parent: bool


class Predict(Protocol):
    """A network's prediction for noisy latents ``x`` (n, channels, width, width) at a time 1..0, under one
    prompt for each window."""

    def __call__(self, x: Tensor, t: float, prompts: list[str], view: View) -> Tensor: ...


Field = Callable[[Tensor, float], Tensor]  # of latents (n, channels, width, width) at a time 1..0


def kind_of(window: Window) -> Kind:
    """The kind of a window."""
    return Kind(
        hold_times=tuple(np.unique(window.hold_until).tolist()),
        negative=bool(window.negative_prompt),
        context_free=bool(window.context_free.any()),
        use_parent=tuple(each.use_parent for each in window.conditions),
        guide=window.guide is not None,
        follows=window.parent_as_is is not None,
    )


def paint_in_batches(
    windows: Sequence[Window], size: int, device: str, sample: Callable[[Batch], Tensor]
) -> list[Latents]:
    """The latents of windows, float32 (channels, width, width) each, sampled kind by kind.

    A batch is filled up to ``size`` with copies of its first window: sums of floats depend on the shape of a
    batch, and a cell must not depend on its company. Raises ValueError for no window or more than ``size``.
    """
    if not 0 < len(windows) <= size:
        raise ValueError(f"{len(windows)} windows; a batch holds 1 to {size}")
    painted: dict[int, Latents] = {}
    for kind, indices in _by_kind(windows):
        full = [windows[i] for i in (*indices, *[indices[0]] * (size - len(indices)))]
        with torch.inference_mode():
            painted |= zip(indices, sample(_batch(kind, full, device)).cpu().numpy())
    return [painted[i] for i in range(len(windows))]


def guided(predict: Predict, batch: Batch, scale: float) -> Predict:
    """Classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598) away from the negative prompts.

    It takes two calls: a batch of one is exact and no slower on the CPU. A ``scale`` of 1 is no guidance.
    """
    if scale == 1:
        return predict

    def guided_predict(x: Tensor, t: float, prompts: list[str], view: View) -> Tensor:
        wanted = predict(x, t, prompts, view)
        other = predict(x, t, batch.negative_prompts, view)
        return other + scale * (wanted - other)

    return guided_predict


def blended(predict: Predict, batch: Batch) -> Field:
    """One prediction for all conditions of each window.

    Those of several prompts are blended by weight, latent by latent (Bar-Tal et al. 2023, "MultiDiffusion",
    arXiv 2302.08113). Where the kind asks for it, the first step is also taken without what lies around the
    window, and the two are blended by ``context_free``.
    """
    kind = batch.kind

    def of_all(x: Tensor, t: float, known_mask: Tensor) -> Tensor:
        each = [
            predict(x, t, batch.prompts(i), View(known_mask, use_parent))
            for i, use_parent in enumerate(kind.use_parent)
        ]
        if len(each) == 1:
            return each[0]
        return torch.stack([one * batch.weights(i) for i, one in enumerate(each)]).sum(0)

    def field(x: Tensor, t: float) -> Tensor:
        within = of_all(x, t, batch.known_mask)
        if not kind.context_free or t < 1:
            return within
        return torch.lerp(within, of_all(x, t, batch.context_mask), batch.context_free)

    return field


def stacked(arrays: Sequence[Latents | float], like: Tensor) -> Tensor:
    """Arrays as one tensor (n, ...) on the device of another."""
    return torch.from_numpy(np.stack(arrays)).to(like.device)


def _by_kind(windows: Sequence[Window]) -> Iterator[tuple[Kind, list[int]]]:
    kinds: dict[Kind, list[int]] = {}
    for index, window in enumerate(windows):
        kinds.setdefault(kind_of(window), []).append(index)
    yield from kinds.items()


def _batch(kind: Kind, windows: Sequence[Window], device: str) -> Batch:
    def tensor(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(window, name) for window in windows])).to(device)

    optional = {"parent_as_is": tensor("parent_as_is")} if kind.follows else {}
    always = (name for name in Batch._fields[2:] if name not in Batch._field_defaults)
    return Batch(kind, tuple(windows), *map(tensor, always), **optional)
