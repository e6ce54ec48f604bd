import threading

from tiles.gates import Gates

SOON = 20  # seconds, to fail rather than hang


def held(gates, key):
    """A thread that holds a key: an event for when it does, one to let go, and the thread."""
    inside, go = threading.Event(), threading.Event()

    def work():
        with gates.hold(key):
            inside.set()
            assert go.wait(SOON)

    thread = threading.Thread(target=work)
    thread.start()
    return inside, go, thread


def test_whoever_holds_one_key_keeps_nobody_from_another():
    gates = Gates()
    inside, go, thread = held(gates, "slow")
    assert inside.wait(SOON)
    with gates.hold("other"), gates.hold("other"):
        pass
    waiting, let_go, second = held(gates, "slow")
    assert not waiting.wait(0.1)
    go.set()
    assert waiting.wait(SOON)
    let_go.set()
    thread.join(SOON)
    second.join(SOON)
