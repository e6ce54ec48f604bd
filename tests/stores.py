"""Object stores on this machine, as s3://, gs:// and az:// reach them.

No server that speaks as Azure's does is a package of Python, so what publishing asks of it is answered here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, NamedTuple, Protocol
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import boto3
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.published import ENVIRONMENT, answering, object_store

Patch = pytest.MonkeyPatch
CONTAINER, ACCOUNT = "maps", "tester"


class Held(NamedTuple):
    """An object as it is kept."""

    data: bytes
    kind: str  # its Content-Type
    cache: str  # its Cache-Control


class Store(Protocol):
    """A store, with a bucket or container "maps"."""

    scheme: str

    def objects(self) -> dict[str, Held]:
        """All of "maps", by name."""

    def put(self, name: str, data: bytes) -> None:
        """As somebody else would."""

    def reached(self, patch: Patch) -> None:
        """Set the environment variables by which it is reached."""

    def clear(self) -> None:
        """Remove all objects."""


class S3:
    """One that speaks S3."""

    scheme = "s3"

    def __init__(self, url: str) -> None:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        self.url, self.client = url, boto3.client("s3", endpoint_url=url, **keys)

    def objects(self) -> dict[str, Held]:
        names = [each["Key"] for each in self.client.list_objects_v2(Bucket="maps").get("Contents", [])]
        got = {name: self.client.get_object(Bucket="maps", Key=name) for name in names}
        return {
            name: Held(each["Body"].read(), each["ContentType"], each["CacheControl"])
            for name, each in got.items()
        }

    def put(self, name: str, data: bytes) -> None:
        self.client.put_object(Bucket="maps", Key=name, Body=data, CacheControl="no-cache")

    def reached(self, patch: Patch) -> None:
        for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": self.url}).items():
            patch.setenv(name, value)

    def clear(self) -> None:
        for name in self.objects():
            self.client.delete_object(Bucket="maps", Key=name)


class Google(S3):
    """The same, reached as Google's: what publishing asks of that has the form of S3, but for how one signs."""

    scheme = "gs"

    def reached(self, patch: Patch) -> None:
        patch.setenv("GOOGLE_BASE_URL", self.url)
        patch.setenv("GOOGLE_BEARER_TOKEN", "test")  # else the machine's own account would be asked for one
        patch.setenv("GOOGLE_ALLOW_HTTP", "true")


class Azure:
    """A container of blobs: put whole or in blocks, got, listed, and deleted in batches."""

    scheme = "az"

    def __init__(self) -> None:
        self.url = ""
        self._held: dict[str, Held] = {}
        self._blocks: dict[str, bytes] = {}
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "PUT", "POST"])])

    def objects(self) -> dict[str, Held]:
        return dict(self._held)

    def put(self, name: str, data: bytes) -> None:
        self._held[name] = Held(data, "text/html", "")

    def clear(self) -> None:
        self._held.clear()

    def reached(self, patch: Patch) -> None:
        patch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
        patch.setenv("AZURE_STORAGE_ACCOUNT_KEY", base64.b64encode(b"test").decode())
        patch.setenv("AZURE_STORAGE_ENDPOINT", self.url)
        patch.setenv("AZURE_ALLOW_HTTP", "true")

    async def _answer(self, request: Request) -> Response:
        container, _, name = request.path_params["path"].partition("/")
        asked, body = request.query_params, await request.body()
        if container != CONTAINER or not request.headers["authorization"].startswith(f"SharedKey {ACCOUNT}:"):
            return Response(status_code=404)
        match request.method, asked.get("comp"):
            case "GET", "list":
                return Response(self._listed(asked.get("prefix", ""), asked.get("delimiter")))
            case "GET", _:
                return self._got(name)
            case "POST", "batch":
                return self._deleted(body.decode())
            case "PUT", "block":
                self._blocks[asked["blockid"]] = body
            case "PUT", "blocklist":
                blocks = [self._blocks.pop(each.text or "") for each in ElementTree.fromstring(body)]
                self._keep(name, b"".join(blocks), request)
            case "PUT", _:
                self._keep(name, body, request)
        return Response(status_code=201, headers={"ETag": '"1"'})

    def _keep(self, name: str, data: bytes, request: Request) -> None:
        kind, cache = (request.headers[f"x-ms-blob-{of}"] for of in ("content-type", "cache-control"))
        self._held[name] = Held(data, kind, cache)

    def _got(self, name: str) -> Response:
        if name not in self._held:
            return Response(status_code=404)
        return Response(self._held[name].data, headers={"ETag": '"1"', "Last-Modified": _now()})

    def _listed(self, prefix: str, delimiter: str | None) -> str:
        names = sorted(name for name in self._held if name.startswith(prefix))
        if delimiter:
            cut = [name.find(delimiter, len(prefix)) for name in names]
            folders = sorted({name[: at + 1] for name, at in zip(names, cut) if at >= 0})
            names = [name for name, at in zip(names, cut) if at < 0]
        else:
            folders = []
        blobs = "".join(f"<BlobPrefix><Name>{escape(each)}</Name></BlobPrefix>" for each in folders)
        for name in names:
            said = {"Last-Modified": _now(), "Etag": "1", "Content-Length": len(self._held[name].data)}
            said["Content-Type"] = self._held[name].kind
            properties = "".join(f"<{of}>{value}</{of}>" for of, value in said.items())
            blobs += f"<Blob><Name>{escape(name)}</Name><Properties>{properties}</Properties></Blob>"
        return f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker/></EnumerationResults>"

    def _deleted(self, body: str) -> Response:
        paths = [line.split()[1] for line in body.splitlines() if line.startswith("DELETE ")]
        parts = []
        for number, path in enumerate(paths):
            del self._held[path.partition(f"/{CONTAINER}/")[2]]
            head = f"--batch\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n"
            parts.append(f"{head}HTTP/1.1 202 Accepted\r\n\r\n\r\n")
        kind = {"Content-Type": "multipart/mixed; boundary=batch"}
        return Response("".join([*parts, "--batch--\r\n"]), 202, kind)


def _now() -> str:
    return format_datetime(datetime.now(UTC), usegmt=True)


@contextmanager
def store_of(scheme: str) -> Iterator[Any]:
    """A store as one of publishing's addresses reaches it."""
    if scheme == "az":
        azure = Azure()
        with answering(azure.app) as azure.url:
            yield azure
        return
    with object_store() as url:
        yield Google(url) if scheme == "gs" else S3(url)
