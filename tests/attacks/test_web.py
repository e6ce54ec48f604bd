"""Hostile requests: refused with a short message, nothing changed, nothing allocated."""

import collections
import concurrent.futures
import html
import json
import re

import pytest
from starlette.websockets import WebSocketDisconnect

HOME = 2**7
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "${alert(1)}",
    "{{7*7}}",
    "{% raw %}",
    "'; DROP TABLE cells;--",
    "</script><script>",
]


@pytest.fixture
def library(library, standin, request):
    """terra, if a test does not ask for the stand-in."""
    return standin if getattr(request, "param", "") == "stand-in" else library


@pytest.fixture(autouse=True)
def _world(world):
    return world


@pytest.mark.parametrize(
    "address",
    ["8/1_0/0", "8/+2/0", "8/%202/0", "8/2.0/0", "8/-0/0", "8/01/0", "23/0/0", "-1/0/0", "8/99999999999/0",
     "8/nan/0", "8/0x10/0", "8/%D9%A3/0", "8/1/1%00", "99999999999999999999/0/0", "8/" + "9" * 9000 + "/0"],
)  # fmt: skip
def test_absurd_tile_addresses_are_404(client, address):
    answer = client.get(f"/worlds/test-land/tiles/{address}.png")
    assert answer.status_code == 404 and len(answer.text) < 300


@pytest.mark.parametrize(
    "id", ["..", "%2e%2e", "..%2f..%2fetc", "A", "a" * 65, "-a", "a%00", "test-land%2f..", "é"]
)
def test_ids_cannot_leave_the_folder(client, id):
    for path in ("", "/map", "/tilejson.json", "/tiles/8/0/0.png"):
        answer = client.get(f"/worlds/{id}{path}")
        assert answer.status_code in (404, 405) and "Traceback" not in answer.text


def test_a_symlinked_world_is_not_opened(client, atlas, tmp_path):
    (atlas.folder / "link").symlink_to(atlas.folder / "test-land")
    assert client.get("/worlds/link").status_code == 404
    assert [world["id"] for world in client.get("/worlds").json()] == ["test-land"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_plain_text_everywhere(client, text):
    made = client.post("/worlds", json={"name": text, "prompt": text})
    assert made.status_code == 201
    body = made.json()
    assert body["name"] == text and body["prompt"] == text
    page = client.get(f"/worlds/{body['id']}/map").text
    # In the title and the heading as text, and nowhere else.
    *others, last = re.split(r"<(?:title|h1 [^>]*)>(.*?)</(?:title|h1)>", page)
    shown, rest = others[1::2], "".join([*others[::2], last])
    assert [html.unescape(each) for each in shown] == [text, text] and "<" not in "".join(shown)
    assert text not in rest and "alert(1)" not in rest
    assert client.get(f"/worlds/{body['id']}/tilejson.json").json()["name"] == text


@pytest.mark.parametrize("field", ["name", "prompt"])
@pytest.mark.parametrize(
    "text", ["x" * 100_000, "a\x00b", "a\x1b[31m", "\ud800"], ids=["long", "null", "escape", "surrogate"]
)
def test_text_that_is_no_plain_text_is_refused(client, field, text):
    body = {"name": "n", "prompt": "p", field: text}
    answer = client.post("/worlds", content=json.dumps(body), headers={"content-type": "application/json"})
    assert answer.status_code in (413, 422) and len(answer.text) < 500
    assert len(client.get("/worlds").json()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "a\u202eb",
        "a\u200bb",
        "\u2066a",
        "a\u2028b",
        "\ufeffa",
        "a\u00adb",
        "a\u3164b",
        "\u2800",
        "a\U000e0041b",
        "a\u061cb",
    ],
)
def test_names_that_look_like_others_are_refused(client, text):
    """What cannot be seen, or turns the direction of writing, would make two names look the same."""
    assert client.post("/worlds", json={"name": text, "prompt": "p"}).status_code == 422
    assert client.patch("/worlds/test-land", json={"name": text}).status_code == 422
    assert client.patch("/worlds/test-land", json={"prompt": text}).status_code == 422
    assert [world["name"] for world in client.get("/worlds").json()] == ["Test land"]


@pytest.mark.parametrize("text", ["سلام", "می\u200cخواهم", "🏝️ Insel", "👩\u200d🌾", "हिन्दी", "Ünï ✓"])
def test_names_of_all_scripts_are_kept(client, text):
    assert client.patch("/worlds/test-land", json={"name": text}).json()["name"] == text


def test_a_model_is_named_and_never_a_path(client, bundle):
    """The owner's own model goes by its name; other folders are not even looked at."""
    made = client.post("/worlds", json={"name": "n", "prompt": "p", "model": bundle.name})
    assert made.status_code == 201 and made.json()["model"] == "tiny"
    for path in (str(bundle), f"{bundle.parent}/./{bundle.name}", "/etc", "~", ".", "", "x" * 9000):
        answer = client.post("/worlds", json={"name": "n", "prompt": "p", "model": path})
        words = answer.json()["error"]["message"]
        assert answer.status_code == 422 and "terra" in words and "tiny" in words and len(words) < 300


