"""Every word that the page shows is in the catalogue: with a language whose texts are all marked, what is
unmarked was said past it."""

import io
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from benchmarks.standin import OneModel
from explorer.web.phrases import CATALOGUES
from tests.browser.acts import click, opened, pan, shown, to, until
from tests.browser.conftest import PATIENCE, VISITED
from tiles.errors import ModelRefused
from tiles.recipe import UNSAID

VIEWS = {
    "explore": ("world", "gallery", "new"),
    "shape": ("edit", "plan", "picture"),
    "history": ("",),
    "home": ("export", "share", "live"),
}
# What is seen and heard of a document: texts, names, hints; not what people and the model wrote.
SEEN = """(theirs) => {
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT);
  for (let element = walk.currentNode; element; element = walk.nextNode()) {
    if (element.closest(`script, style, iframe, ${theirs}`) || !element.checkVisibility()) continue;
    for (const name of ["title", "aria-label", "placeholder", "alt", "aria-valuetext"])
      if (element.getAttribute(name)) found.push(element.getAttribute(name));
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent);
  }
  return found;
}"""
# Names of worlds, prompts, models, hours, addresses; and names that are the same in every language.
THEIRS = "h1, time, #world, #language, #status b, .name, .tile-name, .leaflet-control-scale, .placecard b"
NAMES = {"Endless Earth", "TileJSON", "WMTS", "API", "Python"}


@pytest.fixture
def marked(monkeypatch):
    """A language whose texts are those of English, between brackets."""
    english = json.loads(json.dumps(CATALOGUES["en"]))
    for key, text in english.items():
        own = f"⟦{text}⟧" if isinstance(text, str) else {form: f"⟦{each}⟧" for form, each in text.items()}
        english[key] = own
    monkeypatch.setitem(CATALOGUES, "xx", english)


def unmarked(frame) -> set[str]:
    found = set()
    for words in frame.evaluate(SEEN, THEIRS):
        left = words
        while (inner := re.sub(r"⟦[^⟦⟧]*⟧", "", left)) != left:
            left = inner
        if re.search(r"[A-Za-z]{2}", left):
            found.add(words.strip())
    return found - NAMES


def both(page) -> set[str]:
    """On the page, and on the map in its frame."""
    return unmarked(page) | unmarked(next(frame for frame in page.frames if "/map" in frame.url))


def test_every_word_that_is_seen_is_in_the_catalogue(page, server, marked, watch):
    page.goto(f"{server.url}/?lang=xx")
    shown(page)
    assert page.locator("html").get_attribute("lang") == "xx" and "lang" not in page.url
    for place, views in VIEWS.items():
        for view in views:
            to(page, place, view)
            expect(page.locator(f"#tab-place-{place}")).to_have_attribute("aria-selected", "true")
            assert both(page) == set(), (place, view)
    to(page, "home", "export")
    expect(page.locator("#export-estimate")).to_contain_text("px")
    assert both(page) == set()
    to(page, "shape", "edit")
    click(page, 300, 300)
    expect(page.locator("#edit-selection")).to_contain_text("1 tile")
    page.locator("#edit-seed").fill("x")
    page.locator("#edit-go").click()
    expect(page.locator("#edit-said")).to_contain_text("whole number")
    assert both(page) == set()
    to(page, "explore", "world")
    page.locator("#mark").click()
    expect(page.locator("#marks li")).to_have_count(1)
    click(page, 300, 200)
    page.frame_locator("#earth-map").locator(".placecard").wait_for()
    page.locator("#help").click()
    assert both(page) == set()
    assert not watch


def test_the_page_speaks_german_where_the_browser_does_or_somebody_says_so(browser, page, server):
    opened(page, server)
    expect(page.locator("#tab-place-shape")).to_have_text("Shape")
    page.locator("#help").click()
    page.locator("#language").select_option("de")
    expect(page.locator("#tab-place-shape")).to_have_text("Gestalten")
    shown(page)
    frame = page.frame_locator("#earth-map")
    expect(frame.locator(".zoom-words")).to_contain_text("je Pixel: Küsten, Flüsse und Täler")
    expect(page.locator("#new-name label span").first).to_have_text("Name")
    page.goto(server.url)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    german = browser.new_context(locale="de-DE")
    other = german.new_page()
    other.goto(server.url)
    expect(other.locator("#tab-place-home")).to_have_text("Mitnehmen")
    german.close()


