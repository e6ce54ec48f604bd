"""The front page as whoever asks reads it: in their language, and with our words and a picture of ours, in
place of Gradio's, for programs that show a preview of a link."""

from __future__ import annotations

import re
from html import escape

from starlette._utils import get_route_path
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.web import assets
from explorer.web.modules import preloads
from explorer.web.phrases import COOKIE, SECONDS, VARY, filled, language_of, phrase, script

TITLE = "Endless Earth"
PICTURE = "/gallery/fjords.webp"
ITS_OWN = re.compile(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
PAGE = ("", "/")
OPENING = "page/opening.js"
# Gradio's script and style come late. So the map is no part of Gradio's page: it lies over that, beside the
# panel.
STYLE = """<style>:root { --panel: clamp(256px, 22vw, 320px); }
gradio-app:not(:has(#earth))::before { content: "@@loading@@"; position: fixed; bottom: 0; left: 0; \
display: grid; place-content: center; width: var(--panel); height: 100dvh; color: #57534e; \
font: 16px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { gradio-app:not(:has(#earth))::before { color: #b8b2ab; } }
@media (max-width: 900px) { gradio-app:not(:has(#earth))::before { width: 100%; height: 84px; } }
gradio-app:not(:has(#earth)) > * { visibility: hidden; }
#earth-map { position: fixed; z-index: 1; top: 0; right: 0; width: calc(100% - var(--panel)); \
height: 100dvh; border: 0; background: #14191b; }
body:has(#earth.wide) #earth-map { width: 100%; }
@media (max-width: 900px) { #earth-map { width: 100%; height: calc(100dvh - 96px); } }
@media (max-width: 900px) and (max-height: 560px) { #earth-map { height: calc(100dvh - 84px); } }</style>"""
# A browser runs one script at a time. Gradio's waits until the map has shown land.
ITS_SCRIPT = re.compile(r'(<script type=")module("[^>]*\bsrc="[^"]*/assets/)')
FILLED = (*PAGE, "/config", "/config/")  # Gradio's script asks for its description of the page again


def with_preview(html: str, base: str, language: str) -> str:
    """The page with one title, description and picture for previews of links.

    >>> with_preview('<meta property="og:title" content="Its"></head>', "http://a", "en").count("og:title")
    1
    """
    about = phrase(language, "about")
    told = {
        "og:type": "website", "og:title": TITLE, "og:description": about, "og:image": f"{base}{PICTURE}",
    }  # fmt: skip
    tags = "".join(f'<meta property="{name}" content="{escape(words)}">' for name, words in told.items())
    tags += f'<meta name="description" content="{escape(about)}">'
    return ITS_OWN.sub("", html).replace("</head>", f"{tags}</head>", 1)


def spoken(html: str, language: str) -> str:
    """The page that says which language it is in, and has that language's catalogue for its modules."""
    html = re.sub(r'(<html[^>]*?\blang=")[^"]*', rf"\g<1>{language}", html, count=1)
    return html.replace("</head>", f"{script(language)}</head>", 1)


def head(base: str) -> str:
    """For a page whose modules are at ``base``. What Gradio is given for its head, its script adds once that
    has run."""
    return f'{preloads(OPENING, base)}{STYLE}<link rel="icon" href="{base}/icon.svg">'


def map_of(base: str) -> str:
    """The map's frame. It stands behind the panel, so that keys reach it after that. Modules run in the order
    of the page, so without ``async`` the map would wait for Gradio's."""
    frame = '<iframe id="earth-map" title="@@map@@" src="about:blank"></iframe>'
    return f'{frame}<script type="module" async id="opening" src="{base}/{OPENING}"></script>'


class Front:
    """Gradio's app, whose first page has our previews and the reader's language."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or get_route_path(scope) not in FILLED:
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
            told = HTTPConnection(scope)
            headers = [pair for pair in start["headers"] if pair[0] != b"content-length"]
            headers += [(name.encode(), value.encode()) for name, value in _told(told)]
            body = _changed(told, body.decode(), get_route_path(scope) in PAGE).encode()
            headers.append((b"content-length", str(len(body)).encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, changed)


def _changed(asked: HTTPConnection, body: str, whole: bool) -> str:
    """The answer in the reader's language; ``whole``: it is the page itself."""
    language, root = language_of(asked), _root(asked)
    if not whole:
        return filled(body, language)
    body = ITS_SCRIPT.sub(r"\1later\2", body)
    base = assets.EARTH.base()
    body = body.replace("<head>", f"<head>{head(base)}", 1).replace("</body>", f"{map_of(base)}</body>", 1)
    body = filled(body, language)
    return with_preview(spoken(body, language), f"{asked.url.scheme}://{asked.url.netloc}{root}", language)


def _told(asked: HTTPConnection) -> list[tuple[str, str]]:
    """Headers: what the answer depends on, and a language that the address asks for, to be kept."""
    told = [("vary", VARY)]
    chosen = language_of(asked)
    if asked.query_params.get("lang") == chosen:
        path = _root(asked) or "/"
        told.append(("set-cookie", f"{COOKIE}={chosen}; Path={path}; Max-Age={SECONDS}; SameSite=Lax"))
    return told


def _root(asked: HTTPConnection) -> str:
    root: str = asked.scope.get("app_root_path", asked.scope.get("root_path", ""))
    return root
