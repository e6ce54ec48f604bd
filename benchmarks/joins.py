"""How much pixels step across joins, against the steps beside them. Pure numpy."""

from __future__ import annotations

import numpy as np

NEAR, FAR = 12, 24  # px from the join


def steps(picture: np.ndarray, column: int) -> tuple[float, float]:
    """Mean step across the join left of ``column``, and 12 to 24 px beside it on both sides.

    ``picture``: (h, w, 3), the join running down all of it.
    """
    apart = np.abs(np.diff(picture.astype(np.float32), axis=1)).mean((0, 2))  # step i: from i to i + 1
    join = column - 1
    beside = [*apart[join - FAR : join - NEAR + 1], *apart[join + NEAR : join + FAR + 1]]
    return float(apart[join]), float(np.mean(beside))


def ratio(found: list[tuple[float, float]]) -> float:
    """Mean step across over mean step beside, over many joins: 1 where no join can be told."""
    across, beside = np.array(found).mean(0)
    return float(across / beside)
