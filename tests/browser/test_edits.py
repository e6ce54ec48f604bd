"""Selecting, editing, painting with prompts and taking back, as people do it."""

import io
import re
import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from tests.browser.test_page import HOSTILE, drag, opened, pan, view

LAND = "document.getElementById('earth-map').contentWindow.earth.map"


def click(page: Page, x: int, y: int, *modifiers: str) -> None:
    """On the map, in px from its corner."""
    page.locator("#earth-map").click(position={"x": x, "y": y}, modifiers=list(modifiers))


def words(page: Page):
    return page.locator("#edit-selection")


def selected(page: Page) -> list[list[int]]:
    return page.evaluate(f"[...{LAND}.selection.tiles.values()]")


def picture(page: Page, tile: list[int]) -> tuple[str, str]:
    """A tile as the map's server gives it now: its pixels' hash and its ETag."""
    return tuple(
        page.evaluate(
            """async (tile) => {
              const answer = await fetch(`/worlds/first/tiles/${tile.join("/")}.png?wait=30`, {cache: "no-store"});
              const hash = await crypto.subtle.digest("SHA-256", await answer.arrayBuffer());
              return [[...new Uint8Array(hash)].join(), answer.headers.get("ETag")];
            }""",
            tile,
        )
    )


def drawn(page: Page, tile: list[int]) -> str:
    """The picture that the map shows of a tile: the address of its newest image."""
    return page.evaluate(
        f"(key) => {LAND}.land.live.get(key)?.element.querySelector('img:last-of-type')?.getAttribute('src') || ''",
        "/".join(map(str, tile)),
    )


def until(page: Page, done: Callable[[], bool], seconds: int = 60) -> None:
    for _ in range(seconds * 5):
        if done():
            return
        page.wait_for_timeout(200)
    raise AssertionError("it did not happen")


def journal(page: Page, server) -> list[dict]:
    return page.request.get(f"{server.url}/worlds/first/edits").json()


def edit(page: Page, prompt: str) -> list[int]:
    """Select the tile under the middle of the map and paint it anew; the tile."""
    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
    page.locator("#edit-prompt").fill(prompt)
    with page.expect_response("**/edits") as answer:
        page.locator("#edit-go").click()
    assert answer.value.status == 202
    return [8, *selected(page)[0]]


def settled(page: Page, server, steps: int) -> None:
    """Until so many steps are done."""
    until(page, lambda: sum(step["state"] == "done" for step in journal(page, server)) == steps)


def hold(server, monkeypatch) -> threading.Event:
    """Let the model paint nothing more until the event is set."""
    model = server.atlas.get("first").model
    paint, go = model.paint, threading.Event()

    def slow(windows):
        go.wait(60)
        return paint(windows)

    monkeypatch.setattr(model, "paint", slow)
    return go


def test_clicks_choose_tiles(page, server, watch):
    opened(page, server)
    outline = page.frame_locator("#earth-map").locator("path.selected")
    click(page, 300, 300)
    expect(words(page)).to_have_text("1 tile, 157 x 157 km")
    first = selected(page)
    click(page, 700, 300)
    assert len(selected(page)) == 1 and selected(page) != first
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
    middle = page.evaluate(f"{LAND}.selection.grid.at({LAND}.map.getCenter())")
    page.frame_locator("#earth-map").locator(".folium-map").press("Enter")
    expect(words(page)).to_contain_text("1 tile,")
    assert selected(page) == [middle]
    page.locator("#earth-map").press("Escape")
    expect(words(page)).to_have_text("Nothing is selected")
    expect(page.locator("#edit-go")).to_be_disabled()
    assert watch == []


