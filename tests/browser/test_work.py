"""Work in line, words to click, a lost network, and what ends while nobody looks."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.acts import journal, opened, settled, to, until
from tests.browser.test_edits import edit, hold

AWAY = """(away) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => away });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def at_rest(page: Page, server) -> None:
    """The map is open, and all that it wants is painted."""
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)


def test_one_button_cancels_all_that_waits(page, server, watch, monkeypatch):
    at_rest(page, server)
    go = hold(server, monkeypatch)
    edit(page, "snow")
    page.locator("#edit-prompt").fill("desert")
    page.locator("#edit-go").click()
    expect(page.locator("#work-said")).to_contain_text("2 jobs in line")
    page.locator("#work-cancel").click()
    expect(page.locator("#work-cancel")).to_be_enabled()  # the app has heard of both
    go.set()
    expect(page.locator("#work")).to_be_hidden()
    expect(page.locator("#queue .job")).to_have_count(0)
    assert [step["state"] for step in journal(page, server)] == ["done", "cancelled", "cancelled"]
    assert watch == []


def test_a_click_writes_examples_and_words_that_the_model_knows(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    chips, prompt = page.locator("#edit details.chips"), page.locator("#edit-prompt")
    chips.locator("summary").click()
    example = chips.get_by_role("group", name="Examples").locator("button").first
    example.click()
    expect(prompt).to_have_value(example.inner_text())
    word = chips.get_by_role("group", name="What is there").locator("button").last
    word.click()
    expect(prompt).to_have_value(re.compile(re.escape(word.inner_text())))
    word.click()  # and takes it out again
    expect(prompt).not_to_have_value(re.compile(rf"\b{re.escape(word.inner_text())}$"))
    assert watch == []


def test_a_network_that_goes_and_comes_back_is_said(page, server, watch):
    at_rest(page, server)
    page.context.set_offline(True)
    expect(page.locator("#link")).to_contain_text("You are offline.")
    to(page, "shape", "edit")
    page.locator("#edit-prompt").fill("what I was writing")
    page.context.set_offline(False)
    expect(page.locator("#link")).to_have_text("Connected again.")
    expect(page.locator("#link")).to_have_text("")
    expect(page.locator("#edit-prompt")).to_have_value("what I was writing")
    page.reload()  # as Gradio does when its own line was lost
    page.reload()  # and before the form is there again
    expect(page.locator("#edit-prompt")).to_have_value("what I was writing")
    edit(page, "snow")
    settled(page, server, 2)
    assert watch == []


def test_what_ended_while_the_tab_was_away_is_said(page, server, watch, monkeypatch):
    at_rest(page, server)
    go = hold(server, monkeypatch)
    edit(page, "snow")
    expect(page.locator("#work-said")).to_contain_text("1 job in line")
    page.evaluate(AWAY, True)
    go.set()
    settled(page, server, 2)
    page.evaluate(AWAY, False)
    expect(page.locator("#away")).to_have_text("While you were away, 1 job was finished.")
    page.evaluate(AWAY, True)  # it is said once
    page.evaluate(AWAY, False)
    expect(page.locator("#away")).to_have_text("")
    assert watch == []
