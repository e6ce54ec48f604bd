"""The office's side of a painter, with an actor that does what the test says."""

import asyncio

import pytest

from explorer.service.cluster import office
from explorer.service.cluster.plan import Came, Do, Done, Dropped
from tests.clusters import NOBODY

pytest.importorskip("ray")


class ByHand:
    """An actor and an office."""

    def __init__(self):
        self.told, self.begun, self.answers = [], [], {}

    def __getattr__(self, verb):
        return type(
            "Method", (), {"remote": lambda _, *about: self.asked(verb, *about), "options": self.same}
        )()

    def same(self, **_):
        return self

    def remote(self):  # to stay
        return asyncio.get_running_loop().create_future()

    def asked(self, verb, *about):
        answer = asyncio.get_running_loop().create_future()
        if verb in ("paint", "decode"):
            self.begun.append(about[1])
            self.answers[about[1]] = answer
        else:
            answer.set_result("CPU" if verb == "kind" else 1)
        return answer

    def tell(self, news):
        self.told.append(news)

    def go(self, work):
        return asyncio.ensure_future(work)


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


def task(number, verb="paint"):
    return Do(number, "one", NOBODY, verb, number, verb == "decode")


@pytest.mark.parametrize(("quick", "begun"), [(10.0, [1, 2, 3]), (0.0, [1, 2])])
def test_a_quick_painter_has_its_next_batch_and_another_can_still_give_it_back(monkeypatch, quick, begun):
    monkeypatch.setattr(office, "QUICK", quick)

    async def script():
        hand = ByHand()
        painter = office.Painter("one", hand, hand)
        life = asyncio.ensure_future(painter.live())
        await settle()
        for number in (1, 2, 3, 4):
            painter.take(task(number))
        await settle()
        assert hand.begun == [1]  # nobody knows yet how quick it is
        hand.answers[1].set_result(b"")
        await settle()
        assert hand.begun == begun and type(hand.told[-1]) is Done
        painter.drop(3)
        painter.drop(4)
        assert hand.told[-1] == Dropped(4) and (Dropped(3) in hand.told) == (3 not in begun)
        assert hand.told[0] == Came("one", "CPU")
        life.cancel()

    asyncio.run(script())
