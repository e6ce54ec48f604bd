"""Exports that take their time, and what of them reaches the disk."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import opened, shown, to, until
from tests.browser.test_edits import hold


def around(page: Page, bounds: str) -> None:
    """Export what these numbers say."""
    page.locator("#bounds summary").click()
    page.locator("#bounds-numbers").fill(bounds)
    page.locator("#bounds-numbers").press("Tab")
    expect(page.locator("#export-region")).to_contain_text("The rectangle")


@pytest.mark.parametrize("end", ["done", "cancelled"])
def test_a_running_export_is_there_after_a_reload(page, server, watch, monkeypatch, end):
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)
    go = hold(server, monkeypatch)
    home = page.url
    to(page, "home", "export")
    around(page, "3000000, 0, 3300000, 200000")
    expect(page.locator("#export-estimate")).to_contain_text("nothing painted yet")
    page.locator("#export-go").click()
    expect(page.locator("#export-jobs .job")).to_contain_text("painting: 0 of")
    page.goto("about:blank")
    page.goto(home)
    shown(page)
    to(page, "home", "export")
    job = page.locator("#export-jobs .job")
    expect(job).to_contain_text("first-z8.tif")
    expect(job).to_contain_text("painting: 0 of")
    expect(page.locator("#export-go")).to_be_disabled()
    if end == "cancelled":
        job.get_by_text("Cancel").click()
    go.set()
    if end == "done":
        expect(page.locator("#export-jobs a").first).to_have_text(re.compile(r"first-z8\.tif"))
    else:
        expect(page.locator("#export-jobs")).to_contain_text("first-z8.tif: cancelled.")
    expect(page.locator("#export-go")).to_be_enabled()
    assert watch == []


def test_an_export_of_more_than_ten_minutes_is_asked_about_first(page, server, watch):
    seconds, begun = 590, []

    def estimate(route) -> None:
        said = route.fetch().json()
        route.fulfill(json={**said, "seconds": seconds})

    page.route("**/exports/estimate?*", estimate)
    page.on("request", lambda asked: begun.append(asked) if asked.url.endswith("/exports") else None)
    opened(page, server)
    to(page, "home", "export")
    words, go = page.locator("#export-estimate"), page.locator("#export-go")
    expect(words).to_contain_text("10 min")
    with page.expect_download():
        go.click()  # that long is not asked about
    expect(go).to_be_enabled()
    seconds = 5400
    page.locator("#export-zoom").select_option("7")
    expect(words).to_contain_text("1.5 h")
    many = len(begun)
    go.click()
    expect(words).to_have_text("This takes about 1.5 h. You can go on using the map.")
    expect(go).to_be_hidden()
    page.locator("#export-no").click()
    expect(go).to_be_visible()
    assert len(begun) == many
    go.click()
    with page.expect_download():
        page.locator("#export-yes").click()
    page.unroute_all(behavior="ignoreErrors")  # an estimate may be on its way
    assert len(begun) == many + 1 and watch == []


def test_a_png_comes_with_all_that_places_it_and_a_postcard_has_a_name_of_its_own(page, server, watch):
    names = []
    page.on("download", lambda file: names.append(file.suggested_filename))
    opened(page, server)
    to(page, "home", "export")
    for format, files in (
        ("png", {"first-z8.png", "first-z8.pgw", "first-z8.prj", "first-z8.png.aux.xml"}),
        ("postcard", {"first-z8-postcard.png"}),
    ):
        names.clear()
        page.locator("#export-format").select_option(format)
        expect(page.locator("#export-go")).to_be_enabled()
        page.locator("#export-go").click()
        until(page, lambda files=files: len(names) >= len(files))
        assert set(names) == files and len(names) == len(files)
    assert watch == []
