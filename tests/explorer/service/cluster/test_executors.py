"""What is handed to painters and taken back, with the test in the place of the process that speaks with them."""

import pickle

import numpy as np
import pytest

from benchmarks.standin import StandIn
from explorer.service.cluster import executors as module
from explorer.service.cluster.executors import ClusterExecutors
from explorer.service.cluster.plan import Came, Do, Done, Drop, Dropped, Lost, Plan, Started
from tests.clusters import NOBODY


class ByHand:
    """A link whose other end is the test."""

    pid = None

    def __init__(self, plan, hear, ended):
        self.hear, self.ended, self.sent = hear, ended, []
        hear(Started())

    def send(self, asked):
        self.sent.append(asked)

    def close(self):
        pass

    def heard(self):
        """What was sent since this was asked last: tasks by number and painter, or what is to be dropped."""
        sent, self.sent = self.sent, []
        return [each if isinstance(each, Drop) else (each.number, each.painter) for each in sent]


@pytest.fixture
def cluster(monkeypatch):
    monkeypatch.setattr(module, "Link", ByHand)
    executors = ClusterExecutors(Plan(), lambda model: NOBODY)
    executors._link.hear(Came("one", "CPU"))
    yield executors
    executors.close()


@pytest.fixture
def link(cluster):
    return cluster._link


@pytest.fixture
def executor(cluster):
    return cluster.of(StandIn())


def done(number):
    return Done(number, pickle.dumps([np.zeros((4, 32, 32), np.float32)]), 1, 0.1)


def test_the_next_batch_is_at_a_painter_before_the_first_is_done(link, executor):
    assert executor.capacity == 2
    batches = [executor.submit([]) for _ in range(3)]
    assert link.heard() == [(1, "one"), (2, "one")]
    link.hear(done(1))
    assert batches[0].result(0).kind == "CPU" and link.heard() == [(3, "one")]


def test_a_batch_that_a_painter_has_not_begun_is_given_back(link, executor):
    begun, waits = executor.submit([]), executor.submit([])
    link.heard()
    for _ in range(2):  # it is asked once, however often this is said
        executor.withdraw(begun)
        executor.withdraw(waits)
    assert link.heard() == [Drop(1, "one"), Drop(2, "one")]
    link.hear(Dropped(2))
    assert waits.cancelled() and not begun.done()
    link.hear(done(1))  # which it had begun
    assert begun.result(0).kind == "CPU"
    again = executor.submit([])
    assert link.heard() == [(3, "one")] and not again.done()


def test_what_nobody_waits_for_is_not_given_to_another_when_its_painter_is_lost(link, executor):
    left = [executor.submit([]), executor.submit([])]
    wanted = executor.submit([])
    link.heard()
    for each in left:
        each.cancel()  # as when their world is deleted
    assert link.heard() == [Drop(1, "one"), Drop(2, "one")]
    link.hear(Lost("one", 1))
    link.hear(Came("two", "CPU"))
    assert link.heard() == [(3, "two")]
    link.hear(done(3))
    assert wanted.result(0).kind == "CPU"


def test_many_fast_painters_get_several_windows_in_a_message_but_never_long_ones(link, executor):
    for number in range(63):
        link.hear(Came(f"one of {number}", "CPU"))
    assert executor.most == 1  # as long as nobody knows how fast they are
    for seconds, most in ((2.0, 1), (0.12, 3), (0.3, 3), (0.001, 16)):
        executor.submit([])
        link.hear(Done(link.sent[-1].number, pickle.dumps([]), 1, seconds))
        assert executor.most == most
    for number in range(63):
        link.hear(Lost(f"one of {number}", None))
    assert executor.most == 5  # there are few


def test_a_picture_passes_what_waits_to_be_painted(cluster, link, executor):
    for _ in range(3):
        executor.submit([])
    link.sent.clear()
    cluster.order(NOBODY, "decode", b"", None, urgent=True)
    (sent,) = link.sent
    assert isinstance(sent, Do) and sent.urgent and sent.verb == "decode"


@pytest.mark.parametrize(("mixed", "takes"), [(False, 2), (True, 4)])
def test_painters_of_another_kind_stand_by_unless_they_may_paint(monkeypatch, mixed, takes):
    monkeypatch.setattr(module, "Link", ByHand)
    executors = ClusterExecutors(Plan(), lambda model: NOBODY, mixed)
    for painter, kind in (("one", "CPU"), ("two", "GPU")):
        executors._link.hear(Came(painter, kind))
    executor = executors.of(StandIn(), "GPU")  # of a world that a GPU painted first
    assert executor.capacity == takes
    batches = [executor.submit([]) for _ in range(takes)]
    given = executors._link.heard()
    assert {painter for _, painter in given} == ({"one", "two"} if mixed else {"two"})
    for number, _ in given:
        executors._link.hear(done(number))
    assert {batch.result(0).kind for batch in batches} == ({"CPU", "GPU"} if mixed else {"GPU"})
    executors.close()
