"""Files that come with the app, for browsers: our modules, styles and icon, and Leaflet.

Their address has a version in it, which is another after any change of them. So a browser keeps them and does
not ask again, a new version of the app is seen at once, and modules of two versions never meet in one page.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
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


class Versioned:
    """A folder of files, which browsers find under ``static/NAME-VERSION``."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder.resolve()
        self._seen: tuple[str, frozenset[Look]] | None = None

    def base(self) -> str:
        """Where the files as they are now lie, below the app's own address. They are read only when one of
        them was written."""
        looks = frozenset(_looks(self.folder))
        self._seen = _digest(self.folder, looks), looks
        return f"static/{self.name}-{self._seen[0]}"

    def holds(self, version: str, look: Look) -> bool:
        """Whether a file belongs to that version, which is the one that ``base`` last gave."""
        if self._seen is None:
            self.base()
        assert self._seen is not None
        known, looks = self._seen
        return version == known and look in looks


EARTH, LEAFLET = Versioned("earth", FOLDER), Versioned("leaflet", Path(leaflet.BASE_DIR))


def _looks(folder: str | Path) -> Iterator[Look]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _looks(entry.path)
            else:
                stat = entry.stat()
                yield Look(entry.path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _digest(folder: Path, looks: frozenset[Look]) -> str:
    """Of what the files hold: those of an upgrade may bear the dates of the ones before."""
    digest = blake2b(digest_size=6)
    for look in sorted(looks):
        digest.update(f"{os.path.relpath(look.path, folder)}\0{look.bytes}\0".encode())
        digest.update(Path(look.path).read_bytes())
    return digest.hexdigest()


class Assets(StaticFiles):
    """The files of a folder. Those that a browser may not keep it asks about, by ETag, before it uses them
    again: at an address without a version, or with that of a page from before an upgrade."""

    def __init__(self, files: Versioned) -> None:
        super().__init__(directory=files.folder)
        self.files = files

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        look = Look(str(full_path), stat_result.st_mtime_ns, stat_result.st_size)
        kept = self.files.holds(scope.get("path_params", {}).get("version", ""), look)
        response.headers["cache-control"] = KEPT if kept else "no-cache"
        media = TYPES.get(Path(full_path).suffix)
        if media and response.status_code == 200:
            response.headers["content-type"] = media
        return response


def serve(app: FastAPI) -> None:
    """Give browsers all files: with the version in the address, and without for whoever knows none."""
    for files in (EARTH, LEAFLET):
        app.mount(f"/static/{files.name}-{{version}}", Assets(files))
        app.mount(f"/static/{files.name}", Assets(files))
