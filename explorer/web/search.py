"""The search route: painted land by words."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request

from explorer.worlds.new import clean_prompt
from explorer.worlds.world import World
from tiles.errors import BadPrompt
from tiles.vectors import Match

router = APIRouter(tags=["search"])


@router.get("/worlds/{id}/search")
async def search(
    request: Request, id: str, q: str, limit: int = 12, zoom: int | None = None
) -> dict[str, Any]:
    """The painted tiles that agree best with words such as "a harbour", best first, none beside another.
    ``agreement`` is a cosine: 0.3 is much. ``zoom`` keeps to one level."""
    state = request.app.state
    world = await to_thread.run_sync(state.atlas.get, id, limiter=state.decode_queue.lookups)
    words = clean_prompt(q)
    if not words:
        raise BadPrompt("say what to look for, such as q=harbour")
    found = await state.decode_queue.decoded(world.finder.search, words, limit, zoom)
    return {
        "results": [described(world, match) for match in found],
        "prompt_report": world.model.read_prompt(words)._asdict(),
    }


def described(world: World, match: Match) -> dict[str, Any]:
    """A result as JSON: the tile, its middle in metres, and where its picture is."""
    z, x, y = match.tile
    west, south, east, north = match.tile.bounds
    return {
        "tile": [z, x, y],
        "agreement": round(match.agreement, 4),
        "center": [(west + east) / 2, (south + north) / 2],
        "picture": f"/worlds/{world.id}/tiles/{z}/{x}/{y}.webp",
    }
