"""Who may ask: the names of the app, pages of other sites, other machines."""

import pytest
from starlette.websockets import WebSocketDisconnect

from explorer.settings import Settings
from explorer.web.server import create_api
from tests.clients import HOSTS, client_from, local_client

HOME = 2**7
TILE = f"/worlds/test-land/tiles/8/{HOME}/{HOME}.png"
ELSEWHERE = "192.168.1.7"


@pytest.fixture(autouse=True)
def _world(world):
    return world


@pytest.fixture
def served(tmp_path, atlas, painter):
    """Makes a client of an app with these settings."""

    def make(address="127.0.0.1", **settings):
        return client_from(
            create_api(Settings(worlds=tmp_path / "worlds", **settings), atlas, painter), address
        )

    return make


@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0", "::"])
def test_other_names_are_refused_whatever_the_app_listens_on(served, listening):
    client = served(host=listening)
    for host in ("evil.example", "testserver", "0.0.0.0.evil.example", "a@b:c", "[::1"):
        answer = client.get("/worlds", headers={"Host": host})
        assert answer.status_code == 400 and "EARTH_ALLOWED_HOSTS" in answer.json()["error"]["message"]
    assert client.get("/worlds", headers={"Host": "localhost:7860"}).status_code == 200


def test_addresses_are_names_of_an_app_that_listens_on_all(served):
    for host in ("192.168.1.20:7860", "[fe80::1]:7860"):
        assert served(host="0.0.0.0").get("/worlds", headers={"Host": host}).status_code == 200
        assert served().get("/worlds", headers={"Host": host}).status_code == 400


def test_named_hosts_are_let_in(served):
    client = served(allowed_hosts="maps.example.org, testserver")
    assert client.get("/worlds", headers={"Host": "maps.example.org"}).status_code == 200
    assert client.get("/worlds", headers={"Host": "localhost"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Referer": "https://evil.example/page"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Referer": "http://["},
    ],
)
def test_a_picture_in_another_sites_page_paints_nothing(client, world, headers):
    answer = client.get(TILE + "?wait=20", headers=headers)
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "cross_site"
    assert world.counts()["cells"] == 0
    assert client.get(TILE, headers=headers).status_code == 204


def test_a_refusal_says_both_names_and_what_to_do(client):
    answer = client.post("/worlds", json={}, headers={"Origin": "https://maps.example.org"})
    words = answer.json()["error"]["message"]
    assert "maps.example.org" in words and "localhost" in words and "Host header" in words


def test_our_own_pages_may_have_land_painted(client):
    headers = {"Referer": "http://localhost/worlds/test-land/map", "Sec-Fetch-Site": "same-origin"}
    assert client.get(TILE + "?wait=60", headers=headers).status_code == 200


def test_other_machines_may_only_look(served, world):
    with served(ELSEWHERE, host="0.0.0.0", allowed_hosts=HOSTS) as client:
        assert client.get("/worlds").status_code == 200 and client.get(TILE + "?wait=5").status_code == 204
        for method, path in (
            ("POST", "/worlds"), ("PATCH", "/worlds/test-land"), ("DELETE", "/worlds/test-land"),
            ("POST", "/worlds/test-land/undo"), ("POST", "/worlds/unpack"), ("DELETE", "/jobs/x"),
            ("POST", "/gradio_api/mcp"), ("POST", "/gradio_api/mcp/"),
        ):  # fmt: skip
            answer = client.request(method, path, json={"name": "n", "prompt": "p"})
            assert answer.status_code == 403, (method, path)
            assert "EARTH_OTHERS_MAY" in answer.json()["error"]["message"]
        with client.websocket_connect("/worlds/test-land/feed") as feed:
            feed.send_json({"want": [[8, HOME, HOME]]})
            while feed.receive_json()["event"] != "status":
                pass
    assert world.counts()["cells"] == 0 and world.name == "Test land"


def test_a_setting_lets_other_machines_edit_or_keeps_them_out(served):
    with served(ELSEWHERE, others_may="edit", allowed_hosts=HOSTS) as client:
        assert client.patch("/worlds/test-land", json={"name": "Theirs"}).status_code == 200
        assert client.get(TILE + "?wait=60").status_code == 200
    with served(ELSEWHERE, others_may="nothing", allowed_hosts=HOSTS) as client:
        assert client.get("/worlds").status_code == 403
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/worlds/test-land/feed"):
            pass


def test_this_machine_may_edit(served):
    for address in ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"):
        client = served(address, allowed_hosts=HOSTS)
        assert client.patch("/worlds/test-land", json={"name": "Mine"}).status_code == 200, address


def test_pages_may_load_nothing_from_elsewhere(settings, atlas, painter):
    with local_client(create_api(settings, atlas, painter)) as client:
        for page in ("/worlds/test-land/map", "/docs"):
            policy = client.get(page).headers["content-security-policy"]
            assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy
