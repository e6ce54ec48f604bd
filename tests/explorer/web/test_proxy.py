"""What a proxy says of a request, and whom it is believed from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.settings import Settings
from explorer.web.proxy import Proxy, below, is_local
from explorer.web.server import create_api
from tests.clients import client_from

NAMED = {"allowed_hosts": "maps.example.org, localhost"}
TOLD = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "maps.example.org",
    "X-Forwarded-Prefix": "/earth",
}


@pytest.fixture
def served(tmp_path, atlas, painter, world):
    def make(address="127.0.0.1", **settings):
        wanted = Settings(worlds=tmp_path / "worlds", **{**NAMED, **settings})
        return client_from(create_api(wanted, atlas, painter), address)

    return make


def address_of(client, **headers):
    document = client.get("/worlds/test-land/tilejson.json", headers=headers)
    assert document.status_code == 200, document.text
    return document.json()["tiles"][0].split("/worlds")[0]


def test_a_trusted_proxy_says_scheme_host_and_path(served):
    assert address_of(served(), **TOLD) == "https://maps.example.org/earth"


def test_nobody_else_is_believed(served):
    client = served("203.0.113.9", trusted_proxies="127.0.0.1")
    assert address_of(client, **TOLD) == "http://localhost"


def test_networks_of_proxies_can_be_named(served):
    client = served("10.2.3.4", trusted_proxies="10.0.0.0/8")
    assert address_of(client, **TOLD) == "https://maps.example.org/earth"


def test_the_setting_of_a_path_comes_before_the_proxys(served):
    client = served(root_path="/maps/earth/")
    assert address_of(client) == "http://localhost/maps/earth"
    assert address_of(client, **TOLD) == "https://maps.example.org/maps/earth"
    kept = client.get("/maps/earth/worlds/test-land")  # a proxy that passes the whole path on
    assert kept.status_code == 200 and kept.json()["id"] == "test-land"


def test_a_port_that_the_proxy_names_is_part_of_the_address(served):
    told = {"Host": "maps.example.org", "X-Forwarded-Port": "8443", "X-Forwarded-Proto": "https"}
    assert address_of(served(), **told) == "https://maps.example.org:8443"


def test_a_proxys_name_must_be_allowed_too(served):
    answer = served().get("/worlds", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "unknown_host"
    rebound = served().get("/worlds", headers={"Host": "evil.example", "X-Forwarded-Host": "localhost"})
    assert rebound.status_code == 400


def test_who_comes_through_a_proxy_on_this_machine_is_no_local(served, world):
    rename = {"json": {"name": "Theirs"}}
    client = served()
    for headers in (
        TOLD,
        {"X-Forwarded-For": "127.0.0.1"},
        {"Host": "maps.example.org"},
        {"Forwarded": "for=1.2.3.4"},
    ):
        assert client.patch("/worlds/test-land", headers=headers, **rename).status_code == 403, headers
    assert world.name == "Test land"
    assert client.patch("/worlds/test-land", **rename).status_code == 200


@pytest.mark.parametrize("prefix", ["/a b", "earth", "//evil.example", "/<script>", "/a/../b?"])
def test_a_path_that_is_none_is_not_taken(served, prefix):
    found = address_of(served(), **{**TOLD, "X-Forwarded-Prefix": prefix})
    assert found == "https://maps.example.org"


@given(st.lists(st.sampled_from(["127.0.0.1", "::1", "198.51.100.7", "203.0.113.9", "unknown"]), min_size=1))
def test_the_last_address_that_no_proxy_vouches_for_is_the_clients(chain):
    found = Proxy(None, Settings())._client(", ".join(chain))
    strangers = [each for each in chain if each not in ("127.0.0.1", "::1")]
    assert found == (strangers[-1] if strangers else chain[0])


@given(st.sampled_from(["/", "/worlds", "/earth", "/earthly", "/worlds/%C3%A9"]), st.booleans())
def test_a_path_cut_off_or_kept_is_the_same_request(path, kept):
    whole = "/earth" + path if kept else path
    seen = below({"path": whole, "raw_path": whole.encode()}, "/earth")
    assert seen["root_path"] == "/earth" and seen["path"].startswith("/earth")


@pytest.mark.parametrize(
    ("address", "host", "direct", "local"),
    [
        ("127.0.0.1", "localhost", True, True),
        ("::1", "::1", True, True),
        (None, "localhost", True, True),
        ("127.0.0.1", "maps.example.org", True, False),
        ("127.0.0.1", "localhost", False, False),
        ("192.168.1.7", "localhost", True, False),
    ],
)
def test_who_is_on_this_machine(address, host, direct, local):
    assert is_local(address, host, direct) is local
