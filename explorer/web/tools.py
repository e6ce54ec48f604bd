"""What other programs can have done by name: Gradio's API, which is also served as MCP tools."""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.events import api
from pydantic import ValidationError, validate_call

from explorer.service import edits, estimates, exports
from explorer.service.bulk import paint_all
from explorer.service.edits import EditRequest
from explorer.service.jobs import Job, Step
from explorer.web.access import require_edit
from explorer.web.exports import describe, limits
from explorer.web.worlds import describe as describe_world
from tiles.errors import EarthError, TooLarge
from tiles.grid import Bounds, boxed
from tiles.mosaic.formats import FORMATS

T = TypeVar("T")
LOOK = 0.05  # seconds between two looks at a job


def add(state: Any) -> None:
    """Add the tools to the Gradio app that is being built; ``state`` is that of the whole app."""
    atlas, painter, jobs, settings = state.atlas, state.painter, state.jobs, state.settings

    def tiles(world: str, bounds: Bounds, most: int) -> list[Any]:
        box = boxed(bounds, atlas.get(world).base_zoom)
        if box.size > most:
            raise TooLarge(f"too many tiles ({box.size:,}) in these bounds; the limit is {most:,}")
        return list(box.tiles())

    def worlds() -> list[dict[str, Any]]:
        """List the imaginary worlds: id, name, prompt, seed, base_zoom, home (metres, EPSG:3857)."""
        return [describe_world(world) for world in atlas.worlds()]

    def paint(world: str, west: float, south: float, east: float, north: float) -> dict[str, Any]:
        """Paint a rectangle of a world.

        Args:
            world: id of the world
            west: left edge in metres (EPSG:3857)
            south: lower edge in metres
            east: right edge in metres
            north: upper edge in metres
        """

        def work() -> dict[str, Any]:
            wanted = tiles(world, Bounds(west, south, east, north), settings.export_tiles)
            paint_all(painter, atlas.get(world), wanted, lambda more: None)
            return {"tiles": len(wanted)}

        return guarded(work)

    def edit(
        world: str,
        west: float,
        south: float,
        east: float,
        north: float,
        prompt: str,
        negative_prompt: str = "",
        strength: float = 1.0,
        seed: int = -1,
    ) -> dict[str, Any]:
        """Paint the tiles in a rectangle of a world anew, joined to what is around them.

        Args:
            world: id of the world
            west: left edge in metres (EPSG:3857)
            south: lower edge in metres
            east: right edge in metres
            north: upper edge in metres
            prompt: what should be there; empty for a variation of what is
            negative_prompt: what should not be there
            strength: 0.1 to 1; at 1 nothing of what is there stays
            seed: which of all possible; -1 draws one
        """

        def work() -> dict[str, Any]:
            chosen = tiles(world, Bounds(west, south, east, north), settings.edit_tiles)
            wanted = EditRequest(chosen, prompt, negative_prompt, strength, None if seed == -1 else seed)
            edit = edits.checked(atlas.get(world), wanted, settings.edit_tiles)
            job = finished(edits.start(atlas.get(world), painter, jobs, edit))
            return {"entry": job.entry, "seed": edit.seed, "tiles": len(chosen)}

        return guarded(work)

    def undo(world: str) -> dict[str, Any]:
        """Take the last edit, stroke or change of prompt of a world back.

        Args:
            world: id of the world
        """
        return guarded(lambda: edits.undo(atlas.get(world), painter, jobs))

    def redo(world: str) -> dict[str, Any]:
        """Bring back what was taken back last.

        Args:
            world: id of the world
        """
        return guarded(lambda: edits.redo(atlas.get(world), painter))

    def export(
        world: str, west: float, south: float, east: float, north: float, zoom: int = -1, format: str = "cog"
    ) -> dict[str, Any]:
        """Write a rectangle of a world as one file; gives the address to get it from.

        Args:
            world: id of the world
            west: left edge in metres (EPSG:3857)
            south: lower edge in metres
            east: right edge in metres
            north: upper edge in metres
            zoom: zoom of the pixels; -1 for the world's own
            format: cog, png, mbtiles, pmtiles, xyz or postcard
        """

        def work() -> dict[str, Any]:
            found = atlas.get(world)
            depth = found.base_zoom if zoom == -1 else zoom
            wanted = estimates.ExportRequest(Bounds(west, south, east, north), depth, format)
            exports.check(found, wanted, limits(settings), atlas.folder)
            name = f"{found.id}-z{depth}{FORMATS[format].suffix}"

            def write(folder: Path, step: Step) -> list[Path]:
                return exports.make(found, painter, wanted, folder / name, step)

            job = jobs.add("export", found.id, write)
            return {"files": describe(finished(job))["files"]}

        return guarded(work)

    api(checked(worlds), api_name="worlds")
    for tool in (paint, edit, undo, redo, export):
        api(for_editors(checked(tool)), api_name=tool.__name__)


def checked(tool: Callable[..., T]) -> Callable[..., T]:
    """``tool``, whose caller is told what is wrong with an argument, such as null or a text for a number."""
    validated = validate_call(tool)

    @functools.wraps(tool)
    def call(*arguments: Any) -> T:
        try:
            return validated(*arguments)
        except ValidationError as error:
            raise gr.Error(
                "; ".join(_words(tool, wrong) for wrong in error.errors()), print_exception=False
            ) from None

    return call


def for_editors(tool: Callable[..., T]) -> Callable[..., T]:
    """``tool`` for those who may edit; others are told why not. Gradio gives the request as the first
    argument, and callers see the arguments of ``tool`` alone."""

    def call(request: gr.Request, *arguments: Any) -> T:
        guarded(lambda: require_edit(request))
        return tool(*arguments)

    asked = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    signature = inspect.signature(tool)
    functools.update_wrapper(call, tool)
    call.__annotations__ = {"request": gr.Request, **tool.__annotations__}
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[asked, *signature.parameters.values()]
    )
    return call


def _words(tool: Callable[..., Any], wrong: Any) -> str:
    """Which argument is wrong, and why."""
    names = list(inspect.signature(tool).parameters)
    where = names[wrong["loc"][0]] if isinstance(wrong["loc"][0], int) else wrong["loc"][0]
    return f"{where} {wrong['input']!r:.60}: {wrong['msg']}"


def finished(job: Job) -> Job:
    """A job at its end. Raises what ended it."""
    while job.state in ("waiting", "running"):
        time.sleep(LOOK)
    if job.state != "done":
        raise job.error or EarthError(f"the job was {job.state}")
    return job


def guarded(work: Callable[[], T]) -> T:
    """``work``'s answer; our own errors as words for whoever called."""
    try:
        return work()
    except EarthError as error:
        raise gr.Error(str(error), print_exception=False) from None
