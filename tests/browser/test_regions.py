"""Parts of tiles are chosen with a lasso, a brush or an exact rectangle, and painted anew."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.acts import LAND, journal, opened, settled, stroke, to, until, view, words

TOUCH = """([type, places]) => {
  const box = document.getElementById("earth-map").contentWindow;
  const target = box.document.querySelector(".leaflet-container");
  for (const [name, [x, y]] of places) {
    const init = {clientX: x, clientY: y, bubbles: true, pointerType: type, isPrimary: true, button: 0};
    target.dispatchEvent(new box.PointerEvent(name, init));
  }
}"""


def choose(page: Page, tool: str) -> None:
    page.locator(f"#region label:has([value={tool}])").click()


def latents(page: Page) -> int:
    """How many latents are chosen."""
    return page.evaluate(f"{LAND}.region.sheet?.held.reduce((sum, each) => sum + each / 255, 0) ?? 0")


def test_a_lasso_and_a_brush_choose_parts_of_tiles_which_are_painted_anew(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    before = view(page)
    choose(page, "lasso")
    stroke(page, (300, 300), (400, 300), (400, 400), (300, 400))
    expect(words(page)).to_contain_text("A region of")
    whole = latents(page)
    assert 12 * 12 <= whole <= 13 * 13  # 100 px are 12.5 latents
    choose(page, "brush")
    page.locator("#region-radius").fill("2")
    stroke(page, (500, 350), (600, 350))
    assert latents(page) > whole + 40
    page.locator("#region-erase").check()
    stroke(page, (300, 350), (420, 350))
    until(page, lambda: page.evaluate(f"{LAND}.region.edges[1].getLatLngs().length") > 8)
    assert view(page) == before  # drawing does not pan
    page.locator("#edit-prompt").fill("snow")
    page.locator("#edit-go").click()
    settled(page, server, 2)
    step = journal(page, server)[1]
    assert step["masked"] and step["zoom"] == 8 and 1 <= step["tiles"] <= 9
    page.locator("#edit-clear").click()
    expect(words(page)).to_have_text("Nothing is selected")
    assert latents(page) == 0 and watch == []


def test_a_finger_and_the_keyboard_draw_regions_at_the_zoom_of_the_view(page, server, watch):
    opened(page, server, "#first/10/0/0")
    to(page, "shape", "edit")
    choose(page, "rectangle")
    page.evaluate(
        TOUCH,
        [
            "touch",
            [("pointerdown", [300, 300]), ("pointermove", [380, 340]), ("pointerup", [380, 340])],
        ],
    )
    until(page, lambda: latents(page) == 10 * 5)
    assert page.evaluate(f"{LAND}.region.sheet.zoom") == 10
    choose(page, "lasso")
    land = page.frame_locator("#earth-map").locator(".folium-map")
    land.press("Space")
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft"):
        at = view(page)
        land.press(key)
        until(page, lambda at=at: view(page) != at)
    land.press("Space")
    until(page, lambda: latents(page) > 60)
    land.press("Escape")
    until(page, lambda: latents(page) == 0)
    land.press("Escape")
    expect(page.locator("#region [value=tiles]")).to_be_checked()
    page.locator("#earth-map").click(position={"x": 300, "y": 300})
    expect(words(page)).to_contain_text("1 tile,")
    assert watch == []
