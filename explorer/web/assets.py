"""Files that come with the app, for browsers: our modules, styles and icon, and Leaflet.

Their address has a version in it, which is another after any change of them. So a browser keeps them and does
not ask again, a new version of the app is seen at once, and modules of two versions never meet in one page.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope
from xstatic.pkg import leaflet

from explorer.resources import asset

FOLDER = asset("web")
KEPT = "public, max-age=31536000, immutable"  # for a year, the longest there is
# Said here because a machine's own list may call a module plain text, and then no browser runs it.
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Look(NamedTuple):
    """By what a file that was written since is told from one that was not."""

    path: str
    written: int  # nanoseconds
    bytes: int


class Version(NamedTuple):
    """All files of a folder as they were at one time, by their paths in it. They are few and small: a page
    asks for dozens at once, and from memory each costs a tenth of the work."""

    name: str
    looks: frozenset[Look]
    files: dict[str, bytes]


class Versioned:
    """A folder of files, which browsers find under ``static/NAME-VERSION``."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self._newest: Version | None = None

    def base(self) -> str:
        """Where the files as they are now lie, below the app's own address."""
        return f"static/{self.name}-{self.newest().name}"

    def newest(self) -> Version:
        """The files as they are now; they are read only when one of them was written."""
        looks = frozenset(_looks(self.folder))
        if self._newest is None or looks != self._newest.looks:
            self._newest = self._read(looks)
        return self._newest

    def kept(self, version: str, path: str) -> bytes | None:
        """A file of that version; None: it is of another than ``newest`` gave last, or there is none."""
        known = self._newest or self.newest()
        return known.files.get(path) if version == known.name else None

    def _read(self, looks: frozenset[Look]) -> Version:
        # By what they hold: the files of an upgrade may bear the dates of the ones before.
        digest, files = blake2b(digest_size=6), {}
        for look in sorted(looks):
            path, data = Path(look.path).relative_to(self.folder).as_posix(), Path(look.path).read_bytes()
            digest.update(f"{path}\0{len(data)}\0".encode() + data)
            files[path] = data
        return Version(digest.hexdigest(), looks, files)


EARTH, LEAFLET = Versioned("earth", FOLDER), Versioned("leaflet", Path(leaflet.BASE_DIR))


def _looks(folder: str | Path) -> Iterator[Look]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue  # of an editor, perhaps, and gone the next moment
            if entry.is_dir():
                yield from _looks(entry.path)
            else:
                stat = entry.stat()
                yield Look(entry.path, stat.st_mtime_ns, stat.st_size)


class Assets(StaticFiles):
    """The files of a folder. A browser may keep those of the newest version. About others it asks by ETag
    before it uses them again: at an address without a version, or of a page from before an upgrade."""

    def __init__(self, files: Versioned) -> None:
        super().__init__(directory=files.folder)
        self.files = files

    async def get_response(self, path: str, scope: Scope) -> Response:
        version, within = scope.get("path_params", {}).get("version", ""), path.replace(os.sep, "/")
        data = self.files.kept(version, within) if scope["method"] in ("GET", "HEAD") else None
        if data is None:
            response = await super().get_response(path, scope)
            response.headers["cache-control"] = "no-cache"
        else:
            response = Response(data, headers={"Cache-Control": KEPT, "ETag": f'"{version}"'})
            if self.is_not_modified(response.headers, Headers(scope=scope)):
                return NotModifiedResponse(response.headers)
        if response.status_code == 200:
            suffix = Path(within).suffix
            response.headers["content-type"] = (
                TYPES.get(suffix) or mimetypes.guess_type(within)[0] or "application/octet-stream"
            )
        return response


def serve(app: FastAPI) -> None:
    """Give browsers all files: with the version in the address, and without for whoever knows none."""
    for files in (EARTH, LEAFLET):
        app.mount(f"/static/{files.name}-{{version}}", Assets(files))
        app.mount(f"/static/{files.name}", Assets(files))
