"""The app on its sockets, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from explorer.web.middleware import refusal, refuse

if TYPE_CHECKING:
    from explorer.web.readers import Readers

HEADER_SECONDS = 10  # in which a connection must send a whole request head
ANSWER_SECONDS = 2  # in which, once the app is to stop, answers may still be sent
STOP_SECONDS = 10  # after which the process ends whatever is left, such as a model in mid-batch


class Connection(H11Protocol):
    """A connection that may idle only for a while.

    One that sends no whole request head in time is closed. At most half of the ``most`` that may be open
    may idle: past it the one that idles longest is closed.
    """

    def __init__(self, *given: Any, most: int, **named: Any) -> None:
        super().__init__(*given, **named)
        self._most = most
        self.app = Uncrowded(self.app, self.connections, most)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer: asyncio.TimerHandle | None = None
        self._expect_request()
        idle = [each for each in self.connections if isinstance(each, Connection) and each.idle]
        if len(idle) > self._most // 2:
            min(idle, key=lambda each: each.since).transport.close()

    @property
    def idle(self) -> bool:
        """Whether it is open and no request is being answered."""
        return not self.transport.is_closing() and (self.cycle is None or self.cycle.response_complete)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_request()

    def handle_websocket_upgrade(self, event: object) -> None:
        self._stop_timer()
        super().handle_websocket_upgrade(event)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _expect_request(self) -> None:
        self._stop_timer()
        self.since = self.loop.time()
        self._timer = self.loop.call_later(HEADER_SECONDS, self._close_idle)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _close_idle(self) -> None:
        if self.idle:
            self.transport.close()


class Uncrowded:
    """Requests are answered 503 while more than ``most`` connections are open.

    uvicorn has such a limit too, but answers in plain text.
    """

    def __init__(self, app: Any, connections: Collection[object], most: int) -> None:
        self._app, self._connections, self._most = app, connections, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(self._connections) <= self._most:
            await self._app(scope, receive, send)
            return
        words = f"{self._most} connections are open already, and no more are allowed; try again in a moment"
        await refusal(503, "busy", words, Retry_After="1", Connection="close")(scope, receive, send)


class Interrupted:
    """Requests that are cut off because the app ends are answered 503."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except asyncio.CancelledError:
            if started or scope["type"] != "http":
                raise
            await refuse(scope, receive, send, 503, "stopped", "the app was closed")


class Handed(uvicorn.Server):
    """uvicorn, which also goes on with connections that are open already."""

    def adopt(self, connection: socket.socket, data: bytes) -> None:
        """Answer on a connection, of which ``data`` was read already."""
        connection.setblocking(False)
        made: Any = self.config.http_protocol_class
        protocol = partial(
            made,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            beginning=data,
        )
        work = asyncio.get_running_loop().connect_accepted_socket(protocol, connection)
        task = asyncio.ensure_future(_unless_gone(work))
        self.server_state.tasks.add(task)
        task.add_done_callback(self.server_state.tasks.discard)


async def _unless_gone(work: Awaitable[object]) -> None:
    with suppress(OSError):  # the client went meanwhile
        await work


class Server(Handed):
    """uvicorn, which says when it is ready, and which ends soon when it is told to."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        stop: Callable[[], None],
        readers: Readers | None,
    ) -> None:
        super().__init__(config)
        self._ready, self._stop, self._readers = ready, stop, readers

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets if self._readers is None else [])
        if self._readers is not None:
            self._readers.begin(self.adopt)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # What is cut off then is no failure, and uvicorn would log each with its traceback.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        stopping = asyncio.create_task(asyncio.to_thread(self._stop))
        if self._readers is not None:
            await self._readers.end()
        await super().shutdown(sockets)
        await stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        # What is kept on disk is never half written, so the process may be cut off at any moment.
        last = threading.Timer(STOP_SECONDS, os._exit, (128 + sig,))
        last.daemon = True
        last.start()


def configured(app: ASGIApp, http: Callable[..., Connection]) -> uvicorn.Config:
    """How an app is served, on connections made by ``http``."""
    return uvicorn.Config(
        Interrupted(app),
        http=http,  # type: ignore[arg-type]
        log_level="warning",
        proxy_headers=False,  # the app reads them itself
        timeout_graceful_shutdown=ANSWER_SECONDS,
    )


def run(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    http: Callable[..., Connection],
    ready: Callable[[], None],
    stop: Callable[[], None],
    readers: Readers | None = None,
) -> None:
    """Serve ``app`` on ``sockets``, which listen already, until SIGTERM or SIGINT.

    ``http`` makes what answers on a connection. ``ready`` is called when the app answers. ``stop`` is called
    on a thread when the app is to end: it ends what requests wait for. With ``readers`` those take the
    connections. The signals' own handlers run before this returns.
    """
    Server(configured(app, http), ready, stop, readers).run(sockets=list(sockets))
