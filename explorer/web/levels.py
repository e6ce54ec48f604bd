"""The route that paints one prompt and seed at several ground resolutions."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr

from explorer.service import levels
from explorer.web.exports import describe as describe_job
from explorer.web.permits import owner, require_painting, spending
from explorer.web.worlds import prompt_report
from explorer.worlds.new import checked_seed, clean_prompt
from explorer.worlds.world import World
from tiles.grid import metres_per_pixel

router = APIRouter(tags=["worlds"])


class LevelsBody(BaseModel):
    """What is painted; what is left out is the world's."""

    model_config = ConfigDict(extra="forbid")
    prompt: StrictStr | None = None
    seed: StrictInt | None = None


@router.post("/worlds/{id}/levels", status_code=202)
def paint_levels(request: Request, id: str, body: LevelsBody) -> dict[str, Any]:
    """Paint one prompt and seed at six of the zooms that the world's model knows: a job with a picture
    ``ZOOM.png`` of each of the ``levels``. Nothing of it is kept in the world."""
    state = request.app.state
    world: World = state.atlas.get(id)
    prompt = world.journal.prompt if body.prompt is None else clean_prompt(body.prompt)
    seed = world.seed if body.seed is None else checked_seed(body.seed)
    work = levels.work(world.model, prompt, seed, state.painter.sample)
    zooms = levels.chosen_zooms(world.model.traits.zooms)
    require_painting(request, world, len(zooms))
    with spending(request, tiles=len(zooms)):  # the world keeps nothing of it that would be counted
        job = state.jobs.add("levels", world.id, work)
    job.owner = owner(request)
    return {
        "job": describe_job(job),
        "prompt": prompt,
        "seed": seed,
        "levels": [{"zoom": zoom, "metres_per_pixel": metres_per_pixel(zoom)} for zoom in zooms],
        "prompt_report": prompt_report(world, prompt),
    }
