"""How the page's own files are served."""

import os
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from explorer.web import assets
from explorer.web.assets import Assets, Versioned


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


def test_a_browser_keeps_all_that_a_map_asks_for(client):
    made = client.post("/worlds", json={"name": "There", "prompt": "coast"}).json()
    page = client.get(f"/worlds/{made['id']}/map").text
    paths = set(re.findall(r'"\.\./\.\.(/static/[^"]+)"', page))
    assert {path.rpartition("/")[2] for path in paths} > {"leaflet.js", "leaflet.css", "map.css", "main.js"}
    for path in paths:
        assert client.get(path).headers["cache-control"] == "public, max-age=31536000, immutable", path


def of(files: Versioned, base: str) -> tuple[str, str]:
    """The text of a.js at an address, and whether a browser may keep it."""
    app = FastAPI()
    app.mount("/static/ours-{version}", Assets(files))
    answer = TestClient(app).get(f"/{base}/deep/a.js")
    return answer.text, answer.headers["cache-control"]


def made(folder, text):
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "deep" / "a.js").write_text(text)
    os.utime(folder / "deep" / "a.js", (1, 1))  # installed files may all bear one date
    return Versioned("ours", folder)


def test_an_upgrade_is_seen_at_once(tmp_path):
    before, after = made(tmp_path / "old", "1"), made(tmp_path / "new", "2")
    assert before.base() != after.base() and before.base() == made(tmp_path / "same", "1").base()
    assert "immutable" in of(before, before.base())[1]
    assert of(after, after.base())[0] == "2"
    assert of(after, before.base()) == ("2", "no-cache")  # for a page that was open before the upgrade


def test_a_file_written_while_the_app_runs_is_seen_at_once(tmp_path):
    files = made(tmp_path, "1")
    base = files.base()
    (tmp_path / "deep" / "a.js").write_text("2")
    assert of(files, base)[0] == "1"  # an address means one version of each file, as long as it may be kept
    assert files.base() != base
    text, kept = of(files, files.base())
    assert text == "2" and "immutable" in kept
    assert of(files, base) == ("2", "no-cache")
    (tmp_path / "deep" / ".a.js.swp").write_text("an editor's")
    assert of(files, files.base()) == (text, kept)


def test_a_file_that_is_kept_says_what_it_is_too(client):
    for path, media in [("earth/icon.svg", "image/svg+xml"), ("leaflet/images/layers.png", "image/png")]:
        name, _, rest = path.partition("/")
        base = {"earth": assets.EARTH, "leaflet": assets.LEAFLET}[name].base()
        answer = client.get(f"/{base}/{rest}")
        assert answer.content == client.get(f"/static/{path}").content
        assert answer.headers["content-type"].split(";")[0] == media
        again = client.get(f"/{base}/{rest}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304 and again.content == b""
    assert client.get(f"/{assets.EARTH.base()}/nowhere.js").status_code == 404
    assert client.get(f"/{assets.EARTH.base()}/../../app.py").status_code == 404


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
