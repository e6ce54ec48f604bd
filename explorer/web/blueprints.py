"""The route of maps of other makers, which plan land to come."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from explorer.service import blueprints
from explorer.web.edits import READING
from explorer.web.uploads import receive_file
from tiles import blueprint
from tiles.grid import parse_bounds

router = APIRouter(tags=["edits"])


@router.post("/worlds/{id}/blueprint", status_code=201)
async def lay_blueprint(
    request: Request,
    response: Response,
    id: str,
    prompts: str = "{}",
    bounds: str = "",
    softness: float = 0.0,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Lay the prompts of a map, the body, over land not painted yet: a colour-coded picture, or GeoJSON of
    areas. ``prompts`` is JSON, from the names of the legend to prompts; what is not there is left out.

    The map fills ``bounds`` (west,south,east,north in metres), by default its own place, or a square around
    the world's home. With ``dry_run`` nothing is changed: the answer is 200 and holds the legend and strokes.
    """
    state = request.app.state
    world = await to_thread.run_sync(state.atlas.get, id)
    told = blueprints.told(prompts)
    around = parse_bounds(bounds) if bounds else None
    with tempfile.TemporaryDirectory(dir=state.atlas.scratch.folder) as folder:
        path = Path(folder) / "map"
        await receive_file(request, path, state.settings.spare_bytes)
        pixels = state.settings.picture_pixels
        drawn = await to_thread.run_sync(blueprint.read, path, pixels, limiter=READING)
    strokes = await to_thread.run_sync(blueprints.planned, drawn, world, told, around, softness)
    answer: dict[str, Any] = {
        "legend": [key._asdict() for key in drawn.legend],
        "strokes": [stroke._asdict() for stroke in strokes],
        "bounds": blueprints.place(drawn, world, around),
    }
    if dry_run:
        response.status_code = 200
        return answer
    return {**answer, "revision": await to_thread.run_sync(blueprints.lay, world, state.painter, strokes)}
