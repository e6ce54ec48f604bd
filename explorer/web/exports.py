"""Routes of exports and of the jobs that make them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, StrictStr

from explorer.service import exports, stac
from explorer.service.edits import give_up
from explorer.service.estimates import Estimate, ExportRequest
from explorer.service.exports import Export, Limits
from explorer.service.jobs import Job
from explorer.settings import Settings
from explorer.web.permits import owner, require_job, spending, visitor_of
from explorer.web.phrases import failure, page_language
from explorer.web.visitors import NotYours
from explorer.worlds.world import World
from tiles import package
from tiles.grid import Bounds, parse_bounds
from tiles.mosaic.formats import FORMATS

router = APIRouter(tags=["exports"])


class ExportBody(BaseModel):
    """A region of a world as a file."""

    model_config = ConfigDict(extra="forbid")
    bounds: tuple[float, float, float, float]
    zoom: StrictInt | None = None
    format: StrictStr = "cog"
    paint_missing: StrictBool = True


def describe(job: Job, language: str | None = None) -> dict[str, Any]:
    """A job as JSON; what it failed of is told in a language of the page's, or in English."""
    error = {"code": job.error.code, "message": failure(job.error, language)} if job.error else None
    left = job.seconds_left
    if job.state == "running" and isinstance(job.work, Export):
        left = job.work.seconds_left(job.done, job.total, left)
    return {
        "id": job.id,
        "kind": job.kind,
        "name": job.work.name if isinstance(job.work, Export) else None,
        "world": job.world,
        "entry": job.entry,
        "state": job.state,
        "stage": job.stage,
        "done": job.done,
        "total": job.total,
        "seconds_left": None if left is None else round(left, 1),
        "error": error,
        "files": [
            {
                "name": path.name,
                "bytes": path.stat().st_size,
                "url": f"/jobs/{job.id}/file?part={quote(path.name)}",
            }
            for path in job.files
            if path.exists()
        ],
    }


@router.post("/worlds/{id}/exports", status_code=202)
def export(request: Request, id: str, body: ExportBody) -> dict[str, Any]:
    """Start an export.

    413 past the limits, 507 where the disk has no room for it, 409 where another process paints the
    world and land is missing.
    """
    world, state = request.app.state.atlas.get(id), request.app.state
    zoom = world.base_zoom if body.zoom is None else body.zoom
    wanted = ExportRequest(Bounds(*body.bounds), zoom, body.format, body.paint_missing)
    guess = _checked(request, world, wanted)
    kind = "-postcard" if body.format == "postcard" else ""  # a PNG of the same place is another file
    name = f"{world.id}-z{zoom}{kind}{FORMATS[body.format].suffix}"
    with spending(request, exports=1):
        job = state.jobs.add("export", world.id, Export(world, state.painter, wanted, name))
    job.owner = owner(request)
    return {**describe(job), "estimate": guess._asdict()}


@router.get("/worlds/{id}/exports/estimate")
def estimate(
    request: Request,
    id: str,
    bounds: str,
    zoom: int | None = None,
    format: str = "cog",
    paint_missing: bool = True,
) -> dict[str, Any]:
    """How many pixels, tiles, bytes and seconds an export will be, and what is unpainted of it."""
    world = request.app.state.atlas.get(id)
    wanted = ExportRequest(
        parse_bounds(bounds), world.base_zoom if zoom is None else zoom, format, paint_missing
    )
    return _checked(request, world, wanted)._asdict()


def _checked(request: Request, world: World, wanted: ExportRequest) -> Estimate:
    """What an export will be, if whoever asks may make it."""
    state = request.app.state
    visitor = visitor_of(request)
    most = limits(state.settings, visitor is not None)
    guess = exports.check(world, wanted, most, state.atlas.folder, pace(request))
    if visitor is not None and wanted.paint_missing and guess.unpainted:
        if not visitor.owns(world.id):
            raise NotYours(
                f"{guess.unpainted:,} tiles of this region are not painted, and this world is not yours:"
                " without generating unpainted tiles (paint_missing) you may export the rest",
                "export-not-yours",
                count=guess.unpainted,
            )
        visitor.require("tiles", guess.unpainted)
    return guess


@router.get("/jobs")
def list_jobs(request: Request, world: str = "", kind: str = "") -> list[dict[str, Any]]:
    """The jobs of a world, or of all, oldest first; with ``kind`` those alone: export, edit, variants.
    Visitors see their own."""
    jobs, asks = request.app.state.jobs.all(), visitor_of(request)
    if asks is not None:
        jobs = [job for job in jobs if job.owner == asks.id]
    language = page_language(request)
    return [describe(job, language) for job in jobs if world in ("", job.world) and kind in ("", job.kind)]


@router.get("/jobs/{id}")
def show_job(request: Request, id: str) -> dict[str, Any]:
    """State, what is done of how much, seconds left, files."""
    return describe(request.app.state.jobs.get(id), page_language(request))


@router.delete("/jobs/{id}")
def cancel_job(request: Request, id: str) -> dict[str, Any]:
    """Cancel a job; one that is finished is forgotten with its files."""
    state = request.app.state
    require_job(request, state.jobs.get(id))
    job: Job = state.jobs.cancel(id)
    if job.kind == "edit" and job.entry is not None:
        give_up(state.atlas.get(job.world), state.painter, job.entry)
    return describe(job)


@router.get("/jobs/{id}/file")
def job_file(request: Request, id: str, part: str = "") -> FileResponse:
    """The finished file, streamed; with ``part`` the one beside it of that suffix."""
    job: Job = request.app.state.jobs.get(id)
    path = job.file(part)
    types = {format.suffix: format.media_type for format in FORMATS.values()}
    types[package.SUFFIX] = package.MEDIA_TYPE
    types[".json"] = stac.MEDIA_TYPE
    return FileResponse(path, filename=path.name, media_type=types.get(path.suffix, "text/plain"))


def pace(request: Request) -> float | None:
    """Seconds in which a tile was painted lately."""
    seconds: float | None = request.app.state.painter.status().seconds_per_tile
    return seconds


def limits(settings: Settings, visiting: bool = False) -> Limits:
    """What an export may be; less for a visitor."""
    pixels = settings.export_pixels
    if visiting:
        pixels = min(pixels, settings.visitor_export_pixels)
    return Limits(pixels, settings.export_tiles, settings.spare_bytes)
