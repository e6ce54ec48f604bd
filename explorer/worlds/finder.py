"""Finding painted land by words: prompts and tiles as vectors of one space."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from explorer import pictures
from explorer.models.family import Towers
from tiles.cache import Cache
from tiles.errors import BadSetting, NoSearch
from tiles.grid import Tile
from tiles.vectors import Match, Vectors

LIMIT = 50  # results at most
SPARE = 8  # times as many are looked at, because neighbours look alike and one of them is enough
CATCH_UP = 100  # tiles of an older cache that one search looks at


class Finder:
    """What the tiles of one world look like, for any number of threads.

    A tile is looked at when it is decoded. ``revision`` gives the present one of a tile, 0 where nothing is
    painted.
    """

    def __init__(
        self, vectors: Vectors, cache: Cache, towers: Towers | None, revision: Callable[[Tile], int]
    ) -> None:
        self._vectors, self._cache, self._towers, self._revision = vectors, cache, towers, revision

    def look(self, tile: Tile, revision: int, pixels: np.ndarray) -> None:
        """Remember what a tile looks like. One that is painted in part (four channels) is like nothing."""
        if self._towers is not None:
            (vector,) = self._towers.pictures(pixels[None, ..., :3])
            self._vectors.put(tile, revision, vector * (pixels.shape[2] == 3))

    def search(self, words: str, limit: int, zoom: int | None = None) -> list[Match]:
        """The tiles that agree best with ``words``, of one zoom or of all; of tiles that touch or hold each
        other only the best. Raises NoSearch, and BadSetting for a ``limit`` that is not 1 to 50."""
        if self._towers is None:
            raise NoSearch("this world's model cannot compare pictures with words", "no-search")
        if not 1 <= limit <= LIMIT:
            raise BadSetting(f"limit {limit}: it must be 1 to {LIMIT}")
        for tile in self._unseen():
            self._look_at_cached(tile)
        wanted, matches = self._towers.prompts([words])[0], list[Match]()
        for match in self._vectors.nearest(wanted, SPARE * limit, zoom):
            if len(matches) == limit:
                break
            alone = not any(near(match.tile, other.tile) for other in matches)
            if alone and match.agreement > 0 and self._revision(match.tile):
                matches.append(match)
        return matches

    def _unseen(self) -> Iterator[Tile]:
        """Cached tiles that were never looked at, or not since they changed."""
        seen = self._vectors.revisions()
        unseen = [tile for tile, revision in self._cache.revisions().items() if seen.get(tile, 0) < revision]
        yield from sorted(unseen, reverse=True)[:CATCH_UP]

    def _look_at_cached(self, tile: Tile) -> None:
        kept = self._cache.get(tile, "png") or self._cache.get(tile, "webp")
        if kept is not None:
            self.look(tile, kept.revision, pictures.decode(kept.data))


def near(one: Tile, other: Tile) -> bool:
    """Whether two tiles of any zooms touch, or one holds the other."""
    zoom = min(one.z, other.z)
    a, b = one.above(zoom), other.above(zoom)
    return abs(a.x - b.x) <= 1 and abs(a.y - b.y) <= 1
