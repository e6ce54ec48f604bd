"""Guards around the whole app, as plain ASGI: what is refused never reaches a route."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = ("GET", "HEAD", "OPTIONS")
OWN = ("/worlds", "/jobs")  # where the limit on bodies holds; Gradio has limits of its own


def refusal(status: int, code: str, message: str, **headers: str) -> JSONResponse:
    """A failure in the one shape that all of ours have."""
    body = {"error": {"code": code, "message": message}}
    return JSONResponse(body, status, headers={k.replace("_", "-"): v for k, v in headers.items()})


class KnownHost:
    """Answers only under its own names: a page elsewhere whose name leads here gets nothing."""

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        self.app, self.names = app, {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] in ("http", "websocket") and "*" not in self.names
        if not asked or _hostname(Headers(scope=scope).get("host", "")) in self.names:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            words = "this name is not one of the app's; EARTH_ALLOWED_HOSTS lists them"
            await refusal(400, "unknown_host", words)(scope, receive, send)


def _hostname(host: str) -> str:
    """``host`` without its port; an IPv6 address without its brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class SameSite:
    """Refuses what another site's page sends: changes over HTTP and any WebSocket."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        changes = scope["type"] == "http" and scope["method"] not in SAFE
        if (changes or scope["type"] == "websocket") and foreign(Headers(scope=scope)):
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            answer = refusal(403, "cross_site", "requests from pages of other sites are refused")
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)


def foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page asks."""
    site = headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


class BodyLimit:
    """413 for bodies over the limit, whether they say their length or not.

    ``larger`` has limits of their own for the paths where files are sent, by how these end.
    """

    def __init__(self, app: ASGIApp, limit: int, larger: Mapping[str, int]) -> None:
        self.app, self.limit, self.larger = app, limit, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(OWN):
            await self.app(scope, receive, send)
            return
        larger = (most for end, most in self.larger.items() if scope["path"].endswith(end))
        limit = next(larger, self.limit)
        said = Headers(scope=scope).get("content-length", "0")
        answer = refusal(413, "body_too_large", f"the body may have up to {limit} bytes")
        if not said.isdecimal() or int(said) > limit:
            await answer(scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise HTTPException(413, f"the body may have up to {limit} bytes")
            return message

        await self.app(scope, counted, send)


class Headed:
    """Headers that keep our pages to themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"x-content-type-options", b"nosniff"),
                    (b"x-frame-options", b"SAMEORIGIN"),
                    (b"referrer-policy", b"same-origin"),
                ]
            await send(message)

        await self.app(scope, receive, headed if scope["type"] == "http" else send)
