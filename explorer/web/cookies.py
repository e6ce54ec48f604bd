"""The cookies that a browser keeps of us."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from explorer.settings import Settings


def cookie(connection: HTTPConnection, settings: Settings, name: str, value: str, seconds: int) -> str:
    """A Set-Cookie header, out of scripts' reach. In another site's frame browsers send only a partitioned
    one, over https."""
    path = connection.scope.get("root_path") or "/"
    parts = [f"{name}={value}", f"Path={path}", f"Max-Age={seconds}", "HttpOnly"]
    secure = connection.url.scheme in ("https", "wss")
    if secure and settings.frame_ancestors:
        parts += ["Secure", "SameSite=None", "Partitioned"]
    else:
        parts += ["Secure", "SameSite=Lax"] if secure else ["SameSite=Lax"]
    return "; ".join(parts)
