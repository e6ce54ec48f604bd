"""The app on its sockets, until it is told to stop."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """uvicorn, which says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def run(app: ASGIApp, sockets: Sequence[socket.socket], ready: Callable[[], None]) -> None:
    """Serve ``app`` on ``sockets``, which listen already; ``ready`` is called when it answers.

    Returns when SIGTERM or SIGINT ended it, after those signals' own handlers ran.
    """
    Server(uvicorn.Config(app, log_level="warning"), ready).run(sockets=list(sockets))
