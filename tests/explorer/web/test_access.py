"""Passwords, roles, sessions and tokens; what other sites may read."""

import pytest
from pydantic import ValidationError
from starlette.websockets import WebSocketDisconnect

from explorer.settings import Settings
from explorer.web.keys import GUESSES, Keys
from explorer.web.server import create_api
from tests.clients import client_from
from tiles.errors import EarthError

EDIT, VIEW = "correct horse battery", "only for looking"
TILE = "/worlds/test-land/tiles/8/128/128.png"
TILEJSON = "/worlds/test-land/tilejson.json"
NOTEBOOK = "https://notebook.example.org:8888"


@pytest.fixture
def served(tmp_path, atlas, painter, world):
    def make(address="198.51.100.7", **settings):
        wanted = {"password": EDIT, "view_password": VIEW, "allowed_hosts": "localhost"}
        made = Settings(worlds=tmp_path / "worlds", **{**wanted, **settings})
        return client_from(create_api(made, atlas, painter), address)

    return make


def test_without_a_password_there_is_nothing_to_see(served):
    for address in ("127.0.0.1", "198.51.100.7"):
        client = served(address)
        for path in ("/worlds", TILE, "/worlds/test-land/map", "/metrics", "/docs"):
            answer = client.get(path)
            assert answer.status_code == 401 and answer.json()["error"]["code"] == "login_needed"
            assert answer.headers["www-authenticate"].startswith("Basic")
        assert client.get("/healthz").status_code == 200
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/worlds/test-land/feed"):
            pass


def test_basic_and_bearer_give_the_passwords_role(served, world):
    client = served()
    rename = {"json": {"name": "Renamed"}}
    for word, status in ((EDIT, 200), (VIEW, 403), ("wrong", 401)):
        assert client.patch("/worlds/test-land", auth=("any", word), **rename).status_code == status
        bearer = {"Authorization": f"Bearer {word}"}
        assert client.get("/worlds", headers=bearer).status_code == (401 if status == 401 else 200)
    assert world.name == "Renamed"


def test_guards_before_the_routes_speak_the_pages_language(served):
    german = {"Earth-Language": "de"}
    looking = served().patch("/worlds/test-land", auth=("", VIEW), json={"name": "x"}, headers=german)
    assert looking.json()["error"]["message"].startswith("Du kannst dich hier umsehen, aber nichts ändern.")
    stranger = served().get("/worlds", headers=german)
    assert stranger.json()["error"]["message"] == "Melde dich zuerst an: Lade diese Seite neu."
    large = served().post("/worlds", auth=("", EDIT), content=b"x" * 300_000, headers=german)
    assert "Das ist zu groß zum Senden." in large.json()["error"]["message"]
    malformed = served().post("/worlds", auth=("", EDIT), json={"seed": []}, headers=german)
    assert malformed.json()["error"]["message"].startswith("Die App hat die Anfrage nicht verstanden: ")


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Basic /w==", "Digest x", "Bearer", ""])
def test_malformed_authorization_is_refused(served, header):
    assert served().get("/worlds", headers={"Authorization": header}).status_code == 401


