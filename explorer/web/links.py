"""Addresses of the app as whoever asks sees it, for documents that lead other programs to tiles."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import Request

WAIT = 30  # seconds for which a tile's request may wait until it is painted


class Links(NamedTuple):
    """``base``: the app's URL, without a slash at its end. ``token``: opens locked tiles."""

    base: str
    token: str = ""

    def world(self, id: str) -> str:
        """The URL of a world, below which its documents lie."""
        return f"{self.base}/worlds/{id}"

    def tiles(self, id: str, address: str, scale: str = "") -> str:
        """The template of a world's tiles; ``address`` is the part such as ``{z}/{x}/{y}``."""
        return f"{self.world(id)}/tiles/{address}{scale}.png?" + self.query(wait=str(WAIT))

    def query(self, **values: str) -> str:
        """The part after the question mark, with the token where there is one."""
        return urlencode({**values, "token": self.token} if self.token else values)


def links(request: Request) -> Links:
    """The addresses under which this request came; with passwords, the token of its role."""
    state, role = request.app.state, getattr(request.state, "role", "nothing")
    locked = state.settings.locked and role != "nothing"
    return Links(str(request.base_url).rstrip("/"), state.keys.token(role) if locked else "")
