"""Routes of ways through the history: undo and redo, clear, stamp, branch."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr

from explorer.service import edits, history
from explorer.service.packing import require_room
from explorer.web.exports import describe as describe_job
from explorer.web.permits import making, owner, require_painting
from explorer.web.worlds import describe
from tiles import package
from tiles.grid import checked_tile

router = APIRouter(tags=["edits"])


class ClearBody(BaseModel):
    """Tiles whose edits are shown no longer; deeper ones stand for the base tiles that they lie in."""

    model_config = ConfigDict(extra="forbid")
    tiles: list[tuple[StrictInt, StrictInt, StrictInt]]


class StampBody(BaseModel):
    """Where the middle of an edit should be, in metres."""

    model_config = ConfigDict(extra="forbid")
    at: tuple[float, float]


class BranchBody(BaseModel):
    """A copy of a world: its name, and the last ``step`` in force in it, the newest one if none is given."""

    model_config = ConfigDict(extra="forbid")
    name: StrictStr | None = None
    step: StrictInt | None = None


@router.post("/worlds/{id}/undo")
def undo(request: Request, id: str, to: int | None = None) -> dict[str, Any]:
    """Take the last step back, or all that came after the step ``to``; 409 if there is none. Edits that still
    wait are given up instead."""
    state = request.app.state
    world = state.atlas.get(id)
    if to is None:
        return edits.undo(world, state.painter, state.jobs)
    return history.back_to(world, state.painter, state.jobs, to)


@router.post("/worlds/{id}/redo")
def redo(request: Request, id: str, to: int | None = None) -> dict[str, Any]:
    """Bring back the last step that was taken back, or all up to the step ``to``; 409 if there is none."""
    state = request.app.state
    world = state.atlas.get(id)
    return edits.redo(world, state.painter) if to is None else history.forward_to(world, state.painter, to)


@router.post("/worlds/{id}/clear", status_code=201)
def clear(request: Request, id: str, body: ClearBody) -> dict[str, Any]:
    """Show the land as it is without the edits in these tiles: a step that undo takes back. 409 if there are
    none, or while an edit is being painted."""
    state = request.app.state
    tiles = [checked_tile(*address) for address in body.tiles]
    return history.clear(state.atlas.get(id), state.painter, tiles, state.settings.edit_tiles)


@router.post("/worlds/{id}/edits/{number}/stamp", status_code=202)
def stamp(request: Request, id: str, number: int, body: StampBody) -> dict[str, Any]:
    """Make an edit again elsewhere: the same prompt, size, strength and seed. ``revision`` is the new one's
    number."""
    state = request.app.state
    world = state.atlas.get(id)
    edit = history.stamped(world, number, body.at, state.settings.edit_tiles)
    require_painting(request, world, edit.outlined)
    job = edits.start(world, state.painter, state.jobs, edit)
    job.owner = owner(request)
    return {"revision": job.entry, "job": describe_job(job)}


@router.post("/worlds/{id}/branch", status_code=201)
def branch(request: Request, id: str, body: BranchBody) -> dict[str, Any]:
    """Copy a world with all that is painted. What came after ``step`` is undone in the copy, and can be
    redone there. 507 without room on the disk."""
    state = request.app.state
    world = state.atlas.get(id)
    require_room(state.atlas.folder, package.size(world.store, latents=True), state.settings.spare_bytes)
    with making(request, 0):
        name = body.name or f"{world.name[:70]} (copy)"
        return describe(state.atlas.branch(id, name, body.step, owner(request)))
