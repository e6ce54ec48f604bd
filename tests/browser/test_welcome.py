"""The first minute: land while the page still loads, what this is, and one thing to try."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.acts import (
    LAND,
    journal,
    landed,
    opened,
    pan,
    selected,
    settled,
    shown,
    until,
    view,
    words,
)
from tests.browser.conftest import PATIENCE


def held(page: Page) -> list[Route]:
    """Gradio's own scripts do not come until ``unroute_all``."""
    routes: list[Route] = []
    page.route(re.compile(r"/assets/.*\.js"), lambda route: routes.append(route))
    return routes


def test_the_map_is_there_while_the_page_around_it_still_loads(page, server, watch):
    scripts = held(page)
    page.goto(server.url, wait_until="commit")
    landed(page)
    until(page, lambda: bool(scripts))  # they are asked for when land is there
    assert page.locator("#earth").count() == 0
    said = page.evaluate("getComputedStyle(document.querySelector('gradio-app'), '::before').content")
    assert "Endless Earth is loading" in said
    page.evaluate(f"{LAND}.here = true")
    box = page.locator("#earth-map").bounding_box()
    pan(page, 2560, 0)
    middle = page.evaluate(f"{LAND}.map.getCenter().lng")
    page.unroute_all()  # which lets them go on
    expect(page.locator("#world")).to_have_value("first")
    until(
        page, lambda: abs(view(page)[2] - middle) < 2
    )  # the panel hears of what was done before it was there
    assert page.evaluate(f"{LAND}.here"), "it is another map"
    assert page.locator("#earth-map").bounding_box() == box
    assert watch == []


def test_a_map_of_a_world_that_is_not_there_gives_way_to_one_that_is(page, server, watch):
    scripts = held(page)
    page.goto(f"{server.url}/#nowhere/8/0/0", wait_until="commit")
    landed(page)
    until(page, lambda: bool(scripts))
    page.unroute_all()
    expect(page.locator("#notice")).to_contain_text("nowhere")
    expect(page.locator("#world")).to_have_value("first")
    shown(page)
    assert view(page)[0] == "first" and watch == []


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