def test_a_browser_logs_in_once(served):
    client = served()
    page = client.get("/worlds/test-land/map", headers={"Accept": "text/html"}, follow_redirects=False)
    assert page.status_code == 303 and page.headers["location"] == "/login?next=/worlds/test-land/map"
    assert 'type="password"' in client.get(page.headers["location"]).text
    wrong = client.post("/login?next=/worlds", data={"password": "a guess"})
    assert wrong.status_code == 401 and "not a password" in wrong.text
    right = client.post("/login?next=/worlds", data={"password": EDIT}, follow_redirects=False)
    assert right.status_code == 303 and right.headers["location"] == "/worlds"
    assert "HttpOnly" in right.headers["set-cookie"] and EDIT not in right.headers["set-cookie"]
    assert client.patch("/worlds/test-land", json={"name": "Mine"}).status_code == 200
    client.post("/logout")
    assert client.get("/worlds").status_code == 401


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/a\\b", '/"><script>', "/\n"])
def test_the_login_leads_to_no_other_site(served, next):
    page = served().get("/login", params={"next": next})
    assert "evil" not in page.text and "<script>" not in page.text
    answer = served().post("/login", params={"next": next}, data={"password": EDIT}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_a_session_in_another_sites_frame_needs_https(served):
    client = served("127.0.0.1", frame_ancestors="https://example.org")
    https = {"X-Forwarded-Proto": "https"}
    answer = client.post("/login", data={"password": EDIT}, headers=https, follow_redirects=False)
    assert answer.headers["set-cookie"].endswith("Secure; SameSite=None; Partitioned")


def test_documents_hold_a_token_that_opens_tiles_and_nothing_else(served, world):
    client = served()
    url = client.get(TILEJSON, auth=("", EDIT)).json()["tiles"][0].format(z=8, x=128, y=128)
    assert client.get(url).status_code == 200 and world.counts()["cells"] > 0  # painted by who may edit
    token = url.split("token=")[1]
    assert client.get(f"/worlds?token={token}").status_code == 401
    assert client.post(f"/worlds/test-land/undo?token={token}").status_code == 401
    for document in ("wmts.xml", "qgis.xml"):
        again = client.get(f"/worlds/test-land/{document}?token={token}")
        assert again.status_code == 200 and token in again.text
    assert EDIT not in url


def test_a_viewers_token_paints_nothing(served, world):
    client = served()
    url = client.get(TILEJSON, auth=("", VIEW)).json()["tiles"][0].format(z=8, x=128, y=128)
    assert client.get(url).status_code == 204 and world.counts()["cells"] == 0
    assert client.get(f"{TILE}?token={EDIT}&wait=30").status_code == 200


def test_sessions_and_tokens_end_with_the_password():
    keys, other = Keys(Settings(password=EDIT)), Keys(Settings(password=EDIT + "!"))
    assert keys.of_session(keys.session("edit")) == "edit"
    assert other.of_session(keys.session("edit")) == "nothing"
    assert other.of_token(keys.token("edit"), "a") == "nothing"
    assert keys.of_session(keys.token("edit")) == "nothing"  # each for its own use


def test_guessing_is_slow_for_one_address_and_not_for_others(served):
    client = served()
    for _ in range(GUESSES):
        assert client.get("/worlds", auth=("", "a guess")).status_code == 401
    late = client.get("/worlds", auth=("", EDIT))
    assert late.status_code == 429 and int(late.headers["retry-after"]) > 0
    assert client.post("/login", data={"password": EDIT}).status_code == 429
    keys = Keys(Settings(password=EDIT))
    for _ in range(GUESSES):
        keys.of_password("a guess", "one")
    with pytest.raises(EarthError, match="too many wrong passwords"):
        keys.of_password(EDIT, "one")
    assert keys.of_password(EDIT, "another") == "edit"


def test_everybody_may_look_where_a_setting_says_so(served):
    client = served(others_may="view")
    assert client.get("/worlds").status_code == 200
    assert client.patch("/worlds/test-land", json={"name": "x"}).status_code == 403
    assert client.patch("/worlds/test-land", json={"name": "x"}, auth=("", EDIT)).status_code == 200


def test_a_viewers_password_needs_an_editors():
    with pytest.raises(ValidationError, match="EARTH_VIEW_PASSWORD needs EARTH_PASSWORD"):
        Settings(view_password=VIEW)
    with pytest.raises(ValidationError, match="at least 8 characters"):
        Settings(password="short")


def test_named_sites_may_read_tiles_and_have_them_painted(served):
    client = served("127.0.0.1", password="", view_password="", allowed_origins=NOTEBOOK)
    page = {"Origin": NOTEBOOK, "Sec-Fetch-Site": "cross-site"}
    for path in (TILEJSON, "/worlds/test-land/wmts.xml", TILE + "?wait=30"):
        answer = client.get(path, headers=page)
        assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == NOTEBOOK
    image = {"Referer": NOTEBOOK + "/lab", "Sec-Fetch-Site": "cross-site"}
    assert client.get(TILE + "?wait=30", headers=image).status_code == 200
    asked = {
        **page,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    assert client.options(TILEJSON, headers=asked).status_code == 200


def test_other_sites_and_other_routes_stay_closed(served):
    client = served("127.0.0.1", password="", view_password="", allowed_origins=NOTEBOOK)
    assert client.get(TILE + "?wait=5", headers={"Origin": "https://evil.example"}).status_code == 403
    for headers, path in (({"Origin": "https://evil.example"}, TILEJSON), ({"Origin": NOTEBOOK}, "/worlds")):
        assert "access-control-allow-origin" not in client.get(path, headers=headers).headers
    page = {"Origin": NOTEBOOK, "Sec-Fetch-Site": "cross-site"}
    assert client.patch("/worlds/test-land", json={"name": "x"}, headers=page).status_code == 403


def test_named_sites_may_show_the_app_in_a_frame(served):
    usual = served("127.0.0.1").get("/login").headers
    assert usual["x-frame-options"] == "SAMEORIGIN"
    assert usual["content-security-policy"].endswith("frame-ancestors 'self'")
    named = served("127.0.0.1", frame_ancestors="https://example.org").get("/login").headers
    assert "x-frame-options" not in named
    assert named["content-security-policy"].endswith("frame-ancestors 'self' https://example.org")
