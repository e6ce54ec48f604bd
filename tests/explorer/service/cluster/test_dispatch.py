"""Who does what: the rules, without any cluster."""

from hypothesis import given
from hypothesis import strategies as st

from explorer.service.cluster.dispatch import AT_HAND, TRIES, Dispatch, Task

KINDS = ("CPU", "GPU")
PAINTERS = ("one", "two", "three")


def test_a_painter_has_its_next_task_at_hand_but_those_with_nothing_to_do_come_first():
    dispatch = Dispatch()
    dispatch.come("one", "CPU")
    dispatch.come("two", "CPU")
    for number in range(1, 6):
        dispatch.add(Task(number, None, False))
    given = [(name, task.number) for name, task in dispatch.assign()]
    assert sorted(given[:2]) == [("one", 1), ("two", 2)] and sorted(given[2:]) == [("one", 3), ("two", 4)]
    dispatch.done(2)
    assert [(name, task.number) for name, task in dispatch.assign()] == [("two", 5)]


def test_what_a_lost_painter_had_goes_to_others_before_all_that_waits():
    dispatch = Dispatch()
    dispatch.come("one", "CPU")
    for number in (1, 2, 3):
        dispatch.add(Task(number, None, False))
    assert [task.number for _, task in dispatch.assign()] == [1, 2]
    dispatch.lose("one", 1)
    assert dispatch.lost == 1 and dispatch.kinds == ()
    dispatch.come("two", "CPU")
    assert [(name, task.number) for name, task in dispatch.assign()] == [("two", 1), ("two", 2)]


def test_what_takes_every_painter_down_is_given_up_and_what_waited_behind_it_is_not():
    dispatch, task = Dispatch(), Task(1, None, False)
    dispatch.add(task)
    dispatch.add(Task(2, None, False))
    given_up = []
    for _ in range(TRIES):
        dispatch.come("one", "CPU")
        assert [each.number for _, each in dispatch.assign()] == [1, 2]
        given_up.append(dispatch.lose("one", 1))
    assert given_up == [None] * (TRIES - 1) + [task]
    dispatch.come("one", "CPU")
    assert [each.number for _, each in dispatch.assign()] == [2]


def test_a_lost_head_is_no_fault_of_what_was_done():
    dispatch, task = Dispatch(), Task(1, None, False)
    dispatch.add(task)
    for _ in range(2 * TRIES):
        dispatch.come("one", "CPU")
        assert list(dispatch.assign()) == [("one", task)]
        dispatch.lose_all()


def test_a_picture_that_somebody_waits_for_is_given_to_painters_that_have_enough_to_paint():
    dispatch = Dispatch()
    dispatch.come("one", "CPU")
    dispatch.come("two", "CPU")
    for number in range(1, 6):
        dispatch.add(Task(number, None, False))
    assert len(list(dispatch.assign())) == 4
    dispatch.done(1)
    list(dispatch.assign())
    dispatch.done(3)  # "one" has a single task left
    dispatch.add(Task(6, None, True))
    assert [(name, task.number) for name, task in dispatch.assign()] == [("one", 6)]


def test_kinds_are_kept_apart():
    dispatch = Dispatch()
    dispatch.come("one", "CPU")
    for task in (Task(1, "GPU", False), Task(2, "CPU", False), Task(3, None, True)):
        dispatch.add(task)
    assert [task.number for _, task in dispatch.assign()] == [3, 2]


def test_a_painter_is_asked_once_to_give_a_task_back():
    dispatch = Dispatch()
    dispatch.come("one", "CPU")
    for number in (1, 2, 3):
        dispatch.add(Task(number, None, False))
    list(dispatch.assign())
    assert dispatch.recall(3) is None and dispatch.cancel(3)  # it waits here
    assert [dispatch.recall(2), dispatch.recall(2)] == ["one", None]
    dispatch.lose("one", 1)
    dispatch.come("two", "CPU")
    assert [task.number for _, task in dispatch.assign()] == [1, 2]
    assert dispatch.recall(2) == "two"  # another, which was not asked


steps = st.one_of(
    st.tuples(st.just("add"), st.sampled_from([None, *KINDS]), st.booleans()),
    st.tuples(st.just("come"), st.sampled_from(PAINTERS), st.sampled_from(KINDS)),
    st.tuples(st.sampled_from(["lose", "answer"]), st.sampled_from(PAINTERS)),
    st.tuples(st.just("cancel"), st.integers(1, 20)),
    st.tuples(st.just("lose all")),
)


@given(st.lists(steps, max_size=60))
def test_no_task_is_lost_or_given_to_two(script):
    dispatch, left, numbers, hands = Dispatch(), {}, iter(range(1, 100)), {}
    for what, *about in script:
        if what == "add":
            task = Task(next(numbers), about[0], about[1])
            left[task.number] = task
            dispatch.add(task)
        elif what == "come" and about[0] not in hands:
            hands[about[0]] = []
            dispatch.come(*about)
        elif what == "lose":
            had = hands.pop(about[0], [])
            if given_up := dispatch.lose(about[0], next(iter(had), None)):
                del left[given_up.number]
        elif what == "answer" and hands.get(about[0]):
            number = hands[about[0]].pop(0)
            del left[number]
            dispatch.done(number)
        elif what == "cancel" and dispatch.cancel(about[0]):
            del left[about[0]]
        elif what == "lose all":
            hands.clear()
            dispatch.lose_all()
        for painter, task in dispatch.assign():
            assert all(task.number not in had for had in hands.values())
            hands[painter].append(task.number)
            for urgent in (True, False):
                assert sum(left[number].urgent == urgent for number in hands[painter]) <= AT_HAND
    dispatch.lose_all()
    done = set()  # what is left is done as soon as somebody is there, whatever happened
    for kind in KINDS:
        dispatch.come(kind, kind)
    while given := list(dispatch.assign()):
        for _, task in given:
            done.add(task.number)
            dispatch.done(task.number)
    assert done == set(left)
