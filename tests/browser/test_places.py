"""The panel's places, and what they hold beside edits and exports."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import LAND, journal, opened, shown, stroke, to, unfold, until, view
from tests.browser.conftest import VISITED
from tests.browser.test_placing import png

VIEWS = {
    "explore": ("world", "gallery", "new"),
    "shape": ("edit", "plan", "picture"),
    "history": (),
    "home": ("export", "share", "live"),
}
# Words that their own box does not hold.
CUT_OFF = """[...document.querySelectorAll("#panel :is(button, label, span, p, a, h2, output, summary)")]
  .filter((each) => each.checkVisibility() && !each.closest(".unseen") && each.clientWidth)
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.textContent.trim())"""
PLACES = "[...document.querySelectorAll('#panel > [id^=place-]')].filter(place => place.offsetParent)"


@pytest.mark.parametrize(
    ("width", "height", "language"),
    [(1440, 900, "en"), (1024, 768, "en"), (1440, 900, "de"), (1024, 768, "de")],
)
def test_each_place_fits_a_laptop_and_leaves_the_map_three_quarters(
    page, server, watch, width, height, language
):
    page.set_viewport_size({"width": width, "height": height})
    opened(page, server, f"?lang={language}")
    assert page.locator("#earth-map").bounding_box()["width"] >= 0.75 * width
    for place, views in VIEWS.items():
        for view_ in views or ("",):
            to(page, place, view_)
            over = page.evaluate(
                f"{PLACES}.map(p => [p.id, p.scrollHeight - p.clientHeight, p.scrollWidth - p.clientWidth])"
            )
            assert over == [[f"place-{place}", 0, 0]], (place, view_)
            assert page.evaluate(CUT_OFF) == [], (place, view_)
            unfold(page)
            for chips in page.locator("details.chips:visible").all():
                chips.locator("button").first.wait_for()
            assert page.evaluate(CUT_OFF) == [], (place, view_, "unfolded")
    assert watch == []


# What has a ring around it, once it has the focus, of which something is cut off.
CUT_RINGS = """() => {
  const cut = [];
  for (const each of document.querySelectorAll("#panel :is(button, input, textarea, select, a, summary)")) {
    if (!each.checkVisibility() || each.disabled || each.closest(".unseen, .choices, .candidate")) continue;
    each.focus();
    for (const change of each.getAnimations()) change.finish(); // Gradio's buttons take their ring slowly
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    if (document.activeElement !== each || style.outlineStyle === "none") continue;
    const around = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset) - 0.5;
    for (let over = each.parentElement; over.id !== "panel"; over = over.parentElement) {
      if (getComputedStyle(over).overflowX === "visible") continue;
      const room = over.getBoundingClientRect();
      const across = box.left - around >= room.left && box.right + around <= room.right;
      const up = box.top - around >= room.top && box.bottom + around <= room.bottom;
      if (!across || (!up && over.scrollHeight <= over.clientHeight)) cut.push(`${each.tagName} ${each.id || each.textContent.trim()} in ${over.id || over.className}`);
    }
  }
  return cut;
}"""


def test_the_ring_around_what_has_the_focus_is_seen_whole(page, server, watch):
    marks = [{"name": "Far shore", "place": "8/0/0"}]
    assert page.request.put(f"{server.url}/worlds/first/bookmarks", data=marks).ok
    opened(page, server)
    expect(page.locator("#marks li")).to_have_count(1)
    for place, views in VIEWS.items():
        for view_ in views or ("",):
            to(page, place, view_)
            page.keyboard.press("Tab")  # from now on a script's focus is seen too
            assert page.evaluate(CUT_RINGS) == [], (place, view_)
    assert watch == []


def corner(page: Page) -> list[float]:
    """Where the middle of the plane is on the screen, in px."""
    return page.evaluate(
        f"(() => {{ const at = {LAND}.map.latLngToContainerPoint([0, 0]);"
        " const box = document.getElementById('earth-map').getBoundingClientRect();"
        " return [at.x + box.left, at.y + box.top]; })()"
    )


def test_the_panel_folds_away_and_land_stays_where_it_is(page, server, watch):
    opened(page, server)
    before = corner(page)
    page.locator("#fold").click()
    expect(page.locator("#handle")).to_be_focused()
    until(page, lambda: page.locator("#earth-map").bounding_box()["width"] == 1100)
    until(page, lambda: corner(page) == pytest.approx(before, abs=1))
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_be_visible()
    until(page, lambda: corner(page) == pytest.approx(before, abs=1))
    assert watch == []


def test_the_tabs_are_for_the_keyboard_too(page, server, watch):
    opened(page, server)
    page.locator("#tab-place-explore").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-place-shape")).to_be_focused()
    expect(page.locator("#tab-place-shape")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name="Repaint")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("#tab-place-home")).to_be_focused()
    page.keyboard.press("?")
    assert watch == []


def test_on_a_phone_the_panel_is_a_sheet(browser, server):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(60_000)
    opened(page, server)
    panel, handle = page.locator("#panel"), page.locator("#handle")
    expect(handle).to_have_text("Show the panel")
    assert panel.bounding_box()["height"] < 844 / 7 and page.locator("#place-explore").is_hidden()
    expect(page.locator("#help")).to_be_hidden()
    handle.tap()
    expect(handle).to_have_attribute("aria-expanded", "true")
    assert 844 / 2 < panel.bounding_box()["height"] < 844 * 0.6
    expect(page.locator("#tagline")).to_contain_text("Drag the map: it goes on.")
    page.locator("#help").tap()
    expect(page.get_by_role("dialog", name="Keys and gestures")).to_be_visible()
    page.keyboard.press("Escape")
    to(page, "shape", "edit")
    expect(page.get_by_text("Tap the dashed square on the map, then tap")).to_be_visible()
    expect(page.get_by_text("Hold Shift and drag to take")).to_be_hidden()
    box = handle.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 200, steps=4)
    page.mouse.up()
    expect(handle).to_have_text("Show the panel")
    page.locator("#tab-place-history").tap()  # a tab pulls it up
    expect(page.locator("#history")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


# Controls of the map that lie over one another, and those that are not wholly seen.
CROWDED = """() => {
  const shown = [...document.querySelectorAll(".leaflet-control, .own-bar")].filter((each) => each.checkVisibility());
  const boxes = shown.map((each) => [each.className, each.getBoundingClientRect()]).filter(([, box]) => box.width > 1);
  const over = ([, a], [, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const pairs = boxes.flatMap((one, place) => boxes.slice(place + 1).filter((other) => over(one, other)).map((other) => [one[0], other[0]]));
  return [pairs, boxes.filter(([, box]) => box.top < -1 || box.right > innerWidth).map(([name]) => name)];
}"""


@pytest.mark.parametrize(("width", "height"), [(390, 844), (844, 390), (720, 450)])
def test_on_small_screens_the_maps_tools_have_room(browser, server, width, height):
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=True)
    context.add_init_script(VISITED)
    page = context.new_page()
    page.set_default_timeout(60_000)
    opened(page, server)
    land = page.frame_locator("#earth-map")
    expect(land.locator("a.measure")).to_be_visible()
    frame = page.locator("#earth-map").element_handle().content_frame()
    assert frame.evaluate(CROWDED) == [[], []]
    page.locator("#handle").tap()
    expect(page.locator("#tab-view-world")).to_be_visible()
    expect(land.locator("a.select")).to_be_visible()
    until(page, lambda: frame.evaluate(CROWDED) == [[], []])
    page.locator("#help").tap()
    expect(page.locator("#keys-title")).to_be_in_viewport(ratio=1)
    context.close()


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (390, 844), (844, 390)])
def test_the_bar_of_a_picture_lies_beside_the_maps_tools(page, server, watch, width, height):
    page.set_viewport_size({"width": width, "height": height})
    opened(page, server, "?lang=de")
    to(page, "shape", "picture")
    page.locator("#picture-file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png()})
    bar = page.frame_locator("#earth-map").locator(".own-bar")
    expect(bar.get_by_role("button", name="Weglegen")).to_be_visible()
    if width < 900:
        page.locator("#handle").click()
        expect(page.locator("#place-shape")).to_be_hidden()
    frame = page.locator("#earth-map").element_handle().content_frame()
    until(page, lambda: frame.evaluate(CROWDED) == [[], []])
    assert watch == []


def near(page: Page, x: float, y: float) -> bool:
    """Whether the map shows that place at zoom 8, to a pixel or two."""
    _, zoom, east, north = view(page)
    return zoom == 8 and abs(east - x) < 1500 and abs(north - y) < 1500


def test_one_field_leads_to_coordinates_tiles_and_bookmarks(page, server, watch):
    opened(page, server)
    field = page.locator("#go-to")
    field.fill("3000000, -2000000")
    field.press("Enter")
    until(page, lambda: near(page, 3_000_000, -2_000_000))
    field.fill("Far shore")
    page.locator("#mark").click()
    expect(page.locator("#marks .there")).to_have_text("Far shore")
    field.fill("7/64/64")
    field.press("Enter")
    until(page, lambda: view(page)[1] == 7)
    match = {
        "tile": [8, 130, 127],
        "agreement": 0.4,
        "center": [3000000, -2000000],
        "picture": "/gallery/fjords.webp",
    }
    report = {"cut": "", "unknown": []}
    answers = [[match], []]
    page.route(
        "**/search?*", lambda route: route.fulfill(json={"results": answers.pop(0), "prompt_report": report})
    )
    field.fill("a harbour")
    field.press("Enter")
    expect(page.locator("#go-said")).to_have_text("Painted land like \u201ca harbour\u201d.")
    page.locator("#found button").click()
    until(page, lambda: near(page, 3_000_000, -2_000_000))
    field.fill("nowhere at all")
    field.press("Enter")
    expect(page.locator("#go-said")).to_contain_text("No painted land looks like \u201cnowhere at all\u201d.")
    field.fill("7/64/64")
    field.press("Enter")
    until(page, lambda: view(page)[1] == 7)
    page.reload()
    shown(page, 1)
    page.locator("#marks .there").click()
    until(page, lambda: near(page, 3_000_000, -2_000_000))
    page.get_by_label("Rename Far shore").click()
    page.get_by_label("Name of the bookmark").fill("<b>Home</b>")
    page.keyboard.press("Enter")
    expect(page.locator("#marks .there")).to_have_text("<b>Home</b>")
    assert server.atlas.get("first").bookmarks()[0]["name"] == "<b>Home</b>"
    page.get_by_label("Remove <b>Home</b>").click()
    expect(page.locator("#marks li")).to_have_count(0)
    assert watch == []


def test_the_brush_over_painted_land_offers_to_repaint_it(page, server, watch):
    opened(page, server)
    to(page, "shape", "plan")
    page.locator("#brush-prompt").fill("desert")
    page.locator("#brush-toggle").click()
    stroke(page, (300, 200), (500, 300))
    repaint = page.locator("#brush-repaint")
    expect(repaint).to_have_text(re.compile(r"Repaint \d+ tiles?"))
    repaint.click()
    until(page, lambda: [step["kind"] for step in journal(page, server)] == ["prompt", "stroke", "edit"])
    assert journal(page, server)[2]["prompt"] == "desert" and watch == []


def test_exports_outlive_a_reload_and_undo_says_what_it_undid(page, server, watch):
    opened(page, server)
    to(page, "home", "export")
    with page.expect_download():
        page.locator("#export-go").click()
    page.reload()
    shown(page)
    to(page, "home", "export")
    link = page.locator("#export-jobs a").first
    expect(link).to_have_text(re.compile(r"first-z8\.tif"))
    with page.expect_download():
        link.click()
    page.get_by_label("Remove first-z8.tif from the list").click()
    expect(page.locator("#export-jobs li")).to_have_count(0)
    to(page, "shape", "plan")
    page.locator("#brush-prompt").fill("desert")
    page.locator("#brush-toggle").click()
    stroke(page, (300, 200), (500, 300))
    expect(page.locator("#undo")).to_be_enabled()
    page.keyboard.press("Escape")
    page.locator("#undo").click()
    expect(page.locator("#steps-said")).to_contain_text("Undid \u201cdesert\u201d.")
    page.locator("#steps-said").get_by_text("Show").click()
    assert watch == []


def test_the_map_has_tools_with_keys(page, server, watch):
    opened(page, server)
    frame = page.frame_locator("#earth-map")
    page.locator("#panel").press("g")
    expect(frame.locator(".tile-name").first).to_have_text(re.compile(r"^8/\d+/\d+$"))
    page.locator("#panel").press("m")
    page.locator("#earth-map").click(position={"x": 200, "y": 300})
    page.locator("#earth-map").click(position={"x": 456, "y": 300})
    expect(frame.locator(".measured")).to_have_text("157 km")  # 256 px
    page.locator("#earth-map").press("Escape")
    expect(frame.locator(".measured")).to_have_count(0)
    expect(frame.locator("a.measure")).to_have_attribute("aria-pressed", "false")
    page.locator("#earth-map").press("?")
    expect(page.get_by_role("dialog", name="Keys and gestures")).to_be_visible()
    page.keyboard.press("Escape")
    where = frame.locator(".overview .where").bounding_box()
    assert where["width"] == pytest.approx(page.locator("#earth-map").bounding_box()["width"] / 16, abs=1)
    frame.locator(".folium-map").focus()
    page.keyboard.press("r")  # a rectangle with the keyboard alone
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    expect(page.locator("#edit-selection")).to_contain_text(re.compile(r"\d tiles?,"))
    assert watch == []


def test_what_a_prompt_has_beyond_the_model_is_said_and_seeds_are_exact(page, server, watch, monkeypatch):
    monkeypatch.setattr("explorer.web.edits.prompt_report", lambda *_: {"cut": "", "unknown": ["blorft"]})
    opened(page, server)
    to(page, "shape", "edit")
    page.locator("#earth-map").click(position={"x": 400, "y": 300})
    expect(page.locator("#edit-selection")).to_contain_text("1 tile,")
    page.locator("#edit-seed").fill("9007199254740993")
    page.locator("#edit-prompt").fill("blorft")
    page.locator("#edit-prompt").press("Control+Enter")
    expect(page.locator("#edit-said")).to_contain_text("is not a whole number from 0 to 9007199254740991")
    page.locator("#edit-seed").fill("9007199254740991")
    page.locator("#edit-prompt").press("Control+Enter")
    expect(page.locator("#edit-said")).to_contain_text("The model does not know this word: blorft.")
    until(page, lambda: len(journal(page, server)) == 2)
    assert journal(page, server)[1]["seed"] == 2**53 - 1 and watch == []


def test_a_world_says_what_paints_it_and_under_which_licence(page, server, watch):
    opened(page, server)
    about = page.locator("#about")
    expect(about.locator("dl")).not_to_be_visible()
    about.locator("summary").click()
    expect(about.locator("dl")).to_contain_text("CC0-1.0")
    expect(about.locator("dl")).to_contain_text("stand-in")
    assert watch == []
