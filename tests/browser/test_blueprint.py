"""A map of another maker as a plan for new land; exports around what a file draws."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.acts import LAND, opened, to, until
from tests.explorer.web.test_blueprints import island


def test_a_drawing_is_shown_on_the_map_before_it_is_laid(page, server, watch):
    opened(page, server)
    journal = server.atlas.get("first").journal
    to(page, "shape", "plan")
    page.locator("#blueprint summary").click()
    file = {"name": "island.png", "mimeType": "image/png", "buffer": island()}
    page.locator("#blueprint-file").set_input_files(file)
    keys = page.locator("#blueprint-keys input")
    expect(keys).to_have_count(2)
    expect(keys.first).to_have_value("open ocean, deep blue sea")
    keys.first.fill("")
    keys.last.fill("green island")
    names = page.frame_locator("#earth-map").locator(".region-name")
    expect(names).to_have_text(["green island"])
    band = page.frame_locator("#earth-map").locator(".band").first
    expect(band).to_have_css("stroke", "rgb(60, 160, 70)")  # as it is drawn, and beside its prompt
    to(page, "shape", "edit")
    expect(names).to_have_count(0)
    expect(page.frame_locator("#earth-map").locator(".footprint")).to_have_count(0)
    to(page, "shape", "plan")
    expect(names).to_have_text(["green island"])
    expect(page.locator("#blueprint-said")).to_contain_text("1 region, shown on the map")
    assert len(journal.steps()) == 1, "laid without being asked"
    page.locator("#blueprint-go").click()
    expect(page.locator("#blueprint-said")).to_contain_text("New land here follows this map")
    (step,) = [
        step for step in page.request.get(f"{server.url}/worlds/first/edits").json() if step["number"] > 1
    ]
    assert step["prompt"] == "green island"
    expect(page.locator("#blueprint-keys input")).to_have_count(0)
    assert not watch


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_is_asked_of_a_drawing_fits_a_narrow_panel(page, server, watch, language):
    page.set_viewport_size({"width": 1024, "height": 768})
    opened(page, server, f"?lang={language}")
    to(page, "shape", "plan")
    page.locator("#blueprint summary").click()
    file = {"name": "island.png", "mimeType": "image/png", "buffer": island()}
    page.locator("#blueprint-file").set_input_files(file)
    expect(page.locator("#blueprint-go")).to_be_enabled()
    assert page.locator("#place-shape").evaluate("place => place.scrollWidth - place.clientWidth") == 0
    assert not watch


def test_an_export_is_where_numbers_or_a_file_say(page, server, watch):
    opened(page, server)
    to(page, "home", "export")
    page.locator("#bounds summary").click()
    numbers = page.locator("#bounds-numbers")
    numbers.fill("0, 0, 300000, 200000")
    numbers.press("Tab")
    expect(page.locator("#export-region")).to_have_text("The rectangle: 300 km x 200 km")
    numbers.fill("0 0 1")
    numbers.press("Tab")
    expect(page.locator("#bounds-said")).to_contain_text("four numbers")
    ring = [[0, 0], [1, 0], [1, 1], [0, 0]]
    text = json.dumps({"type": "Polygon", "coordinates": [ring]})
    page.locator("#bounds-file").set_input_files(
        {"name": "area.geojson", "mimeType": "application/geo+json", "buffer": text.encode()}
    )
    expect(page.locator("#export-region")).to_have_text("The rectangle: 111 km x 111 km")
    expect(numbers).to_have_value("0, 0, 111319, 111325")
    until(page, lambda: page.evaluate(f"{LAND}.map.getBounds().contains([50000, 50000])"))
    assert page.locator("#bounds-file").input_value().endswith("area.geojson")
    numbers.fill("0, 0, 300000, 200000")
    numbers.press("Tab")
    expect(page.locator("#bounds-file")).to_have_value("")
    assert not watch
