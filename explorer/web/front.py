"""What other programs show of a link to the page: our words and a picture of ours, in place of Gradio's."""

from __future__ import annotations

import re
from html import escape

from starlette._utils import get_route_path
from starlette.datastructures import URL
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TITLE = "Endless Earth"
ABOUT = "A map of an Earth that does not exist. Drag it, and the land goes on."
PICTURE = "/gallery/fjords.webp"
ITS_OWN = re.compile(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')


def with_preview(html: str, base: str) -> str:
    """The page with one title, description and picture for previews of links.

    >>> with_preview('<head><meta property="og:title" content="Gradio"></head>', "http://here").count("og:title")
    1
    """
    told = {
        "og:type": "website", "og:title": TITLE, "og:description": ABOUT, "og:image": f"{base}{PICTURE}",
    }  # fmt: skip
    tags = "".join(f'<meta property="{name}" content="{escape(words)}">' for name, words in told.items())
    tags += f'<meta name="description" content="{escape(ABOUT)}">'
    return ITS_OWN.sub("", html).replace("</head>", f"{tags}</head>", 1)


class Front:
    """Gradio's app, whose first page has our previews."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or get_route_path(scope) not in ("", "/"):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def changed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body") or start is None:
                return
            headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
            if (b"content-type", b"text/html; charset=utf-8") in headers:
                url = URL(scope=scope)
                root = scope.get("app_root_path", scope.get("root_path", ""))
                body = with_preview(body.decode(), f"{url.scheme}://{url.netloc}{root}").encode()
            headers.append((b"content-length", str(len(body)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, changed)
