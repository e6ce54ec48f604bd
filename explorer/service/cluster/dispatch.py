"""Which painter does what: tasks that wait, painters that are there. Pure; whoever drives it sends and hears.

A task is never lost: what a painter had that is gone goes back to the head of the line, for any other.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

TRIES = 5  # painters that may be lost over one task: what takes more of them down is its own fault
AT_HAND = 2  # tasks that a painter has: one is done, the next begins without anybody being asked


class Task(NamedTuple):
    """Something for one painter to do."""

    number: int
    kind: str | None  # of painters that may do it; None: any
    urgent: bool  # somebody waits for a picture: before all that are not, besides what a painter has


@dataclass
class Hand:
    """A painter that is there."""

    kind: str
    tasks: list[Task] = field(default_factory=list)  # what it was given and has not answered, in order

    def has_room(self, urgent: bool, most: int) -> bool:
        return sum(task.urgent == urgent for task in self.tasks) < most


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
        self._given: dict[int, str] = {}  # the painter that has a task, by number
        self._known: set[str] = set()  # all painters that ever came
        self._losses: dict[int, int] = {}
        self._recalled: set[int] = set()  # tasks that a painter was asked to give back

    def come(self, painter: str, kind: str) -> None:
        """A painter is there, with nothing to do."""
        self._known.add(painter)
        self._hands[painter] = Hand(kind)

    def lose(self, painter: str, doing: int | None) -> Task | None:
        """A painter is gone. What it had waits again, first in line. The task that it was ``doing`` is given
        where it took too many painters down, and waits no more."""
        if (hand := self._hands.pop(painter, None)) is None:
            return None
        self._back(hand)
        task = next((task for task in hand.tasks if task.number == doing), None)
        if task is None:
            return None
        self._losses[task.number] = self._losses.get(task.number, 0) + 1
        if self._losses[task.number] < TRIES:
            return None
        self.cancel(task.number)
        return task

    def lose_all(self) -> None:
        """All painters are gone, through no fault of their tasks, which wait again."""
        for hand in reversed(self._hands.values()):
            self._back(hand)
        self._hands.clear()

    def _back(self, hand: Hand) -> None:
        for task in reversed(hand.tasks):
            self._recalled.discard(task.number)
            self._given.pop(task.number, None)
            self._line(task.urgent).appendleft(task)

    def add(self, task: Task) -> None:
        self._line(task.urgent).append(task)

    def cancel(self, number: int) -> bool:
        """Whether the task waited; it does so no more."""
        for line in (self._urgent, self._waiting):
            for task in line:
                if task.number == number:
                    line.remove(task)
                    self._losses.pop(number, None)
                    return True
        return False

    def recall(self, number: int) -> str | None:
        """The painter that has a task, and may not have begun it; None if there is none, or if it was asked
        before to give it back."""
        painter = None if number in self._recalled else self._given.get(number)
        if painter is not None:
            self._recalled.add(number)
        return painter

    def done(self, number: int) -> None:
        """A task is done, failed or given back; also one that is done twice, or waits again meanwhile."""
        self.cancel(number)
        self._losses.pop(number, None)
        self._recalled.discard(number)
        if (painter := self._given.pop(number, None)) is not None:
            hand = self._hands[painter]
            hand.tasks = [task for task in hand.tasks if task.number != number]

    def assign(self) -> Iterator[tuple[str, Task]]:
        """What painters are given now: first those that have nothing to do, then those whose next task would
        have to be asked for."""
        for most, urgent in itertools.product(range(1, AT_HAND + 1), (True, False)):
            if not self._line(urgent):
                continue
            for painter, hand in sorted(self._hands.items(), key=lambda each: len(each[1].tasks)):
                if hand.has_room(urgent, most) and (task := self._next(self._line(urgent), hand.kind)):
                    hand.tasks.append(task)
                    self._given[task.number] = painter
                    yield painter, task

    def _next(self, line: deque[Task], kind: str) -> Task | None:
        for task in line:
            if task.kind in (None, kind):
                line.remove(task)
                return task
        return None

    def _line(self, urgent: bool) -> deque[Task]:
        return self._urgent if urgent else self._waiting

    @property
    def waiting(self) -> set[int]:
        """The numbers of all tasks that no painter has."""
        return {task.number for line in (self._urgent, self._waiting) for task in line}

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
