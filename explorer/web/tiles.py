"""The tile route: at once what is there, or, with ?wait, what is painted first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from anyio import to_thread
from fastapi import APIRouter, Request, Response

from explorer import pictures
from explorer.pictures import Encoded
from explorer.web.middleware import foreign, foreign_words
from explorer.web.permits import may_edit, visitor_of
from explorer.worlds.world import World
from tiles.errors import BadAddress, BadSetting, Busy, EarthError
from tiles.grid import MAX_ZOOM, Tile, parse_tile

router = APIRouter(tags=["tiles"])
TYPES = {"png": "image/png", "webp": "image/webp"}
DOUBLE = "@2x"


class CrossSite(EarthError):
    """Something that only our own pages and programs may ask for."""

    code, status = "cross_site", 403


@router.get("/worlds/{id}/tiles/{z}/{x}/{y}.{format}", response_class=Response)
async def tile(
    request: Request, id: str, z: str, x: str, y: str, format: str, wait: str = "", v: str = ""
) -> Response:
    """A tile of 256 x 256 pixels: 200, 204 where nothing is painted, 304 if it is unchanged.
    With ``@2x`` after ``y``, the same land in 512 x 512 pixels.

    With ``?wait=SECONDS`` it is painted first, with its surroundings; 503 when the time is up. Overviews
    (below the base zoom) are made in the background: without ``?wait`` an older one is given, or 204.
    """
    address = parse_tile(z, x, y.removesuffix(DOUBLE))
    if format not in TYPES:
        raise BadAddress(f"format {format[:10]!r}: it must be png or webp")
    state = request.app.state
    world = await to_thread.run_sync(state.atlas.get, id, limiter=state.decode_queue.lookups)
    seconds = _seconds(wait, state.settings.wait_seconds) if wait else None
    if y.endswith(DOUBLE):
        return await _double(request, world, address, format, seconds)
    if seconds is not None:
        await _painted(request, world, [address], seconds)
    encoded = await _encoded(request, world, address, format)
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


async def _encoded(request: Request, world: World, address: Tile, format: str) -> Encoded | None:
    """The tile as it is now; None where nothing is painted."""
    state = request.app.state
    tiles = state.overviews if world.pyramid.is_overview(address) else state.decode_queue
    encoded: Encoded | None = await tiles.tile(world, address, "png" if format == "png" else "webp")
    return encoded


async def _double(
    request: Request, world: World, address: Tile, format: str, seconds: float | None
) -> Response:
    """A tile of twice as many pixels a side: the four tiles of the next zoom as one."""
    if address.z == MAX_ZOOM:
        raise BadAddress(f"zoom {address.z}: tiles of 512 pixels end at zoom {MAX_ZOOM - 1}")
    children = [
        Tile(address.z + 1, 2 * address.x + right, 2 * address.y + down)
        for down in (0, 1)
        for right in (0, 1)
    ]
    if seconds is not None:
        await _painted(request, world, children, seconds)
    found = [await _encoded(request, world, child, "png") for child in children]
    if not any(found):
        return Response(status_code=204, headers={"Cache-Control": "no-cache"})
    revisions = ".".join(str(each.revision if each else 0) for each in found)
    headers = {"ETag": f'"{world.stamp}-2x-{revisions}"', "Cache-Control": "no-cache"}
    if known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    parts = [each.data if each else None for each in found]
    data = await request.app.state.decode_queue.decoded(pictures.joined, parts, format)
    return Response(data, media_type=TYPES[format], headers=headers)


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


def _may_paint(request: Request, world: World, tiles: Sequence[Tile]) -> bool:
    """Raises QuotaUsedUp."""
    visitor = visitor_of(request)
    if visitor is None:
        return may_edit(request)
    if not visitor.owns(world.id):
        return False
    if not all(map(world.renderer.final, tiles)):
        visitor.require("tiles")
    return True


async def _painted(request: Request, world: World, tiles: Sequence[Tile], seconds: float) -> None:
    """Returns when the tiles, all of one zoom, are final, overviews when they show all that is painted.
    Raises Busy when the time is up or too many wait.

    Painting changes the world, so a picture in another site's page must not set it off: CrossSite.
    """
    if foreign(request.headers, request.app.state.settings.allowed_origins):
        raise CrossSite(foreign_words(request.headers))
    state = request.app.state
    works: list[Awaitable[None]]
    if world.pyramid.is_overview(tiles[0]):
        works = [state.overviews.ready(world, tile) for tile in tiles]
    elif world.readonly or not await to_thread.run_sync(_may_paint, request, world, tiles):
        return
    else:
        works = [asyncio.wrap_future(state.painter.ask(world, tile)) for tile in tiles]
    try:
        await asyncio.wait_for(asyncio.gather(*works), seconds)
    except TimeoutError:
        raise Busy(f"the tile was not ready within {seconds:g} seconds; ask again") from None
