"""Who may do what: whoever has a password, this machine, and others as a setting says."""

from __future__ import annotations

import re
from urllib.parse import quote

from anyio import to_thread
from starlette._utils import get_route_path
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from explorer.settings import Settings
from explorer.web.cookies import cookie
from explorer.web.keys import ROLES, Keys, Role, TooManyGuesses
from explorer.web.middleware import SAFE, hostname, refusal, refuse
from explorer.web.permits import NO_EDIT
from explorer.web.phrases import failure, page_language, worded
from explorer.web.proxy import is_local
from explorer.web.visitors import COOKIE as VISITOR
from explorer.web.visitors import NotYours, Visitors, new_token

NO_VIEW = "requests from other machines are refused: the setting EARTH_OTHERS_MAY decides"
NO_LOGIN = (
    "a password is needed: log in at /login, or send it as HTTP Basic or Bearer authorization;"
    " the addresses of tiles take ?token="
)
COOKIE = "earth_session"
YEAR = 365 * 24 * 3600  # seconds for which a browser is known again
# What everybody may ask for: the way in, and whether the app is well.
OPEN = re.compile(r"/login|/logout|/healthz")
# What other programs read by addresses that hold a token.
SHARED = re.compile(r"/worlds/[^/]+/(tiles/.*|tilejson\.json|wmts\.xml|qgis\.xml)")
# Gradio's page asks by POST for what it shows; what changes something looks at the role itself.
GRADIO = "/gradio_api/"
MCP = "/gradio_api/mcp"


class Access:
    """Finds the role of each request, and refuses what it may not do."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: Keys, visitors: Visitors) -> None:
        self.app, self.settings, self.keys, self.visitors = app, settings, keys, visitors

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
            await refuse(scope, receive, send, 403, "not_allowed", NO_EDIT, "only-look")
        elif role == "visit":
            await self._visit(scope, receive, send, changes)
        else:
            await self.app(scope, receive, send)

    async def _visit(self, scope: Scope, receive: Receive, send: Send, changes: bool) -> None:
        """A visitor's request; pages give a browser the cookie by which it is known again."""
        connection, path = HTTPConnection(scope), get_route_path(scope)
        visitor = scope["state"]["visitor"] = self.visitors.of(connection)
        try:
            allowed = not changes or _only_shows(path) or await to_thread.run_sync(visitor.may, path)
        except NotYours as error:
            await refuse(scope, receive, send, error.status, error.code, str(error), error.reason)
            return
        if not allowed:
            await refuse(scope, receive, send, 403, "not_allowed", NO_EDIT, "only-look")
            return

        async def known(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                kept = cookie(connection, self.settings, VISITOR, new_token(), YEAR)
                message["headers"] = [*message["headers"], (b"set-cookie", kept.encode("latin-1"))]
            await send(message)

        await self.app(scope, receive, send if visitor.known else known)

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
        return max(role, usual, key=ROLES.index)

    async def _too_many(self, scope: Scope, receive: Receive, send: Send, error: TooManyGuesses) -> None:
        if scope["type"] == "websocket":
            await refuse(scope, receive, send, error.status, error.code, str(error))
        else:
            words = failure(error, page_language(HTTPConnection(scope)))
            answer = refusal(error.status, error.code, words, Retry_After=str(error.retry_after))
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
            words = worded(page_language(connection), "login_needed", NO_LOGIN)
            await refusal(401, "login_needed", words, **ask)(scope, receive, send)


def _is_page(message: Message) -> bool:
    headers = message.get("headers", ())
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)


def _only_shows(path: str) -> bool:
    """Whether a POST may be one that changes nothing, or that looks at the role itself."""
    return path.startswith(GRADIO) and not path.startswith(MCP)
