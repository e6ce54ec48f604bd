"""Editing, painting with prompts and taking back, as people do it."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import (
    HOSTILE,
    LAND,
    click,
    journal,
    opened,
    pan,
    picture,
    selected,
    settled,
    stroke,
    to,
    until,
    view,
    words,
)


def drawn(page: Page, tile: list[int]) -> str:
    """The picture that the map shows of a tile: the address of its newest image."""
    return page.evaluate(
        f"(key) => {LAND}.land.live.get(key)?.element.querySelector('img:last-of-type')?.getAttribute('src') || ''",
        "/".join(map(str, tile)),
    )


def edit(page: Page, prompt: str) -> list[int]:
    """Select the tile under the middle of the map and paint it anew; the tile."""
    to(page, "shape", "edit")
    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
    page.locator("#edit-prompt").fill(prompt)
    sent = lambda answer: answer.request.method == "POST" and answer.url.endswith("/edits")  # noqa: E731
    with page.expect_response(sent) as answer:
        page.locator("#edit-go").click()
    assert answer.value.status == 202
    return [8, *selected(page)[0]]


def hold(server, monkeypatch) -> threading.Event:
    """Let the model paint nothing more until the event is set."""
    model = server.atlas.get("first").model
    paint, go = model.paint, threading.Event()

    def slow(windows):
        go.wait(60)
        return paint(windows)

    monkeypatch.setattr(model, "paint", slow)
    return go


def test_an_edit_shows_in_every_tab_and_can_be_taken_back(page, server, watch):
    opened(page, server)
    other = page.context.new_page()
    opened(other, server)
    to(page, "shape", "edit")
    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
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
    until(page, lambda: server.painter.waiting() == 0)
    go = hold(server, monkeypatch)
    tile = edit(page, "snow")
    before = picture(page, tile)
    key = ",".join(map(str, tile))
    assert page.evaluate(f"{LAND}.marks.states.get('{key}').state") == "editing"
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
    until(page, lambda: server.painter.waiting() == 0)
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
    to(page, "shape", "edit")
    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
    tile = [8, *selected(page)[0]]
    before = picture(page, tile)
    page.locator("#edit-prompt").fill("snow")
    page.locator("#edit-three").click()
    candidates = page.locator("#edit-variants .candidate img")
    expect(candidates).to_have_count(3)
    page.wait_for_function(
        "[...document.querySelectorAll('.candidate img')].every(image => image.naturalWidth > 0)"
    )
    on_map = page.frame_locator("#earth-map").locator("img.preview")  # in its place, and the others too
    expect(on_map).to_have_attribute("src", candidates.first.get_attribute("src"))
    page.get_by_label("Option 3").check(force=True)
    expect(on_map.last).to_have_attribute("src", candidates.nth(2).get_attribute("src"))
    expect(on_map).to_have_count(1)  # the one before stays until this one is there
    assert len(journal(page, server)) == 1 and picture(page, tile) == before  # nothing is kept yet
    page.get_by_text("None of these").click()
    expect(candidates).to_have_count(0)
    expect(on_map).to_have_count(0)
    page.locator("#edit-seed").fill("41")
    page.locator("#edit-three").click()
    expect(candidates).to_have_count(3)
    click(page, 600, 500)  # another tile: the options stay those of the first one
    expect(words(page)).to_contain_text("1 tile,")
    page.get_by_label("Option 2").check(force=True)
    page.get_by_text("Use option 2").click()
    expect(candidates).to_have_count(0)
    settled(page, server, 2)
    assert journal(page, server)[1]["seed"] == 42
    after = picture(page, tile)[0]
    assert after != before[0]
    # What was not chosen is kept: the last ones asked for come first, and another one is used instead.
    kept = page.locator("#edit-variants .kept button")
    expect(kept).to_have_count(2)
    kept.first.click()
    expect(page.get_by_text("Option 2 is used")).to_be_disabled()
    page.get_by_label("Option 3").check(force=True)
    page.get_by_text("Use option 3").click()
    expect(candidates).to_have_count(0)
    until(page, lambda: [step["state"] for step in journal(page, server)] == ["done", "forgotten", "done"])
    assert journal(page, server)[2]["seed"] == 43 and picture(page, tile)[0] not in (before[0], after)
    assert watch == []


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_options_are_seen_whole_with_what_uses_them(page, server, watch, width, height):
    page.set_viewport_size({"width": width, "height": height})
    opened(page, server)
    edit(page, "snow")
    settled(page, server, 2)
    page.locator("#edit-three").click()
    expect(page.get_by_text("None of these")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("Choose an option to see it on the map.")).to_be_in_viewport(ratio=1)
    if height == 900:  # nothing is to be scrolled
        place = page.locator("#place-shape")
        assert place.evaluate("place => place.scrollHeight - place.clientHeight") == 0
    page.get_by_text("None of these").click()
    expect(page.locator("#edit-reveal")).to_be_visible()
    assert watch == []


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
    # A second name over the first: the newer one is seen.
    page.frame_locator("#earth-map").locator(".leaflet-control-zoom-out").click()
    until(page, lambda: float(band.first.get_attribute("stroke-width")) == pytest.approx(width))
    page.locator("#brush-prompt").fill("snow")
    stroke(page, (300, 262), (400, 264), (500, 266))
    expect(names).to_have_count(2)
    expect(names.filter(has_text="snow")).to_be_visible()
    expect(names.filter(visible=True)).to_have_count(1)
    page.locator("#earth-map").press("Escape")
    expect(page.locator("#brush-toggle")).to_have_attribute("aria-pressed", "false")
    page.locator("#undo").click()
    expect(names.filter(visible=True)).to_have_text(HOSTILE)
    page.locator("#undo").click()
    expect(names).to_have_count(0)
    assert watch == []


def test_the_history_leads_to_what_was_done(page, server, watch):
    opened(page, server)
    tile = edit(page, HOSTILE)
    settled(page, server, 2)
    to(page, "history")
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
    rows.first.locator("button.there").click()
    until(page, lambda: abs(view(page)[2] - away[2]) > 1_000_000)
    side = 156543.03392804097
    middle = (tile[1] + 0.5) * side - 20037508.34, 20037508.34 - (tile[2] + 0.5) * side
    until(page, lambda: abs(view(page)[2] - middle[0]) < side and abs(view(page)[3] - middle[1]) < side)
    page.locator("#undo").click()
    expect(rows.first).to_contain_text("undone")
    assert watch == []


def test_the_prompt_follows_undo_and_redo(page, server, watch):
    opened(page, server)
    to(page, "shape", "plan")
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
    assert server.atlas.get("first").journal.prompt == "rocky coast" and watch == []
