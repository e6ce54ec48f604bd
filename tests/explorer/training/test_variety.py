import math

import pytest
import torch
import torch.nn.functional as F

from explorer.training.variety import apart, shared_form, within


def test_the_same_picture_is_no_distance_and_opposites_are_two():
    one = F.normalize(torch.ones(1, 4), dim=1)
    assert apart(one.repeat(3, 1)) == pytest.approx(0, abs=1e-6)
    assert apart(torch.cat([one, -one])) == pytest.approx(2)


def test_distances_are_taken_within_groups_that_have_a_pair():
    east, north = torch.eye(2)
    features = torch.stack([east, east, north, north, east])
    assert within(features, ["a", "a", "b", "b", "c"]) == pytest.approx(0)
    assert within(features, ["a", "b", "a", "b", "c"]) == pytest.approx(1)
    assert math.isnan(within(features[:2], ["a", "b"]))


def test_a_seed_that_shines_through_is_found():
    torch.manual_seed(0)
    prompts, seeds = zip(*[(p, s) for p in range(8) for s in range(8)])
    of_prompt, of_seed = (F.normalize(torch.randn(8, 64), dim=1) for _ in range(2))
    free = torch.randn(64, 64) / 8
    shines = F.normalize(of_prompt[list(prompts)] + of_seed[list(seeds)] + 0.1 * free, dim=1)
    hidden = F.normalize(of_prompt[list(prompts)] + free, dim=1)
    assert shared_form(shines, prompts, seeds) > 0.3
    assert abs(shared_form(hidden, prompts, seeds)) < 0.05
