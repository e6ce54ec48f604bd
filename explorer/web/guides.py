"""The route of guides: pictures that land is painted by."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request

from explorer.service import guiding, placing
from explorer.service.placing import Spot
from explorer.web.edits import READING
from explorer.web.phrases import page_language, remarks
from explorer.web.uploads import receive_file
from explorer.worlds.world import World

router = APIRouter(tags=["edits"])


@router.post("/worlds/{id}/guides", status_code=201)
async def lay_guide(
    request: Request,
    id: str,
    x: float | None = None,
    y: float | None = None,
    zoom: float | None = None,
    strength: float = 1.0,
    edges: bool = False,
) -> dict[str, Any]:
    """Lay the picture in the body (GeoTIFF, PNG, JPEG or WebP) on the map as a guide: land within it is
    painted by it from now on, and so are edits.

    It lies where a picture would. With ``edges`` the edges in it are the guide. ``wants`` says what pictures
    the model follows, ``painted`` are tiles under it that are painted already and stay as they are, and
    ``notes`` say how it was read. 422 if the world's model follows none.
    """
    state = request.app.state
    world: World = await to_thread.run_sync(state.atlas.get, id)
    wants = guiding.require_guided(world)
    with tempfile.TemporaryDirectory(dir=state.atlas.scratch.folder) as folder:
        path = Path(folder) / "guide"
        await receive_file(request, path, state.settings.spare_bytes)
        limits = placing.Limits(state.settings.picture_pixels, state.settings.picture_tiles)
        spot = Spot(x, y, zoom, strength)
        sheet, guide = await to_thread.run_sync(
            guiding.read, path, spot, world, limits, edges, limiter=READING
        )
    number = await to_thread.run_sync(guiding.lay, world, state.painter, guide)
    painted = await to_thread.run_sync(guiding.painted_under, world, guide.bounds, state.settings.edit_tiles)
    return {
        "revision": number,
        "bounds": list(guide.bounds),
        "painted": [list(tile) for tile in painted],
        "notes": remarks(sheet.notes, page_language(request)),
        "wants": wants,
    }
