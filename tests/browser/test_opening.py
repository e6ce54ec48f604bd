"""What a browser asks for when the page is opened."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from playwright.sync_api import expect

from tests.browser.acts import landed, opened
from tests.browser.conftest import PATIENCE, VISITED

# Of the page and of its map: [address, bytes that came over the line]
CAME = """() => [window, document.getElementById("earth-map").contentWindow].flatMap(({ performance }) =>
  performance.getEntriesByType("resource").map(({ name, transferSize }) => [name, transferSize]))"""

SHIFTS = """new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) (window.shifts ??= []).push(
    [entry.value, ...entry.sources.map(({ node }) => node?.id || node?.nodeName)]);
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture
def visitor(browser):
    """A browser of its own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(VISITED)
    yield context
    context.close()


def test_the_next_visit_asks_for_none_of_our_files_again(visitor, server):
    for _ in range(2):
        page = visitor.new_page()
        opened(page, server)
        ours = [(name, came) for name, came in page.evaluate(CAME) if "/static/" in name]
        page.close()
    assert len(ours) > 40
    assert [name for name, came in ours if came] == []


def test_a_map_shows_its_first_view_before_it_is_told_of_land(visitor, server):
    page = visitor.new_page()
    opened(page, server)
    place = page.url.partition("#")[2]
    page.close()
    visitor.route_web_socket(re.compile("/feed"), lambda silent: None)
    page = visitor.new_page()
    asked = Counter()
    page.on("request", lambda request: asked.update([request.url] if "/tiles/" in request.url else []))
    page.goto(f"{server.url}/#{place}")
    landed(page)
    assert max(asked.values()) == 1, asked.most_common(3)


def test_nothing_moves_while_a_first_visit_opens(browser, server):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(SHIFTS)
    page = context.new_page()
    opened(page, server)
    expect(page.get_by_role("complementary", name="Welcome").get_by_role("button")).to_have_count(2)
    expect(page.locator("#tagline")).to_be_hidden()
    moved = page.evaluate("window.shifts ?? []")
    assert [each for each in moved if each[1:] != ["dock"]] == []  # which grows while land is painted
    page.get_by_role("complementary", name="Welcome").get_by_role("button", name="Close").click()
    expect(page.locator("#tagline")).to_be_visible()
    context.close()
