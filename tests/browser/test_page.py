import re
import threading

import pytest
from PIL import Image
from playwright.sync_api import expect

from explorer.worlds.new import NewWorld
from tests.browser.acts import HOSTILE, drag, opened, pan, shown, to, until, view
from tiles.grid import Tile


def test_the_sketch_is_there_before_the_land(page, server, watch, monkeypatch):
    model = server.atlas.get("first").model
    paint = model.paint

    def slow(windows):
        """Base cells wait until the test lets them go."""
        if windows[0].cell.z == 8:
            go.wait(60)
        return paint(windows)

    go = threading.Event()
    monkeypatch.setattr(model, "paint", slow)
    page.goto(server.url)
    sketch = page.frame_locator("#earth-map").locator(".sketch .land img")
    expect(sketch.first).to_be_visible()
    land = page.frame_locator("#earth-map").locator(".leaflet-layer:not(.sketch) .land img")
    assert land.count() == 0
    go.set()
    shown(page)
    assert watch == []


def test_a_link_leads_back_to_the_place(page, server, watch):
    opened(page, server, "#first/8/3000000/-2000000")
    assert view(page) == ("first", 8, 3000000, -2000000)
    page.reload()
    shown(page)
    assert view(page) == ("first", 8, 3000000, -2000000) and watch == []


def test_the_map_survives_a_restart_of_the_server(page, server, watch):
    opened(page, server)
    to(page, "shape", "edit")
    page.locator("#edit-prompt").fill("what I was writing")
    server.stop()
    badge = page.frame_locator("#earth-map").locator(".badge")
    expect(badge).to_contain_text("Connection lost")
    server.start()
    expect(badge).not_to_have_class(re.compile("shown"))
    pan(page, 3000, 0)
    shown(page)
    assert server.painter.status().painted > 0
    expect(page.locator("#edit-prompt")).to_have_value("what I was writing")


def test_zooming_out_and_in_shows_what_is_painted_and_paints_nothing_new(page, server, watch):
    opened(page, server)
    until(page, lambda: server.painter.waiting() == 0)
    cells = server.atlas.get("first").counts()["cells"]
    for zoom, steps in (("out", 2), ("in", 4)):
        for _ in range(steps):
            page.frame_locator("#earth-map").locator(f".leaflet-control-zoom-{zoom}").click()
            page.wait_for_timeout(400)
        shown(page, 1)
    assert view(page)[1] == 10
    assert server.atlas.get("first").counts()["cells"] == cells and watch == []


def test_a_new_world_is_made_and_opened_and_text_stays_text(page, server, watch):
    opened(page, server)
    to(page, "explore", "new")
    page.locator("#new-name textarea, #new-name input").fill("Hostile " + HOSTILE[:30])
    page.locator("#new-prompt textarea").fill(HOSTILE)
    page.locator("#dice").click()
    typed = page.locator("#new-seed input, #new-seed textarea")
    expect(typed).to_have_value(re.compile(r"^\d+$"))
    seed = int(typed.input_value())
    page.locator("#create").click()
    expect(page).to_have_url(re.compile("#hostile-img-src-x-onerror[^/]*/8/"))
    shown(page)
    world = server.atlas.get(view(page)[0])
    assert world.journal.prompt == HOSTILE and world.seed == seed
    expect(page.locator("#prompt textarea")).to_have_value(HOSTILE)
    assert watch == []


def test_a_world_without_a_name_is_refused_in_words(page, server, watch):
    opened(page, server)
    to(page, "explore", "new")
    page.locator("#create").click()
    expect(page.get_by_text("the name is empty")).to_be_visible()
    assert server.atlas.names() == ["first"] and watch == []


def test_the_prompt_of_a_world_can_be_changed(page, server, watch):
    opened(page, server)
    expect(page.locator("#prompt textarea")).to_have_value("rocky coast")
    to(page, "shape", "plan")
    page.locator("#prompt textarea").fill("sand desert")
    page.locator("#change").click()
    expect(page.get_by_text("follows the new prompt")).to_be_visible()
    assert server.atlas.get("first").journal.prompt == "sand desert" and watch == []


def test_deleting_asks_first(page, server, watch):
    opened(page, server)
    page.locator("#delete").click()
    page.locator("#keep").click()
    expect(page.locator("#really")).to_be_hidden()
    assert server.atlas.names() == ["first"]
    page.locator("#delete").click()
    page.locator("#really").click()
    expect(page.locator("#really")).to_be_hidden()
    assert server.atlas.names() == [] and watch == []


