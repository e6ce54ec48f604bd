"""What people do on the page with tiles, and what they then see."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

LAND = "document.getElementById('earth-map').contentWindow.earth.map"


def to(page: Page, place: str, view: str = "") -> None:
    """Go to a place of the panel, and to a view of it."""
    page.locator(f"#tab-place-{place}").click()
    if view:
        page.locator(f"#tab-view-{view}").click()


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
