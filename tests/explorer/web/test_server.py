import concurrent.futures
import io
import threading

import pytest
from PIL import Image

from explorer.service import descriptors

HOME = 2**7
TILE = f"/worlds/test-land/tiles/8/{HOME}/{HOME}"


@pytest.fixture(autouse=True)
def _world(world):
    return world


def test_worlds_are_made_listed_changed_and_deleted(client):
    made = client.post("/worlds", json={"name": "Über <b>Land</b>", "prompt": "coast", "base_zoom": 7})
    assert made.status_code == 201
    body = made.json()
    assert body["id"] == "uber-b-land-b" and body["name"] == "Über <b>Land</b>" and body["base_zoom"] == 7
    assert 0 <= body["seed"] < 2**31
    assert {w["id"] for w in client.get("/worlds").json()} == {"test-land", "uber-b-land-b"}
    url = f"/worlds/{body['id']}"
    changed = client.patch(url, json={"name": "New", "prompt": "desert"}).json()
    assert (changed["name"], changed["prompt"], changed["entries"]) == ("New", "desert", 2)
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404 and client.delete(url).status_code == 404


def test_a_deleted_world_leaves_its_name_free(client):
    assert client.delete("/worlds/test-land").status_code == 204
    again = client.post("/worlds", json={"name": "Test land", "prompt": "ice"}).json()
    assert again["id"] == "test-land" and again["cells"] == 0


def test_an_unpainted_tile_is_204_and_waiting_paints_it(client):
    assert client.get(TILE + ".webp").status_code == 204
    painted = client.get(TILE + ".png?wait=60")
    assert painted.status_code == 200 and painted.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(painted.content))
    assert picture.size == (256, 256) and picture.format == "PNG"
    again = client.get(TILE + ".webp")
    assert Image.open(io.BytesIO(again.content)).format == "WEBP"
    assert again.headers["cache-control"] == "no-cache"


def test_etag_and_cache_control(client):
    first = client.get(TILE + ".png?wait=60")
    etag = first.headers["etag"]
    assert client.get(TILE + ".png", headers={"If-None-Match": etag}).status_code == 304
    stamp, revision = etag.strip('"').split("-")
    versioned = client.get(TILE + f".png?v={stamp}.{revision}")
    assert "immutable" in versioned.headers["cache-control"] and versioned.content == first.content
    assert client.get(TILE + f".png?v={stamp}.1").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("said", "status"),
    [("*", 304), ("W/{0}", 304), ('"other", {0}', 304), ('"other"', 200), ("{0}more", 200)],
)
def test_what_is_known_already_is_not_sent_again(client, said, status):
    etag = client.get(TILE + ".png?wait=60").headers["etag"]
    assert client.get(TILE + ".png", headers={"If-None-Match": said.format(etag)}).status_code == status


def test_a_tile_that_is_not_there_is_known_to_nobody(client):
    assert client.get(TILE + ".png", headers={"If-None-Match": "*"}).status_code == 204


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/metrics", "/docs", "/openapi.json", "/worlds", "/worlds/test-land", "/worlds/none",
     "/worlds/test-land/map", "/worlds/test-land/tilejson.json", "/worlds/test-land/wmts.xml",
     "/worlds/test-land/qgis.xml", "/worlds/test-land/edits", TILE + ".png", TILE + ".webp", "/jobs/none",
     "/static/leaflet/leaflet.js"],
)  # fmt: skip
def test_head_gives_the_headers_of_get(client, path):
    client.get(TILE + ".png?wait=60")
    head, got = client.head(path), client.get(path)
    assert head.status_code == got.status_code and head.content == b""
    changing = ("content-length",) if path == "/metrics" else ()
    for name, value in got.headers.items():
        assert name in changing or head.headers[name] == value, name


def test_head_is_no_other_request(client):
    assert client.head("/worlds/test-land/undo").status_code == 405
    assert client.head("/worlds/test-land").status_code == 200


def test_waiting_ends_with_503_and_a_hint(client):
    answer = client.get(TILE.replace(f"/{HOME}/", "/99999/") + ".png?wait=0.001")
    assert answer.status_code == 503 and answer.headers["retry-after"] == "5"
    assert answer.json()["error"]["code"] == "busy"


def test_overviews_are_not_painted_for(client, world):
    assert client.get("/worlds/test-land/tiles/3/4/4.png?wait=5").status_code == 204
    assert world.counts()["cells"] == 0


def test_tilejson_tells_other_programs_where_tiles_are(client):
    document = client.get("/worlds/test-land/tilejson.json").json()
    assert document["tilejson"] == "3.0.0" and document["scheme"] == "xyz"
    assert (document["minzoom"], document["maxzoom"]) == (0, 20)  # the deepest that is painted
    url = document["tiles"][0].format(z=8, x=HOME, y=HOME).removeprefix("http://localhost")
    assert client.get(url).status_code == 200


def test_health_metrics_and_docs(client):
    assert client.get("/healthz").json()["status"] == "ok"
    client.get(TILE + ".png?wait=60")
    figures = dict(
        line.split() for line in client.get("/metrics").text.splitlines() if not line.startswith("#")
    )
    # The tile is of phase A: its corners are of phase D, and each of those sees all around it.
    assert float(figures["earth_tiles_painted"]) == 25 and float(figures["earth_painter_alive"]) == 1
    page = client.get("/docs").text
    assert "swagger-ui-bundle.js" in page and "cdn" not in page
    assert client.get("/static/swagger/swagger-ui.css").status_code == 200
    assert "/worlds/{id}/tiles/{z}/{x}/{y}.{format}" in client.get("/openapi.json").json()["paths"]


def test_health_is_503_when_the_disk_is_full(client, world, monkeypatch):
    monkeypatch.setattr(type(world.renderer), "disk_full", True)
    answer = client.get("/healthz")
    assert answer.status_code == 503 and "disk is full" in answer.json()["troubles"][0]


def test_every_failure_has_the_one_shape(client):
    for method, url, status in (
        ("GET", "/nothing", 404), ("GET", "/worlds/none", 404), ("DELETE", "/worlds", 405),
        ("POST", "/worlds", 422), ("GET", "/worlds/test-land/tiles/8/x/1.png", 404),
    ):  # fmt: skip
        answer = client.request(method, url)
        assert answer.status_code == status
        assert set(answer.json()["error"]) == {"code", "message"}


def test_the_map_loads_nothing_from_elsewhere(client):
    page = client.get("/worlds/test-land/map").text
    assert "https://" not in page and "/leaflet.js" in page
    for path in ("/static/leaflet/leaflet.js", "/static/earth/map/main.js", "/static/earth/map/map.css"):
        assert client.get(path).status_code == 200


def test_deleting_a_world_answers_its_waiting_requests_at_once(client, world, painter, monkeypatch):
    begun, go = threading.Event(), threading.Event()

    def slow(windows):
        begun.set()
        go.wait(60)
        raise RuntimeError("too late")

    monkeypatch.setattr(world.model, "paint", slow)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.get, f"/worlds/test-land/tiles/8/{HOME}/{HOME}.png?wait=60")
        assert begun.wait(60)
        assert client.delete("/worlds/test-land").status_code == 204
        answer = waiting.result(60)
        go.set()
    assert answer.status_code == 404 and answer.json()["error"]["code"] == "world_not_found"


def test_health_says_that_no_more_files_can_be_opened(client, monkeypatch):
    monkeypatch.setattr(descriptors, "running_out", lambda: True)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["troubles"] == ["too many files and connections are open"]
