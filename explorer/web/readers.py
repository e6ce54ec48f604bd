"""The readers of an app: processes beside it that answer requests for painted tiles.

    writer                                        reader, N of them
    page, feed, edits, painting, all the rest     cached tiles; decodes what is painted
          \\________ open connections, both ways ________/

All of them listen on the same port. A connection goes to whom its next request is for.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import multiprocessing
import socket
from collections.abc import Sequence
from multiprocessing.process import BaseProcess

from explorer.settings import Settings
from explorer.web.reader import read
from explorer.web.relay import Channel, Door, Taken

log = logging.getLogger(__name__)
SOON, LATEST = (
    1.0,
    30.0,
)  # seconds until a reader that died is started again; longer each time it dies at once
WELL = 60.0  # seconds after which one that died had been well
END_SECONDS = 3.0  # in which readers end before they are killed


class Reader:
    """One reader, started again whenever it dies."""

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket], most: int) -> None:
        self._settings, self._sockets, self._most = settings, list(sockets), most
        self.channel: Channel | None = None  # while it takes connections

    async def run(self, taken: Taken, changed: asyncio.Event) -> None:
        """Until it is cancelled. ``taken`` gets the connections that it cannot answer; ``changed`` is set
        when it begins or ceases to take some."""
        loop, pause = asyncio.get_running_loop(), SOON
        while True:
            began = loop.time()
            await self._live(taken, changed)
            pause = SOON if loop.time() - began > WELL else min(2 * pause, LATEST)
            log.warning("a reader ended, and is started again in %.0f s", pause)
            await asyncio.sleep(pause)

    async def _live(self, taken: Taken, changed: asyncio.Event) -> None:
        """One life of the process."""
        ours, its = socket.socketpair()
        gone = asyncio.Event()

        def ready() -> None:
            self.channel = channel
            changed.set()

        channel = Channel(ours, taken, ready, gone.set)
        process: BaseProcess | None = None
        try:
            process = await asyncio.to_thread(self._started, its)
            await gone.wait()
        finally:
            self.channel = None
            changed.set()
            channel.close()
            if process is not None:
                await asyncio.shield(asyncio.to_thread(_ended, process))

    def _started(self, end: socket.socket) -> BaseProcess:
        """A new process, not forked: this one has threads."""
        context = multiprocessing.get_context("spawn")
        work = (self._settings, self._sockets, end, self._most)
        process = context.Process(target=read, args=work, name="reader", daemon=True)
        process.start()
        end.close()
        return process


class Readers:
    """All readers of an app, on its event loop."""

    def __init__(self, settings: Settings, sockets: Sequence[socket.socket], connections: int) -> None:
        """``connections``: how many all of them together may have open."""
        most = max(1, connections // settings.readers)
        self._sockets = sockets
        self._readers = [Reader(settings, sockets, most) for _ in range(settings.readers)]
        self._turns = itertools.cycle(self._readers)
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def ready(self) -> int:
        """How many take connections now."""
        return sum(reader.channel is not None for reader in self._readers)

    def begin(self, taken: Taken) -> None:
        """Start them. ``taken`` gets connections that this process is to answer."""
        changed = asyncio.Event()
        self._door = Door(self._sockets, taken)
        self._door.open()
        self._tasks = [asyncio.create_task(each.run(taken, changed)) for each in self._readers]
        self._tasks.append(asyncio.create_task(self._keep_door(changed)))

    def give(self, connection: socket.socket, data: bytes) -> bool:
        """Give a connection to the reader whose turn it is; False while there is none."""
        for reader in itertools.islice(self._turns, len(self._readers)):
            if reader.channel is not None:
                reader.channel.give(connection, data)
                return True
        connection.close()  # a second descriptor of one that stays here
        return False

    async def end(self) -> None:
        """Stop them; nothing of theirs is left when this returns."""
        self._door.close()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _keep_door(self, changed: asyncio.Event) -> None:
        """Connections come here only while no reader takes them."""
        while True:
            await changed.wait()
            changed.clear()
            if self.ready:
                self._door.close()
            else:
                self._door.open()


def _ended(process: BaseProcess) -> None:
    process.join(END_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
