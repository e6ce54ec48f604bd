"""What visitors may use a day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.web import quotas
from explorer.web.quotas import DAY, Quotas, QuotaUsedUp, duration
from tiles.errors import TooLarge

LIMITS = {"worlds": 2, "tiles": 100, "uploads": 1000, "exports": 3}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def counts(clock):
    return Quotas(LIMITS, clock)


def test_a_day_begins_with_the_first_use_and_all_counts_end_with_it(counts, clock):
    clock.now = 5000.0
    counts.take("a", {"tiles": 60})
    clock.now += DAY - 3600
    counts.take("a", {"tiles": 40, "exports": 1})
    with pytest.raises(QuotaUsedUp, match=r"the 100 painted tiles .* are used up; .* in 60 minutes") as told:
        counts.take("a", {"tiles": 1})
    assert told.value.status == 429 and told.value.retry_after == 3600
    assert counts.seconds_left("a") == 3600
    clock.now += 3600
    assert counts.left("a", "tiles") == 100 and counts.left("a", "exports") == 3
    assert counts.seconds_left("a") is None
    counts.take("a", {"tiles": 100})


def test_addresses_are_counted_apart(counts):
    counts.take("a", {"exports": 3})
    counts.take("b", {"exports": 3})
    with pytest.raises(QuotaUsedUp):
        counts.require("b", "exports", 1)


def test_all_is_taken_or_nothing(counts):
    with pytest.raises(TooLarge, match="this takes 101 painted tiles; a visitor may have 100 a day"):
        counts.take("a", {"exports": 1, "tiles": 101})
    counts.take("a", {"tiles": 99})
    with pytest.raises(QuotaUsedUp, match=r"this takes 2: of the 100 painted tiles .*, 1 are left"):
        counts.take("a", {"exports": 1, "tiles": 2})
    assert counts.left("a", "exports") == 3


def test_what_is_given_back_after_the_days_end_is_no_gift(counts, clock):
    counts.take("a", {"tiles": 50})
    counts.give_back("a", {"tiles": 20})
    assert counts.left("a", "tiles") == 70
    clock.now += DAY
    counts.give_back("a", {"tiles": 30})
    assert counts.left("a", "tiles") == 100


def test_work_that_was_begun_may_end_past_the_limit(counts):
    counts.take("a", {"tiles": 99})
    counts.count("a", "tiles", 5)
    assert counts.left("a", "tiles") == 0
    counts.take("a", {"tiles": 0, "worlds": 1})


def test_only_so_many_addresses_are_remembered_and_the_oldest_goes_first(counts, monkeypatch):
    monkeypatch.setattr(quotas, "ADDRESSES", 3)
    for address in ("a", "b", "c", "d"):
        counts.take(address, {"tiles": 10})
    assert [counts.left(each, "tiles") for each in ("a", "b", "c", "d")] == [100, 90, 90, 90]


@given(st.floats(1, 2 * DAY))
def test_a_time_in_words_is_never_too_short(seconds):
    number, unit = duration(seconds).split()
    assert int(number) * (3600 if unit == "hours" else 60) >= seconds - 1e-6
