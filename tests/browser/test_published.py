"""A published world in a real Chromium, from plain servers of files."""

import base64
import re
import time

import pytest
from playwright.sync_api import expect

from benchmarks.standin import OneModel, StandIn
from explorer.service.publishing.targets import target_of
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from tests.browser.conftest import PATIENCE
from tests.explorer.worlds.test_journal import put
from tests.published import ENVIRONMENT, into, object_store, published, serving
from tiles.grid import Box, Tile

NAME = "Bay <b>of</b> ${x}"
LAND = Box(8, 125, 126, 131, 130)
OUTSIDE = Box(8, -2, 100, 2, 103)

# How many tiles have any pixel that is not transparent.
DRAWN = """() => [...document.querySelectorAll('canvas.land')].filter((each) =>
  each.getContext('2d').getImageData(0, 0, 256, 256).data.some((value) => value)).length"""


PIXELS = """(picture) => {
  const context = new OffscreenCanvas(256, 256).getContext('2d');
  context.drawImage(picture, 0, 0);
  return [...context.getImageData(0, 0, 256, 256).data].slice(0, 4000);
}"""


def until(page, script, right):
    """Until what a script gives is right. The page's own policy forbids Playwright's way of waiting."""
    end = time.monotonic() + PATIENCE / 1000
    while not right(found := page.evaluate(script)):
        assert time.monotonic() < end, found
        page.wait_for_timeout(50)


def drawn(page, least):
    until(page, DRAWN, lambda found: found >= least)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    atlas = Atlas(tmp_path_factory.mktemp("published") / "worlds", OneModel(StandIn()), 2**26)
    world = atlas.create(NewWorld(NAME, 'rocky "coast" <img src=x>', seed=7))
    put(world, LAND.tiles())
    put(world, OUTSIDE.tiles())
    yield world
    atlas.close()


@pytest.fixture(scope="module")
def site(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    into(world, folder / "maps")
    with serving(folder) as url:
        yield f"{url}/maps/"


@pytest.fixture
def visit(browser):
    """Opens a page, and knows what it did that it should not."""
    context = browser.new_context(viewport={"width": 1000, "height": 700}, color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wrong, requests = [], []
    page.on("pageerror", lambda error: wrong.append(f"error {error}"))
    page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
    page.on("request", lambda request: requests.append(request))

    def open(url):
        page.goto(url)
        return page, requests, wrong

    yield open
    context.close()


def test_land_is_shown_by_range_requests_and_nothing_else_is_asked(visit, site, world):
    page, requests, wrong = visit(site)
    drawn(page, 4)
    expect(page).to_have_title(NAME)
    about = page.locator(".about")
    expect(about).to_contain_text(NAME)
    expect(about).to_contain_text('rocky "coast" <img src=x>')
    expect(about).to_contain_text("Seed 7. Model stand-in, licence CC0-1.0.")
    expect(page.locator(".attribution")).to_have_text(
        "Synthetic: imaginary land, painted by stand-in (CC0-1.0)"
    )
    expect(page.locator(".zoom-words")).to_contain_text("per pixel")
    assert page.locator(".leaflet-container .paper").count() > 0
    asked = [request for request in requests if request.url.endswith(".pmtiles")]
    assert asked and all(re.fullmatch(r"bytes=\d+-\d+", request.headers["range"]) for request in asked)
    assert all(request.url.startswith((site, "blob:", "data:")) for request in requests)
    assert not wrong


def test_a_tile_on_the_page_has_the_pixels_of_the_app(visit, site, world):
    page, _, _ = visit(f"{site}#8/0/0")
    drawn(page, 4)
    shown = page.evaluate(f"window.earth.map.land.pictures.at(8, 128, 128).then({PIXELS})")
    page.goto("about:blank")
    data = base64.b64encode(world.renderer.tile(Tile(8, 128, 128), "webp").data).decode()
    served = f"fetch('data:image/webp;base64,{data}').then((answer) => answer.blob()).then(createImageBitmap)"
    assert shown == page.evaluate(f"{served}.then({PIXELS})")


def test_links_lead_to_places_at_every_zoom_and_back(visit, site):
    page, _, wrong = visit(f"{site}#8/0/0")
    drawn(page, 4)
    page.get_by_role("button", name="Copy link to this place").click()
    expect(page.locator(".about")).to_contain_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == f"{site}#8/0/0"
    for zoom in (0, 5, 10):  # overviews, and what is deeper than all that is painted, enlarged
        page.evaluate(f"location.hash = '#{zoom}/1000/-1000'")
        until(page, "window.earth.map.map.getZoom()", lambda found, zoom=zoom: found == zoom)
        drawn(page, 1)
    expect(page.locator(".zoom-origin")).to_contain_text("Zoom 8, enlarged")
    page.evaluate("location.hash = '#8/9000000/9000000'")  # paper
    until(page, DRAWN, lambda found: found == 0)
    assert not wrong


def test_land_across_the_edge_of_the_square_is_in_its_place(visit, site):
    west, south, east, north = OUTSIDE.bounds
    page, _, wrong = visit(f"{site}#8/{round((west + east) / 2)}/{round((south + north) / 2)}")
    drawn(page, OUTSIDE.size)
    assert page.evaluate(
        """Promise.all([-3, -2, -1, 0, 1, 2].map((x) => window.earth.map.land.pictures.at(8, x, 101)))
          .then((pictures) => pictures.map(Boolean))"""
    ) == [False, True, True, True, True, False]
    assert not wrong


def test_a_server_without_ranges_is_named_as_the_trouble(visit, site, browser):
    context = browser.new_context()
    page = context.new_page()
    page.route(re.compile(r"\.pmtiles"), lambda route: route.fulfill(status=200, body="PMTiles"))
    page.goto(site)
    expect(page.locator(".badge")).to_have_text(
        "This server does not answer range requests, so it can’t show tiles."
    )
    context.close()


def test_from_an_object_store(visit, world, tmp_path, monkeypatch):
    pytest.importorskip("obstore")
    with object_store() as url:
        for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": url}).items():
            monkeypatch.setenv(name, value)
        published(world, target_of("s3://maps/bay"), tmp_path / "work")
        page, requests, wrong = visit(f"{url}/maps/bay/index.html")
        drawn(page, 4)
        assert all(request.url.startswith((url, "blob:", "data:")) for request in requests)
        assert not wrong
