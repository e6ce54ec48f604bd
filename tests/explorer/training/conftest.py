"""What the tests of training share."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from explorer.training import loop


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of a second passes whenever a run looks at its clock: so many steps on every machine."""
    ticks = itertools.count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: next(ticks) / 10))
