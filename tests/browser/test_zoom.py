"""Zooming on the page: out to paper, and back to land."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acts import LAND
from tests.browser.test_page import opened, view


@pytest.fixture
def library(standin):
    return standin


def jump(page, place):
    page.evaluate(f"place => {LAND}.goTo(place, false)", place)


def test_far_out_there_is_paper_and_a_way_back_to_land(page, server, watch):
    opened(page, server)
    frame = page.frame_locator("#earth-map")
    way = frame.locator(".to-land")
    expect(way).to_be_hidden()
    jump(page, "3/9000000/9000000")
    expect(way).to_contain_text("Land is painted from zoom 8 on.")
    for theme, light in (("light", True), ("dark", False)):
        page.evaluate(
            f"theme => {LAND}.command({{origin: location.origin, data: {{type: 'theme', theme}}}})", theme
        )
        paper = frame.locator(".leaflet-container").evaluate("e => getComputedStyle(e).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 384) == light
        assert "gradient" in frame.locator(".paper").first.evaluate(
            "e => getComputedStyle(e).backgroundImage"
        )
    way.get_by_role("button", name="To painted land").click()
    expect(way).to_be_hidden()
    page.wait_for_function("() => location.hash.includes('/8/')")
    _, zoom, x, y = view(page)
    assert zoom == 8 and abs(x) < 2e6 and abs(y) < 2e6 and watch == []
