"""The app: our own routes first, Gradio's page mounted at ``/``."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import swagger_ui_bundle
from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette._utils import get_route_path
from starlette.datastructures import State
from starlette.routing import Match, Mount, WebSocketRoute
from starlette.types import Scope

from explorer.service import descriptors
from explorer.service.edits import resume
from explorer.service.jobs import Jobs
from explorer.service.painter import Painter
from explorer.service.welcome import paint_homes
from explorer.settings import Settings
from explorer.web import (
    assets,
    bookmarks,
    exports,
    feed,
    files,
    gallery,
    history,
    login,
    search,
    services,
    tiles,
    whoami,
    words,
    worlds,
)
from explorer.web import blueprints as blueprint_routes
from explorer.web import edits as edit_routes
from explorer.web import guides as guide_routes
from explorer.web import levels as level_routes
from explorer.web.decoding import DecodeQueue
from explorer.web.front import Front
from explorer.web.guards import OWN, guard, http_error
from explorer.web.hub import Hub
from explorer.web.keys import Keys
from explorer.web.overviews import Builder
from explorer.web.thumbnails import Thumbnails
from explorer.web.visitors import Visitors
from explorer.worlds.atlas import Atlas
from tiles.errors import EarthError

if TYPE_CHECKING:
    from explorer.web.readers import Readers

log = logging.getLogger(__name__)


def create_app(settings: Settings, atlas: Atlas, painter: Painter) -> FastAPI:
    """The whole app, with its page."""
    app = create_api(settings, atlas, painter)
    from explorer.web.ui import mount  # Gradio takes seconds to import

    return end_own_paths(mount(app))


def create_api(settings: Settings, atlas: Atlas, painter: Painter) -> FastAPI:
    """The routes without the page."""
    app = FastAPI(title="Endless Earth", docs_url=None, redoc_url=None, lifespan=_lifespan)
    app.state.settings, app.state.atlas, app.state.painter = settings, atlas, painter
    app.state.hub, app.state.decode_queue = Hub(painter, settings.maps), DecodeQueue(settings)
    app.state.overviews = Builder(app.state.decode_queue, painter, atlas.get)
    app.state.thumbnails = Thumbnails(app.state.decode_queue)
    app.state.keys, app.state.visitors = Keys(settings), Visitors(settings, atlas, painter)
    app.state.readers = None  # those beside it, once it is served with some
    app.state.jobs = Jobs(atlas.scratch.folder / "jobs")
    app.include_router(login.router)
    app.include_router(whoami.router)
    app.include_router(files.router)
    app.include_router(worlds.router)
    app.include_router(gallery.router)
    app.include_router(bookmarks.router)
    app.include_router(services.router)
    app.include_router(exports.router)
    app.include_router(edit_routes.router)
    app.include_router(guide_routes.router)
    app.include_router(blueprint_routes.router)
    app.include_router(history.router)
    app.include_router(level_routes.router)
    app.include_router(tiles.router)
    app.include_router(words.router)
    app.include_router(search.router)
    app.router.routes.append(WebSocketRoute("/worlds/{id}/feed", feed.serve))
    app.add_api_route("/healthz", health, tags=["server"])
    app.add_api_route("/metrics", metrics, tags=["server"], response_class=Response)
    app.add_api_route("/docs", docs, include_in_schema=False)
    app.add_api_route("/docs/openapi.json", shown_schema, include_in_schema=False)
    app.mount("/static/swagger", StaticFiles(directory=swagger_ui_bundle.swagger_ui_path))
    assets.serve(app)
    return guard(app, settings, app.state.keys, app.state.visitors)


class Rest(Mount):
    """Gradio, which takes every path that is not ours."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        ours = get_route_path(scope).startswith(OWN)
        return (Match.NONE, {}) if ours else super().matches(scope)


def end_own_paths(app: FastAPI) -> FastAPI:
    """Let failures below our own paths be ours: Gradio words its own in another shape."""
    page = next(route for route in app.router.routes if isinstance(route, Mount) and not route.path)
    page.app.add_exception_handler(404, http_error)  # type: ignore[attr-defined]
    app.router.routes[app.router.routes.index(page)] = Rest("/", app=Front(page.app))
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    state.overviews.begin()
    await to_thread.run_sync(_resume_all, state)
    if state.settings.others_may == "visit":
        await to_thread.run_sync(paint_homes, state.atlas, state.painter)
    yield
    app.state.overviews.close()
    app.state.hub.close()
    app.state.jobs.close()


def _resume_all(state: State) -> None:
    """Go on with the edits that a sudden end left undone."""
    for summary in state.atlas.summaries():
        if summary.waiting:
            with suppress(EarthError):  # whoever asks for that world hears of it
                resume(state.atlas.get(summary.id), state.painter, state.jobs)


def stop(app: FastAPI) -> None:
    """End what is being done, so that whoever waits for it is answered; edits go on at the next start."""
    app.state.overviews.close()
    app.state.jobs.close()
    app.state.painter.close()


def health(request: Request, response: Response) -> dict[str, object]:
    """200 while all is well; 503 when the painter is dead, a disk is full or no more files can be opened."""
    status = request.app.state.painter.status()
    full = [world.id for world in request.app.state.atlas.opened() if world.renderer.disk_full]
    troubles = [f"the disk is full (world {id})" for id in full]
    if not status.alive:
        troubles.append("the painter has stopped")
    if descriptors.running_out():
        troubles.append("too many files and connections are open")
    response.status_code = 503 if troubles else 200
    return {
        "status": "degraded" if troubles else "ok",
        "troubles": troubles,
        "readers": ready_readers(request),
        "device": status.device,
        "model": status.model,
    }


def ready_readers(request: Request) -> int:
    """How many readers take connections now."""
    readers: Readers | None = request.app.state.readers
    return 0 if readers is None else readers.ready


def metrics(request: Request) -> Response:
    """Figures for Prometheus."""
    painter, registry = request.app.state.painter, CollectorRegistry()
    status = painter.status()
    figures = {
        "earth_tiles_painted": ("tiles painted since the start", status.painted),
        "earth_tiles_waiting": ("wanted tiles not painted yet", painter.waiting()),
        "earth_seconds_per_tile": ("median of the last 50 tiles", status.seconds_per_tile or 0.0),
        "earth_painter_alive": ("1 while the painter runs", float(status.alive)),
        "earth_readers": ("readers that answer requests for painted tiles", ready_readers(request)),
        "earth_maps_open": ("maps connected to the feed", len(request.app.state.hub)),
    }
    for name, (meaning, value) in figures.items():
        Gauge(name, meaning, registry=registry).set(value)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def shown_schema(request: Request) -> dict[str, object]:
    """The schema under the version that the bundled swagger-ui reads; it refuses 3.1 by its number."""
    servers = [{"url": request.scope.get("root_path") or "/"}]
    return {**request.app.openapi(), "openapi": "3.0.3", "servers": servers}


def docs() -> HTMLResponse:
    """OpenAPI, shown by files of our own."""
    return get_swagger_ui_html(
        openapi_url="docs/openapi.json",
        title="Endless Earth: API",
        swagger_js_url="static/swagger/swagger-ui-bundle.js",
        swagger_css_url="static/swagger/swagger-ui.css",
        swagger_favicon_url="static/earth/icon.svg",
        swagger_ui_parameters={"validatorUrl": None},  # by default another host is asked
    )
