"""The scheduler alone: no thread, no clock, no model."""

from hypothesis import given
from hypothesis import strategies as st

from explorer.painting.layers import Node
from explorer.service.scheduler import PAUSES, Scheduler, TileDemand
from tiles.errors import PaintingFailed
from tiles.grid import Tile

ERROR = PaintingFailed("out of memory")


def tiles(*numbers):
    return tuple(Tile(8, number, 0) for number in numbers)


def nodes(*numbers):
    return [Node(0, tile) for tile in tiles(*numbers)]


def wanting(**clients):
    """A scheduler whose clients, by name, want tiles of one world."""
    scheduler = Scheduler()
    for client, numbers in clients.items():
        scheduler.want(client, TileDemand("world", tiles(*numbers)))
    return scheduler


def serve(scheduler, now=0.0, done=frozenset(), batch=1):
    """Start what the next client in line can start, as the painter does; its name and the cells."""
    for turn in scheduler.turns(now):
        resting = scheduler.resting(turn.demand.world, now)
        wanted = [Node(0, tile) for tile in turn.demand.tiles if Node(0, tile) not in done]
        free = [node for node in wanted if node not in resting][:batch]
        if free:
            return turn.client, scheduler.start(turn, free)
        scheduler.rest(turn, blocked=bool(wanted))
    return None, []


def test_clients_take_turns_and_a_cell_is_in_flight_once():
    scheduler = wanting(a=[1, 2, 3], b=[1, 2, 9])
    assert [serve(scheduler) for _ in range(5)] == [
        ("a", nodes(1)), ("b", nodes(2)), ("a", nodes(3)), ("b", nodes(9)), (None, []),
    ]  # fmt: skip


def test_who_moves_all_the_time_keeps_its_place():
    scheduler = wanting(a=[1, 2], b=[3, 4])
    serve(scheduler)
    scheduler.want("b", TileDemand("world", tiles(5)))
    assert serve(scheduler) == ("b", nodes(5))


def test_what_a_client_does_not_want_any_more_is_not_started():
    scheduler = wanting(a=[1, 2])
    (turn,) = scheduler.turns(0)
    scheduler.want("a", TileDemand("world", tiles(7)))
    assert scheduler.start(turn, nodes(1)) == [] and serve(scheduler) == ("a", nodes(7))
    scheduler.drop("a")
    assert scheduler.turns(0) == []


def test_what_failed_rests_longer_each_time_and_the_rest_goes_on():
    scheduler, now = wanting(a=[1, 2]), 100.0
    for pause in (*PAUSES, PAUSES[-1]):
        assert serve(scheduler, now) == ("a", nodes(1))
        assert scheduler.fail("world", nodes(1), ERROR, now) == nodes(1)
        assert serve(scheduler, now) == ("a", nodes(2))  # healthy tiles go on meanwhile
        scheduler.fail("world", nodes(2), ERROR, now, pause=1000)
        assert scheduler.wake_at() == now + pause
        assert serve(scheduler, now + pause - 0.01) == (None, [])
        now += pause
        scheduler.finish("world", nodes(2))
    assert serve(scheduler, now) == ("a", nodes(1))
    scheduler.finish("world", nodes(1))  # a success forgets the failures before
    assert scheduler.wake_at() is None and serve(scheduler, now) == ("a", nodes(1))
    scheduler.fail("world", nodes(1), ERROR, now)
    assert scheduler.wake_at() == now + PAUSES[0]


def test_of_a_failed_batch_each_cell_is_tried_alone_at_once():
    scheduler = wanting(a=[1, 2, 3, 4])
    assert serve(scheduler, batch=4) == ("a", nodes(1, 2, 3, 4))
    assert scheduler.fail("world", nodes(1, 2, 3, 4), ERROR, 0.0) == []
    assert [serve(scheduler, batch=4)[1] for _ in range(4)] == [nodes(n) for n in (1, 2, 3, 4)]
    assert scheduler.fail("world", nodes(3), ERROR, 0.0) == nodes(3)


def test_who_has_all_it_wants_is_left_alone_until_something_changes():
    scheduler, done = wanting(a=[1]), frozenset(nodes(1))
    assert serve(scheduler, done=done) == (None, []) and scheduler.turns(0) == []
    scheduler.finish("world", nodes(5))  # what others get changes nothing for it
    assert scheduler.turns(0) == []
    scheduler.stir("world")  # an undo does
    assert serve(scheduler) == ("a", nodes(1))


def test_news_between_a_turn_and_its_end_is_not_lost():
    scheduler = wanting(a=[1])
    (turn,) = scheduler.turns(0)
    scheduler.stir("world")
    scheduler.rest(turn, blocked=False)  # it was looked at before the news
    assert [turn.client for turn in scheduler.turns(0)] == ["a"]


def test_who_waits_for_a_cell_in_flight_gets_its_turn_when_that_is_done():
    scheduler = wanting(a=[1], b=[1])
    assert serve(scheduler) == ("a", nodes(1)) and serve(scheduler) == (None, [])
    scheduler.finish("world", nodes(1))
    assert {turn.client for turn in scheduler.turns(0)} == {"a", "b"}


def test_a_forgotten_world_leaves_nothing_behind():
    scheduler = wanting(a=[1, 2])
    scheduler.want("other", TileDemand("elsewhere", tiles(1)))
    serve(scheduler)
    scheduler.start(scheduler.turns(0)[1], nodes(2))
    scheduler.fail("world", nodes(2), ERROR, 0.0)
    scheduler.forget("world")
    assert [turn.client for turn in scheduler.turns(0)] == ["other"]
    assert not scheduler.resting("world", 0.0) and scheduler.wake_at() is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["want", "drop", "done", "fail", "serve"]),
                          st.integers(0, 5)), max_size=60))  # fmt: skip
def test_whatever_happens_cells_are_started_once_and_nobody_starves(steps):
    scheduler, flying, waits = Scheduler(), [], dict.fromkeys("abcd", 0)
    for now, (client, step, number) in enumerate(steps):
        if step == "want":
            scheduler.want(client, TileDemand("world", tiles(*range(number, number + 3))))
        elif step == "drop":
            scheduler.drop(client)
            waits[client] = 0
        elif step == "serve":
            served, begun = serve(scheduler, float(now))
            assert not set(begun) & set(flying)
            assert not set(begun) & (scheduler.resting("world", float(now)) - set(begun))
            flying += begun
            waits = {c: 0 if c == served else n + 1 for c, n in waits.items()}
        elif flying:
            node = flying.pop(0)
            if step == "done":
                scheduler.finish("world", [node])
            else:
                scheduler.fail("world", [node], ERROR, float(now))
    # In the end all that was wanted is painted, each client within as many turns as there are clients.
    for node in flying:
        scheduler.finish("world", [node])
    done, last, now = set(), [], 1e6
    while (served := serve(scheduler, now, frozenset(done)))[1]:
        last = [client for client in last if client != served[0]] + [served[0]]
        done |= set(served[1])
        scheduler.finish("world", served[1])
    wanted = {Node(0, tile) for _, demand in scheduler.demands() for tile in demand.tiles}
    assert wanted <= done and not scheduler.turns(now)
