"""What other programs can have done by name: Gradio's API, which is also served as MCP tools."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api

from explorer.service import edits, estimates, exports, guiding, placing
from explorer.service.bulk import paint_all
from explorer.service.edits import EditRequest
from explorer.service.jobs import Step
from explorer.web.calls import checked, finished, for_editors, guarded
from explorer.web.exports import describe, limits
from explorer.web.permits import visitor_of
from explorer.web.phrases import remarks
from explorer.web.worlds import listed
from tiles.errors import too_many_tiles
from tiles.grid import Bounds, boxed
from tiles.mosaic.formats import FORMATS


def add(state: Any) -> None:
    """Add the tools to the Gradio app that is being built; ``state`` is that of the whole app."""
    tools = Tools(state)
    # Not in Gradio's queue: MCP would call through it from this machine, and who asked would be lost.
    api(tools.worlds, api_name="worlds", queue=False)
    for tool in (tools.paint, tools.edit, tools.guide, tools.undo, tools.redo, tools.export):
        api(for_editors(checked(tool)), api_name=tool.__name__, queue=False)


class Tools:
    """The tools of one app. Signatures and docstrings are what other programs see of them."""

    def __init__(self, state: Any) -> None:
        self._atlas, self._painter, self._jobs, self._settings = (
            state.atlas,
            state.painter,
            state.jobs,
            state.settings,
        )

    def worlds(self, request: gr.Request) -> list[dict[str, Any]]:
        """List the imaginary worlds: id, name, prompt, seed, base_zoom, home (metres, EPSG:3857)."""
        return listed(self._atlas, visitor_of(request))

    def paint(self, world: str, west: float, south: float, east: float, north: float) -> dict[str, Any]:
        """Paint a rectangle of a world.

        Args:
            world: id of the world
            west: left edge in metres (EPSG:3857)
            south: lower edge in metres
            east: right edge in metres
            north: upper edge in metres
        """

        def work() -> dict[str, Any]:
            wanted = self._tiles(world, Bounds(west, south, east, north), self._settings.export_tiles)
            paint_all(self._painter, self._atlas.get(world), wanted, lambda more: None)
            return {"tiles": len(wanted)}

        return guarded(work)

    def edit(
        self,
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
            chosen = self._tiles(world, Bounds(west, south, east, north), self._settings.edit_tiles)
            wanted = EditRequest(chosen, prompt, negative_prompt, strength, None if seed == -1 else seed)
            edit = edits.checked(self._atlas.get(world), wanted, self._settings.edit_tiles)
            job = finished(edits.start(self._atlas.get(world), self._painter, self._jobs, edit))
            return {"entry": job.entry, "seed": edit.seed, "tiles": len(chosen)}

        return guarded(work)

    def guide(
        self,
        world: str,
        picture: str,
        x: float,
        y: float,
        zoom: int = -1,
        strength: float = 1.0,
        edges: bool = False,
    ) -> dict[str, Any]:
        """Lay a picture on the map that land within it is painted by from now on, and so are edits.

        Args:
            world: id of the world, painted by a Stable Diffusion model with a ControlNet
            picture: PNG, JPEG or WebP in base64, of the kind that the ControlNet follows
            x: its middle in metres (EPSG:3857)
            y: its middle in metres
            zoom: zoom that its pixels have the size of; -1 for the world's own
            strength: 0.1 to 1, how closely it is followed
            edges: follow the edges in it instead
        """

        def work() -> dict[str, Any]:
            found = self._atlas.get(world)
            wants = guiding.require_guided(found)
            spot = placing.Spot(x, y, None if zoom == -1 else zoom, strength)
            limits = placing.Limits(self._settings.picture_pixels, self._settings.picture_tiles)
            with tempfile.TemporaryDirectory(dir=self._atlas.scratch.folder) as folder:
                path = Path(folder) / "guide"
                path.write_bytes(guiding.from_base64(picture))
                sheet, laid = guiding.read(path, spot, found, limits, edges)
            number = guiding.lay(found, self._painter, laid)
            return {
                "entry": number,
                "bounds": list(laid.bounds),
                "notes": remarks(sheet.notes, None),
                "wants": wants,
            }

        return guarded(work)

    def undo(self, world: str) -> dict[str, Any]:
        """Take the last edit, stroke, guide or change of prompt of a world back.

        Args:
            world: id of the world
        """
        return guarded(lambda: edits.undo(self._atlas.get(world), self._painter, self._jobs))

    def redo(self, world: str) -> dict[str, Any]:
        """Bring back what was taken back last.

        Args:
            world: id of the world
        """
        return guarded(lambda: edits.redo(self._atlas.get(world), self._painter))

    def export(
        self,
        world: str,
        west: float,
        south: float,
        east: float,
        north: float,
        zoom: int = -1,
        format: str = "cog",
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
            found = self._atlas.get(world)
            depth = found.base_zoom if zoom == -1 else zoom
            wanted = estimates.ExportRequest(Bounds(west, south, east, north), depth, format)
            exports.check(found, wanted, limits(self._settings), self._atlas.folder)
            name = f"{found.id}-z{depth}{FORMATS[format].suffix}"

            def write(folder: Path, step: Step) -> list[Path]:
                return exports.make(found, self._painter, wanted, folder / name, step)

            job = self._jobs.add("export", found.id, write)
            return {"files": describe(finished(job))["files"]}

        return guarded(work)

    def _tiles(self, world: str, bounds: Bounds, most: int) -> list[Any]:
        box = boxed(bounds, self._atlas.get(world).base_zoom)
        if box.size > most:
            raise too_many_tiles(box.size, most, " in these bounds")
        return list(box.tiles())
