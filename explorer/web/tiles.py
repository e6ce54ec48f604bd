"""The tile route: at once what is there, or, with ?wait, what is painted first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from explorer.web.access import may_edit
from explorer.web.middleware import foreign, foreign_words
from explorer.worlds.world import World
from tiles.errors import BadAddress, BadSetting, Busy, EarthError
from tiles.grid import Tile, parse_tile

router = APIRouter(tags=["tiles"])
TYPES = {"png": "image/png", "webp": "image/webp"}


class CrossSite(EarthError):
    """Something that only our own pages and programs may ask for."""

    code, status = "cross_site", 403


@router.get("/worlds/{id}/tiles/{z}/{x}/{y}.{format}", response_class=Response)
async def tile(
    request: Request, id: str, z: str, x: str, y: str, format: str, wait: str = "", v: str = ""
) -> Response:
    """A tile of 256 x 256 pixels: 200, 204 where nothing is painted, 304 if it is unchanged.

    With ``?wait=SECONDS`` it is painted first, with its surroundings; 503 when the time is up. Overviews
    (below the base zoom) are made in the background: without ``?wait`` an older one is given, or 204.
    """
    address = parse_tile(z, x, y)
    if format not in TYPES:
        raise BadAddress(f"format {format[:10]!r}: it must be png or webp")
    state = request.app.state
    world = await to_thread.run_sync(state.atlas.get, id, limiter=state.decode_queue.lookups)
    if wait:
        await _painted(request, world, address, _seconds(wait, state.settings.wait_seconds))
    tiles = state.overviews if world.pyramid.is_overview(address) else state.decode_queue
    encoded = await tiles.tile(world, address, format)
    if encoded is None:
        return Response(status_code=204, headers={"Cache-Control": "no-cache"})
    etag = f'"{world.stamp}-{encoded.revision}"'
    fresh = encoded.final and v == f"{world.stamp}.{encoded.revision}"
    cache = "public, max-age=31536000, immutable" if fresh else "no-cache"
    headers = {"ETag": etag, "Cache-Control": cache, "X-Revision": str(encoded.revision)}
    if known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(encoded.data, media_type=TYPES[format], headers=headers)


@router.get("/worlds/{id}/sketch/{z}/{x}/{y}.webp", response_class=Response)
async def sketch(request: Request, id: str, z: str, x: str, y: str, v: str = "") -> Response:
    """A cell of the sketch, which shows what tiles under it will be like; 204 where there is none."""
    cell, decode_queue = parse_tile(z, x, y), request.app.state.decode_queue
    world = await to_thread.run_sync(request.app.state.atlas.get, id, limiter=decode_queue.lookups)
    encoded = await decode_queue.sketch(world, cell)
    if encoded is None:
        return Response(status_code=204, headers={"Cache-Control": "no-cache"})
    etag = f'"{world.stamp}-{encoded.revision}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag}
    if known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(encoded.data, media_type=TYPES["webp"], headers=headers)


def known(request: Request, etag: str) -> bool:
    """Whether who asks has what is there already (RFC 9110, section 13.1.2)."""
    named = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    return "*" in named or etag in named


def _seconds(text: str, most: float) -> float:
    """Raises BadSetting."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = float("nan")
    if not 0 <= seconds <= most:
        raise BadSetting(f"wait {text[:20]!r}: it must be 0 to {most:.0f} seconds")
    return seconds


async def _painted(request: Request, world: World, tile: Tile, seconds: float) -> None:
    """Returns when the tile is final, an overview when it shows all that is painted. Raises Busy when the
    time is up or too many wait.

    Painting changes the world, so a picture in another site's page must not set it off: CrossSite.
    """
    if foreign(request.headers, request.app.state.settings.allowed_origins):
        raise CrossSite(foreign_words(request.headers))
    work: Awaitable[None]
    if world.pyramid.is_overview(tile):
        work = request.app.state.overviews.ready(world, tile)
    elif world.readonly or not may_edit(request):
        return
    else:
        work = asyncio.wrap_future(request.app.state.painter.ask(world, tile))
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        raise Busy(f"the tile was not ready within {seconds:g} seconds; ask again") from None