@pytest.mark.parametrize(
    "change",
    [{"seed": -1}, {"seed": 2**53}, {"seed": 2**63}, {"seed": 1.5}, {"seed": 1.7}, {"seed": "1"}, {"seed": True}, {"base_zoom": 1}, {"base_zoom": 23},
     {"home": [1, 2, 3]}, {"home": ["a", 1]}, {"home": [1e300, 0]}, {"model": "../../etc"}, {"sketch": 9},
     {"unknown": 1}, {"name": 5}, {"name": "  "}],
)  # fmt: skip
def test_settings_beyond_what_is_allowed_are_refused(client, change):
    answer = client.post("/worlds", json={"name": "n", "prompt": "p", **change})
    assert answer.status_code == 422 and answer.json()["error"]["message"]
    assert len(client.get("/worlds").json()) == 1


def test_nan_and_infinity_are_no_places(client):
    for value in ("NaN", "Infinity", "-Infinity"):
        body = '{"name": "n", "prompt": "p", "home": [%s, 0]}' % value
        answer = client.post("/worlds", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422


@pytest.mark.parametrize("wait", ["nan", "inf", "-1", "1e9", "x", "1" * 500])
def test_absurd_waits_are_refused(client, wait):
    assert client.get(f"/worlds/test-land/tiles/8/0/0.png?wait={wait}").status_code == 422


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_may_change_nothing(client, headers):
    assert client.post("/worlds", json={"name": "n", "prompt": "p"}, headers=headers).status_code == 403
    assert client.delete("/worlds/test-land", headers=headers).status_code == 403
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/worlds/test-land/feed", headers=headers),
    ):
        pass
    assert client.get("/worlds/test-land").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "localhost.evil.example", "[::1", "a@b:c", ""]
)
def test_requests_for_another_host_are_refused(client, host):
    answer = client.get("/worlds", headers={"Host": host})
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "unknown_host"


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "LOCALHOST", "[::1]:7860"])
def test_the_app_answers_under_its_own_names(client, host):
    assert client.get("/worlds", headers={"Host": host}).status_code == 200


def test_a_huge_body_is_refused_however_it_comes(client):
    assert client.post("/worlds", content=b"x" * 10**6).status_code == 413
    assert client.post("/worlds", content=(b"x" * 1000 for _ in range(1000))).status_code == 413


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE", "POST", "GET"])
@pytest.mark.parametrize(
    "path", ["/worlds/pictures", "/worlds/test-land", "/worlds/unpack/", "/healthz", "/x"]
)
def test_bodies_are_limited_by_method_and_route(client, method, path):
    """Only a picture and a world file may be larger, whatever a path ends with."""
    answer = client.request(method, path, content=b"x" * 70_000)
    assert answer.status_code == 413 and answer.json()["error"]["code"] == "body_too_large"


def test_a_long_body_without_a_length_is_not_parsed(client):
    """Also where the whole would be good JSON."""
    long = json.dumps({"name": "n", "prompt": "p", "x": "y" * 100_000}).encode()
    parts = (long[i : i + 1000] for i in range(0, len(long), 1000))
    answer = client.patch("/worlds/test-land", content=parts, headers={"content-type": "application/json"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "frame",
    ["", "nonsense", "[]", "{}", '{"want": 5}', '{"want": [[8, 1]]}', '{"want": [[8, 1, 1.5]]}', '{"want": [[8, 1, "1"]]}',
     '{"want": [[8, 1, 1e99]]}', '{"want": [[99, 1, 1]]}', '{"want": [[8, 1, 99999999999]]}', '{"want": [[8, true, 1]]}',
     "[" * 60000, '{"want": [' + ",".join(["[8,1,1]"] * 2000) + "]}", "x" * 70000],
)  # fmt: skip
def test_malformed_frames_get_an_error_and_the_end(client, frame):
    with client.websocket_connect("/worlds/test-land/feed") as socket:
        socket.send_text(frame)
        with pytest.raises(WebSocketDisconnect) as ended:
            while True:
                message = socket.receive_json()
                if message["event"] == "error":
                    assert message["error"]["message"] and len(message["error"]["message"]) < 300
        assert ended.value.code == 1008


def test_a_feed_of_no_world_says_so(client):
    with client.websocket_connect("/worlds/none/feed") as socket:
        assert socket.receive_json()["error"]["code"] == "world_not_found"


@pytest.mark.parametrize("library", ["stand-in"], indirect=True)
def test_a_thousand_requests_at_once(client, world, monkeypatch):
    """One painting per cell, a bounded queue, 503 past it; what is cached stays served."""
    calls, paint = collections.Counter(), world.model.paint

    def counted(windows):
        calls.update(window.cell for window in windows)
        return paint(windows)

    monkeypatch.setattr(world.model, "paint", counted)
    ready = f"/worlds/test-land/tiles/8/{HOME}/{HOME}.png"
    client.get(ready + "?wait=60")
    far = "/worlds/test-land/tiles/8/{}/50000.png?wait=20"
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        jobs = [pool.submit(client.get, far.format(2 * (i % 40))) for i in range(1000)]
        cached = [client.get(ready).status_code for _ in range(20)]
        answers = [job.result() for job in jobs]
    assert set(cached) == {200}
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert sum(cell.z == 8 for cell in calls) >= 9 and set(calls.values()) == {1}
