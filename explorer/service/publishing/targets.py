"""Where a published world goes: a folder, or an object store at s3://, gs:// or az://."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tiles.errors import BadSetting, NotWritten

if TYPE_CHECKING:
    from obstore.store import ObjectStore

INDEX = "index.html"
WORK = ".publishing"  # a folder's part that nobody is shown
SCHEMES = ("s3", "gs", "az")
CHUNK = 8 * 2**20  # bytes read, and sent, at once
FOREVER, ASKED = "public, max-age=31536000, immutable", "no-cache"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pmtiles": "application/vnd.pmtiles",
}
VERSION = re.compile(r"[0-9a-f]{16}")

Sent = Callable[[int], None]  # told how many bytes more are there


class Target(Protocol):
    """A place for versions of a published world, each a folder of files that never change, and the page
    that shows one of them."""

    address: str  # of the page, for people

    def index(self) -> str | None:
        """The page that is there now; None if there is none."""

    def send(self, version: str, files: dict[str, Path], sent: Sent) -> None:
        """Put all files of a version there. What is there whole already stays."""

    def show(self, index: str) -> None:
        """Replace the page: from now on people see another version."""

    def versions(self) -> set[str]:
        """All versions that are there."""

    def drop(self, version: str) -> None:
        """Remove a version."""


class Disk:
    """A folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.address = folder, str(folder / INDEX)

    def index(self) -> str | None:
        path = self.folder / INDEX
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None

    def send(self, version: str, files: dict[str, Path], sent: Sent) -> None:
        whole = self.folder / version
        if whole.is_dir():
            return
        part = self.folder / WORK / version
        shutil.rmtree(part, ignore_errors=True)
        for name, path in files.items():
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            if path.is_relative_to(self.folder / WORK):  # made for this: no need to copy it
                (part / name).hardlink_to(path)
            else:
                shutil.copyfile(path, part / name)
            sent(path.stat().st_size)
        part.rename(whole)

    def show(self, index: str) -> None:
        part = self.folder / WORK / INDEX
        part.write_text(index, encoding="utf-8")
        part.replace(self.folder / INDEX)

    def versions(self) -> set[str]:
        return {
            path.parent.name
            for path in self.folder.glob("*/world.json")
            if VERSION.fullmatch(path.parent.name)
        }

    def drop(self, version: str) -> None:
        shutil.rmtree(self.folder / version, ignore_errors=True)


class Bucket:
    """A part of an object store. Objects appear whole or not at all."""

    def __init__(self, url: str) -> None:
        """Raises BadSetting without the libraries for it, or if the address is none."""
        try:
            from obstore.store import from_url
        except ImportError:
            raise BadSetting(
                f"publishing to {url.partition(':')[0]}:// needs a library that is not installed:"
                " pip install 'endless-earth[publish]', or publish into a folder"
            ) from None
        self.address = f"{url.rstrip('/')}/{INDEX}"
        with _worded(url):
            self._store: ObjectStore = from_url(url.rstrip("/"))
        self._url = url

    def index(self) -> str | None:
        with _worded(self._url), suppress(FileNotFoundError):
            return bytes(self._store.get(INDEX).bytes()).decode(errors="replace")
        return None

    def send(self, version: str, files: dict[str, Path], sent: Sent) -> None:
        with _worded(self._url):
            there = {each["path"]: each["size"] for some in self._store.list(version) for each in some}
            for name, path in files.items():
                size, place = path.stat().st_size, f"{version}/{name}"
                if there.get(place) == size:
                    sent(size)
                else:
                    self._put(place, _chunks(path, sent), FOREVER)

    def show(self, index: str) -> None:
        with _worded(self._url):
            self._put(INDEX, index.encode(), ASKED)

    def versions(self) -> set[str]:
        with _worded(self._url):
            found = self._store.list_with_delimiter()["common_prefixes"]
        return {
            name for name in (path.rstrip("/").split("/")[-1] for path in found) if VERSION.fullmatch(name)
        }

    def drop(self, version: str) -> None:
        with _worded(self._url):
            paths = [each["path"] for some in self._store.list(f"{version}/") for each in some]
            if paths:
                self._store.delete(paths)

    def _put(self, place: str, data: bytes | Iterator[bytes], cache: str) -> None:
        kind = TYPES[Path(place).suffix]
        self._store.put(place, data, attributes={"Content-Type": kind, "Cache-Control": cache})


def target_of(text: str) -> Disk | Bucket:
    """A folder, or s3://BUCKET/PATH, gs://BUCKET/PATH, az://CONTAINER/PATH. Raises BadSetting."""
    scheme, colon, _ = text.partition("://")
    if not colon:
        return Disk(Path(text).absolute())
    if scheme not in SCHEMES:
        raise BadSetting(
            f"{text[:60]!r}: a folder is needed, or an address that begins with s3://, gs:// or az://"
        )
    return Bucket(text)


def _chunks(path: Path, sent: Sent) -> Iterator[bytes]:
    with open(path, "rb") as file:
        while data := file.read(CHUNK):
            yield data
            sent(len(data))


@contextmanager
def _worded(url: str) -> Iterator[None]:
    """What an object store says, in one line. Raises NotWritten; FileNotFoundError stays."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError, ValueError) as error:
        why = str(error).strip().split("\n")[0][:300]
        raise NotWritten(f"{url} could not be written: {why}") from error
