"""Routes of the journal: edits, strokes, pictures, variants."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr

from explorer.service import brush, edits, placing, regions
from explorer.service.edits import EditRequest
from explorer.service.placing import Spot
from explorer.web.exports import describe as describe_job
from explorer.web.permits import owner, require_painting
from explorer.web.phrases import page_language, remarks
from explorer.web.uploads import receive_file
from explorer.web.worlds import prompt_report
from explorer.worlds.world import World
from tiles import entries, journal
from tiles.edits import edit_of
from tiles.entries import Line
from tiles.errors import BadEdit, NotFinished
from tiles.grid import Bounds, Tile, checked_tile
from tiles.mask import Mask
from tiles.strokes import Stroke

router = APIRouter(tags=["edits"])
PICTURES = "/pictures"
READING = CapacityLimiter(1)  # pictures that wait for each other hold no thread


class EditBody(BaseModel):
    """Land to paint anew: whole ``tiles``, or a region finer than a tile, of the latents of a ``zoom``: a
    ``mask`` (GeoJSON Polygon or MultiPolygon in metres, with a border that is soft over ``softness`` metres),
    a rectangle (``bounds``), or ``mask_png`` (grey PNG in base64, a pixel a latent, its upper left at
    ``corner``). ``softness`` is for all three. Without a prompt it follows that of the land it lies in."""

    model_config = ConfigDict(extra="forbid")
    tiles: list[tuple[StrictInt, StrictInt, StrictInt]] = []
    mask: dict[str, Any] | None = None
    bounds: tuple[float, float, float, float] | None = None
    mask_png: StrictStr | None = None
    corner: tuple[float, float] | None = None
    zoom: StrictInt | None = None
    softness: float = 0.0
    prompt: StrictStr = ""
    negative_prompt: StrictStr = ""
    strength: float = 1.0
    seed: StrictInt | None = None


class VariantsBody(EditBody):
    """The same, to be looked at first."""

    count: StrictInt = edits.VARIANTS


class StrokeBody(BaseModel):
    """A prompt along a line, for ``land`` that is ``new``, not painted yet; or ``painted``, and painted
    again; or ``both``."""

    model_config = ConfigDict(extra="forbid")
    prompt: StrictStr
    path: list[tuple[float, float]]
    radius: float
    softness: float = 0.0
    land: StrictStr = "new"


def describe(world: World, line: Line) -> dict[str, Any]:
    """A step as JSON."""
    entry = line.entry
    steps = entries.Prompt | entries.Stroke | entries.Edit | entries.Guide | entries.Clear
    assert isinstance(entry, steps)
    described: dict[str, Any] = {
        "number": line.number,
        "kind": entry.kind,
        "made": line.made,
        "state": world.journal.history.state(line.number),
        "prompt": "" if isinstance(entry, entries.Guide | entries.Clear) else entry.prompt,
    }
    if isinstance(entry, entries.Edit):
        edit = edit_of(line.number, entry)
        described |= {
            "negative_prompt": edit.negative_prompt,
            "strength": edit.strength,
            "seed": edit.seed,
            "picture": edit.picture,
            "tiles": len(edit.cells),
            "zoom": edit.zooms[0],
            "masked": edit.mask is not None,
            "bounds": list(around(edit.cells)),
            "pictured": list(edits.pictured(edit.cells)),
        }
    elif isinstance(entry, entries.Clear):
        cells = frozenset(entries.cells_of(entry.cells))
        described |= {"tiles": len(cells), "bounds": list(around(cells))}
    elif isinstance(entry, entries.Stroke):
        stroke = journal.stroke(entry)
        shape = {"path": stroke.path, "radius": stroke.radius, "softness": stroke.softness}
        described |= {**shape, "bounds": list(stroke.bounds)}
    elif isinstance(entry, entries.Guide):
        described |= {"strength": entry.strength, "bounds": list(journal.guide(entry).bounds)}
    return described


def around(cells: Iterable[Tile]) -> Bounds:
    """The rectangle of cells, in metres."""
    wests, souths, easts, norths = zip(*(cell.bounds for cell in cells))
    return Bounds(min(wests), min(souths), max(easts), max(norths))


@router.get("/worlds/{id}/edits")
def list_edits(request: Request, id: str) -> list[dict[str, Any]]:
    """The journal's steps, oldest first: prompts, strokes, guides and edits, each with its state: done,
    waiting, cancelled, undone or forgotten. A waiting one has its ``job``, null where another process
    works at it."""
    state = request.app.state
    world: World = state.atlas.get(id)
    jobs = {job.entry: job.id for job in state.jobs.all() if job.world == world.id}
    steps = [describe(world, line) for line in world.journal.steps()]
    return [
        {**step, "job": jobs.get(step["number"])} if step["state"] == "waiting" else step for step in steps
    ]


@router.post("/worlds/{id}/edits", status_code=202)
def make_edit(request: Request, id: str, body: EditBody) -> dict[str, Any]:
    """Paint tiles anew, joined to what is around them. ``revision`` is the edit's number."""
    state = request.app.state
    world: World = state.atlas.get(id)
    edit = checked_edit(request, world, body)
    require_painting(request, world, edit.outlined)
    job = edits.start(world, state.painter, state.jobs, edit)
    job.owner = owner(request)
    report = prompt_report(world, edit.prompt)
    return {"revision": job.entry, "seed": edit.seed, "job": describe_job(job), "prompt_report": report}


