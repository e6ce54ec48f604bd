"""Routes by which whole worlds come and go as files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, StrictBool
from starlette.types import Receive, Scope, Send

from explorer.service import packing
from explorer.service.edits import resume
from explorer.service.jobs import Job, Jobs
from explorer.web.exports import describe as describe_job
from explorer.web.middleware import foreign, foreign_words
from explorer.web.permits import making, owner, require_room, spending
from explorer.web.tiles import CrossSite
from explorer.web.uploads import receive_file
from explorer.web.worlds import describe
from explorer.worlds.world import World
from tiles import package

router = APIRouter(tags=["worlds"])
UNPACK = "/worlds/unpack"
LOOK = 0.02  # seconds between two looks at a job


class PackageBody(BaseModel):
    """What of a world goes into its file."""

    model_config = ConfigDict(extra="forbid")
    latents: StrictBool = False


class FileOnce(FileResponse):
    """A job's file, and the job forgotten with it, however the answer ends."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        path = job.file()
        super().__init__(path, filename=path.name, media_type=package.MEDIA_TYPE)
        self.jobs, self.job = jobs, job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.jobs.cancel(self.job.id)


@router.post("/worlds/{id}/package", status_code=202)
def pack_world(request: Request, id: str, body: PackageBody | None = None) -> dict[str, Any]:
    """Start writing the world as one file: settings and journal, with ``latents`` also what is painted.

    Gives a job, whose file is at ``/jobs/{id}/file``. 507 where the disk has no room for it.
    """
    return describe_job(_packing(request, id, body is not None and body.latents))


@router.get("/worlds/{id}/package", response_class=FileResponse)
async def fetch_package(request: Request, id: str, latents: bool = False) -> FileResponse:
    """The same file in one request, which waits in the same line. Pages of other sites get none."""
    if foreign(request.headers):
        raise CrossSite(foreign_words(request.headers))
    job = await to_thread.run_sync(_packing, request, id, latents)
    while job.state in ("waiting", "running"):
        await asyncio.sleep(LOOK)
    if job.error is not None:
        raise job.error
    return FileOnce(request.app.state.jobs, job)


def _packing(request: Request, id: str, latents: bool) -> Job:
    state = request.app.state
    work = packing.work(state.atlas.get(id), latents, state.atlas.folder, state.settings.spare_bytes)
    with spending(request, exports=1):
        job: Job = state.jobs.add(packing.KIND, id, work)
    job.owner = owner(request)
    return job


@router.post(UNPACK, status_code=201)
async def unpack_world(request: Request, other_weights: bool = False) -> dict[str, Any]:
    """Make the world in the body, a packed file, one of these.

    422 if the model here has other weights than the one it was painted by, unless ``other_weights`` are
    welcome: then they paint what is not painted yet.
    """
    atlas = request.app.state.atlas
    path = atlas.scratch.new(f"world{package.SUFFIX}")
    try:
        await to_thread.run_sync(require_room, request)  # before much is sent
        await receive_file(request, path, request.app.state.settings.spare_bytes)
        world = await to_thread.run_sync(_unpacked, request, path, other_weights)
        await to_thread.run_sync(resume, world, request.app.state.painter, request.app.state.jobs)
        return describe(world)
    finally:
        _remove(path)


def _unpacked(request: Request, path: Path, other_weights: bool) -> World:
    with making(request, 0):
        world: World = request.app.state.atlas.unpack(path, other_weights, owner(request))
    return world


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
