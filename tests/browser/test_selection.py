"""Tiles are chosen by clicks, rectangles and taps."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acts import LAND, click, drag, opened, selected, settled, stroke, to, until, view, words
from tests.browser.conftest import VISITED


@pytest.mark.parametrize("focus", ["#earth-map", "#edit-prompt"])
def test_escape_ends_measuring_and_leaves_what_is_selected(page, server, watch, focus):
    opened(page, server)
    to(page, "shape", "edit")
    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
    land = page.frame_locator("#earth-map")
    page.locator("#earth-map").press("m")
    click(page, 300, 300)
    expect(land.locator(".measured")).to_be_visible()
    page.locator(focus).press("Escape")
    expect(land.locator(".measured")).to_have_count(0)
    expect(land.locator("a.measure")).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(300)  # what is cleared is said a moment later
    expect(words(page)).to_contain_text("1 tile,")
    page.locator(focus).press("Escape")
    expect(words(page)).to_contain_text("Nothing is selected")
    assert watch == []


def test_clicks_choose_tiles(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    outline = page.frame_locator("#earth-map").locator("path.selected")
    click(page, 300, 300)
    expect(words(page)).to_have_text("1 tile, 157 x 157 km")
    first = selected(page)
    click(page, 700, 300)
    until(page, lambda: selected(page) != first)
    assert len(selected(page)) == 1
    click(page, 300, 300, "Control")
    expect(words(page)).to_contain_text("2 tiles,")
    click(page, 300, 560, "Shift")
    expect(words(page)).to_contain_text("3 tiles,")
    assert outline.get_attribute("d") not in ("", "M0 0")
    click(page, 700, 300, "Shift")
    expect(words(page)).to_contain_text("2 tiles, 157 x 313 km")
    page.locator("#earth-map").press("Escape")
    expect(words(page)).to_have_text("Nothing is selected")
    assert selected(page) == [] and outline.get_attribute("d") in ("", "M0 0")
    middle = page.evaluate(
        f"{LAND}.selection.grid.at({LAND}.map.getCenter().lng, {LAND}.map.getCenter().lat)"
    )
    page.frame_locator("#earth-map").locator(".folium-map").press("Enter")
    expect(words(page)).to_contain_text("1 tile,")
    assert selected(page) == [middle]
    page.locator("#earth-map").press("Escape")
    expect(words(page)).to_have_text("Nothing is selected")
    expect(page.locator("#edit-go")).to_be_disabled()
    assert watch == []


def test_a_double_click_zooms_and_a_click_in_explore_tells_what_is_there(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    zoom = view(page)[1]
    page.locator("#earth-map").dblclick(position={"x": 300, "y": 300})
    until(page, lambda: view(page)[1] == zoom + 1)
    page.wait_for_timeout(400)
    assert selected(page) == []
    to(page, "explore")
    click(page, 300, 300)
    card = page.frame_locator("#earth-map").locator(".card")
    expect(card).to_contain_text(
        re.compile(r"Metres-?\d+, -?\d+Degrees[\d.]+° [NS], [\d.]+° [EW]Tile8/\d+/\d+")
    )
    assert selected(page) == []
    tile = card.locator("b").last.inner_text()
    card.get_by_text("Repaint this tile").click()
    expect(words(page)).to_contain_text("1 tile,")
    assert selected(page) == [[int(part) for part in tile.split("/")[1:]]]
    expect(page.locator("#edit-prompt")).to_be_focused()
    assert watch == []


def test_a_rectangle_chooses_the_tiles_it_touches(page, server, watch):
    opened(page, server)
    before = view(page)
    drag(page, (100, 60), (700, 350))
    expect(words(page)).to_contain_text(re.compile(r"^\d+ tiles, "))  # Shape opens by itself
    chosen = selected(page)
    across, down = (len({tile[axis] for tile in chosen}) for axis in (0, 1))
    assert across >= 3 and down >= 2 and len(chosen) == across * down
    assert view(page) == before  # drawing does not pan
    frames = page.frame_locator("#earth-map").locator("path.region")
    assert frames.count() == 0  # one frame shows what is chosen: that of the tiles
    to(page, "home", "export")
    side = 156.543
    size = f"{across * side:.0f} km x {down * side:.0f} km"
    expect(page.locator("#export-region")).to_have_text(f"The selected tiles: {size}")
    drag(page, (100, 60), (700, 350))  # for an export a rectangle is taken as it was drawn
    expect(page.locator("#export-region")).to_have_text("The rectangle: 367 km x 177 km")
    assert selected(page) == [] and frames.count() == 1
    to(page, "shape", "edit")  # where its tiles are what is chosen
    expect(words(page)).to_contain_text(f"{across * down} tiles, ")
    assert frames.count() == 0
    page.locator("#edit-clear").click()
    to(page, "home", "export")
    expect(page.locator("#export-region")).to_contain_text("The view")
    to(page, "shape", "edit")
    assert selected(page) == []
    page.frame_locator("#earth-map").locator("a.select").click()
    stroke(page, (100, 60), (700, 350))  # in the selecting mode without shift
    expect(words(page)).to_contain_text(f"{across * down} tiles, ")
    page.locator("#earth-map").dblclick(position={"x": 500, "y": 600})
    page.wait_for_timeout(600)
    assert view(page) == before  # two taps are no double tap here
    page.locator("#earth-map").press("Escape")
    select = page.frame_locator("#earth-map").locator("a.select")
    expect(select).to_have_attribute("aria-pressed", "false")
    stroke(page, (300, 300), (400, 300))
    until(page, lambda: view(page) != before)  # out of it a drag moves the map again
    assert selected(page) == [] and watch == []


def test_more_tiles_than_an_edit_may_have_are_said(page, server, watch):
    opened(page, server)
    for _ in range(4):
        page.frame_locator("#earth-map").locator(".leaflet-control-zoom-out").click()
        page.wait_for_timeout(500)
    drag(page, (60, 60), (560, 400))
    expect(words(page)).to_contain_text(re.compile(r"^Too many tiles \([\d,]+\). The limit is 256."))
    expect(page.locator("#edit-go")).to_be_disabled()
    drag(page, (60, 60), (120, 120))
    expect(words(page)).not_to_contain_text("Too many")
    expect(page.locator("#edit-go")).to_be_enabled()
    assert watch == []


def test_a_phone_selects_by_taps(browser, server):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.add_init_script(VISITED)
    page = context.new_page()
    page.set_default_timeout(60_000)
    opened(page, server)
    frame = page.frame_locator("#earth-map")
    page.locator("#tab-place-shape").tap()
    frame.locator("a.select").tap()
    expect(frame.locator("a.select")).to_have_attribute("aria-pressed", "true")
    page.touchscreen.tap(60, 100)
    page.touchscreen.tap(330, 100)  # beside the map's tools
    expect(words(page)).to_contain_text("2 tiles,")
    page.touchscreen.tap(60, 100)
    expect(words(page)).to_contain_text("1 tile,")
    map_box, button = page.locator("#earth-map").bounding_box(), page.locator("#edit-go")
    assert map_box["width"] == 390 and map_box["height"] > 844 / 2
    buttons = frame.locator("a.select").bounding_box()
    assert buttons["y"] + buttons["height"] <= page.locator("#panel").bounding_box()["y"]  # none is covered
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    button.tap()
    settled(page, server, 2)
    context.close()
