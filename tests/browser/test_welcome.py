"""The first minute: land while the page still loads, what this is, and one thing to try."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import journal, opened, selected, settled, shown, until, words
from tests.browser.conftest import PATIENCE

SEEN = "[...document.querySelectorAll('#first-sight img')].filter((image) => image.naturalWidth > 0).length"


def test_painted_land_is_seen_while_the_page_around_it_still_loads(page, server, watch):
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)
    page.goto("about:blank")
    held = []
    page.route(re.compile(r"/assets/.*\.js"), lambda route: held.append(route))  # Gradio's own scripts
    page.goto(server.url, wait_until="commit")
    page.wait_for_function(f"{SEEN} >= 6")
    assert held and page.locator("#earth").count() == 0
    words_ = page.evaluate("getComputedStyle(document.querySelector('gradio-app'), '::before').content")
    assert "Endless Earth is loading" in words_
    page.unroute_all()  # which lets them go on
    shown(page)
    expect(page.locator("#first-sight")).to_have_count(0)
    assert watch == []


def test_a_first_sight_that_comes_late_does_not_stay_over_the_map(page, server, watch):
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)
    page.goto("about:blank")
    held = []
    page.route("**/page/firstsight.js", lambda route: held.append(route))
    page.goto(server.url, wait_until="commit")
    expect(page.locator("#earth")).to_be_attached()  # Gradio has made the page
    page.unroute_all()  # which lets them go on
    shown(page)
    expect(page.locator("#first-sight")).to_have_count(0)
    assert watch == []


@pytest.fixture
def newcomer(browser):
    """A page that was never opened here before."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def welcome(page: Page):
    return page.get_by_role("complementary", name="Welcome")


def test_a_first_visit_says_what_this_is_and_offers_one_thing_to_try(newcomer, server):
    page = newcomer
    opened(page, server)
    card = welcome(page)
    expect(card).to_contain_text("A map of an Earth that does not exist.")
    expect(page.locator("#tagline")).to_be_hidden()  # it says the same
    before, box = page.url, card.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 15)  # the map can be dragged through its words
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 200, steps=6)
    page.mouse.up()
    until(page, lambda: page.url != before)
    card.get_by_role("button", name="Try it").click()
    expect(card).to_have_count(0)
    expect(words(page)).to_contain_text("1 tile,")
    expect(page.locator("#edit-prompt")).not_to_have_value("")
    expect(page.locator("#edit-prompt")).to_be_focused()
    assert len(selected(page)) == 1 and len(journal(page, server)) == 1
    page.locator("#edit-go").click()
    settled(page, server, 2)
    page.reload()
    shown(page)
    expect(welcome(page)).to_have_count(0)
    expect(page.locator("#tagline")).to_be_visible()


@pytest.mark.parametrize("way", ["close", "shape"])
def test_the_welcome_is_put_away_for_good(newcomer, server, way):
    page = newcomer
    opened(page, server)
    if way == "close":
        welcome(page).get_by_role("button", name="Close").click()
    else:
        page.locator("#tab-place-shape").click()
    expect(welcome(page)).to_have_count(0)
    page.reload()
    shown(page)
    expect(page.locator("#tagline")).to_be_visible()
    assert welcome(page).count() == 0
