"""Routes of worlds: list, make, change, delete, TileJSON, map."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr

from explorer import pictures
from explorer.models.absent import Absent
from explorer.service import edits, scouting
from explorer.service.painter import Painter
from explorer.service.removal import remove
from explorer.web.links import links
from explorer.web.map import page
from explorer.web.permits import making, owner, spending, visitor_of
from explorer.web.phrases import VARY, failure, language_of, page_language, phrase
from explorer.web.visitors import Visitor
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld, clean_name, clean_prompt
from explorer.worlds.summaries import Summary, summary_of
from explorer.worlds.world import World
from tiles.grid import lonlat, metres_per_pixel, tile_at
from tiles.recipe import UNSAID

router = APIRouter(tags=["worlds"])


class WorldBody(BaseModel):
    """A new world; what is left out gets a good default. ``level_models`` are, by the zoom from which on each
    paints, names of models for deeper levels."""

    model_config = ConfigDict(extra="forbid")
    name: StrictStr
    prompt: StrictStr
    seed: StrictInt | None = None
    model: StrictStr | None = None
    base_zoom: StrictInt | None = None
    home: tuple[float, float] | None = None
    sketch: StrictInt | None = None
    level_models: dict[int, StrictStr] = {}


class PreviewBody(BaseModel):
    """A world that may be made. ``seed`` must be given: a random one would show another land each time."""

    model_config = ConfigDict(extra="forbid")
    prompt: StrictStr
    seed: StrictInt
    model: StrictStr | None = None
    base_zoom: StrictInt | None = None
    sketch: StrictInt | None = None


class ChangeBody(BaseModel):
    """What may change of a world. A prompt holds for land painted from now on."""

    model_config = ConfigDict(extra="forbid")
    name: StrictStr | None = None
    prompt: StrictStr | None = None


def describe(world: World, language: str | None = None) -> dict[str, Any]:
    """A world as JSON, with what paints it; in words of a language, where it has words of ours."""
    return {**_described(summary_of(world)), "painted_by": painted_by(world, language)}


def painted_by(world: World, language: str | None) -> dict[str, Any]:
    """A world's model: what it is, its licence, how it is used, what pictures it ``follows`` (empty: none),
    what is ``missing`` of it here, and the models of deeper ``levels``, if there are any."""
    traits, recipe = world.model.traits, world.model.recipe
    used = {"steps": traits.steps, "batch": traits.batch} if recipe is None else recipe.data()
    missing = failure(world.model.why, language) if isinstance(world.model, Absent) else None
    follows = traits.guide
    if language is not None and follows == UNSAID:  # other words are the ControlNet's own
        follows = phrase(language, "picture.follows-unsaid")
    said = {"model": traits.name, "digest": traits.digest, "licence": traits.licence, "follows": follows}
    deeper = {"levels": levels} if (levels := painted_deeper(world, language)) else {}
    return {**used, **said, "missing": missing, **deeper}


def painted_deeper(world: World, language: str | None) -> list[dict[str, Any]]:
    """The other models of a world's deeper levels: the ``zoom`` from which on each paints, what it is, and
    what of it is ``missing`` here."""
    found = []
    for each in world.level_models:
        model = world.others.get(each.zoom)
        traits = model.traits if model else None
        missing = world.missing_models.get(each.zoom)
        found.append(
            {
                "zoom": each.zoom,
                "model": traits.name if traits else each.model,
                "digest": traits.digest if traits else each.digest,
                "licence": traits.licence if traits else "not known here",
                "missing": failure(missing, language) if missing else None,
            }
        )
    return found


def listed(atlas: Atlas, visitor: Visitor | None = None) -> list[dict[str, Any]]:
    """All worlds that can be opened, as JSON; for a visitor those that are for everybody, and their own."""
    summaries = atlas.summaries()
    if visitor is not None:
        summaries = (each for each in summaries if atlas.owner(each.id) in ("", visitor.id))
    return [_described(summary) for summary in summaries]


def _described(summary: Summary) -> dict[str, Any]:
    fields = summary._asdict()
    fields.pop("waiting")  # not of use to anybody but this app
    return {**fields, "home": list(summary.home), "metres_per_pixel": metres_per_pixel(summary.base_zoom)}


def prompt_report(world: World, prompt: str) -> dict[str, Any]:
    """What a world's model leaves out of a prompt: the end that is ``cut``, words that are ``unknown``."""
    return world.model.read_prompt(prompt)._asdict()


def asked(atlas: Atlas, body: WorldBody) -> NewWorld:
    """What a body asks for. Raises ModelRefused for a model that is not known by name here."""
    model = None if body.model is None else atlas.library.named(body.model)
    levels = tuple((zoom, atlas.library.named(name)) for zoom, name in body.level_models.items())
    return NewWorld(**{**body.model_dump(), "model": model, "level_models": levels})


