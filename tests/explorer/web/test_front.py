"""Previews of links are ours."""

from concurrent.futures import ThreadPoolExecutor

import anyio
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route

from explorer.web import assets
from explorer.web.front import Front, with_preview
from explorer.web.phrases import CATALOGUES

ITS_PAGE = """<html lang="en"><head><meta charset="utf-8" /><meta
  name="twitter:card"
  content="x"/><meta property="og:title" content="Its own"></head><body>Größe</body>"""


def asked(path: str, query: bytes = b"", **said: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a page and a JSON answer behind ``Front``."""
    app = Front(
        Starlette(
            routes=[
                Route("/", lambda request: HTMLResponse(ITS_PAGE)),
                Route("/other", lambda request: PlainTextResponse("@@new.go@@")),
                Route("/config", lambda request: JSONResponse({"label": "@@new.go@@"})),
            ]
        )
    )
    scope = {
        "type": "http", "method": "GET", "path": path, "headers": [(b"host", b"here:1"), *((name.encode(), value.encode()) for name, value in said.items())],
        "query_string": query,
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
    assert int(headers["content-length"]) == len(body) and "<body>Größe<iframe" in text
    assert text.count("og:title") == 1 and CATALOGUES["en"]["about"] in text and "twitter" not in text
    assert 'og:image" content="http://here:1/gallery/fjords.webp"' in text


def test_the_map_waits_for_no_other_script():
    head, body = asked("/", **{"accept-language": "de"})[1].decode().split("</head>")
    assert f'content: "{CATALOGUES["de"]["loading"]}"' in head
    frame, script = body.removesuffix("</body>").split("</iframe>")
    assert f'<iframe id="earth-map" title="{CATALOGUES["de"]["map"]}"' in frame
    opening = f"{assets.EARTH.base()}/page/opening.js"
    assert script == f'<script type="module" async id="opening" src="{opening}"></script>'


def test_other_answers_pass_as_they_are():
    headers, body = asked("/other")
    assert body == b"@@new.go@@" and headers["content-type"].startswith("text/plain")


def test_the_page_and_its_description_are_in_the_language_of_the_browser():
    headers, body = asked("/", **{"accept-language": "fr, de-CH;q=0.8, en;q=0.5"})
    text = body.decode()
    assert '<html lang="de">' in text and CATALOGUES["de"]["about"] in text and "cookie" not in headers
    assert '"Welt erschaffen"' in text.split('id="phrases">')[1]
    assert asked("/config", **{"accept-language": "de"})[1].decode() == '{"label":"Welt erschaffen"}'


def test_a_language_that_was_chosen_counts_and_is_kept():
    headers, body = asked("/", b"lang=de", **{"accept-language": "en"})
    assert '<html lang="de">' in body.decode() and headers["set-cookie"].startswith(
        "earth-language=de; Path=/"
    )
    assert headers["vary"] == "Accept-Language, Cookie"
    assert '<html lang="de">' in asked("/", cookie="earth-language=de")[1].decode()
    assert '<html lang="en">' in asked("/", b"lang=en", cookie="earth-language=de")[1].decode()


def test_a_language_that_is_not_there_is_english():
    headers, body = asked(
        "/", b'lang="><script>', cookie="earth-language=../../x", **{"accept-language": ";q=,"}
    )
    assert '<html lang="en">' in body.decode() and "set-cookie" not in headers


def test_words_around_stay_as_they_are():
    assert '<meta charset="utf-8" />' in with_preview(ITS_PAGE, "https://here", "en")
