"""The app's side of the office: tells it what to do, hears what became of it, starts it again if it ends."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue

from explorer.service.cluster import office
from explorer.service.cluster.plan import Asked, News, Plan

log = logging.getLogger(__name__)
PAUSES = (0.0, 1.0, 5.0, 20.0)  # seconds until an office that ended is started again, by how often it did
END = 10.0  # seconds in which it must end when it is told to


class Link:
    """An office that is there, again and again, until this is closed."""

    def __init__(self, plan: Plan, hear: Callable[[News], None], ended: Callable[[], None]) -> None:
        """``hear`` is told the news, and ``ended`` when an office ended, both on a thread of this link."""
        self._plan, self._hear, self._ended = plan, hear, ended
        self._out: SimpleQueue[Asked | None] = SimpleQueue()  # of the office that is there; None ends it
        self._process: BaseProcess | None = None
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)
        self._thread.start()

    def send(self, asked: Asked) -> None:
        """Never waits. What cannot be sent is lost with the office, which is told in a moment."""
        self._out.put(asked)

    @property
    def pid(self) -> int | None:
        """Of the office that is there."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the office, and with it a cluster that it started."""
        self._closed.set()
        self._out.put(None)
        self._thread.join(END)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
            self._thread.join(END)

    def _run(self) -> None:
        failed = 0
        while not self._closed.wait(PAUSES[min(failed, len(PAUSES) - 1)]):
            failed = 1 if self._serve() else failed + 1

    def _serve(self) -> bool:
        """One office, from its start to its end; whether it ever said anything but that it failed."""
        context, out = get_context("spawn"), SimpleQueue[Asked | None]()
        ours, theirs = context.Pipe()
        process = context.Process(
            target=office.main, args=(theirs, self._plan), name="ray office", daemon=True
        )
        process.start()
        theirs.close()
        self._process, self._out = process, out
        if self._closed.is_set():
            out.put(None)  # whoever closes this spoke to the one before
        sender = threading.Thread(target=_send_all, args=(ours, out), name="cluster out", daemon=True)
        sender.start()
        heard = 0
        with contextlib.suppress(EOFError, OSError):
            while True:
                for news in ours.recv():
                    self._hear(news)
                    heard += 1
        out.put(None)
        sender.join()  # it ends: nobody is at the other end
        ours.close()
        process.join(END)
        if process.is_alive():
            process.kill()
            process.join()
        if not self._closed.is_set():
            log.warning("the Ray cluster is gone, or cannot be used; it is tried again")
            self._ended()
        return heard > 1


def _send_all(pipe: Connection, out: SimpleQueue[Asked | None]) -> None:
    """Send what there is, all of it at once, until the end of the office or of this."""
    with contextlib.suppress(OSError):
        while True:
            asked = [out.get(), *_rest(out)]
            pipe.send([each for each in asked if each is not None])
            if None in asked:
                pipe.send(None)
                return


def _rest(out: SimpleQueue[Asked | None]) -> Iterator[Asked | None]:
    with contextlib.suppress(Empty):
        while True:
            yield out.get_nowait()
