"""A picture is dropped on the map, and moved and scaled there before it is added."""

from __future__ import annotations

import base64
import io
import math
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from benchmarks.standin import OneModel, StandIn
from tests.browser.acts import LAND, journal, opened, settled, to
from tiles.grid import EARTH, TILE_PIXELS, Box, metres_per_pixel

METRES = metres_per_pixel(8)
FADES = 24  # px at a picture's edge that the land around it may take: three latents
DROP = """
async ([type, name, data, x, y]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const frame = document.getElementById("earth-map").contentWindow;
  const dataTransfer = new frame.DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type }));
  const how = { dataTransfer, clientX: x, clientY: y, bubbles: true, cancelable: true };
  const on = frame.document.elementFromPoint(x, y);
  for (const kind of ["dragenter", "dragover", "drop"]) on.dispatchEvent(new frame.DragEvent(kind, how));
}
"""


@pytest.fixture
def library():
    """A model that keeps the colours of a picture."""
    return OneModel(StandIn())


def red(width: int, height: int) -> bytes:
    found = io.BytesIO()
    Image.new("RGB", (width, height), (250, 20, 20)).save(found, "PNG")
    return found.getvalue()


def drop(page: Page, name: str, data: bytes, x: int, y: int, type: str = "") -> None:
    """In px from the map's corner."""
    page.evaluate(DROP, [type, name, base64.b64encode(data).decode(), x, y])


def body(page: Page):
    return page.frame_locator("#earth-map").locator(".own-body")


def bounds(page: Page) -> list[float]:
    """Where the overlay lies, in metres."""
    return page.evaluate(
        f"(() => {{ const {{_southWest: a, _northEast: b}} = {LAND}.own.image.getBounds();"
        " return [a.lng, a.lat, b.lng, b.lat]; })()"
    )


def drag(page: Page, part, right: int, down: int) -> None:
    box = part.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2, steps=4)
    page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()


def reds(page: Page, server, box: Box) -> list[float]:
    """The rectangle of painted red land, in metres."""
    land = np.zeros((box.height * TILE_PIXELS, box.width * TILE_PIXELS), bool)
    for tile in box.tiles():
        data = page.request.get(f"{server.url}/worlds/first/tiles/8/{tile.x}/{tile.y}.png?wait=30").body()
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        top, left = (tile.y - box.top) * TILE_PIXELS, (tile.x - box.left) * TILE_PIXELS
        seen = (pixels[..., 0] > 220) & (pixels[..., 1:] < 60).all(-1)
        land[top : top + TILE_PIXELS, left : left + TILE_PIXELS] = seen
    rows, columns = np.flatnonzero(land.any(1)), np.flatnonzero(land.any(0))
    west, north = box.left * TILE_PIXELS, box.top * TILE_PIXELS
    xs = [(west + edge) * METRES - EARTH / 2 for edge in (columns[0], columns[-1] + 1)]
    ys = [EARTH / 2 - (north + edge) * METRES for edge in (rows[-1] + 1, rows[0])]
    return [xs[0], ys[0], xs[1], ys[1]]


def around(west: float, south: float, east: float, north: float) -> Box:
    """The tiles that a rectangle touches."""
    side = METRES * TILE_PIXELS
    left, right = ((x + EARTH / 2) / side for x in (west, east))
    top, bottom = ((EARTH / 2 - y) / side for y in (north, south))
    return Box(8, math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))


