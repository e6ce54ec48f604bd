"""The tools as other programs call them: gradio_client and an MCP client against a running app."""

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from gradio.helpers import special_args
from gradio.utils import get_function_params
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from explorer.web.calls import for_editors
from tiles.grid import Tile

ROOT = Path(__file__).resolve().parents[3]
HERE = Tile(8, 128, 128).bounds


@pytest.fixture(scope="module")
def url(tmp_path_factory, bundle):
    """The app as people start it, in a process of its own."""
    folder = tmp_path_factory.mktemp("tools")
    options = ["--port", "0", "--worlds", str(folder), "--model", str(bundle), "--device", "cpu"]
    command = [sys.executable, "app.py", "serve", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as app:
        address = app.stdout.readline()  # printed once the app answers there
        assert address.startswith("Endless Earth: http://"), address
        yield address.removeprefix("Endless Earth: ").strip()
        app.terminate()


@pytest.fixture(scope="module")
def client(url):
    return Client(url, verbose=False)


def test_paint_edit_undo_export(url, client):
    assert [world["id"] for world in client.predict(api_name="/worlds")] == ["first-light"]
    assert client.predict("first-light", *HERE, api_name="/paint") == {"tiles": 1}
    tile = f"{url}/worlds/first-light/tiles/8/128/128.png"
    before = httpx.get(tile).content
    said = client.predict("first-light", *HERE, "desert", seed=7, api_name="/edit")
    assert said == {"entry": 2, "seed": 7, "tiles": 1}
    after = httpx.get(tile).content
    assert after != before
    assert client.predict("first-light", api_name="/undo") == {"entry": 2, "tiles": 1}
    assert httpx.get(tile).content == before
    assert client.predict("first-light", api_name="/redo")["entry"] == 2
    assert httpx.get(tile).content == after
    files = client.predict("first-light", *HERE, format="png", api_name="/export")["files"]
    assert httpx.get(url + files[0]["url"]).content.startswith(b"\x89PNG")


def test_what_cannot_be_is_said(client):
    for arguments, words in (
        (("nowhere", *HERE, "x"), "no world"),
        (("first-light", 0, 0, -1, 1, "x"), "west must be less"),
        (("first-light", -2e7, -2e7, 2e7, 2e7, "x"), "in these bounds; the limit is"),
        (("first-light", *HERE, "x" * 501), "501 characters"),
    ):
        with pytest.raises(AppError, match=words):
            client.predict(*arguments, api_name="/edit")


def test_arguments_that_are_none_are_named(client):
    for name, arguments, words in (
        ("edit", (None, *HERE, "x"), "world None: Input should be a valid string"),
        ("edit", ("first-light", None, 0, 1, 1, "x"), "west None: Input should be a valid number"),
        ("edit", ("first-light", *HERE, None), "prompt None: Input should be a valid string"),
        ("edit", ("first-light", *HERE, "x", "", None), "strength None: Input should be a valid number"),
        ("edit", ("first-light", *HERE, "x", "", 1, None), "seed None: Input should be a valid integer"),
        ("edit", ("first-light", *HERE, "x", "", 1, 1.7), "seed 1.7: Input should be a valid integer"),
        ("paint", ("first-light", "here", 0, 1, 1), "west 'here': Input should be a valid number"),
        ("undo", (None,), "world None"),
        ("export", ("first-light", *HERE, None), "zoom None"),
    ):
        with pytest.raises(AppError, match=words):
            client.predict(*arguments, api_name=f"/{name}")


def test_gradio_writes_to_no_other_host(url):
    """Its history of runs would go to a host and with a token that whoever asks names."""
    body = {"bucket": "somebody/bucket", "create": True}
    answer = httpx.post(
        f"{url}/gradio_api/run-history/connect", json=body, headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code in (404, 405) and httpx.get(f"{url}/config").json()["run_history"] is False


def test_the_same_are_mcp_tools(url, client):
    async def talk():
        async with (
            streamable_http_client(f"{url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            answer = await session.call_tool("undo", {"world": "nowhere"})
            painted = await session.call_tool("paint", {"world": "first-light", **HERE._asdict()})
            return tools, answer, painted

    with ThreadPoolExecutor(1) as elsewhere:  # browser tests leave this thread a running loop
        tools, answer, painted = elsewhere.submit(lambda: asyncio.run(talk())).result()
    assert {"worlds", "paint", "edit", "guide", "undo", "redo", "export"} == set(tools)
    assert "EPSG:3857" in json.dumps(tools["edit"].inputSchema)
    assert answer.isError and "no world" in answer.content[0].text
    assert "1" in painted.content[0].text and not painted.isError


def test_who_may_only_look_is_told_so_by_tools_that_change_something():
    """Gradio hands the request over; those who call a tool see its own arguments alone."""
    done = []

    def undo(world: str, steps: int = 1) -> str:
        """Take steps back."""
        done.append((world, steps))
        return world

    tool = for_editors(undo)
    assert [name for name, *_ in get_function_params(tool)] == ["world", "steps"]
    assert special_args(tool, ["bay", 2], request="who asks")[0] == ["who asks", "bay", 2]
    visitor, editor = (SimpleNamespace(state=SimpleNamespace(role=role)) for role in ("view", "edit"))
    with pytest.raises(gr.Error, match="EARTH_OTHERS_MAY"):
        tool(visitor, "bay", 2)
    assert done == []
    assert tool(editor, "bay", 2) == "bay" and done == [("bay", 2)]
