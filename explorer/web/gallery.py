"""Routes of the gallery: ready worlds, each made by one request."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from explorer.web.permits import making, owner
from explorer.web.phrases import page_language, phrase
from explorer.web.worlds import atlas_of, describe
from explorer.worlds import gallery
from explorer.worlds.gallery import Ready
from tiles.grid import metres_per_pixel

router = APIRouter(tags=["gallery"])


@router.get("/gallery")
def list_gallery(request: Request) -> list[dict[str, Any]]:
    """Ready worlds that the app's model can paint, each with the address of its picture."""
    return [_told(ready) for ready in gallery.offered(atlas_of(request).library.get().traits)]


@router.get("/gallery/{name}.webp", response_class=FileResponse)
def picture(name: str) -> FileResponse:
    """A picture of a ready world, painted by terra."""
    path = gallery.ready_world(name).thumbnail
    return FileResponse(path, media_type="image/webp", headers={"Cache-Control": "max-age=3600"})


@router.post("/gallery/{name}", status_code=201)
def make(request: Request, name: str) -> dict[str, Any]:
    """Make a ready world; as often as one likes, each time a world of its own. Our page gets it under the
    name that it shows."""
    ready, language = gallery.ready_world(name), page_language(request)
    new = ready.new
    if language is not None:
        new = new._replace(name=phrase(language, f"gallery.{ready.id}.name"))
    with making(request, 0):
        return describe(atlas_of(request).create(new, owner(request)))


def _told(ready: Ready) -> dict[str, Any]:
    new = ready.new
    assert new.base_zoom is not None
    return {
        "id": ready.id,
        "name": new.name,
        "about": ready.about,
        "prompt": new.prompt,
        "seed": new.seed,
        "base_zoom": new.base_zoom,
        "metres_per_pixel": metres_per_pixel(new.base_zoom),
        "thumbnail": f"/gallery/{ready.id}.webp",
    }
