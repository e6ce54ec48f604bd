"""HEAD: the headers that GET would give."""

from __future__ import annotations

import contextlib

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Enough(Exception):
    """The headers are sent: what would have written the body may stop."""


class Head:
    """Answers HEAD below ``paths`` as GET is answered, without the body."""

    def __init__(self, app: ASGIApp, paths: tuple[str, ...]) -> None:
        self.app, self.paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "HEAD"
        if not asked or not get_route_path(scope).startswith(self.paths):
            await self.app(scope, receive, send)
            return

        async def headers(message: Message) -> None:
            await send({**message, "body": b"", "more_body": False} if "body" in message else message)
            if message.get("more_body"):
                raise Enough

        with contextlib.suppress(Enough):
            await self.app({**scope, "method": "GET"}, receive, headers)