def test_a_dropped_picture_is_dragged_and_scaled_and_then_painted_where_it_lies(page, server, watch):
    opened(page, server)
    drop(page, "land.png", red(300, 150), 330, 300, "image/png")
    spot = page.locator("#picture-spot")
    expect(spot).to_contain_text("scale it by its corners")
    first = bounds(page)
    assert (first[2] - first[0], first[3] - first[1]) == pytest.approx((300 * METRES, 150 * METRES))
    drag(page, body(page), 60, -40)
    second = bounds(page)
    apart = (60 * METRES, 40 * METRES)
    assert second == pytest.approx([each + apart[index % 2] for index, each in enumerate(first)])
    drag(page, page.frame_locator("#earth-map").locator("[class*=own-corner]").nth(2), 76, 38)  # lower right
    lies = bounds(page)
    assert (lies[0], lies[3]) == pytest.approx((second[0], second[3]))
    wide, high = lies[2] - lies[0], lies[3] - lies[1]
    assert wide == pytest.approx(376 * METRES, rel=0.01) and wide / high == pytest.approx(2)
    bar = page.frame_locator("#earth-map").locator(".own-bar")
    words = f"{wide / 1000:.0f} x {high / 1000:.0f} km"
    expect(bar).to_contain_text(words)
    expect(spot).to_contain_text(words)
    page.locator("#picture-prompt").fill("a lake")
    with page.expect_request("**/pictures?*") as sent:
        bar.get_by_role("button", name="Add").click()
    assert parse_qs(urlsplit(sent.value.url).query)["prompt"] == ["a lake"]
    settled(page, server, 2)
    expect(bar).not_to_be_visible()
    expect(body(page)).to_have_count(0)
    assert reds(page, server, around(*lies)) == pytest.approx(lies, abs=FADES * METRES)
    assert watch == []


def test_the_keyboard_moves_scales_adds_and_puts_away(page, server, watch):
    opened(page, server)
    drop(page, "land.png", red(96, 96), 330, 300, "image/png")
    expect(body(page)).to_be_focused()
    page.frame_locator("#earth-map").locator(".own-bar input").fill("1")
    page.locator("#picture-zoom").select_option("7")
    page.locator("#picture-zoom").select_option("8")
    image = page.frame_locator("#earth-map").locator(".own-image")
    expect(image).to_have_js_property("width", 96)
    expect(image).to_have_css("opacity", "1")  # as it was chosen
    first = bounds(page)
    for key in ("ArrowRight", "Shift+ArrowDown", "+", "-"):
        body(page).press(key)
    apart = (10 * METRES, -METRES)
    assert bounds(page) == pytest.approx([each + apart[index % 2] for index, each in enumerate(first)])
    body(page).press("+")
    larger = bounds(page)
    assert larger[2] - larger[0] == pytest.approx(1.1 * 96 * METRES)
    expect(body(page)).to_have_attribute("aria-label", re.compile("64.6 x 64.6 km"))
    with page.expect_request("**/pictures?*") as sent:
        body(page).press("Enter")
    query = parse_qs(urlsplit(sent.value.url).query)
    assert float(query["x"][0]) == pytest.approx((larger[0] + larger[2]) / 2)
    settled(page, server, 2)
    drop(page, "land.png", red(96, 96), 330, 300, "image/png")
    body(page).press("Escape")
    expect(body(page)).to_have_count(0)
    expect(page.locator("#picture-go")).to_be_disabled()
    assert len(journal(page, server)) == 2 and watch == []


def test_a_geotiff_is_a_frame_at_its_own_place_and_other_files_are_refused(page, server, watch):
    opened(page, server)
    to(page, "explore")
    drop(page, "notes.txt", b"no land", 330, 300)
    said = page.locator("#picture-said")
    expect(said).to_contain_text("not a picture that can be put on the map")
    with MemoryFile() as memory:
        place = {"crs": "EPSG:3857", "transform": from_origin(3e6, 2e6, METRES, METRES)}
        with memory.open(driver="GTiff", width=96, height=64, count=3, dtype="uint8", **place) as tiff:
            tiff.write(np.full((3, 64, 96), 120, np.uint8))
        data = memory.read()
    drop(page, "a.tif", data, 330, 300)
    expect(page.locator("#picture-spot")).to_contain_text("its own place")
    expect(body(page)).to_have_attribute("aria-label", re.compile("58.7 x 39.7 km, at its own place"))
    assert watch == []
