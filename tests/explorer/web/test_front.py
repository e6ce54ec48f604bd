"""Previews of links are ours."""

from starlette.testclient import TestClient

from explorer.web.front import ABOUT, with_preview
from explorer.web.server import create_app
from tests.clients import local_client


def test_the_first_page_has_one_preview_and_names_no_other_host(settings, atlas, painter, world):
    with local_client(create_app(settings, atlas, painter)) as client:
        assert isinstance(client, TestClient)
        answer = client.get("/")
        assert answer.status_code == 200 and int(answer.headers["content-length"]) == len(answer.content)
        head = answer.text.split("</head>")[0]
        assert head.count("og:title") == head.count("og:image") == 1 and ABOUT in head
        assert "gradio-app/gradio/main" not in head and "twitter:" not in head
        picture = head.split('og:image" content="')[1].split('"')[0]
        assert client.get(picture).headers["content-type"] == "image/webp"


def test_words_around_stay_as_they_are():
    page = '<head><meta charset="utf-8" /><meta\n  name="twitter:card"\n content="x"/></head><body>x</body>'
    changed = with_preview(page, "https://here")
    assert '<meta charset="utf-8" />' in changed and changed.endswith("<body>x</body>")
    assert "twitter" not in changed and "https://here/gallery/" in changed
