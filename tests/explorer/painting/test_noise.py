import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.painting import noise as drawing
from explorer.painting.noise import Area, cell_noise, noise
from tiles.grid import Tile

places = st.integers(-(10**11), 10**11)


@settings(max_examples=30)
@given(st.integers(0, 2**63 - 1), places, places, st.integers(0, 40), st.integers(0, 40))
def test_windows_that_overlap_see_the_same_noise(seed, left, top, right, down):
    one = noise(seed, Area(8, left, top, 48, 48), 4, 32)
    other = noise(seed, Area(8, left + right, top + down, 48, 48), 4, 32)
    assert (one[:, down:, right:] == other[:, : 48 - down, : 48 - right]).all()


def test_it_is_standard_normal_and_differs_by_seed_zoom_and_place():
    fields = [
        cell_noise(seed, Tile(z, x, y), 4, 32)
        for seed in (0, 1)
        for z in (7, 8)
        for x in (-1, 0)
        for y in (0, 5)
    ]
    every = np.stack(fields)
    assert abs(every.mean()) < 0.02 and abs(every.std() - 1) < 0.02
    assert abs(every).max() < 7
    flat = every.reshape(len(fields), -1)
    apart = np.corrcoef(flat) - np.eye(len(fields))
    assert abs(apart).max() < 0.08


def test_the_field_is_the_same_for_ever():
    # Worlds are kept as seeds: a change of these numbers changes everybody's land.
    field = cell_noise(42, Tile(8, -1, 10**6), 4, 32)
    assert field.dtype == np.float32 and field.shape == (4, 32, 32)
    np.testing.assert_allclose(field[0, 0, :4], EXPECTED, rtol=1e-6)


def test_what_was_drawn_last_is_kept_within_bytes(monkeypatch):
    monkeypatch.setattr(drawing, "KEPT", 40 * 4 * 8 * 16**2)
    fields = [cell_noise(1, Tile(8, x, 0), 8, 16) for x in range(60)]
    assert cell_noise(1, Tile(8, 59, 0), 8, 16) is fields[59]
    assert cell_noise(1, Tile(8, 20, 0), 8, 16) is fields[20]
    again = cell_noise(1, Tile(8, 0, 0), 8, 16)
    assert again is not fields[0] and (again == fields[0]).all()


EXPECTED = [0.27255458, 2.209672, -0.26974738, -0.21496661]