def test_a_rectangle_chooses_the_tiles_it_touches(page, server, watch):
    opened(page, server)
    click(page, 700, 600)
    before = view(page)
    drag(page, (100, 60), (700, 350))
    expect(words(page)).to_contain_text(re.compile(r"^\d+ tiles, "))
    box = page.evaluate(f"{LAND}.selection.grid.touched({LAND}.selection.region.getBounds())")
    across, down = box["right"] - box["left"] + 1, box["bottom"] - box["top"] + 1
    assert across >= 3 and down >= 2 and len(selected(page)) == across * down
    assert view(page) == before  # drawing does not pan
    assert page.evaluate(f"{LAND}.selection.region !== null")
    page.get_by_text("Take it home", exact=True).click()
    expect(page.locator("#export-region")).to_contain_text("The rectangle: 367 km x 177 km")
    page.locator("#edit-clear").click()
    expect(page.locator("#export-region")).to_contain_text("The view")
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
    expect(words(page)).to_contain_text(re.compile(r"^\d+ tiles, .* km: an edit may have 256"))
    expect(page.locator("#edit-go")).to_be_disabled()
    drag(page, (60, 60), (120, 120))
    expect(words(page)).not_to_contain_text("may have")
    expect(page.locator("#edit-go")).to_be_enabled()
    assert watch == []


def test_an_edit_shows_in_every_tab_and_can_be_taken_back(page, server, watch):
    opened(page, server)
    other = page.context.new_page()
    opened(other, server)
    click(page, 400, 300)
    tile = [8, *selected(page)[0]]
    apart = [tile[0], tile[1] + 40, tile[2]]
    before, elsewhere = picture(page, tile), picture(page, apart)
    page.wait_for_timeout(1500)  # both maps show it as it is
    seen = [drawn(each, tile) for each in (page, other)]
    edit(page, "snow")
    settled(page, server, 2)
    for each, old in zip((page, other), seen):
        until(each, lambda each=each, old=old: drawn(each, tile) not in ("", old))
        expect(each.locator("#undo")).to_be_enabled()
        expect(each.locator("#queue .job")).to_have_count(0)
        assert each.evaluate(f"{LAND}.marks.states.size") == 0
    after = picture(page, tile)
    assert after[0] != before[0] and after[1] != before[1] and picture(page, apart) == elsewhere
    seen = [drawn(each, tile) for each in (page, other)]
    page.keyboard.press("Control+z")
    for each, old in zip((page, other), seen):
        until(each, lambda each=each, old=old: drawn(each, tile) != old)
        expect(each.locator("#undo")).to_be_disabled()
    assert picture(page, tile)[0] == before[0]
    other.frame_locator("#earth-map").locator("body").press("Control+Shift+z")  # in the map's frame
    until(page, lambda: picture(page, tile)[0] == after[0])
    expect(page.locator("#redo")).to_be_disabled()
    page.locator("#undo").click()
    until(page, lambda: picture(page, tile)[0] == before[0])
    page.keyboard.press("Control+y")
    until(page, lambda: picture(page, tile)[0] == after[0])
    assert watch == []


def test_keys_in_a_field_are_the_fields(page, server, watch):
    opened(page, server)
    edit(page, "snow")
    settled(page, server, 2)
    page.locator("#edit-prompt").press("Control+z")
    page.wait_for_timeout(1000)
    assert [step["state"] for step in journal(page, server)] == ["done", "done"]
    assert watch == []


def test_a_running_edit_is_cancelled_and_leaves_the_land(page, server, watch, monkeypatch):
    opened(page, server)
    until(page, lambda: server.painter.status().waiting == 0)
    go = hold(server, monkeypatch)
    tile = edit(page, "snow")
    before = picture(page, tile)
    assert page.evaluate(f"{LAND}.marks.states.get('{tile[1]},{tile[2]}').state") == "editing"
    page.locator("#edit-prompt").fill("desert")
    page.locator("#edit-go").click()
    jobs = page.locator("#queue .job")
    expect(jobs).to_have_count(2)
    expect(jobs.nth(1)).to_contain_text("desert")
    jobs.nth(1).get_by_text("Cancel").click()
    expect(jobs).to_have_count(1)
    jobs.first.get_by_text("Cancel").click()
    go.set()
    expect(jobs).to_have_count(0)
    until(page, lambda: page.evaluate(f"{LAND}.marks.states.size") == 0)
    assert [step["state"] for step in journal(page, server)] == ["done", "cancelled", "cancelled"]
    assert picture(page, tile) == before and watch == []


def test_tiles_of_an_edit_are_marked_in_a_tab_that_is_opened_later(page, server, watch, monkeypatch):
    opened(page, server)
    until(page, lambda: server.painter.status().waiting == 0)
    go = hold(server, monkeypatch)
    edit(page, "snow")
    other = page.context.new_page()
    opened(other, server)
    until(other, lambda: other.evaluate(f"{LAND}.marks.states.size") == 1)
    expect(other.locator("#queue .job")).to_contain_text("snow")
    go.set()
    for each in (page, other):
        until(each, lambda each=each: each.evaluate(f"{LAND}.marks.states.size") == 0)
    assert watch == []


