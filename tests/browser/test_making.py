"""The form of a new world, and the sketch that it shows before the world is made."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.standin import OneModel, StandIn
from tests.browser.acts import landed, opened, to, until


def drawn(page) -> str:
    """The address of the sketch, once it is that of what the form says."""
    expect(page.locator("#sketch-picture")).to_be_visible()
    until(page, lambda: "old" not in (page.locator("#sketch-picture").get_attribute("class") or ""))
    return page.locator("#sketch-picture").get_attribute("src")


def test_a_new_world_is_sketched_before_it_is_made(page, server, watch):
    asked = []
    page.on(
        "request", lambda request: asked.append(request.post_data_json) if "/preview" in request.url else None
    )
    opened(page, server)
    to(page, "explore", "new")
    seed = page.locator("#new-seed input, #new-seed textarea")
    expect(seed).not_to_have_value("")
    first = drawn(page)
    expect(page.locator("#sketch-said")).to_contain_text("No prompt: anything may appear.")
    prompt = page.locator("#new-prompt textarea")
    prompt.press_sequentially("rocky coast with fjords and islands", delay=5)
    expect(page.locator("#sketch-said")).to_contain_text("Another seed, another land")
    second = drawn(page)
    assert second != first and asked[-1]["prompt"] == "rocky coast with fjords and islands"
    assert len(asked) <= 4, "a sketch for each letter"
    before = seed.input_value()
    page.locator("#dice").click()
    expect(seed).not_to_have_value(before)
    until(page, lambda: drawn(page) != second)
    assert asked[-1]["seed"] == int(seed.input_value())
    shape = page.locator("#sketch-picture").evaluate(
        "picture => [picture.naturalWidth, picture.naturalHeight]"
    )
    assert shape == [256, 256]
    seed.fill("1.7")
    expect(page.locator("#sketch-said")).to_contain_text("not a whole number")
    expect(page.locator("#sketch-said")).to_have_class("hint wrong")
    seed.fill(before)
    page.locator("#new-name textarea, #new-name input").first.fill("Sketched")
    page.locator("#create").click()
    until(page, lambda: "#sketched" in page.url)
    assert server.atlas.get("sketched").seed == int(before)
    expect(page.locator("#view-world")).to_be_visible()
    to(page, "explore", "new")
    expect(seed).not_to_have_value(before)
    assert not watch


def test_a_world_that_is_made_of_a_link_before_the_panel_is_there_stays(page, server, watch):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, server)
    to(page, "home", "share")
    page.locator("#share-world").click()
    expect(page.locator("#share-said")).to_contain_text("holds the world")
    link = page.evaluate("navigator.clipboard.readText()")
    held = []
    other = page.context.new_page()
    other.route("**/gradio_api/queue/join*", lambda asked: held.append(asked))
    other.goto(link)
    until(other, lambda: len(held) > 0)  # the panel has asked what it is to show
    other.locator("#offered button").first.click()
    until(other, lambda: "#first-2/" in other.url)
    held[0].continue_()
    other.wait_for_timeout(1000)
    assert "#first-2/" in other.url, "the panel's answer is older than what was opened since"
    other.unroute("**/gradio_api/queue/join*")  # what else was held goes on
    other.wait_for_timeout(1000)
    expect(other.locator("#notice")).to_have_text("")
    expect(other.locator("#world")).to_have_value("first-2")
    landed(other)
    assert "#first-2/" in other.url and watch == []


def test_a_world_is_shared_as_a_link_that_makes_it_again(page, server, watch):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, server)
    body = {"prompt": "desert", "path": [[0, 0], [90000, 0]], "radius": 20000, "softness": 0}
    assert page.request.post(f"{server.url}/worlds/first/strokes", data=body).ok
    to(page, "home", "share")
    page.locator("#share-world").click()
    expect(page.locator("#share-said")).to_contain_text("holds the world")
    link = page.evaluate("navigator.clipboard.readText()")
    assert "#open=" in link and len(link) < 3000
    other = page.context.new_page()
    other.goto(link)
    expect(other.locator("#offered h2")).to_have_text("Open the world \u201cFirst\u201d?")
    assert server.atlas.names() == ["first"], "a world that nobody wanted"
    other.locator("#offered button").first.click()
    until(other, lambda: "#first-2/" in other.url)
    copy, first = server.atlas.get("first-2"), server.atlas.get("first")
    assert (copy.seed, copy.journal.prompt, copy.home) == (first.seed, first.journal.prompt, first.home)
    assert len(copy.journal.steps()) == len(first.journal.steps()) == 2
    to(page, "explore", "world")
    page.locator("#go-to").fill(link[:-40].split("@")[0])
    page.locator("#go-form button").click()
    expect(page.locator("#offered h2")).to_contain_text("holds no world")
    assert not watch


class Two(OneModel):
    """A library of a default and of another model, which knows other zooms."""

    default = "detailed"

    def __init__(self) -> None:
        super().__init__(StandIn())
        self.quick = StandIn()
        self.quick.traits = self.quick.traits._replace(name="quick", zooms=(5, 12), base_zoom=12)

    def get(self, name=None, recipe=None):
        return self.quick if name == "quick" else self.model

    def names(self):
        return ["detailed", "quick"]


@pytest.mark.parametrize("library", [Two()])
def test_where_there_are_two_models_a_new_world_has_the_choice(page, server, watch):
    asked = []
    page.on("request", lambda each: asked.append(each.post_data_json) if "/preview" in each.url else None)
    opened(page, server)
    to(page, "explore", "new")
    drawn(page)
    page.get_by_label("Model", exact=True).click()
    page.get_by_role("option", name="quick").click()
    expect(page.get_by_label("Ground resolution, per pixel")).to_have_value(re.compile("zoom 12"))
    until(page, lambda: asked[-1]["model"] == "quick" and asked[-1]["base_zoom"] == 12)
    page.get_by_label("Start from an example").click()
    page.get_by_role("option", name="Fjordland").click()  # of zoom 8, which this model does not know
    expect(page.locator("#new-prompt textarea")).to_have_value(re.compile("fjords"))
    expect(page.get_by_label("Ground resolution, per pixel")).to_have_value(re.compile("zoom 12"))
    drawn(page)
    page.locator("#new-name textarea, #new-name input").first.fill("Quickly")
    page.locator("#create").click()
    until(page, lambda: "#quickly" in page.url)
    world = server.atlas.get("quickly")
    assert (world.model.traits.name, world.base_zoom) == ("quick", 12) and watch == []


def test_one_model_is_no_choice(page, server, watch):
    opened(page, server)
    to(page, "explore", "new")
    expect(page.locator("#create")).to_be_visible()
    expect(page.locator("#new-model")).to_be_hidden()
    assert watch == []
