"""A model that is told ground resolutions, on the page: zooms that it does not know, and six that it does."""

import numpy as np
import pytest
from playwright.sync_api import expect

from explorer.models.library import Library
from explorer.worlds.new import NewWorld
from tests.browser.acts import LAND, opened, to, until
from tests.diffusions import build_diffusion

KNOWN = range(10, 19)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Of a model with random weights, told a level as Text2Earth is."""
    folder = build_diffusion(tmp_path_factory.mktemp("models") / "tiny")
    return Library(str(folder), "cpu", {"steps": 1})


@pytest.fixture
def levels(server, monkeypatch):
    """What the model was told, as often as it was; 0 where it is to do without. Its pictures are plain: to
    decode them takes longer than to paint, and nobody looks at them here."""
    found = []

    def look(_, args, named):
        found.extend(named["class_labels"].tolist())

    model = server.atlas.get("first").model
    monkeypatch.setattr(model, "decode", lambda latents: np.full((256, 256, 3), 128, np.uint8))
    hook = model.parts.unet.register_forward_pre_hook(look, with_kwargs=True)
    yield found
    hook.remove()


def go(page, place):
    page.evaluate(f"place => {LAND}.goTo(place, false)", place)


def test_zooms_that_a_model_does_not_know_are_painted_as_the_nearest_one_and_say_so(
    page, server, watch, levels
):
    opened(page, server)
    card = page.frame_locator("#earth-map").locator(".zoom-card")
    expect(card).to_contain_text("Zoom 15. Learned from pictures at this zoom")
    assert card.locator(".zoom-marks i").count() == len(KNOWN)
    go(page, "18/0/0")
    expect(card).to_contain_text("Zoom 18. Learned from pictures at this zoom")
    world = server.atlas.get("first")
    go(page, "19/0/0")
    expect(card).to_contain_text("Zoom 19. Invented: painted as if at zoom 18, the nearest one learned")
    until(page, lambda: world.canvas.count(19) > 0, 150)
    assert set(levels) == {0, 13, 15, 16, 17, 18}  # 13: the sketch
    server.atlas.create(NewWorld("Far", "rocky coast", seed=1, base_zoom=8, sketch=0))
    page.goto("about:blank")  # nobody wants the first world any more
    until(page, lambda: server.painter.waiting() == 0)
    levels.clear()
    page.goto(f"{server.url}/?lang=de#far/9/0/0")
    expect(card).to_contain_text("Zoom 9. Erfunden: gemalt wie Zoom 10, der nächste gelernte")
    until(page, lambda: server.atlas.get("far").canvas.count(9) > 0)
    assert set(levels) == {0, 10} and watch == []


def test_the_prompt_is_shown_at_six_ground_resolutions_that_the_model_is_told(page, server, watch, levels):
    opened(page, server)
    to(page, "explore")
    page.locator("#levels summary").click()
    page.locator("#levels-go").click()
    shown = page.locator("#levels-list li")
    expect(shown).to_have_count(6)
    expect(shown.first).to_contain_text("zoom 10")
    expect(shown.last).to_contain_text("zoom 18")
    images = page.locator("#levels-list img")
    for image in images.all():
        expect(image).to_have_js_property("naturalWidth", 256)
    assert {10, 18} < set(levels) and watch == []
