"""Connections that go to the process that can answer: tiles to a reader, all else to the writer.

It is the connection itself that goes, between two of its requests, so each process sees who asks as if it
had been asked first, and nothing is passed through another process.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.web.serving import Connection

# The whole head of a request for a tile, with nothing after it. Not one that waits for painting or sends a
# body, nor one with a password: wrong ones are counted in one place.
TILE = re.compile(
    rb"GET (?:/[^ ?%]*)?/worlds/[^/ ?%]+/tiles/[^ ?%]+(?:\?(?!(?:[^ ]*&)?wait)[^ %]*)? HTTP/1\.1\r\n"
    rb"(?!(?:[^\r\n]+\r\n)*(?:content-length|transfer-encoding|upgrade|expect|authorization)[ \t]*:)"
    rb"(?:[^\r\n]+\r\n)+\r\n",
    re.IGNORECASE,
)
FLUSH = 0.02  # seconds between two looks whether an answer is sent
ANSWERED = (200, 304)  # all else is the writer's to say

Give = Callable[[socket.socket, bytes], bool]  # a connection and what was read of it; False: it is kept


class Passing(Connection):
    """A connection that other processes may go on with."""

    def __init__(self, *given: Any, give: Give, beginning: bytes = b"", **named: Any) -> None:
        """``beginning`` was read by another process, and is for this one to answer."""
        super().__init__(*given, **named)
        self._give, self._beginning = give, beginning

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._beginning:
            self.answer(self._beginning)

    def answer(self, data: bytes) -> None:
        """Take what was read as this process's to answer."""
        super().data_received(data)

    @property
    def between(self) -> bool:
        """Whether what comes now begins a request."""
        answered = self.cycle is None or self.cycle.response_complete
        return answered and not self.conn.trailing_data[0]

    @property
    def sent(self) -> bool:
        """Whether all of the last answer is on its way."""
        return not self.transport.get_write_buffer_size()

    def pass_on(self, data: bytes) -> bool:
        """Give the connection away with what was read of it; False if nobody takes it."""
        file = self.transport.get_extra_info("socket").fileno()
        if not self._give(socket.socket(fileno=os.dup(file)), data):
            return False
        self._stop_timer()
        if self.cycle is not None:
            self.cycle.disconnected = True
        self.transport.close()  # here alone: the other process has it open
        return True


class WriterConnection(Passing):
    """One that goes to a reader when it asks for a tile."""

    def data_received(self, data: bytes) -> None:
        if self.between and self.sent and TILE.fullmatch(data) and self.pass_on(data):
            return
        self.answer(data)


class ReaderConnection(Passing):
    """One that goes to the writer with whatever a reader does not answer."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.app = _Answered(self.app, self._cannot)
        self._asked = self._more = b""

    def data_received(self, data: bytes) -> None:
        if not self.between or not self.sent:
            self._more += data
            self.flow.pause_reading()
            if self.between:
                self.loop.call_later(FLUSH, self._go_on)
        elif TILE.fullmatch(data):
            self.answer(data)
        elif not self.pass_on(data):
            self.transport.close()

    def answer(self, data: bytes) -> None:
        self._asked = data
        super().answer(data)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        data, self._more = self._more, b""
        if data and not self.transport.is_closing():
            self.flow.resume_reading()
            self.data_received(data)

    def _cannot(self) -> None:
        """What was asked is for the writer to answer."""
        if not self.transport.is_closing() and not self.pass_on(self._asked + self._more):
            self.transport.close()


class _Answered:
    """Sends answers of a few kinds; instead of any other ``cannot`` is called."""

    def __init__(self, app: ASGIApp, cannot: Callable[[], None]) -> None:
        self._app, self._cannot = app, cannot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def answered(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message["status"] in ANSWERED
            if started:
                await send(message)

        try:
            await self._app(scope, receive, answered)
        finally:
            if not started:
                self._cannot()
