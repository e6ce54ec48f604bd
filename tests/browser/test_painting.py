"""The page with a model of weights, which takes its time, as people have it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acts import opened, pan, shown, to, view


@pytest.fixture
def library(tiny):
    return tiny


def test_land_appears_and_goes_on_without_any_other_host(page, server, watch):
    opened(page, server)
    before = view(page)
    assert before[:2] == ("first", 8)
    painted = server.painter.status().painted
    pan(page, 1500, 0)
    expect(page).to_have_url(re.compile(f"#first/8/(?!{before[2]}/)"))
    page.wait_for_function(
        "n => Number(document.querySelector('#status b')?.textContent.replace(/,/g, '')) > n", arg=painted
    )
    shown(page)
    assert view(page)[2] > before[2] and watch == []
    expect(page.locator("#status")).to_contain_text("tiny on cpu")
    frame = page.frame_locator("#earth-map")
    expect(frame.locator(".leaflet-control-scale-line")).to_contain_text(re.compile(r"\d k?m"))
    expect(frame.locator(".place")).to_contain_text("km")


def test_an_export_too_large_is_said_and_a_running_one_can_be_cancelled(page, server, watch):
    opened(page, server)
    to(page, "home", "export")
    for _ in range(4):
        page.frame_locator("#earth-map").locator(".leaflet-control-zoom-out").click()
        page.wait_for_timeout(400)
    page.locator("#export-zoom").select_option("10")
    estimate = page.locator("#export-estimate")
    expect(estimate).to_contain_text("the limit is")
    expect(page.locator("#export-go")).to_be_disabled()
    page.locator("#export-zoom").select_option("8")
    expect(estimate).to_contain_text(re.compile(r"\d+ % unpainted \([\d,]+ of [\d,]+ tiles\)"))
    page.locator("#export-go").click()
    if page.locator("#export-yes").is_visible():  # a slow machine asks first
        page.locator("#export-yes").click()
    expect(page.locator("#export-jobs .job span")).to_contain_text(
        re.compile(r"painting: \d+ of [\d,]+, .*\d (s|min|h) left")
    )
    expect(page.locator("#export-jobs .job span")).to_be_in_viewport()
    expect(page.locator("#export-go")).to_be_disabled()
    page.locator("#export-jobs").get_by_text("Cancel").click()
    expect(page.locator("#export-jobs")).to_contain_text("cancelled")
    expect(page.locator("#export-go")).to_be_enabled()
    assert watch == []
