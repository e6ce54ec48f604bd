"""The page's own files: modules, styles, icon."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from explorer.resources import asset

FOLDER = asset("web")
# Said here because a machine's own list may call a module plain text, and then no browser runs it.
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Assets(StaticFiles):
    """Files that a browser keeps, and asks about by ETag before it uses them again.

    So modules of two versions of the app never meet in one page.
    """

    def __init__(self) -> None:
        super().__init__(directory=FOLDER)

    def file_response(self, full_path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(full_path, *args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        media = TYPES.get(Path(full_path).suffix)
        if media and response.status_code == 200:
            response.headers["content-type"] = media
        return response