def test_what_is_deleted_is_what_is_on_the_map(page, server, watch):
    server.atlas.create(NewWorld("Other", "sand desert", seed=2))
    opened(page, server, "#first")
    page.evaluate("location.hash = '#other/8/3000000/0'")  # as a link that is followed in this tab
    expect(page.locator("#world")).to_have_value("other")
    expect(page.locator("#prompt textarea")).to_have_value("sand desert")
    expect(page).to_have_title(re.compile("^Other"))
    page.locator("#delete").click()
    question = page.locator("#question textarea")
    expect(question).to_have_value(re.compile("^Delete \u201cOther\u201d and .*tiles: [\\d,]+"))
    page.go_back()  # the confirmation goes with the world
    expect(page.locator("#world")).to_have_value("first")
    expect(page.locator("#really")).to_be_hidden()
    expect(page.locator("#prompt textarea")).to_have_value("rocky coast")
    page.locator("#delete").click()
    expect(question).to_have_value(re.compile("First"))
    page.locator("#really").click()
    expect(page.locator("#world")).to_have_value("other")
    expect(page).to_have_url(re.compile("#other/8/3000000/0$"))  # where it was left
    assert server.atlas.names() == ["other"] and watch == []


def test_the_page_opens_the_last_world_where_it_was_left(page, server, watch):
    server.atlas.create(NewWorld("Zulu", "sand desert", seed=2))
    opened(page, server, "#zulu/8/3000000/-2000000")
    page.goto("about:blank")
    opened(page, server)
    assert view(page) == ("zulu", 8, 3000000, -2000000) and watch == []


def test_a_world_that_is_not_there_is_said_and_another_one_shown(page, server, watch):
    other = server.atlas.create(NewWorld("Other", "sand desert", seed=2))
    opened(page, server, "#nowhere/8/0/0")
    expect(page.locator("#notice")).to_have_text("There is no world \u201cnowhere\u201d here.")
    page.evaluate("location.hash = '#other'")
    page.wait_for_function(
        "document.getElementById('earth-map').contentWindow.earth?.map.options.world === 'other'"
    )
    server.painter.forget(other)
    server.atlas.delete("other")  # in another tab
    pan(page, 6000, 0)
    expect(page.locator("#notice")).to_have_text("This world was deleted.")
    expect(page.locator("#world")).to_have_value("first")
    shown(page)
    assert watch == []


def test_a_seed_is_a_whole_number_of_any_size(page, server, watch):
    opened(page, server)
    to(page, "explore", "new")
    page.locator("#new-name textarea, #new-name input").fill("Large")
    page.locator("#new-prompt textarea").fill("coast")
    typed = page.locator("#new-seed input, #new-seed textarea")
    typed.fill("1.7")
    page.locator("#create").click()
    expect(page.get_by_test_id("toast-text")).to_contain_text("\u201c1.7\u201d is not a whole number")
    typed.fill("9007199254740991")
    page.locator("#create").click()
    expect(page).to_have_url(re.compile("#large/"))
    assert server.atlas.get("large").seed == 2**53 - 1 and watch == []


def test_the_api_page_shows_every_route(page, server, watch):
    page.goto(f"{server.url}/docs")
    expect(page.get_by_text("/worlds/{id}/tiles/{z}/{x}/{y}.{format}")).to_be_visible()
    assert watch == []


def test_failures_have_the_one_shape_beside_the_page_too(page, server):
    for method, path, status in (
        ("GET", "/nothing", 404), ("GET", "/worlds/a/b/c", 404), ("GET", "/jobs/none", 404),
        ("PUT", "/worlds", 405), ("GET", "/worlds/first/nothing", 404), ("POST", "/healthz", 405),
    ):  # fmt: skip
        answer = page.request.fetch(server.url + path, method=method)
        assert answer.status == status and set(answer.json()["error"]) == {"code", "message"}


def test_light_and_dark(page, server, watch):
    opened(page, server)
    colour = "getComputedStyle(document.getElementById('panel')).backgroundColor"
    light = page.evaluate(colour)
    page.locator("#theme").click()
    page.wait_for_function(f"{colour} !== '{light}'")
    inside = page.locator("#earth-map").element_handle().content_frame()
    assert inside.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    shown(page)
    page.wait_for_function(f"{colour} !== '{light}'")
    assert watch == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_the_map_is_the_hero_on_every_screen(page, server, watch, width, height):
    page.set_viewport_size({"width": width, "height": height})
    opened(page, server)
    box = page.locator("#earth-map").bounding_box()
    assert box["width"] * box["height"] > 0.5 * width * height
    assert page.evaluate("document.documentElement.scrollWidth") <= width and watch == []


