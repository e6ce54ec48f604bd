"""Guards around the whole app, as plain ASGI: what is refused never reaches a route."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.settings import is_address
from explorer.web.phrases import page_language, worded

SAFE = ("GET", "HEAD", "OPTIONS")


def refusal(status: int, code: str, message: str, **headers: str) -> JSONResponse:
    """A failure in the one shape that all of ours have."""
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def refuse(
    scope: Scope, receive: Receive, send: Send, status: int, code: str, words: str, kind: str = ""
) -> None:
    """Answer a request, or close a WebSocket before it is open. Our page is told in its language, by the text
    of that ``kind`` of failure, or of the code."""
    message = worded(page_language(HTTPConnection(scope)), kind or code, words)
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": message[:120]})
    else:
        await refusal(status, code, message)(scope, receive, send)


class KnownHost:
    """Answers only under its own names.

    Otherwise a page of another site could reach the app under a name of that site's which leads to
    this machine (DNS rebinding). An address is no such name: with ``addresses`` any will do.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str], addresses: bool) -> None:
        self.app, self.names, self.addresses = app, {name.lower() for name in names}, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or "*" in self.names:
            await self.app(scope, receive, send)
            return
        name = hostname(Headers(scope=scope).get("host", ""))
        if name in self.names or (self.addresses and is_address(name)):
            await self.app(scope, receive, send)
            return
        words = f"the app does not answer as {name[:80]!r}; the setting EARTH_ALLOWED_HOSTS lists its names"
        await refuse(scope, receive, send, 400, "unknown_host", words)


def hostname(host: str) -> str:
    """A Host header's name without its port; an IPv6 address without its brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class SameSite:
    """Refuses what another site's page sends: changes over HTTP and any WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" or (scope["type"] == "http" and scope["method"] not in SAFE):
            headers = Headers(scope=scope)
            if foreign(headers):
                await refuse(scope, receive, send, 403, "cross_site", foreign_words(headers))
                return
        await self.app(scope, receive, send)


def foreign(headers: Headers, friends: Sequence[str] = ()) -> bool:
    """Whether another site's page asks, by what the browser says of where it stands.

    Browsers send Sec-Fetch-Site; old ones send Origin or at least Referer. Programs send none.
    ``friends``: origins of other sites that count as our own; ``*`` for any.
    """
    if "*" in friends or _origin(headers.get("origin") or headers.get("referer") or "") in friends:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    page = headers.get("origin") or headers.get("referer")
    return page is not None and _netloc(page) != headers.get("host", "").lower()


def foreign_words(headers: Headers) -> str:
    """Why such a request is refused, and what decides."""
    page, host = headers.get("origin") or headers.get("referer"), headers.get("host", "")
    came = (
        f"the request comes from a page of {page[:80]!r}" if page else "the request comes from another site"
    )
    return (
        f"{came} and the app answers as {host[:80]!r}: pages of other sites may change nothing here."
        " If a proxy stands between, it must pass the Host header on"
    )


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
