"""The first world: it comes with the land about its home painted, so that nobody waits for the first look.

The file holds what the shipped model paints, byte for byte. Where another model paints, or that one has other
weights by now, the same world is made without land.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from explorer.resources import asset
from explorer.worlds.atlas import Atlas
from explorer.worlds.new import NewWorld
from explorer.worlds.world import World
from tiles import package
from tiles.errors import EarthError
from tiles.grid import Box, tile_at

NEW = NewWorld("First Light", "rocky coast with islands and green mountains", 11)
FILE = asset("first-light.earth")  # written by `python -m benchmarks.firstlight`
REACH = 2  # tiles about the home's that a laptop's screen shows


def home_view(world: World, across: int = REACH, down: int = REACH) -> Box:
    """The tiles about a world's home, so many to each side."""
    home = tile_at(*world.home, world.base_zoom)
    return Box(home.z, home.x - across, home.y - down, home.x + across + 1, home.y + down + 1)


def make_first(atlas: Atlas, file: Path = FILE) -> World | None:
    """A first world where there is none. None: there is one, or another model paints it. Raises NotWritten,
    DiskFull."""
    if not atlas.names():
        with atlas.scratch.alone():  # two apps started together make one
            if not atlas.names():
                return _make(atlas, file)
    return None


def decode_view(world: World) -> None:
    """Have the tiles about a world's home ready, as the map asks for them."""
    with suppress(EarthError):  # the app is ended already
        for tile in home_view(world).tiles():
            world.renderer.tile(tile, "webp")


def _make(atlas: Atlas, file: Path) -> World | None:
    if package.settings(file)["digest"] != atlas.library.get().traits.digest:
        atlas.create(NEW)
        return None
    world = atlas.unpack(file)
    # The file's machine is none of this place's: whoever paints on here first is noted.
    world.store.change_settings(painted_by=[])
    return world
