"""What pages of other sites may read: tiles and their descriptions, where a setting names the site."""

from __future__ import annotations

from collections.abc import Sequence

from starlette._utils import get_route_path
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.web.access import SHARED

SECONDS = 600  # for which a browser may remember the answer


class Sharing:
    """CORS for ``origins`` on what other programs read, and on nothing that changes something."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self.app = app
        self.shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "HEAD"],
            allow_headers=["Authorization", "If-None-Match"],
            expose_headers=["ETag", "X-Revision", "Retry-After"],
            max_age=SECONDS,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shared = scope["type"] == "http" and SHARED.fullmatch(get_route_path(scope))
        await (self.shared if shared else self.app)(scope, receive, send)
