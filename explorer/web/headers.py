"""Headers of every answer that keep our pages to themselves."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio writes scripts and styles into its page and makes functions of text (eval); folium writes the
# map's script into its page. Nothing may come from, or be sent to, another host.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)


class SecurityHeaders:
    """Adds the headers to every answer; the content policy only to pages."""

    def __init__(self, app: ASGIApp, frame_ancestors: Sequence[str]) -> None:
        """``frame_ancestors``: origins of other sites that may show our pages in a frame; * for any."""
        self.app = app
        self.own = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
        if not frame_ancestors:  # the older header knows no list of sites
            self.own.append((b"x-frame-options", b"SAMEORIGIN"))
        self.policy = " ".join([f"{POLICY}; frame-ancestors 'self'", *frame_ancestors]).encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *self.own]
                if any(name.lower() == b"content-type" and b"html" in value for name, value in headers):
                    headers.append((b"content-security-policy", self.policy))
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, headed if scope["type"] == "http" else send)
