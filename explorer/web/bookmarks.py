"""Routes of a world's bookmarks: places with names."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StrictStr

from explorer.worlds.world import World

router = APIRouter(tags=["worlds"])


class Bookmark(BaseModel):
    """A place, "zoom/x/y" with x and y in metres, and what somebody calls it."""

    model_config = ConfigDict(extra="forbid")
    name: StrictStr
    place: StrictStr


@router.get("/worlds/{id}/bookmarks")
def list_bookmarks(request: Request, id: str) -> list[dict[str, str]]:
    """The places that people kept, in their order."""
    world: World = request.app.state.atlas.get(id)
    return world.bookmarks()


@router.put("/worlds/{id}/bookmarks")
def keep_bookmarks(request: Request, id: str, body: list[Bookmark]) -> list[dict[str, str]]:
    """All bookmarks anew, in this order."""
    world: World = request.app.state.atlas.get(id)
    world.keep_bookmarks([each.model_dump() for each in body])
    return world.bookmarks()
