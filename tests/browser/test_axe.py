"""What axe-core finds in the page and in the map: nothing serious."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Frame, Page

from tests.browser.acts import to
from tests.browser.test_page import opened
from tests.browser.test_places import VIEWS

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
}


def found(where: Page | Frame) -> list[str]:
    """Serious and critical violations, with what they are about."""
    where.evaluate(AXE.read_text(encoding="utf-8"))
    # A button that just became enabled is measured in its own colour, not on the way to it.
    where.evaluate(
        "Promise.all(document.getAnimations().filter(a => a instanceof CSSTransition).map(a => a.finished))"
    )
    said = where.evaluate("rules => axe.run(document, {...rules, iframes: false})", RULES)
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary'][:300]}"
        for rule in said["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.skipif(not AXE.exists(), reason="npm ci fetches axe-core")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anybody(browser, server, theme):
    context = browser.new_context(
        viewport={"width": 1100, "height": 800}, color_scheme=theme, bypass_csp=True
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    opened(page, server)
    wrong = found(page.locator("#earth-map").element_handle().content_frame())
    for place, views in VIEWS.items():
        for view in views or ("",):
            to(page, place, view)
            wrong += found(page)
    assert sorted(set(wrong)) == []
    context.close()
