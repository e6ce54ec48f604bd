"""How large a request's body may be, by method and route."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.settings import Settings
from explorer.web.middleware import refusal

GRADIO_FILES = r"/gradio_api/(upload|process_recording|component_server)/?"


class Limit(NamedTuple):
    """The most bytes that may be sent to one route."""

    method: str
    path: re.Pattern[str]
    bytes: int


def limits(settings: Settings) -> list[Limit]:
    """The routes that are sent more, or less, than ``settings.body_bytes``.

    Gradio's own uploads are closed: nothing on the page uses them, and they would be kept on disk.
    """
    return [
        Limit("POST", re.compile("/worlds/unpack"), settings.upload_bytes),
        Limit("POST", re.compile("/worlds/[^/]+/pictures"), settings.picture_bytes),
        Limit("POST", re.compile(GRADIO_FILES), 0),
    ]


class BodyLimit:
    """413 for a body over the limit of its route, before any of it is parsed.

    A body that says its length is refused unread; one that does not is read up to the limit.
    """

    def __init__(self, app: ASGIApp, usual: int, limits: Sequence[Limit]) -> None:
        self.app, self.usual, self.limits = app, usual, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit, read, started = self._limit(scope), 0, False
        answer = refusal(413, "body_too_large", f"{scope['method']} may send up to {limit:,} bytes here")
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isdecimal() or int(said) > limit:
            await answer(scope, receive, send)
            return

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                return {"type": "http.disconnect"}  # whoever reads stops
            return message

        async def passed(message: Message) -> None:
            nonlocal started
            if read <= limit or started:
                started = True
                await send(message)

        try:
            await self.app(scope, counted, passed)
        except Exception:
            if read <= limit or started:
                raise
        if read > limit and not started:
            await answer(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        path = get_route_path(scope)
        for limit in self.limits:
            if limit.method == scope["method"] and limit.path.fullmatch(path):
                return limit.bytes
        return self.usual
