"""Windows as bytes, to be sent: many of a window's arrays are one number everywhere."""

from __future__ import annotations

import io
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np

from explorer.painting.window import Window


def packed(windows: Sequence[Window]) -> bytes:
    """Windows that ``pickle.loads`` gives back, bit for bit, in about half of what they take in memory."""
    sheet = io.BytesIO()
    _Packer(sheet, pickle.HIGHEST_PROTOCOL).dump(list(windows))
    return sheet.getvalue()


class _Packer(pickle.Pickler):
    def reducer_override(self, thing: Any) -> Any:
        if type(thing) is not np.ndarray or thing.dtype != np.float32 or not thing.size:
            return NotImplemented
        bits = np.ascontiguousarray(thing).view(np.uint32)
        if (bits == bits.flat[0]).all():
            return _filled, (thing.shape, bits.flat[0])
        return NotImplemented


def _filled(shape: tuple[int, ...], bits: np.uint32) -> np.ndarray:
    return np.full(shape, bits).view(np.float32)