def test_a_world_goes_out_as_a_file_and_comes_back(page, server, watch, tmp_path):
    opened(page, server)
    to(page, "home", "share")
    paths = []
    for link in ("package", "land"):
        with page.expect_download() as download:
            page.locator(f"#share-{link}").click()
        paths.append(tmp_path / f"{link}.earth")
        assert download.value.suggested_filename == "first.earth"
        download.value.save_as(paths[-1])
    path = paths[0]
    assert path.stat().st_size < 8192 < paths[1].stat().st_size
    to(page, "explore", "new")
    (tmp_path / "broken.earth").write_bytes(path.read_bytes()[:-9])
    page.locator("#unpack input").set_input_files(tmp_path / "broken.earth")
    expect(page.locator("#unpack-said")).to_contain_text("complete world file")
    page.locator("#unpack input").set_input_files(path)
    expect(page).to_have_url(re.compile("#first-2/"))
    shown(page)
    expect(page.locator("#world")).to_have_value("first-2")
    expect(page.locator("#prompt textarea")).to_have_value("rocky coast")
    tile = Tile(8, 128, 128)
    found = []
    for id in ("first", "first-2"):
        world = server.atlas.get(id)
        server.painter.ask(world, tile).result(60)
        found.append(world.renderer.tile(tile, "png").data)
    assert found[0] == found[1] and watch == []


def test_addresses_for_other_programs_lead_to_this_world(page, server, watch):
    opened(page, server)
    to(page, "home", "live")
    expect(page.locator("#live-xyz")).to_have_value(
        f"{server.url}/worlds/first/tiles/{{z}}/{{x}}/{{y}}.png?wait=30"
    )
    for field in ("live-tilejson", "live-wmts"):
        assert page.request.get(page.locator(f"#{field}").input_value()).ok
    expect(page.locator("#live-python")).to_have_value(re.compile("z, x, y = 8, 128, 128"))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator('[data-copies="live-tilejson"]').click()
    expect(page.locator("#live-said")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"{server.url}/worlds/first/tilejson.json"
    with page.expect_download() as download:
        page.locator("#live-qgis").click()
    assert download.value.suggested_filename.endswith(".xml") and watch == []


def test_a_link_to_another_world_chooses_it_in_the_list(page, server, watch):
    server.atlas.create(NewWorld("Other", "sand desert", seed=2))
    opened(page, server, "#other")
    expect(page.locator("#world")).to_have_value("other")
    expect(page.locator("#prompt textarea")).to_have_value("sand desert")


def test_a_rectangle_is_taken_home(page, server, watch, tmp_path):
    opened(page, server)
    before = view(page)
    to(page, "home", "export")
    estimate = page.locator("#export-estimate")
    expect(estimate).to_contain_text("px")
    expect(page.locator("#export-region")).to_contain_text("The view")
    drag(page, (200, 150), (500, 350))
    expect(page.locator("#export-region")).to_contain_text("The rectangle: 183 km x 122 km")
    assert page.frame_locator("#earth-map").locator("path.region").count() == 1
    assert view(page) == before  # drawing does not pan
    expect(estimate).to_contain_text(re.compile(r"30[01] x 20[01] px, \d tiles, about [\d.]+ [KM]B, .*; "))
    page.locator("#export-format").select_option("png")
    with page.expect_download() as download:
        page.locator("#export-go").click()
    download.value.save_as(tmp_path / "home.png")
    with Image.open(tmp_path / "home.png") as image:
        assert image.mode == "RGB" and abs(image.width - 300) <= 1 and abs(image.height - 200) <= 1
    # The picture, and what places it: world file, coordinate system, and both for GDAL.
    expect(page.locator("#export-jobs a")).to_have_text(
        [re.compile(r"\.png\b"), re.compile(r"\.pgw\b"), re.compile(r"\.prj\b"), re.compile(r"\.aux\.xml\b")]
    )
    expect(estimate).to_contain_text("all painted")
    page.keyboard.press("Escape")
    expect(page.locator("#export-region")).to_contain_text("The view")
    assert watch == []


def test_land_is_taken_home_on_a_phone(page, server, watch):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, server)
    to(page, "home", "export")
    box = page.locator("#earth-map").bounding_box()
    page.frame_locator("#earth-map").locator("a.select").click()  # no shift key there
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"] + 180, steps=4)
    page.mouse.up()
    expect(page.locator("#export-region")).to_contain_text("The rectangle: 61 km x 49 km")
    expect(page.locator("#edit")).to_be_hidden()  # the form for edits does not come between
    page.locator("#export-format").select_option("postcard")
    with page.expect_download() as download:
        page.locator("#export-go").click()
    assert download.value.suggested_filename == "first-z8-postcard.png"
    expect(page.locator("#export-jobs a")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 and watch == []
