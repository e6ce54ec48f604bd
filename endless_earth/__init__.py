"""Endless Earth in Python: make, paint, read, edit and export worlds from a script or a notebook.

>>> from endless_earth import World
>>> world = World.create("Fjords", "rocky coast with fjords", seed=1)
>>> picture = world.read(world.view(4, 3))  # uint8 (768, 1024, 3)
"""

from endless_earth.world import World
from explorer.version import VERSION as __version__
from tiles.errors import EarthError
from tiles.grid import Bounds

__all__ = ["Bounds", "EarthError", "World", "__version__"]
