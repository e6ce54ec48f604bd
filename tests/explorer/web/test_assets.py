"""How the page's own files are served."""

import re

import pytest

from explorer.web import assets


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("page/main.js", "text/javascript; charset=utf-8"),
        ("map/map.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_files_say_what_they_are_and_are_asked_about_again(client, path, media):
    answer = client.get(f"/static/earth/{path}")
    assert answer.status_code == 200 and answer.headers["content-type"] == media
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get(f"/static/earth/{path}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and again.content == b"" and again.headers["cache-control"] == "no-cache"


def test_every_import_leads_to_a_file_of_ours():
    found = 0
    for module in assets.FOLDER.rglob("*.js"):
        for target in re.findall(r'^import (?:[^"]* from )?"([^"]+)"', module.read_text(), re.MULTILINE):
            assert (module.parent / target).is_file(), f"{module.name} imports {target}"
            found += 1
    assert found > 40


def test_the_name_of_a_world_stays_text_in_the_map(client):
    made = client.post("/worlds", json={"name": "<script>alert(1)</script>", "prompt": "coast"}).json()
    page = client.get(f"/worlds/{made['id']}/map").text
    assert "<script>alert" not in page and "<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>" in page
