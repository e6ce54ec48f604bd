"""Who may do what: whoever has a password, this machine, and others as a setting says."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from starlette._utils import get_route_path
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.settings import Settings
from explorer.web.keys import Keys, Role, TooManyGuesses
from explorer.web.middleware import SAFE, hostname, refusal, refuse
from explorer.web.proxy import is_local
from tiles.errors import EarthError

NO_EDIT = (
    "you may look here, but change nothing: log in as one who may edit (the page /login), or ask for the"
    " setting EARTH_OTHERS_MAY (nothing, view or edit), which decides about requests from other machines"
)
NO_VIEW = "requests from other machines are refused: the setting EARTH_OTHERS_MAY decides"
NO_LOGIN = (
    "a password is needed: log in at /login, or send it as HTTP Basic or Bearer authorization;"
    " the addresses of tiles take ?token="
)
COOKIE = "earth_session"
# What everybody may ask for: the way in, and whether the app is well.
OPEN = re.compile(r"/login|/logout|/healthz")
# What other programs read by addresses that hold a token.
SHARED = re.compile(r"/worlds/[^/]+/(tiles/.*|tilejson\.json|wmts\.xml|qgis\.xml)")
# Gradio's page asks by POST for what it shows; what changes something looks at the role itself.
GRADIO = "/gradio_api/"
MCP = "/gradio_api/mcp"


class NotAllowed(EarthError):
    """Something that whoever asks may not do."""

    code, status = "not_allowed", 403


def may_edit(connection: HTTPConnection | Any) -> bool:
    """Whether who asks may change or paint something. Takes a request, also as Gradio wraps it."""
    return getattr(connection.state, "role", "view") == "edit"


def require_edit(connection: HTTPConnection | Any) -> None:
    """Raises NotAllowed."""
    if not may_edit(connection):
        raise NotAllowed(NO_EDIT)


class Access:
    """Finds the role of each request, and refuses what it may not do."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: Keys) -> None:
        self.app, self.settings, self.keys = app, settings, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection, path = HTTPConnection(scope), get_route_path(scope)
        try:
            role = self._role(connection, path)
        except TooManyGuesses as error:
            await self._too_many(scope, receive, send, error)
            return
        scope.setdefault("state", {})["role"] = role
        changes = scope["type"] == "http" and scope["method"] not in SAFE
        if OPEN.fullmatch(path):
            await self.app(scope, receive, send)
        elif role == "nothing":
            await self._refuse(connection, path, receive, send)
        elif role == "view" and changes and not _only_shows(path):
            await refuse(scope, receive, send, 403, "not_allowed", NO_EDIT)
        else:
            await self.app(scope, receive, send)

    def _role(self, connection: HTTPConnection, path: str) -> Role:
        """Raises TooManyGuesses."""
        settings, state = self.settings, connection.scope.get("state", {})
        address = connection.client.host if connection.client else None
        if not settings.locked:
            host = hostname(connection.headers.get("host", ""))
            if is_local(address, host, state.get("direct", True)):
                return "edit"
            return "view" if settings.others_may == "auto" else settings.others_may
        who = address or ""
        if header := connection.headers.get("authorization"):
            role = self.keys.of_header(header, who)
        elif cookie := connection.cookies.get(COOKIE):
            role = self.keys.of_session(cookie)
        else:
            role = "nothing"
        token = connection.query_params.get("token")
        if role == "nothing" and token and SHARED.fullmatch(path) and connection.scope.get("method") in SAFE:
            role = self.keys.of_token(token, who)
        usual: Role = "nothing" if settings.others_may == "auto" else settings.others_may
        return max(role, usual, key=("nothing", "view", "edit").index)

    async def _too_many(self, scope: Scope, receive: Receive, send: Send, error: TooManyGuesses) -> None:
        if scope["type"] == "websocket":
            await refuse(scope, receive, send, error.status, error.code, str(error))
        else:
            answer = refusal(error.status, error.code, str(error), Retry_After=str(error.retry_after))
            await answer(scope, receive, send)

    async def _refuse(self, connection: HTTPConnection, path: str, receive: Receive, send: Send) -> None:
        scope, headers = connection.scope, connection.headers
        if not self.settings.locked:
            await refuse(scope, receive, send, 403, "not_allowed", NO_VIEW)
        elif scope["type"] == "websocket":
            await refuse(scope, receive, send, 401, "login_needed", NO_LOGIN)
        elif scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            back = quote(path, safe="/")
            await RedirectResponse(f"{scope.get('root_path', '')}/login?next={back}", 303)(
                scope, receive, send
            )
        else:
            # A browser's own window for passwords is for programs' users; our pages have a form.
            ask = {} if "sec-fetch-mode" in headers else {"WWW_Authenticate": 'Basic realm="Endless Earth"'}
            await refusal(401, "login_needed", NO_LOGIN, **ask)(scope, receive, send)


def _only_shows(path: str) -> bool:
    """Whether a POST may be one that changes nothing, or that looks at the role itself."""
    return path.startswith(GRADIO) and not path.startswith(MCP)
