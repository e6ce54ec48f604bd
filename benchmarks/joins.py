"""How visible joins are: steps between pixels across a join, compared with steps near it. Pure numpy."""

from __future__ import annotations

import numpy as np

NEAR, FAR = 12, 24  # px from the join


def steps(picture: np.ndarray, column: int) -> tuple[float, float]:
    """Mean step between pixels across the join left of ``column``, and 12 to 24 px away on both sides.

    ``picture`` is (h, w, 3); the join runs from top to bottom.
    """
    step_at = np.abs(np.diff(picture.astype(np.float32), axis=1)).mean((0, 2))  # from column i to i + 1
    join = column - 1
    beside = [*step_at[join - FAR : join - NEAR + 1], *step_at[join + NEAR : join + FAR + 1]]
    return float(step_at[join]), float(np.mean(beside))


def ratio(joins: list[tuple[float, float]]) -> float:
    """Mean step across joins / mean step beside them: at 1 the joins cannot be seen."""
    across, beside = np.array(joins).mean(0)
    return float(across / beside)
