"""Pictures of one's own are put on the map."""

from __future__ import annotations

import io
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from tests.browser.acts import click, journal, opened, picture, selected, settled, to, until, view, words


def png() -> bytes:
    """A small picture of a red slope."""
    pixels = np.zeros((96, 96, 3), np.uint8)
    pixels[..., 0] = np.arange(96) * 2 + 40
    found = io.BytesIO()
    Image.fromarray(pixels).save(found, "PNG")
    return found.getvalue()


def test_a_picture_of_ones_own_goes_to_the_middle_of_the_selection(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    click(page, 100, 300)
    expect(words(page)).to_contain_text("1 tile,")
    tile = [8, *selected(page)[0]]
    before = picture(page, tile)
    to(page, "shape", "picture")
    chosen, said = page.locator("#picture-file"), page.locator("#picture-said")
    chosen.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": b"<b>no</b>"})
    expect(page.locator("#picture-spot")).to_contain_text("middle of the selection")
    page.locator("#picture-go").click()
    expect(said).to_contain_text("This is not a picture")
    chosen.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": png()})
    page.locator("#picture-prompt").fill("a lake")
    with page.expect_request("**/pictures?*") as sent:
        page.locator("#picture-go").click()
    settled(page, server, 2)
    query = {name: value for name, (value,) in parse_qs(urlsplit(sent.value.url).query).items()}
    side = 156543.03392804097
    assert float(query["x"]) == pytest.approx((tile[1] + 0.5) * side - 20037508.342789244)
    assert float(query["y"]) == pytest.approx(20037508.342789244 - (tile[2] + 0.5) * side)
    # The finest at which it lies within the selected tile.
    assert query["zoom"] == "7" and query["strength"] == "1" and query["prompt"] == "a lake"
    step = journal(page, server)[1]
    assert step["picture"] is True and picture(page, tile)[0] != before[0]
    expect(said).to_have_text("")
    expect(page.locator("#picture-go")).to_be_disabled()
    assert watch == []


def test_a_geotiff_is_shown_at_its_own_place(page, server, watch):
    opened(page, server)
    pixel, (x, y) = 156543.03392804097 / 2**8, (3_000_000.0, 2_000_000.0)
    with MemoryFile() as memory:
        place = {"crs": "EPSG:3857", "transform": from_origin(x, y, pixel, pixel)}
        with memory.open(driver="GTiff", width=96, height=96, count=3, dtype="uint8", **place) as tiff:
            tiff.write(np.full((3, 96, 96), 120, np.uint8))
        data = memory.read()
    to(page, "shape", "picture")
    page.locator("#picture-file").set_input_files({"name": "a.TIF", "mimeType": "image/tiff", "buffer": data})
    expect(page.locator("#picture-spot")).to_contain_text("its own place. It is 58.7 x 59.3 km")
    until(page, lambda: abs(view(page)[2] - x) < 256 * pixel and abs(view(page)[3] - y) < 256 * pixel)
    expect(page.frame_locator("#earth-map").locator(".own-body")).to_be_in_viewport()  # before it is sent
    page.locator("#picture-go").click()
    settled(page, server, 2)
    assert watch == []
