"""Ways through the history: back to a step, an edit stamped elsewhere, an area cleared, a world copied."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.acts import click, journal, opened, picture, settled, to, until, view, words
from tests.browser.test_edits import edit


def row(page: Page, number: int):
    """A step's row, the newest first, with its menu open."""
    line = page.locator("#history-list > li").nth(number)
    line.locator("summary").click()
    return line


def test_a_comparison_says_while_its_picture_is_awaited_and_that_it_did_not_come(page, server, watch):
    opened(page, server)
    edit(page, "snow")
    settled(page, server, 2)
    held = []
    page.route("**/before.webp*", lambda route: held.append(route))
    to(page, "history")
    compare = page.locator("#history-list .acts button").first
    box = page.locator(".compare")
    compare.click()
    expect(box).to_contain_text("Reading")
    edges = [box.get_by_role("button", name=name).bounding_box()["x"] for name in ("Blink", "Close")]
    assert edges[1] - edges[0] < 100  # side by side
    for route in held:
        route.abort()
    expect(box).to_contain_text("did not come")
    page.unroute("**/before.webp*")
    compare.click()
    compare.click()
    expect(page.frame_locator("#earth-map").locator("img.preview")).to_have_js_property("complete", True)
    expect(box).to_have_text(re.compile("^Before 50 %BlinkClose$"))
    blink = box.get_by_role("button", name="Blink")
    blink.click()
    for shown in ("Before", "After"):
        expect(box).to_have_text(re.compile(f"BlinkClose{shown}$"))
    blink.click()
    expect(box).to_have_text(re.compile("BlinkClose$"))
    assert watch == []


def test_an_edit_is_stamped_undone_to_cleared_and_copied(page, server, watch):
    opened(page, server)
    tile = edit(page, "snow")
    settled(page, server, 2)
    to(page, "history")
    row(page, 0).get_by_role("button", name="Stamp").click()
    expect(page.locator("#steps-said")).to_contain_text("Click on the map")
    click(page, 700, 500)
    settled(page, server, 3)
    page.locator("#earth-map").press("Escape")
    expect(page.locator("#steps-said")).not_to_contain_text("Click on the map")
    first, again = journal(page, server)[1:]
    kept = ("prompt", "strength", "seed", "tiles", "zoom")
    assert [first[key] for key in kept] == [again[key] for key in kept]
    assert again["bounds"] != first["bounds"]

    row(page, 2).get_by_role("button", name="Go back to").click()
    until(page, lambda: [each["state"] for each in journal(page, server)] == ["done", "undone", "undone"])
    expect(page.locator("#steps-said")).to_have_text("2 steps undone. They can be redone.")
    before = picture(page, tile)[0]
    row(page, 1).get_by_role("button", name="Redo up to").click()
    settled(page, server, 2)
    after = picture(page, tile)[0]
    assert after != before

    to(page, "shape", "edit")
    click(page, 400, 300)
    expect(words(page)).to_contain_text("1 tile,")
    page.locator("#edit-reveal").click()
    expect(page.locator("#edit-said")).to_contain_text("1 tile shows the land without edits")
    assert picture(page, tile)[0] == before and journal(page, server)[-1]["kind"] == "clear"
    page.locator("#undo").click()
    until(page, lambda: picture(page, tile)[0] == after)

    to(page, "history")
    row(page, 1).get_by_role("button", name="Copy the world").click()
    expect(page).to_have_url(re.compile("#first-copy/"))
    expect(page.locator("#world")).to_have_value("first-copy")
    until(page, lambda: view(page)[0] == "first-copy")
    expect(page.locator("#steps-said")).to_have_text(
        "This is First (copy), a copy. The world before stays as it is."
    )
    there = page.request.get(f"{server.url}/worlds/first-copy/edits").json()
    assert [(each["kind"], each["state"]) for each in there[:2]] == [("prompt", "done"), ("edit", "done")]
    assert watch == []


def test_a_long_history_is_scrolled_above_what_stands_below_it(page, server, watch):
    for number in range(12):
        body = {"prompt": f"desert {number}", "path": [[9e6, 0]], "radius": 20000, "softness": 0}
        assert page.request.post(f"{server.url}/worlds/first/strokes", data=body).ok
    opened(page, server)
    to(page, "history")
    rows = page.locator("#history-list li")
    expect(rows).to_have_count(13)
    for row in (rows.last, rows.first):
        row.scroll_into_view_if_needed()
        again = row.get_by_text("Use again", exact=True).bounding_box()
        assert again["y"] + again["height"] <= page.locator("#dock").bounding_box()["y"]
    assert watch == []
