"""A world as an object of Python."""

from __future__ import annotations

import base64
import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import folium
import numpy as np
import rasterio
from rasterio.io import DatasetReader

from endless_earth.studio import Studio, studio
from explorer import pictures
from explorer.service import edits, estimates, exports, guiding, placing, regions, scouting
from explorer.service.bulk import paint_all
from explorer.worlds import world as worlds
from explorer.worlds.new import NewWorld, clean_prompt
from tiles import entries
from tiles.errors import BadSetting
from tiles.grid import Bounds, Tile, boxed, lonlat, tile_at, tile_metres
from tiles.mosaic.formats import FORMATS
from tiles.store import Known
from tiles.vectors import Match

FOLDER = "worlds"  # where worlds are kept, in the present folder: the app's default too


class World:
    """One world. What is painted stays in its folder, and the app shows it too.

    Places are metres of EPSG:3857; a rectangle is (west, south, east, north). All errors of a wrong
    argument are ``EarthError``, with words that say what is allowed.
    """

    def __init__(self, world: worlds.World, at: Studio) -> None:
        """Use ``World.create`` or ``World.open``."""
        self._world, self._at = world, at

    @classmethod
    def create(
        cls,
        name: str,
        prompt: str,
        *,
        seed: int | None = None,
        base_zoom: int | None = None,
        home: tuple[float, float] | None = None,
        folder: str | Path = FOLDER,
        model: str | None = None,
        level_models: Mapping[int, str] | None = None,
        device: str = "auto",
    ) -> World:
        """A new world in ``folder``. The same seed and prompt give the same land; without a seed one is
        drawn, and without a ``home`` (metres) the place that obeys the prompt best is looked for.
        ``level_models``: by zoom below the base, another model that paints from there on."""
        at = studio(Path(folder).resolve(), model, device)
        levels = tuple((level_models or {}).items())
        new = NewWorld(name, prompt, seed, base_zoom=base_zoom, home=home, level_models=levels)
        return cls(at.atlas.create(scouting.with_home(new, at.atlas.library.get(), at.painter.sample)), at)

    @classmethod
    def open(
        cls, id: str, *, folder: str | Path = FOLDER, model: str | None = None, device: str = "auto"
    ) -> World:
        """The world of that id in ``folder``."""
        at = studio(Path(folder).resolve(), model, device)
        return cls(at.atlas.get(id), at)

    def __repr__(self) -> str:
        return f"<World {self.id!r}: {self.prompt!r}, seed {self.seed}, zoom {self.base_zoom}>"

    @property
    def id(self) -> str:
        """Its folder's name."""
        return self._world.id

    @property
    def name(self) -> str:
        return self._world.name

    @property
    def prompt(self) -> str:
        """What new land follows. Set it, and land painted from then on follows the new one."""
        return self._world.journal.prompt

    @prompt.setter
    def prompt(self, prompt: str) -> None:
        self._world.journal.set_prompt(clean_prompt(prompt))

    @property
    def seed(self) -> int:
        return self._world.seed

    @property
    def base_zoom(self) -> int:
        """The web-mercator zoom at which it is painted first."""
        return self._world.base_zoom

    @property
    def home(self) -> tuple[float, float]:
        """Where it opens, in metres."""
        return self._world.home

    def view(self, width: int = 4, height: int = 3, zoom: int | None = None) -> Bounds:
        """The rectangle of ``width`` x ``height`` tiles around home."""
        depth = self._zoom(zoom)
        middle, side = tile_at(*self.home, depth), tile_metres(depth)
        west, north = Tile(depth, middle.x - width // 2, middle.y - height // 2).bounds[::3]
        return Bounds(west, north - height * side, west + width * side, north)

    def paint(self, bounds: Sequence[float], zoom: int | None = None) -> int:
        """Paint what is not painted yet; gives the number of tiles in ``bounds``."""
        box = boxed(Bounds(*bounds), self._zoom(zoom))
        tiles = list(self._world.pyramid.under(box).tiles())
        paint_all(self._at.painter, self._world, tiles, lambda more: None)
        return box.size

    def read(self, bounds: Sequence[float], zoom: int | None = None) -> np.ndarray:
        """The pixels of ``bounds``, painted where need be, uint8 (rows, columns, 3); row 0 is the north."""
        with self.dataset(bounds, zoom) as dataset:
            return np.ascontiguousarray(dataset.read([1, 2, 3]).transpose(1, 2, 0))

    def dataset(self, bounds: Sequence[float], zoom: int | None = None) -> DatasetReader:
        """The same as an open rasterio dataset with its coordinate system and transform, in memory. It can
        be given to whatever reads rasterio's datasets, ``rioxarray.open_rasterio`` too. Close it."""
        with tempfile.TemporaryDirectory() as folder:
            path = self.export(Path(folder) / "region.tif", bounds, zoom)
            return rasterio.open(io.BytesIO(path.read_bytes()))

    def export(
        self,
        path: str | Path,
        bounds: Sequence[float],
        zoom: int | None = None,
        format: str | None = None,
        paint_missing: bool = True,
    ) -> Path:
        """Write ``bounds`` as one file, painted where need be; gives its path.

        ``format`` is cog, png, mbtiles, pmtiles, xyz or postcard; by default what the file's suffix says.
        """
        out, settings = Path(path), self._at.settings
        request = estimates.ExportRequest(
            Bounds(*bounds), self._zoom(zoom), format or format_of(out), paint_missing
        )
        limits = exports.Limits(settings.export_pixels, settings.export_tiles, settings.spare_bytes)
        exports.check(self._world, request, limits, out.resolve().parent)
        return exports.make(self._world, self._at.painter, request, out, lambda *stage: None)[0]

    def edit(
        self,
        bounds: Sequence[float] | None,
        prompt: str = "",
        *,
        negative_prompt: str = "",
        strength: float = 1.0,
        seed: int | None = None,
        zoom: int | None = None,
        mask: Mapping[str, Any] | None = None,
        softness: float = 0.0,
    ) -> int:
        """Paint the tiles in ``bounds`` again, joined to what is around them; gives the step's number.

        Without a prompt they become a variation of the land there. ``strength`` is 0.1 to 1: at 1 nothing of
        the land stays. ``zoom`` is that of the tiles, from the base down. A ``mask``, a GeoJSON Polygon or
        MultiPolygon in metres, takes the place of ``bounds``; its border is soft over ``softness`` metres.
        """
        most = self._at.settings.edit_tiles
        chosen: list[Tile] = []
        region = None
        if mask is not None:
            level = edits.mask_zoom(self._world, zoom)
            region = regions.polygon_mask(mask, level, softness, most)
        elif bounds is not None:
            chosen = list(boxed(Bounds(*bounds), self._zoom(zoom)).tiles())
        request = edits.EditRequest(chosen, prompt, negative_prompt, strength, seed, region)
        return self._perform(edits.checked(self._world, request, most))

    def place(
        self,
        picture: str | Path,
        at: tuple[float, float] | None = None,
        *,
        zoom: float | None = None,
        strength: float = 1.0,
        prompt: str = "",
    ) -> int:
        """Put a GeoTIFF, PNG, JPEG or WebP on the map, joined to the land around it; gives the step's number.

        A georeferenced picture goes to its own place, others are centred on ``at`` (metres) or on home, with
        pixels of the size of those of ``zoom``, which may lie between two.
        """
        settings, (x, y) = self._at.settings, at or (None, None)
        spot = placing.Spot(x, y, zoom, strength, prompt, None)
        limits = placing.Limits(settings.picture_pixels, settings.picture_tiles)
        sheet = placing.read(Path(picture), spot, self.home, self.base_zoom, limits)
        known = placing.known(sheet, self.base_zoom, self._world.model)
        return self._perform(placing.entry(sheet, spot, self.base_zoom), known)

    def guide(
        self,
        picture: str | Path,
        at: tuple[float, float] | None = None,
        *,
        zoom: float | None = None,
        strength: float = 1.0,
        edges: bool = False,
    ) -> int:
        """Lay a GeoTIFF, PNG, JPEG or WebP on the map that land within it is painted by from now on, and by
        edits; gives the step's number. With ``edges`` the edges in it are followed.

        It goes where a picture would. The world's model must follow guides: Stable Diffusion with a
        ControlNet.
        """
        guiding.require_guided(self._world)
        settings, (x, y) = self._at.settings, at or (None, None)
        limits = placing.Limits(settings.picture_pixels, settings.picture_tiles)
        spot = placing.Spot(x, y, zoom, strength)
        _, guide = guiding.read(Path(picture), spot, self._world, limits, edges)
        return guiding.lay(self._world, self._at.painter, guide)

    def undo(self) -> int:
        """Undo the last step; gives its number."""
        return self._world.journal.undo()[0]

    def redo(self) -> int:
        """Redo the step undone last; gives its number."""
        return self._world.journal.redo()[0]

    def search(self, words: str, limit: int = 12) -> list[Match]:
        """The painted tiles that show what ``words`` say, such as "a harbour", the best first."""
        return self._world.finder.search(words, limit)

    def map(self, bounds: Sequence[float] | None = None, zoom: int | None = None) -> folium.Map:
        """A folium map with the land in ``bounds``, by default the view around home, painted where need be.

        It shows that rectangle only; the whole world is on the app's map, ``endless-earth serve``.
        """
        region = Bounds(*bounds) if bounds else self.view(zoom=zoom)
        data = base64.b64encode(pictures.encode(self.read(region, zoom), "webp")).decode()
        west, south = lonlat(region.west, region.south)
        east, north = lonlat(region.east, region.north)
        corners = [[south, west], [north, east]]
        shown = folium.Map(tiles=None, attr="", control_scale=True)
        # The pixels are web mercator's already, as the map is: nothing is stretched.
        overlay: Any = folium.raster_layers.ImageOverlay(f"data:image/webp;base64,{data}", corners)
        overlay.add_to(shown)
        shown.fit_bounds(corners)
        return shown

    def _zoom(self, zoom: int | None) -> int:
        return self.base_zoom if zoom is None else zoom

    def _perform(self, edit: entries.Edit, picture: dict[Tile, Known] | None = None) -> int:
        number = self._world.journal.begin_edit(edit, picture)
        edits.perform(self._world, self._at.painter, number, lambda *stage: None)
        return number


def format_of(path: Path) -> str:
    """The export format that a file's suffix says. Raises BadSetting."""
    found = next((name for name, format in FORMATS.items() if format.suffix == path.suffix.lower()), None)
    if found is None:
        known = ", ".join(dict.fromkeys(format.suffix for format in FORMATS.values()))
        raise BadSetting(f"{path.name}: give a format, or a name that ends in one of {known}")
    return found
