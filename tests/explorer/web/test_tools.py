"""The tools as other programs call them: gradio_client and an MCP client against a running app."""

import asyncio
import json

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

from tests.browser.conftest import Server
from tiles.grid import Tile

HERE = Tile(8, 128, 128).bounds


@pytest.fixture(scope="module")
def server(tmp_path_factory, library):
    server = Server(tmp_path_factory.mktemp("tools"), library)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(server):
    return Client(server.url, verbose=False)


def test_paint_edit_undo_export(server, client):
    assert [world["id"] for world in client.predict(api_name="/worlds")] == ["first"]
    assert client.predict("first", *HERE, api_name="/paint") == {"tiles": 1}
    tile = f"{server.url}/worlds/first/tiles/8/128/128.png"
    before = httpx.get(tile).content
    said = client.predict("first", *HERE, "desert", seed=7, api_name="/edit")
    assert said == {"entry": 2, "seed": 7, "tiles": 1}
    after = httpx.get(tile).content
    assert after != before
    assert client.predict("first", api_name="/undo") == {"entry": 2, "tiles": 1}
    assert httpx.get(tile).content == before
    assert client.predict("first", api_name="/redo")["entry"] == 2
    assert httpx.get(tile).content == after
    files = client.predict("first", *HERE, format="png", api_name="/export")["files"]
    assert httpx.get(server.url + files[0]["url"]).content.startswith(b"\x89PNG")


def test_what_cannot_be_is_said(client):
    for arguments, words in (
        (("nowhere", *HERE, "x"), "no world"),
        (("first", 0, 0, -1, 1, "x"), "west must be less"),
        (("first", -2e7, -2e7, 2e7, 2e7, "x"), "tiles lie in these bounds"),
        (("first", *HERE, "x" * 501), "501 characters"),
    ):
        with pytest.raises(AppError, match=words):
            client.predict(*arguments, api_name="/edit")


def test_the_same_are_mcp_tools(server, client):
    async def talk():
        async with (
            streamablehttp_client(f"{server.url}/gradio_api/mcp/") as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            answer = await session.call_tool("undo", {"world": "nowhere"})
            painted = await session.call_tool("paint", {"world": "first", **HERE._asdict()})
            return tools, answer, painted

    tools, answer, painted = asyncio.run(talk())
    assert {"worlds", "paint", "edit", "undo", "redo", "export"} == set(tools)
    assert "EPSG:3857" in json.dumps(tools["edit"].inputSchema)
    assert answer.isError and "no world" in answer.content[0].text
    assert "1" in painted.content[0].text and not painted.isError
