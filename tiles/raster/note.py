"""What people are told of how their file was read and placed."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    """``words`` are English. ``reason`` names what they say, and ``values`` are its figures, for those who
    say it in another language."""

    words: str
    reason: str
    values: dict[str, str | int]

    def __str__(self) -> str:
        return self.words
