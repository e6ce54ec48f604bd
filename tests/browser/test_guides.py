"""A picture of one's own as a guide, and the prompt at six ground resolutions."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from benchmarks.standin import OneModel, StandIn
from tests.browser.acts import click, journal, opened, picture, selected, settled, to, words
from tests.browser.test_placing import png
from tests.explorer.service.test_guiding import Led


@pytest.fixture
def library(request):
    """A model that follows guides, if a test names none."""
    return OneModel(getattr(request, "param", Led)())


def test_a_picture_guides_what_is_painted_from_then_on_and_repaints_what_was(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    click(page, 100, 300)
    expect(words(page)).to_contain_text("1 tile,")
    tile = [8, *selected(page)[0]]
    before = picture(page, tile)
    to(page, "shape", "picture")
    expect(page.locator("#picture-follows")).to_contain_text("follows: bright land")
    page.locator("#picture-file").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": png()}
    )
    page.locator("#picture-as").select_option("guide")
    expect(page.locator("#picture-prompt")).not_to_be_visible()
    with page.expect_request("**/guides?*") as sent:
        page.locator("#picture-go").click()
    assert "edges=false" in sent.value.url
    expect(page.locator("#picture-said")).to_contain_text("from now on follows it")
    again = page.locator("#picture-repaint")
    expect(again).to_have_text("Repaint 1 tile by it")
    assert picture(page, tile)[0] == before[0]
    again.click()
    settled(page, server, 3)
    assert picture(page, tile)[0] != before[0]
    expect(again).not_to_be_visible()
    assert [step["kind"] for step in journal(page, server)] == ["prompt", "guide", "edit"]
    to(page, "history")
    expect(page.locator("#history-list")).to_contain_text("A picture as a guide")
    assert watch == []


@pytest.mark.parametrize("library", [StandIn], indirect=True)
def test_the_prompt_is_shown_at_each_ground_resolution_and_a_model_without_guides_says_so(
    page, server, watch
):
    opened(page, server)
    to(page, "explore")
    page.locator("#levels summary").click()
    page.locator("#levels-go").click()
    shown = page.locator("#levels-list li")
    expect(shown).to_have_count(4)
    expect(shown.first).to_contain_text("zoom 5")
    expect(shown.last).to_contain_text("611 m")
    images = page.locator("#levels-list img").all()
    expect(images[-1]).to_have_js_property("naturalWidth", 256)
    to(page, "shape", "picture")
    expect(page.locator("#picture-follows")).to_contain_text("follows no guide")
    assert page.locator("#picture-as option[value=guide]").is_disabled()
    assert watch == []
