"""Faults that people met on the page, and that must not come back."""

from __future__ import annotations

import io
import re
import time

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Route, expect

from tests.browser.acts import LAND, click, journal, opened, pan, settled, to, until, view, words
from tests.browser.test_edits import edit, hold


@pytest.fixture
def library(standin):
    return standin


def tiff(width: int = 96, height: int = 96) -> bytes:
    """A picture, noise that does not shrink, that says nothing of where it belongs."""
    found = io.BytesIO()
    Image.effect_noise((width, height), 90).convert("RGB").save(found, "TIFF")
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
    line.detach()
    expect(sent).to_be_hidden()
    settled(page, server, 3)
    assert watch == []


def test_an_edit_is_said_to_be_painted_though_nobody_saw_it_wait(page, server, watch):
    opened(page, server)

    def late(route: Route) -> None:
        """The page hears of the journal when the edit is done."""
        if route.request.method == "GET":
            for _ in range(600):
                steps = httpx.get(f"{server.url}/worlds/first/edits").json()
                if [step["state"] for step in steps] == ["done", "done"]:
                    break
                time.sleep(0.05)
        route.continue_()

    page.route("**/worlds/first/edits", late)
    edit(page, "snow")
    expect(page.locator("#steps-said")).to_contain_text("Painted \u201csnow\u201d.")
    expect(page.locator("#edit-said")).not_to_contain_text("Queued")
    assert watch == []


def test_the_map_can_be_enlarged_stands_still_if_asked_and_shows_the_focus(browser, server):
    with browser.new_context(reduced_motion="reduce", viewport={"width": 1100, "height": 700}) as context:
        page = context.new_page()
        opened(page, server)
        frame = page.frame_locator("#earth-map")
        assert "user-scalable" not in frame.locator("meta[name=viewport]").get_attribute("content")
        assert frame.locator("html").get_attribute("lang") == "en" and frame.get_by_role("main").count() == 1
        assert page.evaluate("document.getElementById('earth-map').contentDocument.title") == "First"
        there = page.evaluate(f"{LAND}.goTo('6/9000000/0', true), {LAND}.map.getZoom()")
        assert there == 6  # at once
        page.locator("#go-to").focus()
        page.keyboard.press("Tab")
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none"
        page.locator("#world").focus()
        expect(page.locator("#world")).to_be_focused()  # a list that opens by itself would cover the page


def test_coordinates_are_copied_also_where_the_browser_gives_pages_no_clipboard(page, server, watch):
    opened(page, server)
    frame = page.locator("#earth-map").element_handle().content_frame()
    frame.evaluate("() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }); }")
    click(page, 300, 300)
    row = page.frame_locator("#earth-map").locator(".placecard .row").first
    row.click()
    expect(row).to_contain_text("Copied")
    assert watch == []


def test_the_list_of_worlds_has_those_that_other_tabs_made(page, server, watch):
    opened(page, server)
    answer = page.request.post(f"{server.url}/worlds", data={"name": "Elsewhere", "prompt": "sea"})
    assert answer.status == 201
    page.locator("#world").focus()
    expect(page.locator("#world option")).to_have_text(["Elsewhere", "First"])
    expect(page.locator("#world")).to_have_value("first")
    assert watch == []


def test_the_question_before_a_world_is_deleted_is_in_sight(page, server, watch):
    marks = [{"name": f"Place {number}", "place": "8/0/0"} for number in range(9)]
    assert page.request.put(f"{server.url}/worlds/first/bookmarks", data=marks).ok
    opened(page, server)
    expect(page.locator("#marks li")).to_have_count(9)
    page.locator("#delete").click()
    expect(page.locator("#really")).to_be_in_viewport(ratio=1)
    assert watch == []


def test_what_was_undone_out_of_sight_is_said_and_can_be_shown(page, server, watch):
    opened(page, server)
    edit(page, "snow")
    settled(page, server, 2)
    at = view(page)
    pan(page, 6000, 3000)
    page.locator("#undo").click()
    said = page.locator("#steps-said")
    expect(said).to_contain_text("Undid \u201csnow\u201d.")
    said.get_by_role("button", name="Show").click()
    side = 156543.03
    until(page, lambda: all(abs(now - was) < 4 * side for now, was in zip(view(page)[2:], at[2:])))
    assert watch == []


