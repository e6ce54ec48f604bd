"""A hub on loopback that serves folders as huggingface_hub asks for them, and can be made to fail."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from huggingface_hub import constants

COMMIT = "5" * 40


class Hub:
    """Models by id. ``breaks``: after so many bytes of a file its connection ends, once."""

    def __init__(self, models: dict[str, Path]) -> None:
        self.models, self.breaks = models, dict[str, int]()
        self.asked: Counter[str] = Counter()  # how often each file was asked for
        self.sent = 0  # bytes of files
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(self._app(), host="127.0.0.1", port=self.port, log_level="critical")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join()

    def _app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/api/models/{owner}/{name}/revision/{revision}")
        @app.get("/api/models/{owner}/{name}")
        def info(owner: str, name: str, revision: str = "main") -> Response:
            folder = self.models.get(f"{owner}/{name}")
            if folder is None:
                return Response(status_code=404, headers={"X-Error-Code": "RepoNotFound"})
            if revision not in ("main", COMMIT):
                return Response(status_code=404, headers={"X-Error-Code": "RevisionNotFound"})
            return _json(
                {
                    "_id": "1", "id": f"{owner}/{name}", "modelId": f"{owner}/{name}", "sha": COMMIT,
                    "private": False, "gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0,
                    "cardData": {"license": "apache-2.0"},
                    "siblings": [
                        {"rfilename": p.relative_to(folder).as_posix(), "size": p.stat().st_size}
                        for p in sorted(folder.rglob("*")) if p.is_file()
                    ],
                }
            )  # fmt: skip

        @app.get("/api/models/{owner}/{name}/tree/{revision}")
        def tree(owner: str, name: str, revision: str) -> Response:
            folder = self.models[f"{owner}/{name}"]
            return _json(
                [
                    {
                        "type": "file", "oid": _etag(p), "size": p.stat().st_size,
                        "path": p.relative_to(folder).as_posix(),
                    }
                    for p in sorted(folder.rglob("*")) if p.is_file()
                ]
            )  # fmt: skip

        @app.api_route("/{owner}/{name}/resolve/{revision}/{path:path}", methods=["GET", "HEAD"])
        def resolve(request: Request, owner: str, name: str, revision: str, path: str) -> Response:
            file = self.models[f"{owner}/{name}"] / path
            if not file.is_file():
                return Response(status_code=404, headers={"X-Error-Code": "EntryNotFound"})
            data, start = file.read_bytes(), 0
            headers = {"ETag": f'"{_etag(file)}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
            if request.method == "HEAD":
                return Response(headers={**headers, "Content-Length": str(len(data))})
            self.asked[path] += 1
            if wanted := request.headers.get("range"):
                start = int(wanted.removeprefix("bytes=").split("-")[0])
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            body = data[start:]
            if path in self.breaks:
                return Broken(body[: self.breaks.pop(path)], len(body), headers)
            self.sent += len(body)
            return Response(body, status_code=206 if wanted else 200, headers=headers)

        return app


class Broken(Response):
    """Promises more than it sends, then hangs up."""

    def __init__(self, body: bytes, promised: int, headers: dict[str, str]) -> None:
        super().__init__(body, headers=headers)
        self.raw_headers = [(k, v) for k, v in self.raw_headers if k != b"content-length"]
        self.raw_headers.append((b"content-length", str(promised).encode()))


def _json(value: object) -> Response:
    from fastapi.responses import JSONResponse

    return JSONResponse(value)


def _etag(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def serve(models: dict[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A hub that huggingface_hub asks from now on, as HF_ENDPOINT would have it, which is read once for all;
    what is fetched is kept under ``home``."""
    served = Hub(models)
    monkeypatch.setattr(constants, "ENDPOINT", served.url)
    template = served.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    return served
