"""Strangers on a public map, each with a browser of their own."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.acts import pan, shown, to
from tests.browser.conftest import PATIENCE, Server


@pytest.fixture(scope="module")
def public(tmp_path_factory, tiny):
    """With a password this machine too is a stranger."""
    folder = tmp_path_factory.mktemp("public") / "worlds"
    settings = {"password": "correct horse battery", "others_may": "visit", "visitor_tiles": 30}
    server = Server(folder, tiny, **settings)
    yield server
    server.stop()


@pytest.fixture
def strangers(browser, public):
    contexts = [browser.new_context(viewport={"width": 1100, "height": 700}) for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.set_default_timeout(PATIENCE)
    yield pages
    for context in contexts:
        context.close()


def test_a_stranger_looks_makes_a_world_paints_until_the_limit_and_hears_of_it(public, strangers):
    page, _ = strangers
    page.goto(public.url)
    shown(page)  # the home, which was painted before anybody came
    expect(page.locator("#visitor")).to_contain_text("You may look at this world. Make your own")
    badge = page.frame_locator("#earth-map").locator(".badge")
    expect(badge).to_contain_text("This world is not yours")
    pan(page, 4000, 0)  # to land that nobody has painted
    to(page, "home")
    expect(page.locator("#export-estimate")).to_contain_text("this world is not yours")
    to(page, "explore", "new")
    page.locator("#new-name textarea, #new-name input").fill("My own land")
    page.get_by_role("button", name="Create world").click()
    to(page, "explore", "world")
    expect(page.locator("#visitor")).to_contain_text("This world is yours")
    expect(badge).to_contain_text("Your painted tiles for today are used up")
    expect(page.locator("#visitor")).to_contain_text("Left for you today: 0 painted tiles")
    assert public.atlas.get("my-own-land").counts()["cells"] > 0
    to(page, "explore", "new")
    page.locator("#new-name textarea, #new-name input").fill("Another")
    page.get_by_role("button", name="Create world").click()
    expect(page.get_by_text("as many worlds as a visitor may have")).to_be_visible()


def test_a_stranger_looks_at_anothers_world_by_its_link_and_cannot_delete_it(public, strangers):
    page, other = strangers
    page.goto(f"{public.url}/worlds/first/map")  # the cookie
    made = page.request.post(
        f"{public.url}/worlds", data={"name": "Theirs", "prompt": "coast", "home": [0, 0]}
    )
    assert made.status == 201, made.text()
    other.goto(f"{public.url}/#theirs")
    expect(other.locator("#visitor")).to_contain_text("You may look at this world.")
    expect(other.locator("#world option:checked")).to_have_text("Theirs")
    other.locator("#delete").click()
    other.locator("#really").click()
    expect(other.get_by_text("This world is not yours. You may look at it.")).to_be_visible()
    assert "theirs" in public.atlas.names()