def test_a_tiff_without_a_place_is_told_so_with_its_size_and_its_spot_before_it_is_sent(page, server, watch):
    opened(page, server)
    to(page, "shape", "picture")
    page.locator("#picture-file").set_input_files(
        {"name": "a.tif", "mimeType": "image/tiff", "buffer": tiff(1600, 1200)}
    )
    spot = page.locator("#picture-spot")
    expect(spot).to_contain_text("This GeoTIFF does not say where it belongs.")
    expect(spot).to_contain_text(re.compile(r"It is [\d.]+ x [\d.]+ km\."))
    frame = page.frame_locator("#earth-map").locator(".own-body")
    expect(frame).to_be_visible()
    box, land = frame.bounding_box(), page.locator("#earth-map").bounding_box()
    wide = box["width"] / land["width"], box["height"] / land["height"]
    assert 0.4 < max(wide) <= 0.81  # a resolution at which it is seen whole
    assert len(journal(page, server)) == 1 and watch == []


def test_prompts_too_long_and_seeds_that_are_none_are_said_and_not_cut(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
    said = page.locator("#edit-said")
    page.locator("#edit-prompt").fill("a" * 501)
    page.locator("#edit-go").click()
    expect(said).to_contain_text(re.compile(r"501 characters.* limit is 500"))
    expect(page.locator("#edit-prompt")).to_have_value("a" * 501)
    page.locator("#edit-prompt").fill("snow")
    page.locator("#edit-seed").fill("1.7")
    page.locator("#edit-go").click()
    expect(said).to_contain_text("\u201c1.7\u201d is not a whole number")
    to(page, "shape", "plan")
    page.locator("#brush-prompt").fill("a" * 501)
    page.locator("#prompt textarea").fill("a" * 501)
    page.locator("#change").click()
    expect(page.get_by_text(re.compile(r"501 characters.* limit is 500")).last).to_be_visible()
    assert len(journal(page, server)) == 1
    page.locator("#prompt textarea").fill("")
    page.locator("#change").click()
    expect(page.get_by_text("New land follows no prompt from now on")).to_be_visible()
    assert watch == []


def light(pixels: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB pixels, 0..1."""
    part = pixels / 255
    linear = np.where(part <= 0.03928, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_what_is_selected_is_seen_on_light_paper(page, server, watch, monkeypatch):
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)
    go = hold(server, monkeypatch)
    pan(page, 60_000, 0)  # paper, where nothing will be painted
    to(page, "shape", "edit")
    sheet = page.frame_locator("#earth-map").locator(".folium-map")

    def seen() -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(sheet.screenshot())).convert("RGB")).astype(float)

    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
    outline = page.frame_locator("#earth-map").locator("path.selected").bounding_box()
    corner = page.locator("#earth-map").bounding_box()
    left = round(outline["x"] - corner["x"])
    middle = round(outline["y"] - corner["y"] + outline["height"] / 2)
    across = light(seen()[middle, max(0, left - 12) : left + 12])  # over the left edge
    paper = np.median(across)
    assert paper > 0.6, "this is no light paper"
    assert (paper + 0.05) / (across.min() + 0.05) >= 3, "the edge is as light as the paper"
    go.set()
    assert watch == []


def test_painting_is_announced_when_it_begins_and_when_it_ends_and_not_with_each_tile(
    page, server, watch, monkeypatch
):
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)
    go = hold(server, monkeypatch)
    said = page.locator("#announced")
    expect(page.locator("#status")).to_contain_text("tiles painted")
    expect(page.locator("#status")).not_to_have_class(re.compile("busy"))
    page.evaluate(
        """window.heard = [];
        for (const each of document.querySelectorAll("[role=status], [role=alert], [aria-live]"))
          new MutationObserver(() => each.textContent && heard.push(each.textContent))
            .observe(each, { childList: true, characterData: true, subtree: true })"""
    )
    painted = server.painter.status().painted
    pan(page, 6000, 0)
    expect(said).to_have_text("Painting what you see.")
    go.set()
    expect(said).to_have_text("What you see is painted.")
    until(page, lambda: server.painter.waiting() == 0)
    assert server.painter.status().painted > painted + 5
    assert set(page.evaluate("heard")) <= {"Painting what you see.", "What you see is painted."}
    assert len(page.evaluate("heard")) <= 4 and watch == []
