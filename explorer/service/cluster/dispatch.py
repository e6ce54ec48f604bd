"""Which painter does what: tasks that wait, painters that are there. Pure; whoever drives it sends and hears.

A task is never lost: what a painter had that is gone goes back to the head of the line, for any other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

TRIES = 5  # painters that may be lost over one task: what takes more of them down is its own fault


class Task(NamedTuple):
    """Something for one painter to do."""

    number: int
    kind: str | None  # of painters that may do it; None: any
    urgent: bool  # before all that are not: somebody waits for one picture


@dataclass
class Hand:
    """A painter that is there."""

    kind: str
    task: Task | None = None  # what it does


class Dispatch:
    """Tasks and painters.

    >>> dispatch.add(Task(1, None, False)); dispatch.come("painter-1", "CPU")
    >>> list(dispatch.assign())
    [('painter-1', Task(number=1, kind=None, urgent=False))]
    """

    def __init__(self) -> None:
        self._urgent: deque[Task] = deque()
        self._waiting: deque[Task] = deque()
        self._hands: dict[str, Hand] = {}
        self._known: set[str] = set()  # all painters that ever came
        self._losses: dict[int, int] = {}

    def come(self, painter: str, kind: str) -> None:
        """A painter is there, with nothing to do."""
        self._known.add(painter)
        self._hands[painter] = Hand(kind)

    def lose(self, painter: str) -> Task | None:
        """A painter is gone. What it did waits again, first in line; it is given where it took too many
        painters down, and waits no more."""
        hand = self._hands.pop(painter, None)
        if hand is None or hand.task is None:
            return None
        number = hand.task.number
        self._losses[number] = self._losses.get(number, 0) + 1
        if self._losses[number] < TRIES:
            self._line(hand.task).appendleft(hand.task)
            return None
        del self._losses[number]
        return hand.task

    def lose_all(self) -> None:
        """All painters are gone, through no fault of their tasks, which wait again."""
        for hand in self._hands.values():
            if hand.task is not None:
                self._line(hand.task).appendleft(hand.task)
        self._hands.clear()

    def add(self, task: Task) -> None:
        self._line(task).append(task)

    def cancel(self, number: int) -> bool:
        """Whether the task waited; it does so no more."""
        for line in (self._urgent, self._waiting):
            for task in line:
                if task.number == number:
                    line.remove(task)
                    self._losses.pop(number, None)
                    return True
        return False

    def done(self, number: int) -> None:
        """A task is done, or failed; also one that was done twice, or that waits again meanwhile."""
        self.cancel(number)
        self._losses.pop(number, None)
        for hand in self._hands.values():
            if hand.task is not None and hand.task.number == number:
                hand.task = None

    def assign(self) -> Iterator[tuple[str, Task]]:
        """What painters with nothing to do begin now."""
        for painter, hand in self._hands.items():
            if hand.task is None and (task := self._next(hand.kind)) is not None:
                hand.task = task
                yield painter, task

    def _next(self, kind: str) -> Task | None:
        for line in (self._urgent, self._waiting):
            for task in line:
                if task.kind in (None, kind):
                    line.remove(task)
                    return task
        return None

    def _line(self, task: Task) -> deque[Task]:
        return self._urgent if task.urgent else self._waiting

    def kind_of(self, painter: str) -> str:
        return self._hands[painter].kind

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each painter that is there, in the order in which they came."""
        return tuple(hand.kind for hand in self._hands.values())

    @property
    def lost(self) -> int:
        """How many painters were there and are not."""
        return len(self._known) - len(self._hands)
