"""What axe-core finds in the page and in the map: nothing serious."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page, expect

from tests.browser.acts import click, opened, to, unfold
from tests.browser.test_places import VIEWS
from tests.browser.test_placing import png

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
ALL = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast"]  # all that a theme changes on a page that is looked at in the other one


def found(where: Page | Frame, rules: list[str]) -> list[str]:
    """Serious and critical violations, with what they are about."""
    if not where.evaluate("'axe' in window"):
        where.evaluate(AXE.read_text(encoding="utf-8"))
    # A button that just became enabled is measured in its own colour, not on the way to it.
    where.evaluate(
        "Promise.allSettled(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished))"
    )
    options = {"resultTypes": ["violations"], "runOnly": rules, "iframes": False}
    said = where.evaluate("options => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary'][:300]}"
        for rule in said["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def states(page: Page) -> Iterator[tuple[str, Page | Frame]]:
    """All that the page may show, one after another."""
    land = page.locator("#earth-map").element_handle().content_frame()
    yield "welcome", page
    yield "map", land
    for place, views in VIEWS.items():
        for view in views or ("",):
            to(page, place, view)
            unfold(page)
            yield f"{place} {view}", page
    to(page, "home", "export")
    page.locator("#export-go").click()
    expect(page.locator("#export-jobs a").first).to_be_visible()
    yield "exported", page
    to(page, "explore", "world")
    page.locator("#delete").click()
    expect(page.locator("#really")).to_be_visible()
    yield "delete", page
    page.locator("#keep").click()
    page.locator("#help").click()
    yield "keys", page
    page.keyboard.press("Escape")
    click(page, 60, 100)
    page.frame_locator("#earth-map").locator(".placecard").wait_for()
    yield "a place's card", land
    to(page, "shape", "picture")
    page.locator("#picture-file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png()})
    page.frame_locator("#earth-map").locator(".own-bar").wait_for()
    yield "a picture over the map", land
    yield "a picture over the map", page


@pytest.mark.skipif(not AXE.exists(), reason="npm ci fetches axe-core")
@pytest.mark.parametrize(
    ("theme", "language", "width", "height", "rules"),
    [
        ("light", "en", 1100, 800, ALL),
        ("dark", "en", 1100, 800, COLOURS),
        ("light", "de", 1024, 768, ALL),
        ("dark", "de", 390, 844, ALL),
    ],
)
def test_nothing_serious_stands_in_the_way_of_anybody(browser, server, theme, language, width, height, rules):
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme, bypass_csp=True, locale=language
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    opened(page, server)
    wrong = {f"{state}: {each}" for state, where in states(page) for each in found(where, rules)}
    assert not wrong, "\n".join(sorted(wrong))
    context.close()
