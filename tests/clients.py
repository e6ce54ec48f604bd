"""Clients for tests of the routes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

HOSTS = ["testserver", "127.0.0.1", "localhost", "::1"]  # names under which the app is to answer in tests


class Client(TestClient):
    """Starlette's, whose WebSockets too go to the app's own name: else they would be a stranger's."""

    def websocket_connect(self, url: str, *arguments: Any, **options: Any) -> Any:
        return super().websocket_connect(f"ws://localhost{url}", *arguments, **options)


def local_client(app: FastAPI) -> TestClient:
    """A client on the app's own machine."""
    return client_from(app, "127.0.0.1")


def client_from(app: FastAPI, address: str) -> TestClient:
    """A client at an address."""
    return Client(app, base_url="http://localhost", raise_server_exceptions=False, client=(address, 50_000))
