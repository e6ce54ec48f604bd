"""What visitors may use a day, counted by the address that they come from."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from tiles.errors import EarthError, TooLarge

Kind = Literal["worlds", "tiles", "uploads", "exports"]
WORDS: dict[Kind, str] = {
    "worlds": "new worlds",
    "tiles": "painted tiles",
    "uploads": "bytes of files",
    "exports": "exports",
}
DAY = 24 * 3600.0  # seconds
ADDRESSES = 10_000  # that are remembered at once


class QuotaUsedUp(EarthError):
    """A visitor asks for more than is left of what visitors may use a day."""

    code, status = "quota_used_up", 429


class Account(NamedTuple):
    """What one address used since ``began``."""

    began: float
    used: Counter[Kind]


class Quotas:
    """Counts of all addresses, for any number of threads.

    A day begins with the first use by an address, and all its counts end with it. So accounts lie in the
    order in which they end, and at most ``ADDRESSES`` of them are kept: whoever has so many addresses is
    not bound by a count of each. They are not kept over a restart.
    """

    def __init__(self, limits: Mapping[Kind, int], clock: Callable[[], float] = time.monotonic) -> None:
        """``limits``: how much of each kind an address may use a day."""
        self.limits = dict(limits)
        self._clock, self._lock = clock, threading.Lock()
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    def take(self, address: str, amounts: Mapping[Kind, int]) -> None:
        """Use all of ``amounts``, or nothing. Raises QuotaUsedUp, and TooLarge for more than a day's."""
        with self._lock:
            for kind, amount in amounts.items():
                self._require(address, kind, amount)
            self._account(address).used.update(amounts)

    def require(self, address: str, kind: Kind, amount: int) -> None:
        """Raises QuotaUsedUp, TooLarge if so much is not left."""
        with self._lock:
            self._require(address, kind, amount)

    def count(self, address: str, kind: Kind, amount: int) -> None:
        """Count what was used already."""
        with self._lock:
            self._account(address).used[kind] += amount

    def give_back(self, address: str, amounts: Mapping[Kind, int]) -> None:
        """Something that was paid for did not happen."""
        with self._lock:
            if account := self._known(address):
                account.used.subtract(amounts)

    def left(self, address: str, kind: Kind) -> int:
        with self._lock:
            return max(0, self.limits[kind] - self._used(address, kind))

    def seconds_left(self, address: str) -> float | None:
        """Until the counts of an address begin anew; None if nothing is counted."""
        with self._lock:
            account = self._known(address)
            return None if account is None else account.began + DAY - self._clock()

    def _require(self, address: str, kind: Kind, amount: int) -> None:
        limit, what = self.limits[kind], WORDS[kind]
        if amount > limit:
            words = f"this takes {amount:,} {what}; a visitor may have {limit:,} a day"
            raise TooLarge(words, "more-than-a-day")
        if not amount or (left := limit - self._used(address, kind)) >= amount:
            return
        account = self._known(address)
        assert account is not None  # something is used
        seconds = account.began + DAY - self._clock()
        all_of = f"the {limit:,} {what} that visitors from one address may have a day"
        used_up = (
            f"{all_of} are used up" if left <= 0 else f"this takes {amount:,}: of {all_of}, {left:,} are left"
        )
        error = QuotaUsedUp(f"{used_up}; the count begins anew in {duration(seconds)}", "used-up")
        error.retry_after = math.ceil(seconds)
        raise error

    def _used(self, address: str, kind: Kind) -> int:
        account = self._known(address)
        return 0 if account is None else account.used[kind]

    def _known(self, address: str) -> Account | None:
        account = self._accounts.get(address)
        return None if account is None or account.began + DAY <= self._clock() else account

    def _account(self, address: str) -> Account:
        account = self._known(address)
        if account is None:
            self._accounts.pop(address, None)
            account = self._accounts[address] = Account(self._clock(), Counter())
            while len(self._accounts) > ADDRESSES:
                self._accounts.popitem(last=False)
        return account


def duration(seconds: float) -> str:
    """A time in words.

    >>> duration(90), duration(5 * 3600)
    ('2 minutes', '5 hours')
    """
    minutes = max(1, math.ceil(seconds / 60))
    if minutes < 100:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{math.ceil(minutes / 60)} hours"
