import pickle

import numpy as np

from explorer.painting.pyramid import pyramid_of
from explorer.painting.window import Condition, WindowSpec, assemble
from explorer.service.cluster.packing import packed
from tiles.grid import Tile
from tiles.latents import USUAL


def window(cell):
    """One that sees land at its sides, where a mask says so."""
    weight = np.linspace(0, 1, 48 * 48, dtype=np.float32).reshape(1, 48, 48)
    spec = WindowSpec(pyramid_of(8, 0, 8, USUAL), 1, (Condition("coast", weight), Condition("desert", -0.0)))
    painted = {Tile(8, x, 0): np.full((4, 32, 32), -0.0, np.float16) for x in (0, 2)}
    return assemble(cell, spec, painted)


def same(one, other):
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, tuple):
        return type(one) is type(other) and all(map(same, one, other))
    return repr(one) == repr(other)


def test_windows_come_back_bit_for_bit_and_take_less_on_the_way():
    windows = [window(Tile(8, 0, 0)), window(Tile(8, 1, 0))]
    sent = packed(windows)
    back = pickle.loads(sent)
    assert len(back) == 2 and all(map(same, windows, back))
    assert len(sent) < 0.7 * len(pickle.dumps(windows))
    back[0].known[:] = 1  # as their own memory
