"""A world's pixels: decoded from latents whenever they are asked for, and cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from explorer import pictures
from explorer.models.family import Model
from explorer.painting.crossing import surrounded
from explorer.painting.pyramid import Pyramid
from explorer.painting.window import Latents
from explorer.worlds.canvas import Canvas
from explorer.worlds.deep import DeepEdits
from explorer.worlds.journal import Journal
from explorer.worlds.overviews import Build, Overviews, Picture
from tiles.cache import Cache
from tiles.errors import ModelRefused
from tiles.grid import TILE_PIXELS, Box, Tile, around
from tiles.store import Store

Format = Literal["png", "webp"]
Decode = Callable[[Model, Latents], np.ndarray]  # as Model.decode, here or elsewhere
BORDER = 2  # px of its neighbours that an enlarged tile takes in, so that enlargements join too


class Renderer:
    """The tiles of one world, for any number of threads.

    A tile's revision goes up with each change of its pixels; a cached tile of another revision is stale.
    A tile below the base whose own cell is not painted shows the deepest cell over it that is, enlarged.
    """

    def __init__(
        self,
        store: Store,
        cache: Cache,
        model_at: Callable[[int], Model],
        canvas: Canvas,
        journal: Journal,
        pyramid: Pyramid,
        look: Callable[[Tile, int, np.ndarray], None],
        decode: Decode,
    ) -> None:
        """``model_at`` gives the model of a level. ``look`` is shown each tile that is decoded, with its
        revision."""
        self._decode_by = decode
        self._look = look
        self._store, self._cache, self._model_at = store, cache, model_at
        self._canvas, self._pyramid = canvas, pyramid
        self._overviews = Overviews(store, cache, pyramid, self._picture)
        self._deep = DeepEdits(journal, pyramid.base, pyramid.deepest, self._cached_pixels)

    # Revisions

    def revision(self, tile: Tile) -> int:
        """0 while nothing of the tile is painted; goes up with each change of its pixels, and of what it is
        refined from."""
        if self._pyramid.is_overview(tile):
            return self._overviews.revision(tile)
        shown, revision = False, 0
        for cells in self._layers(tile):
            count, total = self._store.version_sum(cells)
            around = self._store.version_sum(cells.grown(1))[1]
            if not around:
                break  # nothing deeper was ever painted here
            shown, revision = shown or count > 0, revision + total + around
        return revision if shown else 0

    def final(self, tile: Tile) -> bool:
        """Whether nothing that the tile's pixels depend on is missing."""
        if self._pyramid.is_overview(tile):
            return self._overviews.final(tile)
        needed = self._pyramid.cells(tile).grown(1)
        return self._store.version_sum(needed)[0] == needed.size

    def source(self, tile: Tile) -> Tile | None:
        """The cell that a tile's pixels are decoded or enlarged from: the deepest painted one over it. None
        for an overview, and where nothing is painted."""
        painted = self._canvas.snapshot().painted
        return next(filter(painted, reversed(self._pyramid.lineage(tile))), None)

    def _layers(self, tile: Tile) -> list[Box]:
        """The cells that a tile may show, level by level, the base's first."""
        return [around(cell, 0) for cell in self._pyramid.lineage(tile)] or [self._pyramid.cells(tile)]

    def sketch_revision(self, cell: Tile) -> int:
        """0 while a cell of the sketch is not painted; goes up with its neighbours."""
        return self._store.version_sum(around(cell))[1] if self._canvas.painted(cell) else 0

    # Encoded tiles

    def cached(self, tile: Tile, format: Format) -> pictures.Encoded | None:
        """The encoded tile, if it is at hand and up to date."""
        if self._pyramid.is_overview(tile):
            return self.overview(tile, format) if self._overviews.fresh(tile) else None
        revision = self.revision(tile)
        cached = self._cache.get(tile, format) if revision else None
        if cached is None or cached.revision != revision:
            return None
        return pictures.Encoded(cached.data, revision, self.final(tile))

    def tile(self, tile: Tile, format: Format) -> pictures.Encoded | None:
        """The encoded tile with its revision; None where nothing is painted, and where the world's model,
        which would have to decode it, is not here."""
        if cached := self.cached(tile, format):
            return cached
        if self._pyramid.is_overview(tile):
            picture = self._built(tile)
            return None if picture.pixels is None else self._encoded(tile, format, picture)
        # Before the pixels: what is painted meanwhile makes them older than they are, never newer.
        revision, final = self.revision(tile), self.final(tile)
        try:
            pixels = self.pixels(tile) if revision else None
        except ModelRefused:  # a world whose model is not here shows what is cached
            return None
        if pixels is None:
            return None
        data = pictures.encode(pixels, format)
        self._cache.put(tile, format, revision, data)
        return pictures.Encoded(data, revision, final)

    def overview(self, tile: Tile, format: Format) -> pictures.Encoded | None:
        """An overview as it was made last, without making it anew: older than what is painted, perhaps."""
        picture = self._overviews.at_hand(tile)
        if picture is None:
            return None
        if format == "png":
            return pictures.Encoded(picture.data, picture.revision, self._whole(tile, picture.revision))
        cached = self._cache.get(tile, format)
        if cached is not None and cached.revision == picture.revision:
            return pictures.Encoded(cached.data, picture.revision, self._whole(tile, picture.revision))
        return self._encoded(tile, format, Picture(pictures.decode(picture.data), picture.revision))

    def is_fresh(self, tile: Tile) -> bool:
        """Whether an overview that is at hand shows all that is painted; also where nothing is."""
        return not self.revision(tile) or self._overviews.fresh(tile) is not None

    def seen(self, tile: Tile) -> tuple[int, bool]:
        """The revision with which a tile is shown now, and whether it stays so; 0 where nothing is there."""
        if not self._pyramid.is_overview(tile):
            return self.revision(tile), self.final(tile)
        picture = self._overviews.at_hand(tile)
        return (picture.revision, self._whole(tile, picture.revision)) if picture else (0, False)

    def overview_roots(self) -> list[Tile]:
        """The overviews of zoom 0 that show something: to make them is to make all others."""
        return self._overviews.roots()

    def patch(self, near: Tile) -> Box | None:
        """A block of painted land about a base tile, or the nearest to it; None where nothing is painted."""
        return self._overviews.patch(near)

    def build(self, tile: Tile) -> Build:
        """What makes an overview in small steps."""
        return self._overviews.build(tile)

    def _built(self, tile: Tile) -> Picture:
        build = self.build(tile)
        while not build.done:
            build.step()
        return build.picture

    def _encoded(self, tile: Tile, format: Format, picture: Picture) -> pictures.Encoded:
        assert picture.pixels is not None
        data = pictures.encode(picture.pixels, format)
        if format != "png":  # that is kept already
            self._cache.put(tile, format, picture.revision, data)
        return pictures.Encoded(data, picture.revision, self._whole(tile, picture.revision))

    def _whole(self, tile: Tile, revision: int) -> bool:
        """Whether a picture of that revision shows an overview as it will stay."""
        return revision >= self._overviews.revision(tile) and self._overviews.final(tile)

    def sketch(self, cell: Tile) -> pictures.Encoded | None:
        """What tiles will be like before they are painted: a cell of the sketch, as WebP."""
        revision = self.sketch_revision(cell) if self._pyramid.is_sketch(cell) else 0
        if not revision:
            return None
        cached = self._cache.get(cell, "sketch")
        if cached is not None and cached.revision == revision:
            return pictures.Encoded(cached.data, revision, False)
        data = pictures.encode(self._from_latents(cell), "webp")
        self._cache.put(cell, "sketch", revision, data)
        return pictures.Encoded(data, revision, False)

    # Pixels

    def pixels(self, tile: Tile) -> np.ndarray | None:
        """uint8 (256, 256, 3), or (256, 256, 4) where an overview is painted in part; None where nothing
        is painted."""
        if self._pyramid.is_overview(tile):
            return self._built(tile).pixels
        source = self.source(tile)
        if source is None:
            return None
        if source == tile:
            return self._decoded(tile)
        enlarged = self._enlarged(tile, source)
        return None if enlarged is None else self._deep.over(tile, enlarged)

    def layer_pixels(self, cell: Tile, layer: int, below: bool = False) -> np.ndarray | None:
        """A tile as it is once an edit is painted, or just before, uint8 (256, 256, 3); None where it is
        not painted."""
        latents = self._canvas.snapshot().around(cell, layer, below)
        return self._decode(cell, latents) if cell in latents else None

    def _decoded(self, tile: Tile) -> np.ndarray | None:
        """A painted tile from its latents and the edits below it; from its lossless cached form where that is
        fresh."""
        revision = self.revision(tile)
        if not revision:
            return None
        cached = self._cache.get(tile, "png")
        if cached is not None and cached.revision == revision:
            return pictures.decode(cached.data)
        pixels = self._deep.over(tile, self._from_latents(tile))
        self._look(tile, revision, pixels)
        return pixels

    def _from_latents(self, cell: Tile) -> np.ndarray:
        """A painted cell of any level, decoded."""
        painted = self._store.read_many(around(cell))
        return self._decode(cell, {other: one.latents for other, one in painted.items()})

    def _decode(self, cell: Tile, cells: Mapping[Tile, Latents]) -> np.ndarray:
        model = self._model_at(cell.z)
        return self._decode_by(model, surrounded(cell, cells, model.traits.margin))

    def _picture(self, tile: Tile) -> Picture:
        """A painted tile; its revision is looked at first, so the pixels are never older than it says."""
        revision = self.revision(tile)
        return Picture(self._decoded(tile) if revision else None, revision)

    def _cached_pixels(self, tile: Tile) -> np.ndarray | None:
        encoded = self.tile(tile, "png")
        return None if encoded is None else pictures.decode(encoded.data)

    def _enlarged(self, tile: Tile, source: Tile) -> np.ndarray | None:
        """A part of a painted tile, enlarged; its border comes from that tile's neighbours."""
        middle, deeper = self._cached_pixels(source), tile.z - source.z
        if middle is None:
            return None
        side = TILE_PIXELS * 2**-deeper  # px of the painted tile, below 1 for the deepest zooms
        left, top = (tile.x - (source.x << deeper)) * side, (tile.y - (source.y << deeper)) * side
        sheet = np.pad(middle, ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), mode="edge")
        end = TILE_PIXELS - BORDER
        reach = (left < BORDER, top < BORDER, left + side > end, top + side > end)
        for other, here, there in pictures.borders(BORDER, reach):
            x, y = other
            if (beside := self._cached_pixels(Tile(source.z, source.x + x, source.y + y))) is not None:
                sheet[here] = beside[there]
        return pictures.enlarged(sheet, left + BORDER, top + BORDER, side)

    # The cache, for those who plan ahead

    def cached_in(self, box: Box, format: Format) -> int:
        """How many tiles of a box are cached, fresh or not."""
        return self._cache.count(box, format)

    def cached_bytes(self) -> int:
        return self._cache.size()

    def cache_room(self) -> int:
        """Bytes until the cache is full and drops what was used least."""
        return max(0, self._cache.limit - self._cache.size())

    def mean_bytes(self, format: Format) -> float:
        """Of a cached tile; 0 if none is cached."""
        return self._cache.mean_size(format) or 0

    def forget(self, tile: Tile) -> None:
        """Drop a tile from the cache; it is made again when it is asked for."""
        self._cache.drop(tile)

    @property
    def disk_full(self) -> bool:
        """Whether the last tile could not be cached because the disk is full."""
        return self._cache.full


def decode_here(model: Model, latents: Latents) -> np.ndarray:
    """Decode in this process."""
    return model.decode(latents)
