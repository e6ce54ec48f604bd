"""Previews of links are ours."""

from concurrent.futures import ThreadPoolExecutor

import anyio
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from explorer.web.front import ABOUT, Front, with_preview

ITS_PAGE = """<head><meta charset="utf-8" /><meta
  name="twitter:card"
  content="x"/><meta property="og:title" content="Its own"></head><body>Größe</body>"""


def asked(path: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a page and a JSON answer behind ``Front``."""
    app = Front(
        Starlette(
            routes=[
                Route("/", lambda request: HTMLResponse(ITS_PAGE)),
                Route("/config", lambda request: JSONResponse({"og": 1})),
            ]
        )
    )
    scope = {
        "type": "http", "method": "GET", "path": path, "headers": [(b"host", b"here:1")], "query_string": b"",
        "scheme": "http", "server": ("here", 1), "root_path": "", "http_version": "1.1",
    }  # fmt: skip
    sent: list[dict] = []

    async def run() -> None:
        async def receive() -> dict:
            return {"type": "http.request"}

        async def send(message: dict) -> None:
            sent.append(message)

        await app(scope, receive, send)

    # A thread of its own: Playwright keeps its event loop running in the main one, whichever tests ran before.
    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(anyio.run, run).result()
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return headers, b"".join(message.get("body", b"") for message in sent[1:])


def test_the_first_page_has_one_preview_and_it_is_ours():
    headers, body = asked("/")
    text = body.decode()
    assert int(headers["content-length"]) == len(body) and text.endswith("<body>Größe</body>")
    assert text.count("og:title") == 1 and ABOUT in text and "twitter" not in text
    assert 'og:image" content="http://here:1/gallery/fjords.webp"' in text


def test_other_answers_pass_as_they_are():
    headers, body = asked("/config")
    assert body == b'{"og":1}' and headers["content-type"] == "application/json"


def test_words_around_stay_as_they_are():
    assert '<meta charset="utf-8" />' in with_preview(ITS_PAGE, "https://here")
