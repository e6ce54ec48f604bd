"""What can be painted next of a long list, asked again and again while it is painted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class Frontier(Generic[T]):
    """A list of things wanted, the most wanted first, and what each of them requires.

    >>> painted = {0}
    >>> frontier = Frontier([3], lambda n: range(n), painted.__contains__)
    >>> frontier.next(9)
    [1]

    What is found out at one look holds at the next: what is painted stays painted, and what waits for
    something is not looked at before that is painted. So a look costs little, however long the list is.
    """

    def __init__(
        self, wanted: Iterable[T], requires: Callable[[T], Iterable[T]], painted: Callable[[T], bool]
    ) -> None:
        self._requires, self._painted = requires, painted
        self._left = dict.fromkeys(wanted)  # all but those that were seen painted
        self._waits = _Waits[T](set(), {})
        self._rested: frozenset[T] = frozenset()

    @property
    def left(self) -> int:
        """How much of what is wanted was not seen painted at any look."""
        return len(self._left)

    def next(self, limit: int, resting: Collection[T] = frozenset()) -> list[T]:
        """Up to ``limit`` unpainted things that can be painted at once, the most wanted first.

        None of them requires another, so they may be painted together. Those in ``resting`` are left out, and
        so is what waits for them.
        """
        rested, self._rested = self._rested, frozenset(resting)
        for thing in rested - self._rested:
            self._waits.end(thing)
        look = _Look(limit, self._rested, self._waits, self._requires, self._painted)
        for thing in list(self._left):
            if len(look.ready) >= limit:
                break
            if not look.waits(thing) and not look.lacking(thing):
                del self._left[thing]
            else:
                look.visit(thing)
        return list(look.ready)


class _Waits(NamedTuple, Generic[T]):
    """What need not be looked at: nothing can be begun for it before something ends that rests now."""

    things: set[T]
    behind: dict[T, set[T]]  # what waits for a thing that rests, or waits itself

    def add(self, thing: T, missing: Iterable[T]) -> None:
        self.things.add(thing)
        for other in missing:
            self.behind.setdefault(other, set()).add(thing)

    def end(self, thing: T) -> None:
        """A thing rests no more: it is painted, or can be begun again. All that waits for it is looked at."""
        ended = [thing]
        while ended:
            behind = self.behind.pop(ended.pop(), set())
            self.things.difference_update(behind)
            ended += behind


class _Look(Generic[T]):
    """One look at what can be painted."""

    def __init__(
        self,
        limit: int,
        resting: frozenset[T],
        waits: _Waits[T],
        requires: Callable[[T], Iterable[T]],
        painted: Callable[[T], bool],
    ) -> None:
        self._limit, self._resting, self._waits = limit, resting, waits
        self._requires, self._painted = requires, painted
        self.ready: dict[T, None] = {}
        self._visited: set[T] = set()
        self._unpainted: set[T] = set()  # each is looked up once, for it may be asked of a disk

    def lacking(self, thing: T) -> bool:
        if thing not in self._unpainted and self._painted(thing):
            return False
        self._unpainted.add(thing)
        return True

    def waits(self, thing: T) -> bool:
        """Whether a thing rests, or waits for what does. What rests was ready before: nothing that it
        requires is missing."""
        return thing in self._resting or thing in self._waits.things

    def visit(self, thing: T) -> None:
        """Find what can be painted for a thing. The work is bounded: a cell needs at most its eight
        neighbours and the coarser cells under them, level by level."""
        full = len(self.ready) >= self._limit
        if full or thing in self._visited or self.waits(thing) or not self.lacking(thing):
            return
        self._visited.add(thing)
        missing = [o for o in self._requires(thing) if o in self._resting or self.lacking(o)]
        if not missing:
            self.ready[thing] = None
        for other in missing:
            self.visit(other)
        # Not where one of them is ready now: it may be left for the next look.
        if missing and all(map(self.waits, missing)) and len(self.ready) < self._limit:
            self._waits.add(thing, missing)