def test_one_of_three_candidates_is_picked(page, server, watch):
    opened(page, server)
    click(page, 400, 300)
    tile = [8, *selected(page)[0]]
    before = picture(page, tile)
    page.locator("#edit-prompt").fill("snow")
    page.locator("#edit-three").click()
    candidates = page.locator("#edit-variants .candidate img")
    expect(candidates).to_have_count(3)
    page.wait_for_function(
        "[...document.querySelectorAll('.candidate img')].every(image => image.naturalWidth > 0)"
    )
    assert len(journal(page, server)) == 1 and picture(page, tile) == before  # nothing is kept yet
    page.get_by_text("None of these").click()
    expect(candidates).to_have_count(0)
    page.locator("#edit-seed").fill("41")
    page.locator("#edit-three").click()
    expect(candidates).to_have_count(3)
    candidates.nth(1).click()
    expect(candidates).to_have_count(0)
    settled(page, server, 2)
    assert journal(page, server)[1]["seed"] == 42 and picture(page, tile)[0] != before[0]
    assert watch == []


def stroke(page: Page, *places: tuple[int, int]) -> None:
    box = page.locator("#earth-map").bounding_box()
    (x, y), *rest = places
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()


def test_the_brush_lays_a_prompt_over_land_to_come(page, server, watch):
    opened(page, server)
    page.frame_locator("#earth-map").locator("a.brush").click()
    expect(page.locator("#brush-said")).to_contain_text("Write what the land should be")
    expect(page.locator("#brush-prompt")).to_be_focused()  # the map has been heard: it would take the brush
    before = view(page)
    page.locator("#brush-prompt").fill(HOSTILE)
    page.locator("#brush-toggle").click()
    expect(page.locator("#brush-toggle")).to_have_attribute("aria-pressed", "true")
    band = page.frame_locator("#earth-map").locator("path.band")
    stroke(page, (200, 200), (400, 260), (500, 420))
    until(page, lambda: len(journal(page, server)) == 2)
    step = journal(page, server)[1]
    assert step["kind"] == "stroke" and step["prompt"] == HOSTILE and 2 <= len(step["path"]) <= 200
    metres = 156543.03392804097 / 2**8
    assert step["path"][-1][0] - step["path"][0][0] == pytest.approx(300 * metres, rel=0.02)
    assert step["path"][0][1] - step["path"][-1][1] == pytest.approx(220 * metres, rel=0.02)
    assert view(page) == before  # the brush does not pan
    names = page.frame_locator("#earth-map").locator(".region-name span")
    expect(names).to_have_text(HOSTILE)
    assert names.locator("img").count() == 0 and band.count() >= 6
    width = float(band.first.get_attribute("stroke-width"))
    page.frame_locator("#earth-map").locator(".leaflet-control-zoom-in").click()
    until(page, lambda: float(band.first.get_attribute("stroke-width")) == pytest.approx(2 * width))
    page.locator("#brush-regions").uncheck()
    expect(names).to_have_count(0)
    page.locator("#brush-regions").check()
    expect(names).to_have_count(1)
    page.locator("#earth-map").press("Escape")
    expect(page.locator("#brush-toggle")).to_have_attribute("aria-pressed", "false")
    page.locator("#undo").click()
    expect(names).to_have_count(0)
    assert watch == []


def test_the_history_leads_to_what_was_done(page, server, watch):
    opened(page, server)
    tile = edit(page, HOSTILE)
    settled(page, server, 2)
    page.get_by_text("History", exact=True).click()
    rows = page.locator("#history-list li")
    expect(rows).to_have_count(2)
    expect(rows.first.locator(".name")).to_have_text(HOSTILE)
    expect(rows.first).to_contain_text("Edit · 1 tile")
    expect(rows.nth(1).locator(".name")).to_have_text("rocky coast")
    rows.first.scroll_into_view_if_needed()
    page.wait_for_function(
        "[...document.querySelectorAll('.thumbs img')].filter(image => image.naturalWidth > 0).length === 2"
    )
    assert rows.locator("img:not(.thumbs img)").count() == 0
    pan(page, 6000, 3000)
    away = view(page)
    rows.first.locator("button").click()
    until(page, lambda: abs(view(page)[2] - away[2]) > 1_000_000)
    side = 156543.03392804097
    middle = (tile[1] + 0.5) * side - 20037508.34, 20037508.34 - (tile[2] + 0.5) * side
    until(page, lambda: abs(view(page)[2] - middle[0]) < side and abs(view(page)[3] - middle[1]) < side)
    page.locator("#undo").click()
    expect(rows.first).to_contain_text("taken back")
    assert watch == []


