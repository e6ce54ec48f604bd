"""Zooming on the page: out to paper and back to land, and in, level by level."""

import re
import threading

from playwright.sync_api import expect

from tests.browser.acts import LAND, opened, until, view
from tiles.grid import Tile


def jump(page, place):
    page.evaluate(f"place => {LAND}.goTo(place, false)", place)


def test_far_out_there_is_paper_and_a_way_back_to_land(page, server, watch):
    opened(page, server)
    frame = page.frame_locator("#earth-map")
    way = frame.locator(".to-land")
    expect(way).to_be_hidden()
    jump(page, "3/9000000/9000000")
    expect(way).to_contain_text("Land is painted from zoom 8 on.")
    for theme, light in (("light", True), ("dark", False)):
        page.evaluate(
            f"theme => {LAND}.command({{origin: location.origin, data: {{type: 'theme', theme}}}})", theme
        )
        paper = frame.locator(".folium-map").evaluate("e => getComputedStyle(e).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", paper)[:3])) > 384) == light
        assert "gradient" in frame.locator(".paper").first.evaluate(
            "e => getComputedStyle(e).backgroundImage"
        )
    way.get_by_role("button", name="To painted land").click()
    expect(way).to_be_hidden()
    page.wait_for_function("() => location.hash.includes('/8/')")
    _, zoom, x, y = view(page)
    assert zoom == 8 and abs(x) < 2e6 and abs(y) < 2e6 and watch == []


def test_the_zoom_control_says_what_one_sees_and_what_was_learned(page, server, watch):
    opened(page, server)
    frame = page.frame_locator("#earth-map")
    card = frame.locator(".zoom-card")
    expect(card).to_contain_text("610 m per pixel: coasts, rivers and valleys")
    expect(card).to_contain_text("Learned from pictures at this zoom")
    assert frame.locator(".zoom-marks i").count() == len(server.library.model.traits.zooms)
    slider = card.get_by_role("slider", name="Zoom")
    slider.focus()
    slider.press("ArrowRight")
    expect(card).to_contain_text("Zoom 9. Invented: painted as if at zoom 8, the nearest one learned")
    page.wait_for_function("() => location.hash.includes('/9/')")
    assert slider.get_attribute("aria-valuetext").startswith("9, 310 m per pixel") and watch == []


def test_a_dense_screen_has_overviews_of_twice_the_pixels_and_paints_nothing_for_them(browser, server):
    with browser.new_context(viewport={"width": 800, "height": 600}, device_scale_factor=2) as context:
        page = context.new_page()
        opened(page, server)
        widths = f"[...{LAND}.land.getContainer().querySelectorAll('img')].map(each => each.naturalWidth)"
        assert set(page.evaluate(widths)) == {256}
        jump(page, "7/0/0")
        page.wait_for_function(f"() => {widths}.includes(512)")
        assert server.atlas.get("first").canvas.count(9) == 0


class Gate:
    """Lets a model paint down to a zoom."""

    def __init__(self, monkeypatch, model, deepest):
        self.deepest, self.changed, self.paint = deepest, threading.Condition(), model.paint
        monkeypatch.setattr(model, "paint", self)

    def __call__(self, windows):
        with self.changed:
            self.changed.wait_for(lambda: windows[0].cell.z <= self.deepest, 60)
        return self.paint(windows)

    def open(self, deepest):
        with self.changed:
            self.deepest = deepest
            self.changed.notify_all()


def test_a_jump_shows_the_enlarged_parent_at_once_and_sharpens_level_by_level(
    page, server, watch, monkeypatch
):
    opened(page, server)
    gate = Gate(monkeypatch, server.library.model, 8)
    jump(page, "16/700000/-700000")
    middle = f"""() => {{
      const at = {LAND}.map.getPixelBounds().getCenter().divideBy(256).floor();
      return {LAND}.land.live.get(`16/${{at.x}}/${{at.y}}`);
    }}"""
    page.wait_for_function(f"({middle})()?.shown > 0")
    page.evaluate(  # from now on, note whenever the tile shows nothing, and each picture it shows
        f"""() => {{
          const {{ element }} = ({middle})();
          window.seen = {{ bare: 0, pictures: new Set(), levels: [] }};
          const look = () => {{
            const images = [...element.querySelectorAll("img")];
            if (!images.some((image) => image.complete && image.naturalWidth)) seen.bare++;
            for (const image of images) seen.pictures.add(image.src);
          }};
          look();
          new MutationObserver(look).observe(element, {{ childList: true }});
          const status = document.getElementById("status");
          const hear = () => {{
            const level = Number(/zoom (\\d+) is painted now/.exec(status.textContent)?.[1]);
            if (level && level !== seen.levels.at(-1)) seen.levels.push(level);
          }};
          hear();
          new MutationObserver(hear).observe(status, {{ childList: true }});
        }}"""
    )
    expect(page.locator("#status")).to_contain_text("zoom 9 is painted now")
    many = page.evaluate("seen.pictures.size")
    for zoom in range(9, 17):
        gate.open(zoom)
        page.wait_for_function("n => seen.pictures.size > n", arg=many)
        many = page.evaluate("seen.pictures.size")
    levels = page.evaluate("seen.levels")
    assert levels == sorted(set(levels)) and len(levels) > 1  # a fast machine says only some of them
    world = server.atlas.get("first")
    until(page, lambda: world.canvas.count(16) > 0)
    assert many >= 8 and page.evaluate("seen.bare") == 0 and watch == []


def test_what_is_painted_ahead_follows_the_wheel(page, server, watch):
    opened(page, server)
    world, box = server.atlas.get("first"), page.locator("#earth-map").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 500)
    page.mouse.wheel(0, -50)
    page.wait_for_function("() => location.hash.includes('/9/')")
    wanted = page.evaluate(f"{LAND}.feed.wanted")
    deeper = [tile for tile in wanted if tile[0] == 10]
    assert len(deeper) >= 6
    under = page.evaluate(
        f"(() => {{ const p = {LAND}.map.project({LAND}.about, 10); return [Math.floor(p.x / 256), Math.floor(p.y / 256)]; }})()"
    )
    assert [10, *under] in deeper and abs(
        page.evaluate(f"{LAND}.map.latLngToContainerPoint({LAND}.about).x") - 100
    ) < 2
    until(page, lambda: world.canvas.painted(Tile(10, *under)))
    page.evaluate(f"{LAND}.map.panBy([300, 0], {{animate: false}})")
    assert all(zoom in (9, 5) for zoom, *_ in page.evaluate(f"{LAND}.feed.wanted"))  # 5: the overview
    assert watch == []