@pytest.fixture
def german(browser):
    """A page of somebody whose browser speaks German."""
    with browser.new_context(locale="de-DE", viewport={"width": 1024, "height": 768}) as context:
        context.add_init_script(VISITED)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        yield page


def test_how_a_picture_was_read_is_told_in_german(german, server):
    page = german
    opened(page, server)
    pages = io.BytesIO()
    image = Image.new("RGB", (300, 300), "green")
    image.save(pages, "TIFF", save_all=True, append_images=[image] * 2)
    to(page, "shape", "picture")
    page.locator("#picture-file").set_input_files(
        {"name": "a.tif", "mimeType": "image/tiff", "buffer": pages.getvalue()}
    )
    expect(page.locator("#picture-spot")).to_contain_text("Dieses GeoTIFF sagt nicht, wohin es gehört.")
    page.locator("#picture-go").click()
    expect(page.locator("#picture-said")).to_contain_text("Es hat 3 Seiten: Die erste wird genommen.")


def test_why_land_is_not_painted_is_told_in_german(german, server, monkeypatch):
    page = german
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)

    def fail(*_):
        raise RuntimeError("no room")

    monkeypatch.setattr(server.atlas.get("first").model, "paint", fail)
    pan(page, 6000, 3000)
    badge = page.frame_locator("#earth-map").locator(".badge")
    expect(badge).to_have_text("Das konnte nicht gemalt werden: no room. Das Protokoll der App sagt mehr.")


def test_what_is_missing_of_a_model_and_what_a_guide_follows_is_told_in_german(german, server, monkeypatch):
    page = german
    traits = server.library.model.traits
    monkeypatch.setattr(server.library.model, "traits", traits._replace(guide=UNSAID))
    opened(page, server)
    to(page, "shape", "picture")
    follows = "folgt das Modell dieser Welt: einem Bild der Art, mit der sein ControlNet gelernt hat"
    expect(page.locator("#picture-follows")).to_contain_text(follows)

    def gone(library, name=None, *_):
        if name is None:
            return library.model  # what new worlds are painted by is here
        raise ModelRefused("it is not here", "model-not-fetched", name="far/land")

    server.stop()
    monkeypatch.setattr(OneModel, "get", gone)
    server.start()
    page.reload()
    shown(page)
    to(page, "explore", "world")
    page.locator("#about summary").click()
    words = "far/land ist nicht auf diesem Rechner. Dieser Befehl holt es: python app.py model fetch far/land"
    expect(page.locator("#about-list")).to_contain_text(words)


def test_what_went_wrong_is_told_in_german_too(german, server):
    page = german
    opened(page, server)
    to(page, "explore", "new")
    page.locator("#create").click()
    expect(page.get_by_text("Der Name ist leer.")).to_be_visible()
    to(page, "shape", "edit")
    click(page, 300, 300)
    expect(page.locator("#edit-selection")).to_contain_text("1 Kachel")
    page.locator("#edit-prompt").fill("a" * 501)
    page.locator("#edit-go").click()
    expect(page.locator("#edit-said")).to_have_text(
        "Die Beschreibung hat 501 Zeichen. Höchstens 500 sind erlaubt."
    )
    to(page, "shape", "picture")
    page.locator("#picture-file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"no"})
    page.locator("#picture-go").click()
    expect(page.locator("#picture-said")).to_contain_text("Das ist kein Bild, das auf die Karte kann.")
    to(page, "home", "export")
    page.locator("#export-zoom").select_option("20")
    expect(page.locator("#export-estimate")).to_contain_text("sind zu viele: Höchstens")
    page.evaluate("location.hash = '#nirgends'")
    expect(page.locator("#notice")).to_have_text("Hier gibt es keine Welt „nirgends“.")