def test_the_prompt_follows_undo_and_redo(page, server, watch):
    opened(page, server)
    field = page.locator("#prompt textarea")
    expect(field).to_have_value("rocky coast")
    field.fill("sand desert")
    page.locator("#change").click()
    expect(page.locator("#undo")).to_be_enabled()
    page.locator("#undo").click()
    expect(field).to_have_value("rocky coast")
    page.locator("#redo").click()
    expect(field).to_have_value("sand desert")
    field.fill("sand desert, but I am not done wri")
    page.locator("#undo").click()
    expect(page.locator("#undo")).to_be_disabled()
    page.wait_for_timeout(1000)
    expect(field).to_have_value("sand desert, but I am not done wri")
    assert server.atlas.get("first").prompt == "rocky coast" and watch == []


def test_a_phone_selects_by_taps(browser, server):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    opened(page, server)
    frame = page.frame_locator("#earth-map")
    frame.locator("a.select").tap()
    expect(frame.locator("a.select")).to_have_attribute("aria-pressed", "true")
    page.touchscreen.tap(100, 100)
    page.touchscreen.tap(100, 420)
    expect(words(page)).to_contain_text("2 tiles,")
    page.touchscreen.tap(100, 100)
    expect(words(page)).to_contain_text("1 tile,")
    map_box, button = page.locator("#earth-map").bounding_box(), page.locator("#edit-go")
    assert map_box["width"] == 390 and map_box["height"] > 844 / 2
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    button.tap()
    settled(page, server, 2)
    context.close()


def png() -> bytes:
    """A small picture of a red slope."""
    pixels = np.zeros((96, 96, 3), np.uint8)
    pixels[..., 0] = np.arange(96) * 2 + 40
    found = io.BytesIO()
    Image.fromarray(pixels).save(found, "PNG")
    return found.getvalue()


def test_a_picture_of_ones_own_goes_to_the_middle_of_the_selection(page, server, watch):
    opened(page, server)
    click(page, 100, 300)
    expect(words(page)).to_contain_text("1 tile,")
    tile = [8, *selected(page)[0]]
    before = picture(page, tile)
    page.get_by_text("Your own picture", exact=True).click()
    chosen, said = page.locator("#picture-file"), page.locator("#picture-said")
    chosen.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": b"<b>no</b>"})
    expect(page.locator("#picture-spot")).to_contain_text("middle of the selection")
    page.locator("#picture-go").click()
    expect(said).to_contain_text("this is no picture")
    chosen.set_input_files({"name": "mine.png", "mimeType": "image/png", "buffer": png()})
    page.locator("#picture-prompt").fill("a lake")
    with page.expect_request("**/pictures?*") as sent:
        page.locator("#picture-go").click()
    settled(page, server, 2)
    query = {name: value for name, (value,) in parse_qs(urlsplit(sent.value.url).query).items()}
    side = 156543.03392804097
    assert float(query["x"]) == pytest.approx((tile[1] + 0.5) * side - 20037508.342789244)
    assert float(query["y"]) == pytest.approx(20037508.342789244 - (tile[2] + 0.5) * side)
    assert query["zoom"] == "8" and query["strength"] == "1" and query["prompt"] == "a lake"
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
    page.get_by_text("Your own picture", exact=True).click()
    page.locator("#picture-file").set_input_files({"name": "a.TIF", "mimeType": "image/tiff", "buffer": data})
    expect(page.locator("#picture-spot")).to_contain_text("its own place")
    page.locator("#picture-go").click()
    until(page, lambda: abs(view(page)[2] - x) < 256 * pixel and abs(view(page)[3] - y) < 256 * pixel)
    settled(page, server, 2)
    assert watch == []
