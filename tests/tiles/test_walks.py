import itertools

import numpy as np
import pytest

from tiles.walks import walks


def passed(path: list[tuple[int, int]], shape: tuple[int, int]) -> np.ndarray:
    """The cells that a line passes."""
    there = np.zeros(shape, bool)
    there[path[0][1], path[0][0]] = True
    for (x, y), (right, down) in itertools.pairwise(path):
        assert x == right or y == down, "a line that is not along rows or columns"
        there[min(y, down) : max(y, down) + 1, min(x, right) : max(x, right) + 1] = True
    return there


@pytest.mark.parametrize("seed", range(40))
def test_lines_pass_every_cell_of_a_region_and_no_other(seed):
    noise = np.random.default_rng(seed)
    mask = noise.random((noise.integers(1, 24), noise.integers(1, 24))) < noise.uniform(0.1, 0.95)
    found = [passed(path, mask.shape) for path in walks(mask)]
    assert (np.sum([*found, np.zeros(mask.shape)], axis=0) == mask).all(), "none twice, none left out"
    sizes = [part.sum() for part in found]
    assert sizes == sorted(sizes, reverse=True)


def test_a_square_is_one_short_line():
    (path,) = walks(np.ones((30, 50), bool))
    assert len(path) <= 4 * 30


def test_a_spiral_of_a_thousand_turns_needs_no_deep_stack():
    mask = np.zeros((4001, 3), bool)
    mask[::2] = True
    mask[1::4, 2] = mask[3::4, 0] = True
    (path,) = walks(mask)
    assert (passed(path, mask.shape) == mask).all()


def test_nothing_has_no_line():
    assert walks(np.zeros((3, 3), bool)) == []
