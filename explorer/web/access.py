"""Who may do what: requests from this machine may edit, what others may is a setting."""

from __future__ import annotations

from typing import Any, Literal

from starlette._utils import get_route_path
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.settings import Settings, is_loopback
from explorer.web.middleware import SAFE, refuse
from tiles.errors import EarthError

Role = Literal["nothing", "view", "edit"]
NO_EDIT = (
    "requests from other machines may only look: the setting EARTH_OTHERS_MAY (nothing, view or edit) decides"
)
NO_VIEW = "requests from other machines are refused: the setting EARTH_OTHERS_MAY decides"
# Gradio's page asks by POST for what it shows; what changes something looks at the role itself.
GRADIO = "/gradio_api/"
# MCP calls the tools from this machine, so they cannot see who asked: it is for those who may edit.
MCP = "/gradio_api/mcp"


class NotAllowed(EarthError):
    """Something that whoever asks may not do."""

    code, status = "not_allowed", 403


def role_of(settings: Settings, client: str | None) -> Role:
    """What a request from that address may do; None: it came over a socket of this machine."""
    if client is None or is_loopback(client):
        return "edit"
    return "view" if settings.others_may == "auto" else settings.others_may


def may_edit(connection: HTTPConnection | Any) -> bool:
    """Whether who asks may change or paint something. Takes a request, also as Gradio wraps it."""
    return getattr(connection.state, "role", "view") == "edit"


def require_edit(connection: HTTPConnection | Any) -> None:
    """Raises NotAllowed."""
    if not may_edit(connection):
        raise NotAllowed(NO_EDIT)


class Access:
    """Finds the role of each request, and refuses what it may not do."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        role = role_of(self.settings, client[0] if client else None)
        scope.setdefault("state", {})["role"] = role
        changes = scope["type"] == "http" and scope["method"] not in SAFE
        if role == "nothing":
            await refuse(scope, receive, send, 403, "not_allowed", NO_VIEW)
        elif role == "view" and changes and not _only_shows(get_route_path(scope)):
            await refuse(scope, receive, send, 403, "not_allowed", NO_EDIT)
        else:
            await self.app(scope, receive, send)


def _only_shows(path: str) -> bool:
    """Whether a POST may be one that changes nothing, or that looks at the role itself."""
    return path.startswith(GRADIO) and not path.startswith(MCP)
