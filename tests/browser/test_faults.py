"""Faults that people met on the page, and that must not come back."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.acts import LAND, settled, to
from tests.browser.test_edits import edit
from tests.browser.test_page import opened


@pytest.fixture
def library(standin):
    return standin


def tiff() -> bytes:
    """A picture of 96 px, noise that does not shrink, that says nothing of where it belongs."""
    found = io.BytesIO()
    Image.effect_noise((96, 96), 90).convert("RGB").save(found, "TIFF")
    return found.getvalue()


def test_the_end_of_work_and_the_way_there_are_said(page, server, watch):
    opened(page, server)
    edit(page, "snow")
    settled(page, server, 2)
    expect(page.locator("#steps-said")).to_contain_text("Painted \u201csnow\u201d.")
    to(page, "shape", "picture")
    page.locator("#picture-file").set_input_files(
        {"name": "a.tif", "mimeType": "image/tiff", "buffer": tiff()}
    )
    expect(page.locator("#picture-go")).to_be_enabled()
    line = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 20_000}
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", slow)
    page.locator("#picture-go").click()
    sent = page.locator("#picture-sent")
    expect(sent).to_be_visible()
    page.wait_for_function(
        "() => { const { value } = document.getElementById('picture-sent'); return value > 0 && value < 1; }"
    )
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    expect(sent).to_be_hidden()
    settled(page, server, 3)
    assert watch == []


def test_the_map_can_be_enlarged_stands_still_if_asked_and_shows_the_focus(browser, server):
    with browser.new_context(reduced_motion="reduce", viewport={"width": 1100, "height": 700}) as context:
        page = context.new_page()
        opened(page, server)
        frame = page.frame_locator("#earth-map")
        assert "user-scalable" not in frame.locator("meta[name=viewport]").get_attribute("content")
        there = page.evaluate(f"{LAND}.goTo('6/9000000/0', true), {LAND}.map.getZoom()")
        assert there == 6  # at once
        page.locator("#go-to").focus()
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none"
        page.locator("#world").focus()
        expect(page.locator("#world")).to_be_focused()  # a list that opens by itself would cover the page