@router.post("/worlds/{id}/variants", status_code=202)
def make_variants(request: Request, id: str, body: VariantsBody) -> dict[str, Any]:
    """Candidates for an edit, as small pictures; the edit itself with one of the ``seeds`` makes it so."""
    state = request.app.state
    world: World = state.atlas.get(id)
    edit = checked_edit(request, world, body)
    seeds, work = edits.variants(world, state.painter, edit, body.count)
    require_painting(request, world, edit.outlined * len(seeds))
    job = state.jobs.add("variants", world.id, work)
    job.owner = owner(request)
    report = prompt_report(world, edit.prompt)
    pictured = list(edits.pictured(edit_of(0, edit).cells))
    return {"seeds": seeds, "job": describe_job(job), "pictured": pictured, "prompt_report": report}


def checked_edit(request: Request, world: World, body: EditBody) -> entries.Edit:
    most = request.app.state.settings.edit_tiles
    return edits.checked(world, edit_request(world, body, most), most)


def edit_request(world: World, body: EditBody, most: int) -> EditRequest:
    """Raises BadEdit, BadAddress, TooLarge."""
    tiles = [checked_tile(*address) for address in body.tiles]
    mask = _mask(world, body, most)
    return EditRequest(tiles, body.prompt, body.negative_prompt, body.strength, body.seed, mask)


def _mask(world: World, body: EditBody, most: int) -> Mask | None:
    """The region that is finer than a tile; None where whole tiles are given."""
    given = [name for name in ("mask", "bounds", "mask_png") if getattr(body, name) is not None]
    if len(given) + bool(body.tiles) > 1:
        raise BadEdit("give one of tiles, mask, bounds and mask_png")
    if not given:
        return None
    zoom = edits.mask_zoom(world, body.zoom)
    if body.mask_png is not None:
        if body.corner is None:
            raise BadEdit("mask_png needs its corner: x and y in metres of its upper left")
        return regions.png_mask(body.mask_png, zoom, body.corner, body.softness, most)
    shape = body.mask if body.bounds is None else regions.rectangle(body.bounds)
    return regions.polygon_mask(shape, zoom, body.softness, most)


@router.get("/worlds/{id}/edits/{number}/{side}.webp", response_class=Response)
async def show_edit(request: Request, id: str, number: int, side: str) -> Response:
    """A small picture of the land ``before`` or ``after`` an edit; 409 while it is not painted."""
    state = request.app.state
    world: World = await to_thread.run_sync(state.atlas.get, id)
    known = side in ("before", "after")
    data = await state.thumbnails.picture(world, number, side == "before") if known else None
    if data is None:
        raise NotFinished(f"no picture {side[:10]!r} of edit {number}: before and after are, once painted")
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(data, media_type="image/webp", headers=headers)


@router.post("/worlds/{id}/strokes", status_code=201)
def make_stroke(request: Request, id: str, body: StrokeBody) -> dict[str, Any]:
    """Lay a prompt over land along a line: whole within ``radius`` metres, fading over ``softness`` more.
    ``painted`` are tiles under it that are painted already. They stay as they are, unless ``land`` asks for
    them: then ``edit`` is the edit that paints them again, with its job."""
    state = request.app.state
    world: World = state.atlas.get(id)
    stroke = Stroke(body.prompt, tuple(body.path), body.radius, body.softness)
    wished = brush.wish(world, stroke, body.land, state.settings.edit_tiles)
    if wished.edit:
        require_painting(request, world, wished.edit.outlined)
    done = brush.brush(world, state.painter, state.jobs, wished)
    if done.job:
        done.job.owner = owner(request)
    return {
        "revision": done.number,
        "painted": [list(tile) for tile in wished.painted],
        "edit": done.job and {"revision": done.job.entry, "job": describe_job(done.job)},
        "prompt_report": prompt_report(world, body.prompt),
    }


@router.post("/worlds/{id}/pictures", status_code=202)
async def place_picture(
    request: Request,
    response: Response,
    id: str,
    x: float | None = None,
    y: float | None = None,
    zoom: float | None = None,
    strength: float = 1.0,
    prompt: str = "",
    seed: int | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Put the picture in the body (GeoTIFF, PNG, JPEG or WebP) on the map, joined to the land around.

    A GeoTIFF goes to its own place; others around ``x``, ``y`` in metres, their pixels those of ``zoom``,
    which may lie between two. With ``strength`` below 1 only so much of the picture stays. ``notes`` say how
    it was read and placed. With ``dry_run`` nothing is changed: the answer is 200 and says where it would
    lie.
    """
    state = request.app.state
    world = await to_thread.run_sync(state.atlas.get, id)
    spot = Spot(x, y, zoom, strength, prompt, seed)
    with tempfile.TemporaryDirectory(dir=state.atlas.scratch.folder) as folder:
        path = Path(folder) / "picture"
        await receive_file(request, path, state.settings.spare_bytes)
        limits = placing.Limits(state.settings.picture_pixels, state.settings.picture_tiles)
        if dry_run:
            lies = await to_thread.run_sync(
                placing.footprint, path, spot, world.home, world.base_zoom, limits, limiter=READING
            )
            response.status_code = 200
            return lies._asdict()
        sheet = await to_thread.run_sync(
            placing.read, path, spot, world.home, world.base_zoom, limits, limiter=READING
        )
    edit = placing.entry(sheet, spot, world.base_zoom)
    await to_thread.run_sync(require_painting, request, world, edit.outlined)
    picture = await to_thread.run_sync(placing.known, sheet, world.base_zoom, world.model)
    job = await to_thread.run_sync(edits.start, world, state.painter, state.jobs, edit, picture)
    job.owner = owner(request)
    answer = {"revision": job.entry, "seed": edit.seed, "job": describe_job(job)}
    return {
        **answer,
        "notes": remarks(sheet.notes, page_language(request)),
        "prompt_report": prompt_report(world, edit.prompt),
    }
