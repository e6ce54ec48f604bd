"""What people do on the page with tiles, and what they then see."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, TimeoutError

LAND = "document.getElementById('earth-map').contentWindow.earth.map"
LOOK = 50  # ms between two looks: one with each frame costs as much as what is looked for
HOSTILE = "<img src=x onerror=alert(1)> ${alert(2)} {{alert(3)}}"
# What there is of the page and of its map, where land does not come.
SEEN = """() => {
  const frame = document.getElementById("earth-map");
  const inside = frame?.contentDocument;
  const map = frame?.contentWindow?.earth?.map;
  return {
    address: location.href, page: document.body.innerText.slice(0, 400), frame: frame?.src, map: inside?.readyState,
    feed: map?.feed?.socket?.readyState, wanted: map?.feed?.wanted?.length,
    images: inside?.querySelectorAll("img").length, title: inside?.title,
    asked: performance.getEntriesByType("resource").slice(-12).map((each) => `${each.name} ${each.responseStatus}`),
  };
}"""


def opened(page: Page, server, place: str = "") -> None:
    page.goto(f"{server.url}/{place}")
    shown(page)


def landed(page: Page, at_least: int = 6) -> None:
    """Until so many tiles show land; the panel may come later."""
    try:
        page.wait_for_function(
            "n => document.getElementById('earth-map')?.contentDocument?.querySelectorAll('.leaflet-layer:not(.sketch) .land img').length >= n",
            arg=at_least,
            polling=LOOK,
        )
    except TimeoutError as error:
        raise AssertionError(f"no land is seen: {page.evaluate(SEEN)}") from error


def shown(page: Page, at_least: int = 6) -> None:
    """Until so many tiles show land, and the panel is there."""
    landed(page, at_least)
    page.wait_for_function("() => document.getElementById('world')?.value", polling=LOOK)


def view(page: Page) -> tuple[str, int, int, int]:
    world, zoom, x, y = re.fullmatch(r".*#([^/]+)/(\d+)/(-?\d+)/(-?\d+)", page.url).groups()
    return world, int(zoom), int(x), int(y)


def pan(page: Page, right: int, down: int) -> None:
    page.evaluate(
        "([x, y]) => document.getElementById('earth-map').contentWindow.earth.map.map.panBy([x, y], {animate: false})",
        [right, down],
    )


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Shift and drag on the map, in px from its corner."""
    box = page.locator("#earth-map").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


def to(page: Page, place: str, view: str = "") -> None:
    """Go to a place of the panel, and to a view of it."""
    page.locator(f"#tab-place-{place}").click()
    if view:
        page.locator(f"#tab-view-{view}").click()


def unfold(page: Page) -> None:
    """Open all folds of the part that the panel shows."""
    page.evaluate(
        "document.querySelectorAll('#panel details').forEach(fold => { fold.open = fold.checkVisibility(); })"
    )


def click(page: Page, x: int, y: int, *modifiers: str) -> None:
    """On the map, in px from its corner."""
    page.locator("#earth-map").click(position={"x": x, "y": y}, modifiers=list(modifiers))


def words(page: Page):
    return page.locator("#edit-selection")


def selected(page: Page) -> list[list[int]]:
    return page.evaluate(f"[...{LAND}.selection.chosen.tiles.values()]")


def picture(page: Page, tile: list[int]) -> tuple[str, str]:
    """A tile as the map's server gives it now: its pixels' hash and its ETag."""
    return tuple(
        page.evaluate(
            """async (tile) => {
              const answer = await fetch(`/worlds/first/tiles/${tile.join("/")}.png?wait=30`, {cache: "no-store"});
              const hash = await crypto.subtle.digest("SHA-256", await answer.arrayBuffer());
              return [[...new Uint8Array(hash)].join(), answer.headers.get("ETag")];
            }""",
            tile,
        )
    )


def until(page: Page, done: Callable[[], bool], seconds: int = 60) -> None:
    for _ in range(seconds * 5):
        if done():
            return
        page.wait_for_timeout(200)
    raise AssertionError("it did not happen")


def journal(page: Page, server) -> list[dict]:
    return page.request.get(f"{server.url}/worlds/first/edits").json()


def settled(page: Page, server, steps: int) -> None:
    """Until so many steps are done."""
    until(page, lambda: sum(step["state"] == "done" for step in journal(page, server)) == steps)


def stroke(page: Page, *places: tuple[int, int]) -> None:
    """Draw with the mouse from place to place, in px from the map's corner."""
    box = page.locator("#earth-map").bounding_box()
    (x, y), *rest = places
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.down()
    for x, y in rest:
        page.mouse.move(box["x"] + x, box["y"] + y, steps=8)
    page.mouse.up()
