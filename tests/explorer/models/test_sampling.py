"""What all families share, with a prediction simple enough to be worked out by hand."""

import numpy as np
import pytest
import torch

from explorer.models.sampling import blended, guided, kind_of, paint_in_batches
from explorer.painting.window import Condition, Window
from tiles.grid import Tile

WIDTH = 8
SEA = (Condition("sea"),)
LENGTHS = {"": 0.0, "sea": 1.0, "sand": 3.0}


def window(seed=0, conditions=SEA, negative_prompt="", hold=1.0, free=0.0):
    def plane(value, channels=1):
        return np.full((channels, WIDTH, WIDTH), value, np.float32)

    noise = np.random.default_rng(seed).standard_normal((4, WIDTH, WIDTH)).astype(np.float32)
    return Window(
        cell=Tile(8, seed, 0),
        noise=noise,
        known=plane(seed, 4),
        known_mask=plane(1),
        parent=plane(0, 4),
        parent_mask=plane(0),
        coarser=0,
        conditions=conditions,
        negative_prompt=negative_prompt,
        hold_until=plane(hold),
        context_mask=plane(0),
        context_free=plane(free),
        halo=2,
    )


def field_of(windows, scale=1.0, t=1.0):
    """The blended prediction of a network that answers with the length of its prompt times what it sees."""
    answers = []

    def sample(batch):
        def predict(x, t, prompts, view):
            lengths = torch.tensor([LENGTHS[prompt] for prompt in prompts])[:, None, None, None]
            return torch.ones_like(x) * lengths * (1 + view.known_mask) * (2 if view.use_parent else 1)

        answers.append(blended(guided(predict, batch, scale), batch)(batch.noise, t))
        return answers[-1]

    return paint_in_batches(windows, max(2, len(windows)), "cpu", sample)


def test_windows_of_each_kind_fill_a_batch_of_one_size_and_come_back_in_order():
    shapes = []

    def sample(batch):
        shapes.append((len(batch.windows), {kind_of(each) for each in batch.windows}))
        return batch.noise

    windows = [window(1), window(2, negative_prompt="sand"), window(3)]
    painted = paint_in_batches(windows, 4, "cpu", sample)
    assert [(count, len(kinds)) for count, kinds in shapes] == [(4, 1), (4, 1)]
    assert all((found == each.noise).all() for found, each in zip(painted, windows))


@pytest.mark.parametrize("count", [0, 3])
def test_more_windows_than_a_batch_and_none_are_refused(count):
    with pytest.raises(ValueError, match=f"{count} windows; a batch holds 1 to 2"):
        paint_in_batches([window(i) for i in range(count)], 2, "cpu", lambda batch: batch.noise)


def test_guidance_goes_on_from_the_negative_prompt_through_the_prompt():
    (found,) = field_of([window(conditions=(Condition("sand"),), negative_prompt="sea")], scale=2.5)
    assert found == pytest.approx(4 * (1 + 2.5 * (3 - 1)))


def test_prompts_are_blended_by_weight_latent_by_latent():
    left = np.zeros((1, WIDTH, WIDTH), np.float32)
    left[..., :3] = 1
    conditions = (Condition("sea", left), Condition("sand", 1 - left, use_parent=False))
    (found,) = field_of([window(conditions=conditions)])
    assert found[..., :3] == pytest.approx(4.0) and found[..., 3:] == pytest.approx(6.0)


def test_only_the_first_step_is_also_taken_without_the_surroundings():
    (first,) = field_of([window(free=0.25)], t=1.0)
    (later,) = field_of([window(free=0.25)], t=0.5)
    assert first == pytest.approx(0.75 * 4 + 0.25 * 2) and later == pytest.approx(4.0)