def atlas_of(request: Request) -> Atlas:
    atlas: Atlas = request.app.state.atlas
    return atlas


@router.get("/worlds")
def list_worlds(request: Request) -> list[dict[str, Any]]:
    """All worlds that can be opened. Visitors are not shown those of other visitors."""
    return listed(atlas_of(request), visitor_of(request))


@router.post("/worlds", status_code=201)
def make_world(request: Request, body: WorldBody) -> dict[str, Any]:
    """Make a world; seed and model are chosen if none is given. ``model`` is one of the names known here."""
    atlas = atlas_of(request)
    new = asked(atlas, body)
    painter: Painter = request.app.state.painter
    model = atlas.library.get(new.model)
    with making(request, scouting.windows_for_home(new, model)):
        world = atlas.create(scouting.with_home(new, model, painter.sample), owner(request))
    return {**describe(world), "prompt_report": prompt_report(world, world.journal.prompt)}


@router.post("/preview", responses={200: {"content": {"image/webp": {}}}}, response_class=Response)
async def preview_world(request: Request, body: PreviewBody) -> Response:
    """What a new world of this prompt and seed would look like where it opens: a small picture of its first
    level. Nothing is kept."""
    atlas, state = atlas_of(request), request.app.state
    new = asked(atlas, WorldBody(name="preview", **body.model_dump()))

    model = await to_thread.run_sync(atlas.library.get, new.model)

    def best() -> bytes:
        return pictures.encode(scouting.sites(new, model, state.painter.sample)[0].picture, "webp")

    with spending(request, tiles=scouting.windows(model)):
        data = await state.decode_queue.decoded(best)
    return Response(data, media_type="image/webp", headers={"Cache-Control": "no-store"})


@router.get("/worlds/{id}")
def show_world(request: Request, id: str) -> dict[str, Any]:
    """Settings and counts."""
    return describe(atlas_of(request).get(id), page_language(request))


@router.patch("/worlds/{id}")
def change_world(request: Request, id: str, body: ChangeBody) -> dict[str, Any]:
    """Change the name, or the prompt of land painted from now on."""
    world = atlas_of(request).get(id)
    name = None if body.name is None else clean_name(body.name)
    prompt = None if body.prompt is None else clean_prompt(body.prompt)
    if name is not None:
        world.rename(name)
    if prompt is not None:
        world.journal.set_prompt(prompt)
        edits.tell(request.app.state.painter, world)
        return {**describe(world), "prompt_report": prompt_report(world, prompt)}
    return describe(world)


@router.delete("/worlds/{id}", status_code=204)
def delete_world(request: Request, id: str) -> Response:
    """Delete a world with all its land."""
    remove(atlas_of(request), request.app.state.painter, id)
    return Response(status_code=204)


@router.get("/worlds/{id}/map", response_class=HTMLResponse)
def show_map(request: Request, id: str, view: str = "") -> HTMLResponse:
    """The map alone, as a page. With ``view``, such as "8/-2500/300/1120x900" (zoom, metres east and north,
    pixels) or "1120x900" for the world's home, the tiles of that view come sooner."""
    shown = page(atlas_of(request).get(id), language_of(request), view)
    return HTMLResponse(shown, headers={"Cache-Control": "no-cache", "Vary": VARY})


@router.get("/worlds/{id}/painted")
def painted(request: Request, id: str, x: float = 0.0, y: float = 0.0) -> dict[str, Any]:
    """Where land is painted nearest to a place in metres: ``bounds`` to look at, null where nothing is."""
    world = atlas_of(request).get(id)
    box = world.renderer.patch(tile_at(x, y, world.base_zoom))
    return {"bounds": None if box is None else list(box.bounds)}


@router.get("/worlds/{id}/tilejson.json")
def tilejson(request: Request, id: str) -> JSONResponse:
    """TileJSON 3.0.0 for other programs; their tiles wait until they are painted."""
    world = atlas_of(request).get(id)
    document = {
        "tilejson": "3.0.0",
        "name": world.name,
        "description": world.journal.prompt,
        "scheme": "xyz",
        "tiles": [links(request).tiles(world.id, "{z}/{x}/{y}")],
        "minzoom": 0,
        "maxzoom": world.pyramid.deepest,
        "bounds": [-180, -85.05112877980659, 180, 85.05112877980659],
        "center": [*lonlat(*world.home), world.base_zoom],
        "vector_layers": [],  # there are none, but the schema of TileJSON 3 wants to hear it
        "attribution": f"Imaginary land painted by {', '.join(world.credit)}",
    }
    return JSONResponse(document)
