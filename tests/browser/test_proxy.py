"""Behind a real nginx, under a path and with https; in other sites' pages. What people and programs then see."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree as ET

import httpx
import pytest
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from playwright.sync_api import expect

from tests.browser.acts import shown, to
from tests.browser.conftest import PATIENCE, Server, free_port
from tiles.grid import Tile

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
HINT = "no nginx found: the tests behind a proxy need one, on Debian `apt-get install nginx-light`"
WORD = "correct horse battery"
HERE = Tile(8, 128, 128).bounds
CONFIG = """
daemon off; pid nginx.pid; error_log stderr crit; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path body; proxy_temp_path proxied; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
  proxy_http_version 1.1;
  proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Prefix /earth;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  proxy_buffering off;
  server {{
    listen 127.0.0.1:{plain}; listen [::1]:{plain}; listen 127.0.0.1:{port} ssl;
    ssl_certificate cert.pem; ssl_certificate_key key.pem;
    location /earth/ {{ proxy_pass http://127.0.0.1:{app}/; }}
  }}
}}
"""


@pytest.fixture(scope="module")
def earth(tmp_path_factory, library):
    """The app with a password."""
    server = Server(tmp_path_factory.mktemp("proxied") / "worlds", library, password=WORD)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proxied(tmp_path_factory, earth):
    """nginx before it: gives its https and its http address, with the path."""
    if NGINX is None:
        if os.environ.get("CI"):
            pytest.fail(HINT)
        pytest.skip(HINT)
    folder, port, plain = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    names = ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost", "-days", "2"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    (folder / "nginx.conf").write_text(CONFIG.format(port=port, plain=plain, app=earth.port))
    with subprocess.Popen([NGINX, "-p", str(folder), "-c", "nginx.conf"], stderr=subprocess.DEVNULL) as nginx:
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.05)
        yield f"https://127.0.0.1:{port}/earth", f"http://localhost:{plain}/earth"
        nginx.terminate()


@pytest.fixture
def secure(browser):
    context = browser.new_context(viewport={"width": 1100, "height": 700}, ignore_https_errors=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def test_the_page_works_under_a_path_with_https_after_a_login(proxied, secure):
    https, _ = proxied
    elsewhere, feeds, errors = [], [], []
    inside = (https, "data:", "blob:", "about:")
    secure.on("request", lambda asked: None if asked.url.startswith(inside) else elsewhere.append(asked.url))
    secure.on("websocket", lambda socket: feeds.append(socket.url))
    secure.on("pageerror", lambda error: errors.append(str(error)))
    secure.goto(f"{https}/")
    assert secure.url.startswith(f"{https}/login")
    secure.get_by_label("Password").fill("not this one")
    secure.get_by_role("button", name="Log in").click()
    expect(secure.get_by_role("alert")).to_contain_text("not a password")
    secure.get_by_label("Password").fill(WORD)
    secure.get_by_role("button", name="Log in").click()
    secure.wait_for_url(re.compile(r"/earth/(#.*)?$"))
    expect(secure.locator("#earth-map")).to_be_visible()
    shown(secure)
    assert [feed.partition("?")[0] for feed in feeds] == [
        https.replace("https", "wss") + "/worlds/first/feed"
    ]
    to(secure, "home", "live")
    assert secure.locator("#live-qgis").get_attribute("href") == "/earth/worlds/first/qgis.xml"
    expect(secure.locator("#live-xyz")).to_have_value(
        re.compile(re.escape(f"{https}/worlds/first/tiles/{{z}}/{{x}}/{{y}}.png?wait=30&token="))
    )
    match = {"tile": [8, 128, 128], "agreement": 0.4, "center": [0, 0], "picture": "/gallery/fjords.webp"}
    found = {"results": [match], "prompt_report": {"cut": "", "unknown": []}}
    secure.route("**/search?*", lambda route: route.fulfill(json=found))
    to(secure, "explore", "world")
    secure.locator("#go-to").fill("a harbour")
    secure.locator("#go-to").press("Enter")
    secure.wait_for_function("document.querySelector('#found img')?.naturalWidth > 0")
    to(secure, "shape", "plan")
    # Gradio's own events: the prompt is changed through its queue.
    secure.locator("#prompt textarea").fill("sand desert")
    secure.locator("#change").click()
    secure.wait_for_function(
        "async () => (await (await fetch('/earth/worlds/first')).json()).prompt === 'sand desert'"
    )
    secure.goto(f"{https}/docs")
    secure.get_by_text("/worlds/{id}/tilejson.json").first.wait_for()
    assert not elsewhere and not errors


def test_what_other_programs_load_leads_back_through_the_proxy(proxied):
    https, _ = proxied
    with httpx.Client(verify=False, auth=("qgis", WORD), timeout=60) as client:
        tilejson = client.get(f"{https}/worlds/first/tilejson.json").json()["tiles"][0]
        wmts = ET.fromstring(client.get(f"{https}/worlds/first/wmts.xml").content)
        qgis = ET.fromstring(client.get(f"{https}/worlds/first/qgis.xml").content)
    resource = wmts.find(".//{*}ResourceURL").get("template")
    for old, new in (("{TileMatrix}", "{z}"), ("{TileCol}", "{x}"), ("{TileRow}", "{y}")):
        resource = resource.replace(old, new)
    templates = {tilejson, resource, qgis.find("xyztiles").get("url")}
    assert len(templates) == 1 and tilejson.startswith(f"{https}/worlds/first/tiles/")
    with httpx.Client(verify=False, timeout=60) as stranger:
        tile = stranger.get(tilejson.format(z=8, x=128, y=128))
        assert tile.status_code == 200 and tile.content.startswith(b"\x89PNG")
        assert stranger.get(f"{https}/worlds").status_code == 401


def test_downloads_tools_and_mcp_under_a_path(proxied):
    _, http = proxied
    headers = {"Authorization": f"Bearer {WORD}"}
    client = Client(f"{http}/", verbose=False, headers=headers)
    files = client.predict("first", *HERE, format="png", api_name="/export")["files"]
    assert httpx.get(http + files[0]["url"], headers=headers).content.startswith(b"\x89PNG")

    async def talk():
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as caller,
            streamable_http_client(f"{http}/gradio_api/mcp/", http_client=caller) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await session.call_tool("paint", {"world": "first", **HERE._asdict()})

    with ThreadPoolExecutor(1) as elsewhere:
        painted = elsewhere.submit(lambda: asyncio.run(talk())).result()
    assert not painted.isError and "tiles" in painted.content[0].text
    assert httpx.post(f"{http}/gradio_api/mcp/", json={}).status_code == 401


def test_the_proxy_answers_on_ipv6(proxied):
    url = proxied[1].replace("localhost", "[::1]")
    document = httpx.get(f"{url}/worlds/first/tilejson.json", auth=("", WORD)).json()
    assert document["tiles"][0].startswith(f"{url}/worlds/first/")


PAGE = """<!DOCTYPE html><title>Another site</title><body>
<iframe src="{app}/" style="width:1000px;height:600px"></iframe>
<script>
const answer = (say) => document.body.append(Object.assign(document.createElement("p"), {{textContent: say}}));
fetch("{app}/worlds/first/tilejson.json").then((r) => r.json()).then((t) => {{
  const image = Object.assign(new Image(), {{crossOrigin: "anonymous"}});
  image.onload = () => answer("painted " + image.naturalWidth);
  image.onerror = () => answer("no tile");
  image.src = t.tiles[0].replace("{{z}}/{{x}}/{{y}}", "8/128/128");
}}).catch(() => answer("no document"));
</script>"""


@pytest.fixture
def another_site(tmp_path):
    """Serves a page of another site, at another name of this machine."""
    folder = tmp_path / "another"
    folder.mkdir()
    quiet = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *words: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(quiet, directory=folder)) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        yield folder, f"http://localhost:{site.server_port}"
        site.shutdown()
        thread.join()


@pytest.mark.parametrize("named", [True, False], ids=["named", "not named"])
def test_another_sites_page_shows_the_app_where_a_setting_names_it(
    named, another_site, tmp_path, library, browser
):
    folder, site = another_site
    settings = {"allowed_origins": site, "frame_ancestors": site} if named else {}
    server = Server(tmp_path / "worlds", library, **settings)
    try:
        (folder / "index.html").write_text(PAGE.format(app=server.url))
        context = browser.new_context()
        page = context.new_page()
        page.goto(site)
        frame = page.frame_locator("iframe")
        if named:
            frame.frame_locator("#earth-map").locator(".land img").first.wait_for(timeout=PATIENCE)
            expect(page.locator("p")).to_have_text("painted 256")
        else:
            expect(page.locator("p")).to_have_text("no document")
            assert frame.locator("#earth-map").count() == 0
        context.close()
    finally:
        server.stop()
