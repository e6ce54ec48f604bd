"""Routes by which whole worlds come and go as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from explorer.service.edits import resume
from explorer.web.worlds import describe
from tiles import package

router = APIRouter(tags=["worlds"])
UNPACK = "/worlds/unpack"


@router.get("/worlds/{id}/package", response_class=FileResponse)
def pack_world(request: Request, id: str, latents: bool = False) -> FileResponse:
    """The world as one file: settings and journal, with ``latents`` also what is painted."""
    atlas = request.app.state.atlas
    world = atlas.get(id)
    path = atlas.scratch.new(f"world{package.SUFFIX}")
    try:
        world.pack(path, latents)
    except BaseException:
        _remove(path)
        raise
    return FileResponse(
        path,
        filename=f"{world.id}{package.SUFFIX}",
        media_type=package.MEDIA_TYPE,
        background=BackgroundTask(_remove, path),
    )


@router.post(UNPACK, status_code=201)
async def unpack_world(request: Request, other_weights: bool = False) -> dict[str, Any]:
    """Make the world in the body, a packed file, one of these.

    422 if the model here has other weights than the one it was painted by, unless ``other_weights`` are
    welcome: then they paint what is not painted yet.
    """
    atlas = request.app.state.atlas
    path = atlas.scratch.new(f"world{package.SUFFIX}")
    try:
        with open(path, "wb") as file:
            async for chunk in request.stream():
                await to_thread.run_sync(file.write, chunk)
        world = await to_thread.run_sync(atlas.unpack, path, other_weights)
        await to_thread.run_sync(resume, world, request.app.state.painter, request.app.state.jobs)
        return describe(world)
    finally:
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
