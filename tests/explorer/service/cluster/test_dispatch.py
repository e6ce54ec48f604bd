"""Who does what: the rules, without any cluster."""

from hypothesis import given
from hypothesis import strategies as st

from explorer.service.cluster.dispatch import TRIES, Dispatch, Task

KINDS = ("CPU", "GPU")
PAINTERS = ("one", "two", "three")


def test_what_a_lost_painter_did_goes_to_another_before_all_that_waits():
    dispatch = Dispatch()
    dispatch.come("one", "CPU")
    for number in (1, 2):
        dispatch.add(Task(number, None, False))
    assert [task.number for _, task in dispatch.assign()] == [1]
    dispatch.lose("one")
    assert dispatch.lost == 1 and dispatch.kinds == ()
    dispatch.come("two", "CPU")
    assert [(name, task.number) for name, task in dispatch.assign()] == [("two", 1)]


def test_what_takes_every_painter_down_is_given_up():
    dispatch, task = Dispatch(), Task(1, None, False)
    dispatch.add(task)
    given_up = []
    for _ in range(TRIES):
        dispatch.come("one", "CPU")
        assert list(dispatch.assign()) == [("one", task)]
        given_up.append(dispatch.lose("one"))
    assert given_up == [None] * (TRIES - 1) + [task]
    dispatch.come("one", "CPU")
    assert not list(dispatch.assign())


def test_a_lost_head_is_no_fault_of_what_was_done():
    dispatch, task = Dispatch(), Task(1, None, False)
    dispatch.add(task)
    for _ in range(2 * TRIES):
        dispatch.come("one", "CPU")
        assert list(dispatch.assign()) == [("one", task)]
        dispatch.lose_all()


def test_a_picture_that_somebody_waits_for_comes_first_and_kinds_are_kept_apart():
    dispatch = Dispatch()
    for task in (Task(1, "GPU", False), Task(2, "CPU", False), Task(3, None, True)):
        dispatch.add(task)
    dispatch.come("one", "CPU")
    order = []
    while given := list(dispatch.assign()):
        order += [task.number for _, task in given]
        dispatch.done(given[0][1].number)
    assert order == [3, 2]


steps = st.one_of(
    st.tuples(st.just("add"), st.sampled_from([None, *KINDS]), st.booleans()),
    st.tuples(st.just("come"), st.sampled_from(PAINTERS), st.sampled_from(KINDS)),
    st.tuples(st.sampled_from(["lose", "answer"]), st.sampled_from(PAINTERS)),
    st.tuples(st.just("cancel"), st.integers(1, 20)),
    st.tuples(st.just("lose all")),
)


@given(st.lists(steps, max_size=60))
def test_no_task_is_lost_or_done_by_two(script):
    dispatch, left, doing, numbers, there = Dispatch(), {}, {}, iter(range(1, 100)), set()
    for what, *about in script:
        if what == "add":
            task = Task(next(numbers), about[0], about[1])
            left[task.number] = task
            dispatch.add(task)
        elif what == "come" and about[0] not in there:
            there.add(about[0])
            dispatch.come(*about)
        elif what == "lose":
            there.discard(about[0])
            doing.pop(about[0], None)
            if given_up := dispatch.lose(about[0]):
                del left[given_up.number]
        elif what == "answer" and about[0] in doing:
            number = doing.pop(about[0])
            del left[number]
            dispatch.done(number)
        elif what == "cancel" and dispatch.cancel(about[0]):
            del left[about[0]]
        elif what == "lose all":
            there.clear()
            doing.clear()
            dispatch.lose_all()
        for painter, task in dispatch.assign():
            assert painter in there and painter not in doing
            assert task.number in left and task.number not in doing.values()
            doing[painter] = task.number
    dispatch.lose_all()
    done = set()  # what is left is done as soon as somebody is there, whatever happened
    for kind in KINDS:
        dispatch.come(kind, kind)
    while given := list(dispatch.assign()):
        for _, task in given:
            done.add(task.number)
            dispatch.done(task.number)
    assert done == set(left)
