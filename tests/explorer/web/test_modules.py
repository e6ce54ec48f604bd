"""What a page's script imports is told to the browser before it asks."""

from __future__ import annotations

import re

import pytest

from explorer.web import assets
from explorer.web.modules import imported, preloads


@pytest.mark.parametrize("module", ["map/main.js", "page/main.js", "page/opening.js"])
def test_all_that_a_module_imports_is_found_once(module):
    found = imported(module)
    assert found[0] == module and len(set(found)) == len(found)
    for path in found:
        file = assets.FOLDER / path
        wanted = re.findall(r'from "(\.[^"]+)"|^import "(\.[^"]+)"', file.read_text(), re.MULTILINE)
        for target in map("".join, wanted):
            assert str((file.parent / target).resolve().relative_to(assets.FOLDER)) in found


def test_what_the_map_opens_with_is_little():
    assert len(imported("page/opening.js")) < 10  # it comes before anything else


def test_the_map_tells_of_its_modules_before_it_needs_them(client):
    made = client.post("/worlds", json={"name": "There", "prompt": "coast"}).json()
    head = client.get(f"/worlds/{made['id']}/map").text.split("</head>")[0]
    base = assets.EARTH.base()
    assert preloads("map/main.js", f"../../{base}") in head
    for path in re.findall(rf'href="\.\./\.\./({base}/[^"]+\.js)"', head):
        assert client.get(f"/{path}").status_code == 200
