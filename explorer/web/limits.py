"""How large a request's body may be, by method and route, and how slow."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import NamedTuple

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.settings import Settings
from explorer.web.middleware import refusal
from explorer.web.phrases import page_language, worded

SILENT_SECONDS = 30  # for which a body may pause while it is sent
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
        Limit("POST", re.compile("/worlds/[^/]+/(pictures|guides|blueprint)"), settings.picture_bytes),
        Limit("POST", re.compile(GRADIO_FILES), 0),
    ]


class Body:
    """The body of one request while it is read: up to ``limit`` bytes, and never waited for long."""

    def __init__(self, receive: Receive, scope: Scope, limit: int) -> None:
        self._receive, self._scope, self._limit = receive, scope, limit
        self._read, self._whole = 0, False
        self.refusal: JSONResponse | None = None  # why it is read no further

    async def next(self) -> Message:
        """The next part of it; whoever reads is told that the client is gone where it is refused."""
        if self._whole:  # all that can still come is the end of the connection
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), SILENT_SECONDS)
        except TimeoutError:
            words = f"no more of the body came within {SILENT_SECONDS} seconds"
            return self._refuse(refusal(408, "body_too_slow", self._told("body_too_slow", words)))
        self._read += len(message.get("body", b""))
        if self._read > self._limit:
            return self._refuse(self.too_large())
        self._whole = not message.get("more_body", False)
        return message

    def too_large(self) -> JSONResponse:
        """The answer to a body over the limit."""
        words = f"{self._scope['method']} may send up to {self._limit:,} bytes here"
        return refusal(413, "body_too_large", self._told("body_too_large", words, limit=self._limit))

    def _told(self, kind: str, words: str, **values: int) -> str:
        return worded(page_language(HTTPConnection(self._scope)), kind, words, **values)

    def _refuse(self, answer: JSONResponse) -> Message:
        self.refusal = answer
        return {"type": "http.disconnect"}


class BodyLimit:
    """413 for a body over the limit of its route, before any of it is parsed; 408 for one that stops coming.

    A body that says its length is refused unread; one that does not is read up to the limit.
    """

    def __init__(self, app: ASGIApp, usual: int, limits: Sequence[Limit]) -> None:
        self.app, self.usual, self.limits = app, usual, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit, started = self._limit(scope), False
        body = Body(receive, scope, limit)
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            await body.too_large()(scope, receive, send)
            return

        async def passed(message: Message) -> None:
            nonlocal started
            if body.refusal is None or started:
                started = True
                await send(message)

        try:
            await self.app(scope, body.next, passed)
        except Exception:
            if body.refusal is None or started:
                raise
        if body.refusal is not None and not started:
            await body.refusal(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        path = get_route_path(scope)
        for limit in self.limits:
            if limit.method == scope["method"] and limit.path.fullmatch(path):
                return limit.bytes
        return self.usual
